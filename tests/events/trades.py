"""Bars made of trades at the bid and at the ask, for what is estimated from them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from scipy.signal import lfilter

from tasks.events.bars import Bars
from tests.events.market import bars_of


def bars_of_trades(
    spreads: np.ndarray,
    *,
    jumps: Mapping[int, float] | None = None,
    momentum: float = 0.0,
    n_trades: int = 40,
    seed: int = 0,
    **columns: object,
) -> Bars:
    """Bars whose trades are half a relative spread, that of the bar, off a walking middle.

    The middle of bar t jumps by ``jumps[t]`` (log) from the close before at its open. Its step
    from trade to trade keeps a share `momentum` of the last step.
    """
    rng = np.random.default_rng(seed)
    spreads = np.asarray(spreads, dtype=np.float64)
    steps = lfilter([1.0], [1.0, -momentum], rng.normal(0.0, 0.0005, spreads.size * n_trades))
    steps = steps.reshape(spreads.size, n_trades)
    sides = rng.choice([-0.5, 0.5], steps.shape) * spreads[:, None]
    trades = 100.0 * np.exp(np.cumsum(steps).reshape(steps.shape) + sides)
    for t, jump in (jumps or {}).items():
        trades[t:] *= trades[t - 1, -1] * np.exp(jump) / trades[t, 0]
    return bars_of(
        trades[:, -1],
        open=trades[:, 0],
        high=trades.max(axis=1),
        low=trades.min(axis=1),
        **columns,
    )
