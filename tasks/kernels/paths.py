"""How a path leans and how far it stands from its mean, from its steps alone.

Steps (log returns) are the same in any unit of account, and zero where nothing moves; levels are
neither. Built by doubling (see `tasks.kernels.rolling`): a value depends on its window alone.

Policy: a missing step counts as none, so the jump across a gap is left out; a window with fewer
than `min_count` steps gives NaN.
"""

from __future__ import annotations

import numpy as np

from tasks.kernels._jit import kernel
from tasks.kernels.rolling import Reals

LEAST_PIECE, WINDOWS_PER_PIECE = 2_048, 8  # bars worked on at once, so that they stay in the cache


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
    factors = np.array([window - 1.0, window - 2.0, -1.0])
    return _weighed(steps, window, min_count, factors, 6.0, window * (window**2 - 1.0))


def above_mean(steps: Reals, window: int, min_count: int) -> Reals:
    """How far the last level is above the mean of the last `window` levels, itself included.

    Parameters are those of `window_slope`; shape (n,).
    """
    factors = np.array([window - 1.0, -1.0, 0.0])
    return _weighed(steps, window, min_count, factors, 1.0, float(window))


@kernel
def _weighed(
    steps: Reals, window: int, min_count: int, factors: Reals, times: float, per: float
) -> Reals:
    """The age sums of each window times their factors, added up, times a number, over another."""
    out = np.full(steps.size, np.nan)
    if window < 2:
        return out
    n, n_steps = steps.size, window - 1
    lead, piece = min(n_steps - 1, n), max(LEAST_PIECE, WINDOWS_PER_PIECE * window)
    work = np.empty((4, 3, lead + min(piece, n)))
    count = 0
    for start in range(0, n, piece):
        first, end = max(0, start - lead), min(start + piece, n)
        plain, aged, squared = _age_sums(steps[first:end], n_steps, work)
        for t in range(start, end):
            count += np.isfinite(steps[t])
            if t >= n_steps:
                count -= np.isfinite(steps[t - n_steps])
            i = t - first
            sums = factors[0] * plain[i] + factors[1] * aged[i] + factors[2] * squared[i]
            if count >= min_count:
                out[t] = times * sums / per
    return out


@kernel
def _age_sums(x: Reals, window: int, work: Reals) -> tuple[Reals, Reals, Reals]:
    """Sums of ``x``, ``age * x`` and ``age**2 * x`` over each window, each shape (n,).

    The age of the window's last value is 0. NaN counts as zero. The sums are views of `work`.
    """
    block, other, total, spare = work[0], work[1], work[2], work[3]
    for i in range(x.size):
        block[0, i] = 0.0 if np.isnan(x[i]) else x[i]
        block[1, i] = block[2, i] = total[0, i] = total[1, i] = total[2, i] = 0.0
    size, reach = 1, 0
    while size <= window:
        if window & size:
            _add_aged(total, block, x.size, reach, spare)
            total, spare = spare, total
            reach += size
        if 2 * size <= window:
            _add_aged(block, block, x.size, size, other)
            block, other = other, block
        size *= 2
    return total[0], total[1], total[2]


@kernel
def _add_aged(young: Reals, old: Reals, end: int, n: int, out: Reals) -> None:
    """What `young` holds, and what `old` held `n` bars before, whose ages are `n` more."""
    n = min(n, end)
    for k in range(3):
        out[k, :n] = young[k, :n]
    plain, aged, squared = old[0], old[1], old[2]
    young_plain, young_aged, young_squared = young[0, n:end], young[1, n:end], young[2, n:end]
    plains, ages, squares = out[0, n:end], out[1, n:end], out[2, n:end]
    once, twice, square = float(n), 2.0 * n, float(n * n)
    for i in range(plains.size):
        plains[i] = young_plain[i] + plain[i]
    for i in range(ages.size):
        ages[i] = young_aged[i] + (aged[i] + once * plain[i])
    for i in range(squares.size):
        more = squared[i] + twice * aged[i] + square * plain[i]
        squares[i] = young_squared[i] + more
