"""The definitions, in plain Python."""

from __future__ import annotations

from math import log, nan


def level_breaks(confirmed, high, close, margin, reach, window, touches):
    rows = []
    for t in range(len(close)):
        swings = [
            u - reach
            for u in range(t)
            if confirmed[u] and t - window <= u - reach and window >= reach
        ]
        broken = []
        for s in swings:
            touching = [u for u in swings if abs(log(high[u] / high[s])) <= margin[t]]
            if len(touching) >= touches and close[t - 1] <= high[s] < close[t]:
                broken.append((high[s], min(touching)))
        rows.append(max(broken, key=lambda row: row[0], default=(nan, -1)))
    return [level for level, _ in rows], [first for _, first in rows]
