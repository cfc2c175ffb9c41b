"""How a path leans and how far it stands from its mean, from its steps alone.

Steps (log returns) are the same in any unit of account, and zero where nothing moves; levels are
neither. Built by doubling (see `tasks.kernels.rolling`): a value depends on its window alone.

Policy: a missing step counts as none, so the jump across a gap is left out; a window with fewer
than `min_count` steps gives NaN.
"""

from __future__ import annotations

import numpy as np

from tasks.kernels._jit import kernel
from tasks.kernels.rolling import Reals, window_count


def window_slope(steps: Reals, window: int, min_count: int) -> Reals:
    """Slope per bar of the least-squares line through the last `window` levels, shape (n,).

    The levels are the sums of `steps`, so ``window - 1`` steps lie between them. A step of age j
    counts ``6 (j + 1) (window - 1 - j) / (window (window**2 - 1))`` times: the weights of the
    levels, which are linear in age, summed.

    Parameters
    ----------
    steps : array of float64, shape (n,)
    window : int
        Levels; below two there is no line and all is NaN.
    min_count : int
        Steps that must be there.
    """
    if window < 2:
        return np.full(steps.size, np.nan)
    plain, aged, squared = age_sums(steps, window - 1).T
    weighed = (window - 1.0) * plain + (window - 2.0) * aged - squared
    slope = 6.0 * weighed / (window * (window**2 - 1.0))
    return np.where(window_count(steps, window - 1) >= min_count, slope, np.nan)


def above_mean(steps: Reals, window: int, min_count: int) -> Reals:
    """How far the last level is above the mean of the last `window` levels, itself included.

    Parameters are those of `window_slope`; shape (n,).
    """
    if window < 2:
        return np.full(steps.size, np.nan)
    plain, aged, _ = age_sums(steps, window - 1).T
    distance = ((window - 1.0) * plain - aged) / window
    return np.where(window_count(steps, window - 1) >= min_count, distance, np.nan)


@kernel
def age_sums(x: Reals, window: int) -> Reals:
    """Sums of ``x``, ``age * x`` and ``age**2 * x`` over each window, shape (n, 3).

    The age of the window's last value is 0. NaN counts as zero.
    """
    n = x.size
    block, total = np.zeros((n, 3)), np.zeros((n, 3))
    for t in range(n):
        block[t, 0] = 0.0 if np.isnan(x[t]) else x[t]
    size, reach = 1, 0
    while True:
        if window & size:
            _add_aged(total, block, reach)
            reach += size
        if 2 * size > window:
            return total
        _add_aged(block, block, size)
        size *= 2


@kernel
def _add_aged(young: Reals, old: Reals, n: int) -> None:
    """Add to `young` what `old` held `n` bars before; from the end, as they may be the same."""
    for t in range(young.shape[0] - 1, n - 1, -1):
        plain, aged, squared = old[t - n, 0], old[t - n, 1], old[t - n, 2]
        young[t, 0] += plain
        young[t, 1] += aged + n * plain
        young[t, 2] += squared + 2.0 * n * aged + n * n * plain
