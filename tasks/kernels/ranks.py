"""Where a value stands among those of the `window` bars before it.

As in `tasks.kernels.quantiles` the values that a block's windows can hold are ranked once; a window
is then a set of marks on the line of ranks.
"""

from __future__ import annotations

import numpy as np

from tasks.kernels._jit import kernel
from tasks.kernels.bitset import BYTES, FOURS, ONE, PAIRS, SUM_OF_BYTES, no_bits
from tasks.kernels.orders import Ranks, ranked_blocks
from tasks.kernels.rolling import Reals

OF_FOUR = 0x0001000100010001  # times it the uppermost of four counts is their sum


def past_share(x: Reals, window: int, min_count: int) -> Reals:
    """Share of the values before each bar that are below its own, ties counting half.

    Parameters
    ----------
    x : array of float64, shape (n,)
        NaN values are skipped and have no share.
    window, min_count : int
        Bars before this one, and values that they must hold, else NaN.

    Returns
    -------
    array of float64, shape (n,)
        Between 0 and 1: the mean of the past distribution's two one-sided limits at the value.
    """
    x = np.ascontiguousarray(x, np.float64)
    out = np.full(x.size, np.nan)
    for start, ranks, ascending in ranked_blocks(x, window):
        _walk_blocks(ranks, ascending, window, max(1, min_count), min(window, x.size), out[start:])
    return out


@kernel
def _walk_blocks(
    ranks: Ranks, ascending: Reals, window: int, min_count: int, lead: int, out: Reals
) -> None:
    size = ranks.shape[1] - lead
    for b in range(ranks.shape[0]):
        edges = _ties(ascending[b])
        _walk_shares(ranks[b], edges, window, min_count, lead, out[b * size : b * size + size])


@kernel
def _ties(ascending: Reals) -> Ranks:
    """Of each rank the first with the same value, and one past the last, shape (2, n)."""
    edges = np.empty((2, ascending.size), np.int32)
    for r in range(ascending.size):
        same = r > 0 and ascending[r] == ascending[r - 1]
        edges[0, r] = edges[0, r - 1] if same else r
    for r in range(ascending.size - 1, -1, -1):
        same = r + 1 < ascending.size and ascending[r] == ascending[r + 1]
        edges[1, r] = edges[1, r + 1] if same else r + 1
    return edges


@kernel
def _walk_shares(
    rank: Ranks, edges: Ranks, window: int, min_count: int, start: int, out: Reals
) -> None:
    """Shares of the bars from bar `start` of `rank` on, given each rank's `_ties`.

    Marks are counted by 64, 256 and 1024 ranks, in fours: four counts of 16 bits in one number;
    and by 4096. All is in one loop, since a call costs more than what is to be done.
    """
    bits, n_marks = no_bits(rank.size), 0
    by_64, by_256, by_1024, by_4096 = np.zeros((4, (bits.size >> 2) + 1), np.int64)
    below = np.zeros(2, np.int64)
    for t in range(1, start + out.size):
        for u, step in ((t - 1, 1), (t - 1 - window, -1)):
            if u < 0 or rank[u] < 0:
                continue
            r = rank[u]
            bits[r >> 6] ^= ONE << np.uint64(r & 63)
            by_64[r >> 8] += step << ((r >> 6 & 3) << 4)
            by_256[r >> 10] += step << ((r >> 8 & 3) << 4)
            by_1024[r >> 12] += step << ((r >> 10 & 3) << 4)
            by_4096[r >> 12] += step
            n_marks += step
        if t < start or rank[t] < 0 or n_marks < min_count:
            continue
        below[1] = -1
        for k in range(1 + (edges[1, rank[t]] > edges[0, rank[t]] + 1)):
            r = edges[k, rank[t]]
            word = bits[r >> 6] & ((ONE << np.uint64(r & 63)) - ONE)
            word = word - ((word >> ONE) & PAIRS)
            word = (word & FOURS) + ((word >> np.uint64(2)) & FOURS)
            word = (word + (word >> np.uint64(4))) & BYTES
            n = np.int64((word * SUM_OF_BYTES) >> np.uint64(56))
            n += ((by_64[r >> 8] & ((1 << ((r >> 6 & 3) << 4)) - 1)) * OF_FOUR) >> 48
            n += ((by_256[r >> 10] & ((1 << ((r >> 8 & 3) << 4)) - 1)) * OF_FOUR) >> 48
            n += ((by_1024[r >> 12] & ((1 << ((r >> 10 & 3) << 4)) - 1)) * OF_FOUR) >> 48
            for i in range(r >> 12):
                n += by_4096[i]
            below[k] = n
        equal = below[1] - below[0] if below[1] >= 0 else 0
        out[t - start] = (below[0] + 0.5 * equal) / n_marks
