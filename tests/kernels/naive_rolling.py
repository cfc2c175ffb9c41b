"""The definitions, in plain Python."""

from __future__ import annotations

from math import isnan, nan, sqrt


def windows(x, window, min_count):
    """The values that are there, for each bar, None where they are too few."""
    for t in range(len(x)):
        kept = [v for v in x[max(0, t - window + 1) : t + 1] if not isnan(v)]
        yield kept if len(kept) >= max(1, min_count) else None


def window_sum(x, window, min_count):
    return [nan if w is None else sum(w) for w in windows(x, window, min_count)]


def window_mean(x, window, min_count):
    return [nan if w is None else sum(w) / len(w) for w in windows(x, window, min_count)]


def window_max(x, window, min_count):
    return [nan if w is None else max(w) for w in windows(x, window, min_count)]


def window_min(x, window, min_count):
    return [nan if w is None else min(w) for w in windows(x, window, min_count)]


def window_std(x, window, min_count):
    out = []
    for w in windows(x, window, max(2, min_count)):
        if w is None:
            out.append(nan)
            continue
        mean = sum(w) / len(w)
        out.append(sqrt(sum((v - mean) ** 2 for v in w) / (len(w) - 1)))
    return out


def decayed_sum(x, window, decay):
    return [sum(decay**k * x[t - k] for k in range(window) if t - k >= 0) for t in range(len(x))]


def weighted_mean(x, decay, memory, min_count):
    out = []
    for t in range(len(x)):
        kept = [(decay**k, x[t - k]) for k in range(memory) if t - k >= 0 and not isnan(x[t - k])]
        enough = len(kept) >= max(1, min_count)
        out.append(sum(w * v for w, v in kept) / sum(w for w, _ in kept) if enough else nan)
    return out
