"""The definition, in plain Python, as the paper writes it."""

from __future__ import annotations

from itertools import pairwise
from math import isnan, log, nan


def squared_edge(open_, high, low, close, window, min_count, phase):
    bars = list(zip(open_, high, low, close, strict=True))
    return [
        squared_edge_of(bars[max(0, t - window + 1) : t + 1], max(2, min_count))
        for t in range(len(bars))
    ]


def squared_edge_of(bars, min_count):
    pairs = [(last, bar) for last, bar in pairwise(bars) if not any(map(isnan, last[1:] + bar[:3]))]
    moved = [bar[1] != bar[2] or bar[2] != last[3] for last, bar in pairs]
    if len(pairs) < min_count or sum(moved) < 2:
        return nan
    r1, r2, r3, r4, r5 = zip(*(returns(last, bar) for last, bar in pairs), strict=True)
    open_is_low_or_high = mean([(b[0] == b[1]) + (b[0] == b[2]) for _, b in kept(pairs, moved)])
    close_is_low_or_high = mean([(a[3] == a[1]) + (a[3] == a[2]) for a, _ in kept(pairs, moved)])
    p = mean(moved)
    po, pc = p * (2 - open_is_low_or_high), p * (2 - close_is_low_or_high)
    if po == 0 or pc == 0:
        return nan
    d1, d3, d5 = (
        [v - mean(r) / p * tau for v, tau in zip(r, moved, strict=True)] for r in (r1, r3, r5)
    )
    x1 = [-4 / po * a * b - 4 / pc * c * d for a, b, c, d in zip(d1, r2, d3, r4, strict=True)]
    x2 = [-4 / po * a * b - 4 / pc * c * d for a, b, c, d in zip(d1, r5, d5, r4, strict=True)]
    v1, v2 = variance(x1), variance(x2)
    if v1 + v2 > 1e-12 * mean([a * a + b * b for a, b in zip(x1, x2, strict=True)]):
        return (v2 * mean(x1) + v1 * mean(x2)) / (v1 + v2)
    return (mean(x1) + mean(x2)) / 2


def returns(last, bar):
    o, h, low = map(log, bar[:3])
    last_h, last_l, last_c = map(log, last[1:])
    mid, last_mid = (h + low) / 2, (last_h + last_l) / 2
    return mid - o, o - last_mid, mid - last_c, last_c - last_mid, o - last_c


def kept(pairs, moved):
    return [pair for pair, tau in zip(pairs, moved, strict=True) if tau]


def mean(values):
    return sum(values) / len(values)


def variance(values):
    return mean([(v - mean(values)) ** 2 for v in values])
