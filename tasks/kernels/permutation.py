"""Circular shifts of entries: a studentised permutation test (statistics.md 1.2)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tasks.kernels._jit import kernel

# As large as the observed t but for rounding: the same sums, added in another order.
_TIE = 1.0 - 1e-9
# A larger t is rounding in outcomes that do not vary.
_LARGEST_T = 1e12


@kernel
def shift_entries(
    entries: NDArray[np.int64],
    sides: NDArray[np.float64],
    outcomes: NDArray[np.float64],
    ends: NDArray[np.int64],
    drift: NDArray[np.float64],
    shifts: NDArray[np.int64],
    most: int,
) -> tuple[NDArray[np.float64], int]:
    """Student's t, clustered by block, of the mean after entries shifted on a ring of outcomes.

    With S_g the sum of signed outcomes and n_g the count in block g, and f_g the block's influence
    on what the baseline gives to the mean::

        theta = sum_g S_g / n,   U_g = (S_g - n_g theta) / n - f_g
        t = theta / sqrt(G / (G - 1) sum_g U_g^2),   G = blocks with entries

    (statistics.md 1.2; Cameron, Gelbach and Miller 2008). It stops at the shift that makes those
    as large as the t of no shift more than `most` (Besag and Clifford 1991, Sequential Monte Carlo
    p-values, Biometrika 78).

    Parameters
    ----------
    entries : (n,) int64
        Places on the ring, 0 to n_places - 1, sorted.
    sides : (n,) float64
        +1 or -1.
    outcomes : (n_places,) float64
        Excess over the baseline, NaN where it is unknown: an entry there is dropped.
    ends : (n_blocks,) int64
        Place after the last of each block, increasing to n_places.
    drift : (n_blocks,) float64
        f, of the entries where they are: every shift takes the same.
    shifts : (n_shifts,) int64
        Each from 0 to n_places - 1.
    most : int
        As large as `n_shifts`, no shift is left out.

    Returns
    -------
    t : (1 + n_made,) float64
        Of no shift, then of each that was made; NaN with entries in fewer than two blocks, or
        without variation.
    n_exceeding : int
        Shifts with as large a t in either direction, or without one.
    """
    ring = np.concatenate((outcomes, outcomes))
    below = np.zeros(outcomes.size + 1, np.int32)
    for entry in entries:
        below[entry + 1] += 1
    below = np.cumsum(below).astype(np.int32)
    sums, counts = np.zeros(entries.size + 1), np.zeros(entries.size + 1)
    t = np.empty(1 + shifts.size)
    t[0] = _studentise(entries, sides, ring, below, ends, drift, 0, sums, counts)
    least, n_exceeding = abs(t[0]) * _TIE, 0
    for k in range(shifts.size):
        t[k + 1] = _studentise(entries, sides, ring, below, ends, drift, shifts[k], sums, counts)
        if not abs(t[k + 1]) < least:
            n_exceeding += 1
            if n_exceeding > most:
                return t[: k + 2], n_exceeding
    return t, n_exceeding


@kernel
def _studentise(
    entries: NDArray[np.int64],
    sides: NDArray[np.float64],
    ring: NDArray[np.float64],
    below: NDArray[np.int32],
    ends: NDArray[np.int64],
    drift: NDArray[np.float64],
    shift: int,
    sums: NDArray[np.float64],
    counts: NDArray[np.float64],
) -> float:
    """Student's t of one shift: running sums over the entries, whose differences are the blocks'.

    `ring` is the outcomes twice, so that no entry needs to wrap; `below` counts the entries below
    each place, which finds a block's entries without a branch per entry; `sums` and `counts`, of
    n + 1 places with zero in the first, are written to.
    """
    n_places = below.size - 1
    total, count = 0.0, 0.0
    for i in range(entries.size):
        outcome = ring[entries[i] + shift]
        is_known = outcome == outcome
        total += sides[i] * outcome if is_known else 0.0
        count += 1.0 if is_known else 0.0
        sums[i + 1], counts[i + 1] = total, count
    if count == 0.0:
        return np.nan
    theta = total / count
    last = below[n_places - shift]
    sum_before, count_before = sums[last] - total, counts[last] - count
    square, held = 0.0, 0.0
    for g in range(ends.size):
        end = ends[g] - shift
        # Entries that have left the ring's end stand in its first blocks: count them as before it.
        wraps = end < 0
        last = below[end + n_places if wraps else end]
        sum_to = sums[last] - (total if wraps else 0.0)
        count_to = counts[last] - (count if wraps else 0.0)
        n = count_to - count_before
        influence = (sum_to - sum_before - n * theta) / count - drift[g]
        square += influence * influence
        held += 1.0 if n > 0.0 else 0.0
        sum_before, count_before = sum_to, count_to
    if held < 2.0 or not abs(theta) < _LARGEST_T * np.sqrt(square):
        return np.nan
    return theta / np.sqrt(held / (held - 1.0) * square)
