"""Ranks of values among those around them, for many blocks of bars at once."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from tasks.kernels._jit import kernel
from tasks.kernels.doubling import Reals

Keys = NDArray[np.uint64]
Ranks = NDArray[np.int32]

WINDOWS_PER_BLOCK = 4  # the window before a block is ranked too: a quarter more
LEAST_BLOCK = 256
AT_ONCE = 32_768  # values, so that what is made of them stays in the cache
MOVES_PER_VALUE = 4
ALL, SIGN = np.uint64(2**64 - 1), np.uint64(1 << 63)
INFINITY = np.uint64(0x7FF0000000000000)  # as bits: NaN lies beyond


def ranked_blocks(x: Reals, window: int) -> Iterator[tuple[int, Ranks, Reals]]:
    """Ranks in each block of bars together with the window before it, and the values by rank.

    Parameters
    ----------
    x : array of float64, shape (n,)
    window : int
        Bars.

    Yields
    ------
    start : int
        First bar of the first of a few blocks; all blocks are of the same number of bars, the
        last may reach beyond the series.
    ranks : array of int32, shape (n_blocks, lead + n_bars)
        Place 0 is `lead` bars before the block; `lead` is the window, or the whole series where
        that is shorter. -1 where there is no value. Equal values have ranks of their own, in no
        order that should matter. Overwritten by the next.
    ascending : array of float64, the same shape
        Values by their rank, then NaN. Overwritten by the next.

    Notes
    -----
    Numpy sorts whole numbers several times faster than it finds an order. So a value's high bits
    and its place make up one number; what the bits left out would tell is mended after.
    """
    lead = min(window, x.size)
    size = max(1, min(x.size, max(WINDOWS_PER_BLOCK * lead, LEAST_BLOCK)))
    n_blocks = max(1, min(AT_ONCE // (lead + size), -(-x.size // size)))
    places = np.uint64((1 << int(lead + size).bit_length()) - 1)
    keys = np.empty((n_blocks, lead + size), np.uint64)
    ranks, ascending = np.empty(keys.shape, np.int32), np.empty(keys.shape)
    for start in range(0, x.size, n_blocks * size):
        _write_keys(x, start, lead, places, keys)
        keys.sort(axis=1)
        _write_ranks(x, start, lead, places, keys, ranks, ascending)
        yield start, ranks, ascending


@kernel
def _write_keys(x: Reals, start: int, lead: int, places: np.uint64, keys: Keys) -> None:
    """Numbers that sort as the values do, by their high bits, then by place; NaN last."""
    width = keys.shape[1]
    for b in range(keys.shape[0]):
        first = start + b * (width - lead) - lead
        begin, end = min(max(0, -first), width), max(0, min(width, x.size - first))
        for i in range(begin):
            keys[b, i] = (ALL & ~places) | np.uint64(i)
        for i in range(end, width):
            keys[b, i] = (ALL & ~places) | np.uint64(i)
        if begin < end:
            _write_keys_of(x[first + begin : first + end], begin, places, keys[b, begin:end])


@kernel
def _write_keys_of(x: Reals, begin: int, places: np.uint64, keys: Keys) -> None:
    plain = x + 0.0  # plus zero: one zero, not two
    bits = plain.view(np.uint64)
    for i in range(keys.size):
        v = bits[i]
        v = v ^ (SIGN | (np.uint64(0) - (v >> np.uint64(63)))) if v & ~SIGN <= INFINITY else ALL
        keys[i] = (v & ~places) | np.uint64(begin + i)


@kernel
def _write_ranks(
    x: Reals,
    start: int,
    lead: int,
    places: np.uint64,
    keys: Keys,
    ranks: Ranks,
    ascending: Reals,
) -> None:
    width = keys.shape[1]
    values = np.empty(width)
    for b in range(keys.shape[0]):
        first = start + b * (width - lead) - lead
        for i in range(width):
            values[i] = x[first + i] + 0.0 if 0 <= first + i < x.size else np.nan
        rank, by_rank = ranks[b], ascending[b]
        last, in_order = -np.inf, True
        for r in range(width):
            place = keys[b, r] & places
            v = values[place]
            rank[place], by_rank[r] = r if v == v else -1, v
            in_order &= not v < last
            last = v
        if not in_order:
            _mend(values, keys[b], places, rank, by_rank)


@kernel
def _mend(values: Reals, keys: Keys, places: np.uint64, rank: Ranks, by_rank: Reals) -> None:
    """Finish the sorting of values that are nearly sorted, or start anew where they are not."""
    order, moves = (keys & places).astype(np.int64), 0
    for r in range(order.size):
        place, v, k = order[r], values[order[r]], r
        while k > 0 and by_rank[k - 1] > v and moves < MOVES_PER_VALUE * order.size:
            by_rank[k], order[k] = by_rank[k - 1], order[k - 1]
            k, moves = k - 1, moves + 1
        by_rank[k], order[k] = v, place
    if moves == MOVES_PER_VALUE * order.size:
        order = np.argsort(np.where(np.isnan(values), np.inf, values), kind="mergesort")
    for r in range(order.size):
        v = values[order[r]]
        rank[order[r]], by_rank[r] = r if v == v else -1, v
