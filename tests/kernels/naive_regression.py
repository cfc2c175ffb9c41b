"""The definitions, in plain Python."""

from __future__ import annotations

from math import isnan, nan, sqrt


def _spreads(pairs):
    """Variance of x, covariance and variance of y, times the number of pairs."""
    mean_x = sum(x for x, _ in pairs) / len(pairs)
    mean_y = sum(y for _, y in pairs) / len(pairs)
    xx = sum((x - mean_x) ** 2 for x, _ in pairs)
    xy = sum((x - mean_x) * (y - mean_y) for x, y in pairs)
    return xx, xy, sum((y - mean_y) ** 2 for _, y in pairs)


def _windows(x, y, window):
    for t in range(len(x)):
        rows = zip(
            x[max(0, t - window + 1) : t + 1], y[max(0, t - window + 1) : t + 1], strict=True
        )
        yield [(a, b) for a, b in rows if not isnan(a) and not isnan(b)]


def window_pair(x, y, window, min_count):
    slopes, correlations = [], []
    for pairs in _windows(x, y, window):
        xx, xy, yy = _spreads(pairs) if len(pairs) >= max(3, min_count) else (0.0, 0.0, 0.0)
        slopes.append(xy / xx if xx > 0 else nan)
        correlations.append(xy / sqrt(xx * yy) if xx > 0 and yy > 0 else nan)
    return slopes, correlations


def window_line(y, window, min_count):
    slopes = []
    for pairs in _windows([float(t) for t in range(len(y))], y, window):
        xx, xy, _ = _spreads(pairs) if len(pairs) >= max(2, min_count) else (0.0, 0.0, 0.0)
        slopes.append(xy / xx if xx > 0 else nan)
    return slopes
