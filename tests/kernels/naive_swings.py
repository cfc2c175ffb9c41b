"""The definitions, in plain Python."""

from __future__ import annotations

from math import isnan


def confirmed_highs(x, reach):
    out = []
    for t in range(len(x)):
        around = [*x[max(0, t - 2 * reach) : t - reach], *x[t - reach + 1 : t + 1]]
        whole = t >= 2 * reach
        out.append(whole and all(value < x[t - reach] for value in around))
    return out


def last_swing(confirmed, reach, within):
    out = []
    for t in range(len(confirmed)):
        known = [u - reach for u in range(t + 1) if confirmed[u] and t - (u - reach) <= within]
        out.append(max(known, default=-1))
    return out


def highest_since(x, start):
    out = []
    for t, s in enumerate(start):
        there = [] if s < 0 else [u for u in range(s + 1, t + 1) if not isnan(x[u])]
        out.append(max(there, key=lambda u: x[u], default=-1))
    return out


def last_leg(top, bottom, reach, within):
    legs = []
    for t in range(len(top)):
        low = bottom[top[t] + reach - 1] if top[t] >= 0 else -1
        legs.append((low, top[t]) if low >= 0 and t - low <= within else (-1, -1))
    return [start for start, _ in legs], [end for _, end in legs]
