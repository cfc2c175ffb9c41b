"""The definitions, in plain Python."""

from __future__ import annotations

from math import floor, isnan, nan


def past(x, window, min_count):
    """The values before each bar in ascending order, None where they are too few."""
    for t in range(len(x)):
        kept = sorted(v for v in x[max(0, t - window) : t] if not isnan(v))
        yield kept if len(kept) >= max(1, min_count) else None


def quantile(ascending, p):
    position = p * (len(ascending) - 1)
    low = floor(position)
    if position == low:
        return ascending[low]
    a, b, part = ascending[low], ascending[low + 1], position - low
    return a + (b - a) * part if part < 0.5 else b - (b - a) * (1.0 - part)


def median(ascending):
    n = len(ascending)
    return 0.5 * (ascending[(n - 1) // 2] + ascending[n // 2])


def past_quantile(x, window, p, min_count):
    return [nan if kept is None else quantile(kept, p) for kept in past(x, window, min_count)]


def walk_quantile(ascending, ranks, window, p, min_count, start):
    x = [nan if r < 0 else ascending[r] for r in ranks]
    return past_quantile(x, window, p, min_count)[start:]


def past_robust_z(x, window, min_count):
    out = []
    for value, kept in zip(x, past(x, window, min_count), strict=True):
        middle = median(kept) if kept else nan
        spread = 1.4826 * median(sorted(abs(v - middle) for v in kept)) if kept else 0.0
        out.append((value - middle) / spread if spread > 0 else nan)
    return out
