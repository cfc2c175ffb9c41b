"""Where a value stands among those of the `window` bars before it.

As in `tasks.kernels.quantiles` the values that a block's windows can hold are ranked once; a window
is then a set of marks on the line of ranks.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tasks.kernels._jit import kernel
from tasks.kernels.bitset import BYTES, FOURS, ONE, PAIRS, SUM_OF_BYTES, Bits, flip, no_bits
from tasks.kernels.orders import Orders, block_orders
from tasks.kernels.rolling import Reals

Places, Sums = NDArray[np.int32], NDArray[np.int64]

EACH_OF_FOUR = 0x0001000100010001


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
    return _shares_by_block(x, block_orders(x, window), window, max(1, min_count))


@kernel
def _shares_by_block(x: Reals, orders: Orders, window: int, min_count: int) -> Reals:
    n, lead = x.size, min(window, x.size)
    out = np.full(n, np.nan)
    size = orders.shape[1] - lead
    for b in range(orders.shape[0]):
        start, end = b * size, min(b * size + size, n)
        ranks = _ranked(x, orders[b], start - lead)
        _walk_shares(ranks, window, min_count, lead, out[start:end])
    return out


@kernel
def _ranked(x: Reals, order: Orders, before: int) -> Places:
    """Each place's rank, -1 for NaN, and of its equals the first and one past the last."""
    ranks = np.full((3, order.size), -1, dtype=np.int32)
    ascending = np.full(order.size + 1, np.nan)
    begin = 0
    for r in range(order.size):
        t = before + order[r]
        if not 0 <= t < x.size or x[t] != x[t]:
            break
        ascending[r] = x[t]
        if r > 0 and ascending[r] > ascending[r - 1]:
            begin = r
        ranks[0, order[r]], ranks[1, order[r]] = r, begin
    end = order.size
    for r in range(order.size - 1, -1, -1):
        if not ascending[r + 1] <= ascending[r]:
            end = r + 1
        ranks[2, order[r]] = end
    return ranks


@kernel
def _walk_shares(ranks: Places, window: int, min_count: int, start: int, out: Reals) -> None:
    """Shares of the bars from bar `start` of `ranks` on."""
    bits, count = no_bits(ranks.shape[1]), 0
    sums = np.zeros((4, (bits.size >> 2) + 1), np.int64)
    for t in range(start):
        count += _turn(bits, sums, ranks[0, t], 1)
    for t in range(start, start + out.size):
        if t > start:
            count += _turn(bits, sums, ranks[0, t - 1], 1)
        if t > max(start, window):
            count += _turn(bits, sums, ranks[0, t - 1 - window], -1)
        if ranks[0, t] < 0 or count < min_count:
            continue
        first, end = ranks[1, t], ranks[2, t]
        below = _n_below(bits, sums, first)
        equal = _n_below(bits, sums, end) - below if end > first + 1 else 0
        out[t - start] = (below + 0.5 * equal) / count


@kernel
def _turn(bits: Bits, sums: Sums, rank: int, step: int) -> int:
    """Set (`step` 1) or clear (-1) a mark and tell the sums; by how much the number changes.

    The sums are of 64, 256 and 1024 ranks, in fours: four numbers of 16 bits in one; and of 4096.
    """
    if rank < 0:
        return 0
    flip(bits, rank)
    sums[0, rank >> 8] += step << ((rank >> 6 & 3) << 4)
    sums[1, rank >> 10] += step << ((rank >> 8 & 3) << 4)
    sums[2, rank >> 12] += step << ((rank >> 10 & 3) << 4)
    sums[3, rank >> 12] += step
    return step


@kernel
def _n_below(bits: Bits, sums: Sums, rank: int) -> int:
    """Marks below a rank."""
    n = _n_bits(bits[rank >> 6] & ((ONE << np.uint64(rank & 63)) - ONE))
    n += _sum_of_first(sums[0, rank >> 8], rank >> 6 & 3)
    n += _sum_of_first(sums[1, rank >> 10], rank >> 8 & 3)
    n += _sum_of_first(sums[2, rank >> 12], rank >> 10 & 3)
    for k in range(rank >> 12):
        n += sums[3, k]
    return n


@kernel
def _sum_of_first(four: int, n: int) -> int:
    """Sum of the first `n` of four numbers in one, three at most."""
    return ((four & ((1 << (n << 4)) - 1)) * EACH_OF_FOUR) >> 48


@kernel
def _n_bits(word: np.uint64) -> int:
    """Bits set in a word, added up in pairs, fours and bytes (Warren 2012, Hacker's Delight)."""
    word -= (word >> np.uint64(1)) & PAIRS
    word = (word & FOURS) + ((word >> np.uint64(2)) & FOURS)
    word = (word + (word >> np.uint64(4))) & BYTES
    return int((word * SUM_OF_BYTES) >> np.uint64(56))
