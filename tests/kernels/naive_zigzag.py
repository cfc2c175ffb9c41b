"""The definition, in plain Python, over the whole history at once."""

from __future__ import annotations


def raw_swings(highs, lows, span):
    """(own bar, side, price) of each local extreme; of a bar that is both, none."""
    found = []
    for b in range(span, len(highs) - span):
        others = [u for u in range(b - span, b + span + 1) if u != b]
        is_high = all(highs[u] < highs[b] for u in others)
        is_low = all(lows[u] > lows[b] for u in others)
        if is_high and not is_low:
            found.append((b, 1, highs[b]))
        if is_low and not is_high:
            found.append((b, -1, lows[b]))
    return found


def step_swings(highs, lows, span):
    """Dated facts: (known at, own bar, side, price, whether it replaces), in order.

    And the swings that stand at the end: [(own bar, side, price)], sides in turn.
    """
    facts, standing = [], []
    for bar, side, price in raw_swings(highs, lows, span):
        replaces = bool(standing) and standing[-1][1] == side
        if replaces and price * side <= standing[-1][2] * side:
            continue
        if replaces:
            standing.pop()
        standing.append((bar, side, price))
        facts.append((bar + span, bar, side, price, replaces))
    return facts, standing
