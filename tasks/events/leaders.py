"""How a market moves with the market leader: beta and correlation, shared among analyzers."""

from __future__ import annotations

import numpy as np

from tasks.events.bars import Bars
from tasks.kernels.regression import window_pair
from tasks.kernels.rolling import Reals, before, third


def leader_pair(bars: Bars, window: int) -> tuple[Reals, Reals]:
    """Beta to the leader's returns and correlation with them, this bar included.

    Parameters
    ----------
    bars : Bars
    window : int
        Bars; a third of them must hold both returns, three at least, else NaN.

    Returns
    -------
    beta, correlation : array of float64, shape (n,)
        Slope of the return on the leader's, with intercept, and their correlation.
    """
    return bars.once(
        ("leader_pair", window),
        lambda: window_pair(bars.leader_return, bars.log_return, window, third(window)),
    )


def leader_trend(bars: Bars, window: int) -> Reals:
    """Log return of the leader over the window, shape (n,)."""

    def measure() -> Reals:
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.log(bars.leader / before(bars.leader, window))

    return bars.once(("leader_trend", window), measure)
