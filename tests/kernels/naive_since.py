"""The definition, in plain Python."""

from __future__ import annotations

from math import floor, nan


def quantile_since(x, start, p, min_count):
    out = []
    for i in range(len(x)):
        kept = sorted(x[start[i] : i])
        if len(kept) < max(1, min_count[i]):
            out.append(nan)
            continue
        position = p * (len(kept) - 1)
        low = floor(position)
        part = position - low
        above = kept[min(low + 1, len(kept) - 1)]
        out.append(kept[low] + part * (above - kept[low]))
    return out
