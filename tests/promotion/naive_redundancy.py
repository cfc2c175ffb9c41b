"""The same question asked bar by bar: which hours each candidate holds, and where it enters."""

from __future__ import annotations


def hours_of(trades):
    """Held (market, side, hour) and entered (market, side, hour); a trade is both ends included."""
    held = {(m, side, h) for m, side, first, last in trades for h in range(first, last + 1)}
    return held, {(m, side, first) for m, side, first, _ in trades}


def share(one, other):
    """The larger of both shares in common, each of whichever has less."""
    shares = [0.0]
    for mine, theirs in zip(hours_of(one), hours_of(other), strict=True):
        if mine and theirs:
            shares.append(len(mine & theirs) / min(len(mine), len(theirs)))
    return max(shares)


def twins(candidates, limit):
    """First kept candidate that each other repeats; `candidates` maps names to (t, trades)."""
    order = sorted(candidates, key=lambda n: (-len(candidates[n][1]), -candidates[n][0], n))
    kept, found = [], {}
    for name in order:
        mine = candidates[name][1]
        repeated = [other for other in kept if share(mine, candidates[other][1]) > limit]
        if repeated:
            found[name] = repeated[0]
        else:
            kept.append(name)
    return found
