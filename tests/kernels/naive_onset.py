"""The definitions, in plain Python."""

from __future__ import annotations


def last_true(flags):
    return [max((s for s in range(t) if flags[s]), default=-1) for t in range(len(flags))]


def onset(flags, cooldown):
    return [flags[t] and not any(flags[max(0, t - cooldown) : t]) for t in range(len(flags))]


def onset_among(flags, seen, cooldown, most):
    out = []
    for t in range(len(flags)):
        recent = [s for s in range(t) if flags[s] and seen[t] - seen[s] <= cooldown]
        out.append(flags[t] and not any(t - s <= most for s in recent))
    return out


def first_below(starts, level, x, within):
    out = [-1] * len(starts)
    for start, begins in enumerate(starts):
        later = range(start + 1, min(len(x), start + within + 1))
        hits = [t for t in later if begins and x[t] < level[start]]
        if hits:
            out[hits[0]] = start
    return out
