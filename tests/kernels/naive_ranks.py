"""The definitions, in plain Python."""

from __future__ import annotations

from math import isnan, nan


def past_share(x, window, min_count):
    out = []
    for t, value in enumerate(x):
        kept = [v for v in x[max(0, t - window) : t] if not isnan(v)]
        if isnan(value) or len(kept) < max(1, min_count):
            out.append(nan)
        else:
            halves = sum(2 * (v < value) + (v == value) for v in kept)
            out.append(halves / 2 / len(kept))
    return out
