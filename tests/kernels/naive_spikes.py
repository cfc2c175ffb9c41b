"""The definitions, in plain Python."""

from __future__ import annotations

from math import log


def find_spikes(open_, high, low, close, max_log_jump, max_log_reach, patience):
    bars = list(zip(open_, high, low, close, strict=True))
    marks = []

    def connects(bar, level):
        return abs(log(bar[0]) - log(level)) <= max_log_jump and all(
            abs(log(price) - log(level)) <= max_log_reach for price in bar
        )

    level, run = None, []
    for bar in bars:
        if connects(bar, bar[0] if level is None else level):
            marks.append(False)
            level, run = bar[3], []
            continue
        run = [*run, bar] if run and connects(bar, run[-1][3]) else [bar]
        if len(run) > patience:
            marks.append(False)
            level, run = bar[3], []
        else:
            marks.append(True)
    return marks
