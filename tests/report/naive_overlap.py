"""The overlap from its definition, in plain Python."""

from __future__ import annotations

import math

MINUTE = 60_000


def overlap(occurrences, ran, n_bars, names, within, step):
    """Share and chance as lists of lists.

    `occurrences` are (market, name, minute), `ran` maps a market to the names that ran there,
    `n_bars` a market to its bars; `within` and `step` are minutes.
    """
    share = [[math.nan] * len(names) for _ in names]
    chance = [[math.nan] * len(names) for _ in names]
    for i, one in enumerate(names):
        for j, other in enumerate(names):
            asked = [(m, t) for m, name, t in occurrences if name == one and other in ran[m]]
            if not asked:
                continue
            theirs = {m: [t for k, n, t in occurrences if (k, n) == (m, other)] for m in ran}
            near = [any(abs(t - s) <= within for s in theirs[m]) for m, t in asked]
            share[i][j] = sum(near) / len(asked)
            drawn = [_part_covered(theirs[m], n_bars[m], within, step) for m, _ in asked]
            chance[i][j] = sum(drawn) / len(asked)
    return share, chance


def _part_covered(moments, n_bars, within, step):
    """Of all bars, those at most `within` from one of `moments`."""
    reach = range(-(within // step), within // step + 1)
    covered = {moment // step + k for moment in moments for k in reach}
    return min(1.0, len(covered) / max(1, n_bars))
