"""Exponentially weighted means with a finite memory."""

from __future__ import annotations

import numpy as np

from tasks.kernels._jit import kernel
from tasks.kernels.doubling import PIECE, Reals, doubled, doubling_weights


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
    x = np.ascontiguousarray(x, np.float64)
    return _means(x, memory, doubling_weights(memory, decay), max(1, min_count))


@kernel
def _means(x: Reals, memory: int, weights: Reals, min_count: int) -> Reals:
    """Decayed sums of the values over those of the weights, piece by piece."""
    n = x.size
    lead = min(memory - 1, n)
    work = np.empty((4, lead + min(PIECE, n)))
    weighed = np.empty((4, lead + min(PIECE, n)))
    all_weights = _sum_of_weights(memory, weights)
    out = np.empty(n)
    count = 0
    for start in range(0, n, PIECE):
        first, end = max(0, start - lead), min(start + PIECE, n)
        n_here, n_held = end - first, 0
        for i in range(n_here):
            held = np.isfinite(x[first + i])
            work[0, i] = x[first + i] if held else 0.0
            weighed[0, i] = held
            n_held += held
        values = doubled(work, n_here, memory, weights)[start - first :]
        if n_held == n_here and start - first == memory - 1 and memory >= min_count:
            out[start:end] = values / all_weights
            count = memory
            continue
        sums = doubled(weighed, n_here, memory, weights)[start - first :]
        for t in range(start, end):
            count += np.isfinite(x[t])
            if t >= memory:
                count -= np.isfinite(x[t - memory])
            out[t] = values[t - start] / sums[t - start] if count >= min_count else np.nan
    return out


@kernel
def _sum_of_weights(memory: int, weights: Reals) -> float:
    """Sum of all weights, added in the order in which `doubled` adds them."""
    block, total = 1.0, 0.0
    for k in range(weights.shape[1]):
        if memory & (1 << k):
            total = total + weights[1, k] * block if total > 0.0 else block
        block = block + weights[0, k] * block
    return total
