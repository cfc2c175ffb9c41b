"""Exponentially weighted means with a finite memory."""

from __future__ import annotations

import numpy as np

from tasks.kernels.rolling import Reals, decayed_sum


def half_life_decay(half_life: int) -> float:
    """Weight of a bar relative to the next younger one, for a half-life in bars."""
    return float(0.5 ** (1.0 / half_life))


def wilder_decay(window: int) -> float:
    """The same for Wilder's smoothing over `window` bars: 1 - 1/window.

    Source: Wilder (1978), New Concepts in Technical Trading Systems.
    """
    return 1.0 - 1.0 / window


def weighted_mean(x: Reals, decay: float, memory: int, min_count: int) -> Reals:
    """Mean of the last `memory` bars with weights ``decay**age``, this bar included.

    An exponential mean remembers for ever; here the weights end after `memory` bars and are
    scaled to one, so the last `memory` bars alone give the same value bit for bit.

    Parameters
    ----------
    x : array of float64, shape (n,)
        NaN values are skipped; their age still counts.
    decay : float
        Between zero and one, see `half_life_decay` and `wilder_decay`.
    memory : int
        Bars. After ten half-lives the weights left out are 0.1 % of all.
    min_count : int
        Values that the memory must hold, else NaN.

    Returns
    -------
    array of float64, shape (n,)

    Notes
    -----
    With unlimited memory this is ``pandas.Series.ewm(adjust=True, ignore_na=False).mean()``.
    """
    present = np.isfinite(x)
    held = present.astype(np.float64)
    value = decayed_sum(np.where(present, x, 0.0), memory, decay)
    weight = decayed_sum(held, memory, decay)
    enough = decayed_sum(held, memory) >= max(1, min_count)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(enough, value / weight, np.nan)
