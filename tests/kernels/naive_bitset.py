"""The definitions, in plain Python; a set of bits is a set."""

from __future__ import annotations


def no_bits(n):
    return set()


def flip(bits, at):
    bits ^= {at}


def above(bits, at):
    return min(b for b in bits if b > at)


def under(bits, at):
    return max(b for b in bits if b < at)


def seek(bits, at, below, wanted):
    return sorted(bits)[wanted]
