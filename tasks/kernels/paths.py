"""How a path leans and how far it stands from its mean, from its steps alone.

Steps (log returns) are the same in any unit of account, and zero where nothing moves; levels are
neither. Built by doubling (see `tasks.kernels.rolling`): a value depends on its window alone.

Policy: a missing step counts as none, so the jump across a gap is left out; a window with fewer
than `min_count` steps gives NaN.
"""

from __future__ import annotations

import numpy as np

from tasks.kernels._jit import kernel
from tasks.kernels.doubling import PIECE
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
    plain, aged, squared = age_sums(steps, window - 1)
    weighed = (window - 1.0) * plain + (window - 2.0) * aged - squared
    slope = 6.0 * weighed / (window * (window**2 - 1.0))
    return np.where(window_count(steps, window - 1) >= min_count, slope, np.nan)


def above_mean(steps: Reals, window: int, min_count: int) -> Reals:
    """How far the last level is above the mean of the last `window` levels, itself included.

    Parameters are those of `window_slope`; shape (n,).
    """
    if window < 2:
        return np.full(steps.size, np.nan)
    plain, aged, _ = age_sums(steps, window - 1)
    distance = ((window - 1.0) * plain - aged) / window
    return np.where(window_count(steps, window - 1) >= min_count, distance, np.nan)


@kernel
def age_sums(x: Reals, window: int) -> Reals:
    """Sums of ``x``, ``age * x`` and ``age**2 * x`` over each window, shape (3, n).

    The age of the window's last value is 0. NaN counts as zero.
    """
    n, lead = x.size, min(window - 1, x.size)
    out = np.empty((3, n))
    work = np.empty((4, 3, lead + min(PIECE, n)))
    for start in range(0, n, PIECE):
        first, end = max(0, start - lead), min(start + PIECE, n)
        block, other, total, spare = work[0], work[1], work[2], work[3]
        block[:], total[:] = 0.0, 0.0
        for i in range(end - first):
            block[0, i] = 0.0 if np.isnan(x[first + i]) else x[first + i]
        size, reach = 1, 0
        while size <= window:
            if window & size:
                _add_aged(total, block, reach, spare)
                total, spare = spare, total
                reach += size
            if 2 * size <= window:
                _add_aged(block, block, size, other)
                block, other = other, block
            size *= 2
        out[:, start:end] = total[:, start - first : end - first]
    return out


@kernel
def _add_aged(young: Reals, old: Reals, n: int, out: Reals) -> None:
    """What `young` holds, and what `old` held `n` bars before, whose ages are `n` more."""
    n = min(n, young.shape[1])
    out[:, :n] = young[:, :n]
    plain, aged, squared = old[0], old[1], old[2]
    young_plain, young_aged, young_squared = young[0, n:], young[1, n:], young[2, n:]
    plains, ages, squares = out[0, n:], out[1, n:], out[2, n:]
    once, twice, square = float(n), 2.0 * n, float(n * n)
    for i in range(plains.size):
        plains[i] = young_plain[i] + plain[i]
    for i in range(ages.size):
        ages[i] = young_aged[i] + (aged[i] + once * plain[i])
    for i in range(squares.size):
        more = squared[i] + twice * aged[i] + square * plain[i]
        squares[i] = young_squared[i] + more
