"""The definitions, in plain Python."""

from __future__ import annotations

from math import isnan, nan


def recent(steps, t, n):
    """The last `n` steps, the youngest first, missing ones as zero, and how many were there."""
    kept = [steps[u] for u in range(t, max(-1, t - n), -1)]
    return [0.0 if isnan(v) else v for v in kept], sum(not isnan(v) for v in kept)


def levels_of(steps, n):
    """The `n` last levels relative to the youngest, the youngest first."""
    steps = [*steps, *[0.0] * (n - 1 - len(steps))]
    return [-sum(steps[:age]) for age in range(n)]


def window_slope(steps, window, min_count):
    out = []
    for t in range(len(steps)):
        values, there = recent(steps, t, window - 1)
        if window < 2 or there < min_count:
            out.append(nan)
            continue
        levels = levels_of(values, window)
        mean_age, mean = (window - 1) / 2, sum(levels) / window
        covariance = sum((mean_age - age) * (y - mean) for age, y in enumerate(levels))
        out.append(covariance / sum((age - mean_age) ** 2 for age in range(window)))
    return out


def above_mean(steps, window, min_count):
    out = []
    for t in range(len(steps)):
        values, there = recent(steps, t, window - 1)
        enough = window >= 2 and there >= min_count
        out.append(-sum(levels_of(values, window)) / window if enough else nan)
    return out
