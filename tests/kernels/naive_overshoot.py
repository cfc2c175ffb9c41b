"""The definitions, in plain Python."""

from __future__ import annotations

from math import isnan, log, nan


def turn_after_extension(starts, side, reach, close, high, low, within):
    n = len(starts)
    out, farthest = [-1] * n, [nan] * n
    for start in (s for s in range(n) if starts[s]):
        for t in range(start + 1, min(n, start + within + 1)):
            so_far = [
                log(high[s] / close[start]) if side[start] > 0 else log(close[start] / low[s])
                for s in range(start + 1, t)
                if not isnan(high[s] + low[s])
            ]
            against = side[start] * (close[t] - close[t - 1]) < 0
            if so_far and max(so_far) >= reach[start] and against:
                out[t], farthest[t] = start, max(so_far)
                break
    return out, farthest
