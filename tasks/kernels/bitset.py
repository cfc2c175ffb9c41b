"""Sets of small whole numbers, 64 to a word, and the walk from one member to the next."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tasks.kernels._jit import kernel

Bits = NDArray[np.uint64]

ONE, ALL = np.uint64(1), np.uint64(2**64 - 1)
PAIRS, FOURS = np.uint64(0x5555555555555555), np.uint64(0x3333333333333333)
BYTES, SUM_OF_BYTES = np.uint64(0x0F0F0F0F0F0F0F0F), np.uint64(0x0101010101010101)


@kernel
def no_bits(n: int) -> Bits:
    """An empty set with room for the numbers below `n`."""
    return np.zeros((n >> 6) + 1, np.uint64)


@kernel
def flip(bits: Bits, at: int) -> None:
    """Put `at` into the set, or take it out."""
    bits[at >> 6] ^= ONE << np.uint64(at & 63)


@kernel
def seek(bits: Bits, at: int, below: int, wanted: int) -> int:
    """The member with `wanted` members below it, sought from the number `at`, which has `below`."""
    while below > wanted:
        at = under(bits, at)
        below -= 1
    if not (bits[at >> 6] >> np.uint64(at & 63)) & ONE:
        at = above(bits, at)
    while below < wanted:
        at = above(bits, at)
        below += 1
    return at


@kernel
def above(bits: Bits, at: int) -> int:
    """The next member above `at`; there must be one."""
    word = at >> 6
    rest = bits[word] & ((ALL << np.uint64(at & 63)) << ONE)
    while rest == 0:
        word += 1
        rest = bits[word]
    # The bits under the lowest one, counted; compilers know this count as one instruction.
    v = (rest & (~rest + ONE)) - ONE
    v = v - ((v >> ONE) & PAIRS)
    v = (v & FOURS) + ((v >> np.uint64(2)) & FOURS)
    v = (v + (v >> np.uint64(4))) & BYTES
    return (word << 6) + int((v * SUM_OF_BYTES) >> np.uint64(56))


@kernel
def under(bits: Bits, at: int) -> int:
    """The next member under `at`; there must be one."""
    word = at >> 6
    rest = bits[word] & ((ONE << np.uint64(at & 63)) - ONE)
    while rest == 0:
        word -= 1
        rest = bits[word]
    # The highest bit is the exponent of the number; its neighbour goes, lest it round up.
    exponent = int(np.float64(rest & ~(rest >> ONE)).view(np.int64) >> 52)
    return (word << 6) + exponent - 1023
