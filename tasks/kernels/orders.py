"""Sorting the values around each of many blocks of bars, fast."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tasks.kernels._jit import kernel
from tasks.kernels.rolling import Reals

Keys = NDArray[np.uint64]
Orders = NDArray[np.int32]

WINDOWS_PER_BLOCK = 4  # the window before a block is sorted too: a quarter more
LEAST_BLOCK = 256
MOVES_PER_VALUE = 4
SIGN, ALL = np.uint64(1 << 63), np.uint64(2**64 - 1)
INFINITY = np.uint64(0x7FF0000000000000)  # as bits: NaN lies beyond


def block_orders(x: Reals, window: int) -> Orders:
    """Sorting order of each block of bars together with the window before it.

    Parameters
    ----------
    x : array of float64, shape (n,)
    window : int
        Bars.

    Returns
    -------
    array of int32, shape (n_blocks, lead + n_bars)
        Places in the row by their value, where place 0 is `lead` bars before the block and `lead`
        is the window, or the whole series where that is shorter. Missing values come last, and so
        do places beyond the series.

    Notes
    -----
    Numpy sorts whole numbers several times faster than it finds an order. So a value's high bits
    and its place make up one number; what the bits left out would tell is mended after.
    """
    lead = min(window, x.size)
    size = max(1, min(x.size, max(WINDOWS_PER_BLOCK * lead, LEAST_BLOCK)))
    n_blocks = max(1, -(-x.size // size))
    keys = np.empty((n_blocks, lead + size), np.uint64)
    places = np.uint64((1 << int(lead + size).bit_length()) - 1)
    _write_keys((x + 0.0).view(np.uint64), lead, places, keys)  # plus zero: one zero, not two
    keys.sort(axis=1)
    orders = np.empty(keys.shape, np.int32)
    for b in np.flatnonzero(_mend(x, lead, keys, places, orders)):
        first = b * size - lead
        row = np.full(lead + size, np.nan)
        row[max(0, -first) : x.size - first] = x[max(0, first) : first + lead + size]
        orders[b] = np.argsort(row)
    return orders


@kernel
def _write_keys(bits: Keys, lead: int, places: np.uint64, keys: Keys) -> None:
    """Numbers that sort as the values do, by their high bits, then by place."""
    size = keys.shape[1] - lead
    for b in range(keys.shape[0]):
        first = b * size - lead
        start, end = max(0, -first), min(keys.shape[1], bits.size - first)
        for i in range(start):
            keys[b, i] = (ALL & ~places) | np.uint64(i)
        for i in range(end, keys.shape[1]):
            keys[b, i] = (ALL & ~places) | np.uint64(i)
        _write_row(bits[first + start : first + end], start, places, keys[b, start:end])


@kernel
def _write_row(bits: Keys, start: int, places: np.uint64, keys: Keys) -> None:
    for i in range(keys.size):
        v = bits[i]
        v = v ^ (SIGN | (np.uint64(0) - (v >> np.uint64(63)))) if v & ~SIGN <= INFINITY else ALL
        keys[i] = (v & ~places) | np.uint64(start + i)


@kernel
def _mend(x: Reals, lead: int, keys: Keys, places: np.uint64, orders: Orders) -> NDArray[np.bool_]:
    """Write the order; whether it was too far from sorted to be mended, of each block."""
    size = keys.shape[1] - lead
    failed = np.zeros(keys.shape[0], np.bool_)
    ascending = np.empty(keys.shape[1])
    for b in range(keys.shape[0]):
        order, moves, last = orders[b], 0, -np.inf
        for r in range(order.size):
            place = np.int64(keys[b, r] & places)
            t = b * size - lead + place
            v = x[t] if 0 <= t < x.size else np.nan
            order[r], ascending[r] = place, v
            if v >= last or v != v:
                last = v
                continue
            k = r
            while k > 0 and ascending[k - 1] > v and moves < MOVES_PER_VALUE * order.size:
                ascending[k], order[k] = ascending[k - 1], order[k - 1]
                k, moves = k - 1, moves + 1
            ascending[k], order[k] = v, place
        failed[b] = moves >= MOVES_PER_VALUE * order.size
    return failed
