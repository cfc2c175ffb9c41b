"""Order statistics of the `window` bars before this one, this bar excluded.

The series is cut into blocks. The values that a block's windows can hold are ranked once; a
window is then a set of marks on the line of ranks, kept as bits. From one bar to the next an order
statistic moves by about one mark, so finding it again costs a few steps, whatever the window. An
order statistic depends on its window's content alone, so it does not matter where the cuts are.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tasks.kernels._jit import kernel
from tasks.kernels.bitset import (
    ALL,
    BYTES,
    FOURS,
    ONE,
    PAIRS,
    SUM_OF_BYTES,
    Bits,
    above,
    flip,
    no_bits,
    seek,
    under,
)
from tasks.kernels.orders import Ranks, ranked_blocks
from tasks.kernels.rolling import Reals

MAD_TO_SD = 1.4826
ROUNDING = 1e-9
NARROW = 0.4  # share of the deviation; a run narrower than that is chosen anew


def past_quantiles(x: Reals, window: int, probabilities: Sequence[float], min_count: int) -> Reals:
    """Quantiles of the values before each bar.

    The p-quantile of m values lies at position p (m - 1) of the sorted values, between two of
    them in proportion: the method ``linear`` of `numpy.quantile` (type 7 of Hyndman and Fan
    1996, The American Statistician 50), which it equals bit for bit.

    Parameters
    ----------
    x : array of float64, shape (n,)
        NaN values are skipped.
    window : int
        Bars before this one.
    probabilities : sequence of float
        Each between 0 and 1.
    min_count : int
        Values that the window must hold, else NaN.

    Returns
    -------
    array of float64, shape (len(probabilities), n)
    """
    x = np.ascontiguousarray(x, np.float64)
    wanted = np.array(probabilities, np.float64)
    out, lead = np.full((wanted.size, x.size), np.nan), min(window, x.size)
    for start, ranks, ascending in ranked_blocks(x, window):
        _walk_quantiles(ranks, ascending, window, wanted, max(1, min_count), lead, out[:, start:])
    return out


def past_quantile(x: Reals, window: int, probability: float, min_count: int) -> Reals:
    """One quantile of the values before each bar, shape (n,); see `past_quantiles`."""
    return past_quantiles(x, window, (probability,), min_count)[0]


def past_robust_z(x: Reals, window: int, min_count: int, least: float = 0.0) -> Reals:
    """Robust z-score of each value against the values before it.

    ``(x[t] - median) / (1.4826 * MAD)`` of ``x[t-window:t]``, where MAD is the median absolute
    deviation from the median and 1.4826 makes it a standard deviation under the normal law
    (Rousseeuw and Croux 1993, JASA 88).

    Parameters
    ----------
    x : array of float64, shape (n,)
        NaN values are skipped and have no score.
    window, min_count : int
        Bars before this one, and values that they must hold, else NaN.
    least : float
        Scores below it in size are not asked for. Most of them are then NaN: that they are below
        it takes less work to see than what they are.

    Returns
    -------
    array of float64, shape (n,)
        NaN too where the deviation is zero.
    """
    x = np.ascontiguousarray(x, np.float64)
    out, lead = np.full(x.size, np.nan), min(window, x.size)
    limit = max(0.0, least) * MAD_TO_SD * (1.0 - ROUNDING)
    for start, ranks, ascending in ranked_blocks(x, window):
        rest = out[start:]
        _walk_all_scores(x[start:], ranks, ascending, window, max(2, min_count), lead, limit, rest)
    return out


@kernel
def _walk_quantiles(
    ranks: Ranks,
    ascending: Reals,
    window: int,
    probabilities: Reals,
    min_count: int,
    lead: int,
    out: Reals,
) -> None:
    size = ranks.shape[1] - lead
    for b in range(ranks.shape[0]):
        for k in range(probabilities.size):
            found = out[k, b * size : b * size + size]
            values = walk_quantile(
                ascending[b], ranks[b], window, probabilities[k], min_count, lead
            )
            found[:] = values[: found.size]


@kernel
def _walk_all_scores(
    x: Reals,
    ranks: Ranks,
    ascending: Reals,
    window: int,
    min_count: int,
    lead: int,
    limit: float,
    out: Reals,
) -> None:
    size = ranks.shape[1] - lead
    for b in range(ranks.shape[0]):
        part = slice(b * size, b * size + size)
        _walk_scores(x[part], ascending[b], ranks[b], window, min_count, lead, limit, out[part])


@kernel
def walk_quantile(
    ascending: Reals, ranks: Ranks, window: int, p: float, min_count: int, start: int
) -> Reals:
    """Quantile of the values before each bar from `start` on, by walking along their ranks.

    Parameters
    ----------
    ascending : array of float64, shape (n,)
        The values, sorted.
    ranks : array of int64, shape (n,)
        Position of each bar's value in `ascending`, -1 where it has none.
    window, min_count : int
        Bars before this one, and values that they must hold, at least one, else NaN.
    p : float
        Probability.
    start : int
        First bar that is asked for, at most `window`.

    Returns
    -------
    array of float64, shape (n - start,)
    """
    out = np.full(ranks.size - start, np.nan)
    bits, count = _marks_before(ranks, start)
    at, below, end, n_known = 0, 0, 0, 0  # a slot, marks below it, the slot of the next mark
    low, part, value = 0, 0.0, np.nan
    for t in range(start, ranks.size):
        for r, step in _changes(ranks, window, t, start):
            if r >= 0:
                flip(bits, r)
                count += step
                below += step * (r < at)
                if at <= r <= end:
                    n_known = 0
        if count < min_count:
            continue
        if count != n_known or below != low:
            low = int(np.floor(p * (count - 1)))
            part, n_known = p * (count - 1) - low, count
            at, below = seek(bits, at, below, low), low
            end, value = at, ascending[at]
            if part > 0.0:
                end = above(bits, at)
                gap = ascending[end] - value
                value = value + gap * part if part < 0.5 else ascending[end] - gap * (1.0 - part)
        out[t - start] = value
    return out


@kernel
def _walk_scores(
    x: Reals,
    ascending: Reals,
    ranks: Ranks,
    window: int,
    min_count: int,
    start: int,
    limit: float,
    out: Reals,
) -> None:
    """Robust scores of the bars `x`, the first of which is bar `start` of `ranks`.

    Half of the values are the nearest to the median; `n_left` of them lie in the lower half of
    all. Distances grow from the middle to both sides, so they are a run of marks, from `first` to
    `last`, which moves little from bar to bar. It need not be found where a run around the
    median that holds less than half of the values (from `low` to `high`, `inner` of them) reaches
    farther than the value's distance over `limit`.
    """
    bits, count = _marks_before(ranks, start)
    mid_at = first = last = n_left = 0
    mid_below = first_below = last_below = 0
    low = high = inner = 0
    for t in range(start, start + x.size):
        for r, step in _changes(ranks, window, t, start):
            if r >= 0:
                flip(bits, r)
                count += step
                mid_below += step * (r < mid_at)
                first_below += step * (r < first)
                last_below += step * (r < last)
                inner += step * (low <= r <= high)
        if count < min_count:
            continue
        half = count // 2
        mid_at, mid_below = seek(bits, mid_at, mid_below, half), half
        mid = ascending[mid_at]
        if count % 2 == 0:
            mid = 0.5 * (ascending[under(bits, mid_at)] + mid)
        short = abs(x[t - start] - mid) / limit
        few = low < high and inner <= (count - 1) // 2
        if few and mid - short > ascending[low] and mid + short < ascending[high]:
            continue
        n_left = min(n_left, half)
        first = seek(bits, first, first_below, half - n_left)
        last = seek(bits, last, last_below, 2 * half - n_left - 1)
        before = under(bits, first) if n_left < half else -1
        after = above(bits, last) if 2 * half - n_left < count else -1
        while n_left > 0 and mid - ascending[first] > ascending[after] - mid:
            n_left, before, first, last = n_left - 1, first, above(bits, first), after
            after = above(bits, last) if 2 * half - n_left < count else -1
        while n_left < half and mid - ascending[before] < ascending[last] - mid:
            n_left, after, last, first = n_left + 1, last, under(bits, last), before
            before = under(bits, first) if n_left < half else -1
        first_below, last_below = half - n_left, 2 * half - n_left - 1
        farther = mid - ascending[before] if n_left < half else np.inf
        if after >= 0:
            farther = min(farther, ascending[after] - mid)
        if count % 2 == 0:
            nearer = mid - ascending[first] if n_left > 0 else 0.0
            if n_left < half:
                nearer = max(nearer, ascending[last] - mid)
            farther = 0.5 * (nearer + farther)
        spread = MAD_TO_SD * farther
        if spread > 0.0:
            out[t - start] = (x[t - start] - mid) / spread
        reach = min(mid - ascending[low], ascending[high] - mid)
        if limit > 0.0 and not (few and reach > NARROW * farther):
            low, high = first + (mid_at - first) // 3, last - (last - mid_at) // 3
            inner = _marks_within(bits, low, high)


@kernel
def _marks_within(bits: Bits, low: int, high: int) -> int:
    """Marks from `low` to `high`."""
    n = 0
    for word in range(low >> 6, (high >> 6) + 1):
        v = bits[word]
        if word == low >> 6:
            v &= ALL << np.uint64(low & 63)
        if word == high >> 6:
            v &= ALL >> np.uint64(63 - (high & 63))
        v = v - ((v >> ONE) & PAIRS)
        v = (v & FOURS) + ((v >> np.uint64(2)) & FOURS)
        v = (v + (v >> np.uint64(4))) & BYTES
        n += int((v * SUM_OF_BYTES) >> np.uint64(56))
    return n


@kernel
def _marks_before(ranks: Ranks, start: int) -> tuple[Bits, int]:
    """Marks of the bars before `start`, and their number."""
    bits, count = no_bits(ranks.size), 0
    for t in range(start):
        if ranks[t] >= 0:
            flip(bits, ranks[t])
            count += 1
    return bits, count


@kernel
def _changes(
    ranks: Ranks, window: int, t: int, start: int
) -> tuple[tuple[int, int], tuple[int, int]]:
    """What enters (+1) and leaves (-1) the window of `t`, seen from the bar before; -1: nothing."""
    entering = ranks[t - 1] if t > start else -1
    return (entering, 1), (ranks[t - 1 - window] if t > max(start, window) else -1, -1)
