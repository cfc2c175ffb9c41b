"""Where a value stands among those of the `window` bars before it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tasks.kernels._jit import kernel
from tasks.kernels.rolling import Reals

Places = NDArray[np.int32] | NDArray[np.int64]
BITS = 64


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
    order = np.argsort(x)
    return share_below(order, x[order], window, max(1, min_count))


@kernel
def share_below(order: Places, ascending: Reals, window: int, min_count: int) -> Reals:
    """Share of the values before each bar that are below its own, by counting their ranks.

    The window's ranks are bits of a long word, their numbers per machine word are kept in a tree
    of partial sums (Fenwick 1994, Software: Practice and Experience 24): n log(n) steps in all,
    whatever the window.

    Parameters
    ----------
    order : array of int64, shape (n,)
        Bars by their value, NaN last.
    ascending : array of float64, shape (n,)
        Those values.
    window, min_count : int
        Bars before this one, and values that they must hold, else NaN.
    """
    n = order.size
    rank, first, end = _ranked(order, ascending)
    words = np.zeros(n // BITS + 1, dtype=np.uint64)
    tree = np.zeros(n // BITS + 2, dtype=np.int32)
    out = np.full(n, np.nan)
    count = 0
    for t in range(1, n):
        if rank[t - 1] >= 0:
            _turn(words, tree, rank[t - 1], 1)
            count += 1
        if t > window and rank[t - 1 - window] >= 0:
            _turn(words, tree, rank[t - 1 - window], -1)
            count -= 1
        if rank[t] < 0 or count < min_count:
            continue
        below = _n_below(words, tree, first[t])
        equal = _n_below(words, tree, end[t]) - below if end[t] > first[t] + 1 else 0
        out[t] = (below + 0.5 * equal) / count
    return out


@kernel
def _ranked(order: Places, ascending: Reals) -> tuple[Places, Places, Places]:
    """Rank of each bar's value, -1 for NaN, and of its equals the first and one past the last."""
    n = order.size
    rank, first, end = np.full((3, n), -1, dtype=np.int32)
    begin = 0
    for r in range(n):
        if ascending[r] != ascending[r]:
            break
        rank[order[r]] = r
        if ascending[r] > ascending[begin]:
            begin = r
        first[order[r]] = begin
        if r + 1 == n or not ascending[r + 1] <= ascending[r]:
            for k in range(begin, r + 1):
                end[order[k]] = r + 1
    return rank, first, end


@kernel
def _turn(words: NDArray[np.uint64], tree: NDArray[np.int32], rank: int, step: int) -> None:
    """Set (`step` 1) or clear (-1) a bit, and tell the tree."""
    word = rank // BITS
    words[word] ^= np.uint64(1) << np.uint64(rank % BITS)
    node = word + 1
    while node < tree.size:
        tree[node] += step
        node += node & -node


@kernel
def _n_below(words: NDArray[np.uint64], tree: NDArray[np.int32], rank: int) -> int:
    """Bits set below a rank."""
    word = rank // BITS
    n, node = 0, word
    while node > 0:
        n += tree[node]
        node &= node - 1
    if rank % BITS:
        n += _n_bits(words[word] & ((np.uint64(1) << np.uint64(rank % BITS)) - np.uint64(1)))
    return n


@kernel
def _n_bits(word: np.uint64) -> int:
    """Bits set in a word, added up in pairs, fours and bytes (Warren 2012, Hacker's Delight)."""
    word -= (word >> np.uint64(1)) & np.uint64(0x5555555555555555)
    pairs = np.uint64(0x3333333333333333)
    word = (word & pairs) + ((word >> np.uint64(2)) & pairs)
    word = (word + (word >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return int((word * np.uint64(0x0101010101010101)) >> np.uint64(56))
