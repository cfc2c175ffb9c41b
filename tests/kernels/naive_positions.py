"""The trade rule in plain Python, written from its definition."""

from __future__ import annotations

import numpy as np


def take_positions(event_bars, is_gap, horizon_bars, first_bar, end_bar):
    taken = []
    open_until = None
    for i, bar in enumerate(event_bars):
        path = range(int(bar), int(bar) + horizon_bars + 1)
        inside = all(first_bar <= b < end_bar for b in path)
        is_open = open_until is not None and bar < open_until
        if inside and not is_open and not any(is_gap[b] for b in path):
            taken.append((i, bar + 1, bar + horizon_bars))
            open_until = bar + horizon_bars
    columns = zip(*taken, strict=True) if taken else ((), (), ())
    return tuple(np.array(column, dtype=np.int64) for column in columns)
