"""The definitions of the smart money engine, in plain Python: every zone is looked at at every bar.

`History` keeps all bars and all that lives; nothing is kept that the bars themselves can tell.
"""

from __future__ import annotations

from math import inf, nan

from tasks.kernels.reading import AGED, BLOCK, BORN, BROKEN, CROWDED, DIED, FILLED, GAP, SWING
from tasks.kernels.smc_memory import ROOM
from tests.kernels.naive_zigzag import step_swings


class History:
    def __init__(self, bars, rules):
        self.open, self.high, self.low, self.close, self.volume = (x.tolist() for x in bars)
        self.rules = rules
        self.atr = wilder(self.high, self.low, self.close, rules.atr_bars)
        facts, _ = step_swings(self.high, self.low, rules.swing_span)
        self.swings_known = {fact[0]: fact for fact in facts}
        self.swing = {1: None, -1: None}  # (own bar, price) of the last one
        self.trend = 0
        self.broken = {1: None, -1: None}
        self.broke_at = {1: -inf, -1: -inf}
        self.swept_at = {1: -inf, -1: -inf}
        self.blocks_of = set()
        self.gaps, self.blocks, self.notes, self.n_zones = [], [], [], 0

    def toward(self, side):
        """What comes back into zones of this side first."""
        return self.low if side > 0 else self.high

    def mean_volume(self, end, window):
        """Over the bars before `end`."""
        total = 0.0
        for t in range(end - window, end):
            total += self.volume[t]
        return total / window


def wilder(high, low, close, window):
    pairs = zip(high[1:], low[1:], close, strict=False)
    ranges = [max(h, c) - min(x, c) for h, x, c in pairs]
    out, total = [nan] * len(high), 0.0
    for t, size in enumerate(ranges, 1):
        total += size if t <= window else 0.0
        if t == window:
            out[t] = total / window
        elif t > window:
            out[t] = (out[t - 1] * (window - 1) + size) / window
    return out


def note_zone(h, t, what, kind, zone, why, value):
    edges = zone["near"], zone["far"]
    shape = max(edges), min(edges), value
    h.notes.append((t, what, kind, zone["id"], zone["side"], zone["anchor"], why, *shape))


def drop_zone(zones, i):
    del zones[i]


def say_of_one_side(said, event, found):
    """`found` by side: (strength, anchor) or None."""
    sides = [side for side in (1, -1) if found[side]]
    if len(sides) == 1:
        said[event] = (sides[0], *found[sides[0]])
    return said.get(event, (0,))[0]


def deepest(h, gap, t):
    back = h.toward(gap["side"])[gap["born"] + 1 : t + 1]
    return min([gap["near"], *back]) if gap["side"] > 0 else max([gap["near"], *back])


def filled(h, gap, t):
    return (gap["near"] - deepest(h, gap, t)) / (gap["near"] - gap["far"])


def step_gaps(h, t, said, inside):
    found = {1: None, -1: None}
    for side in (1, -1):
        own = [gap for gap in h.gaps if gap["side"] == side]
        for gap in own:
            if t - gap["born"] > h.rules.gap_bars:
                note_zone(h, t, DIED, GAP, gap, AGED, filled(h, gap, t - 1))
                drop_zone(h.gaps, h.gaps.index(gap))
        for gap in reversed([gap for gap in own if gap in h.gaps]):
            reached = h.toward(side)[t]
            if side * reached > side * deepest(h, gap, t - 1):
                continue
            if filled(h, gap, t) >= h.rules.fill_share:
                note_zone(h, t, DIED, GAP, gap, FILLED, min(filled(h, gap, t), 1.0))
                drop_zone(h.gaps, h.gaps.index(gap))
                found[side] = found[side] or (gap["strength"], gap["anchor"])
            else:
                inside.add(side)
    say_of_one_side(said, "gap_filled", found)
    say_of_one_side(said, "gap", {side: bear_gap(h, t, side) for side in (1, -1)})


def bear_gap(h, t, side):
    near, far = (h.low[t], h.high[t - 2]) if side > 0 else (h.high[t], h.low[t - 2])
    width = side * (near - far)
    if width <= 0 or width < h.rules.gap_atr * h.atr[t]:
        return None
    if h.volume[t - 1] < h.rules.gap_volume * h.mean_volume(t - 1, h.rules.volume_bars):
        return None
    own = [gap for gap in h.gaps if gap["side"] == side]
    if len(own) == ROOM:
        note_zone(h, t, DIED, GAP, own[0], CROWDED, filled(h, own[0], t))
        drop_zone(h.gaps, h.gaps.index(own[0]))
    strength = min(1.0, width / h.atr[t])
    gap = bear(h, h.gaps, side=side, near=near, far=far, born=t, anchor=t - 2, strength=strength)
    note_zone(h, t, BORN, GAP, gap, 0, 0.0)
    return strength, t - 2


def bear(h, zones, **of):
    zone = {**of, "id": h.n_zones, "touches": 0}
    h.n_zones += 1
    zones.append(zone)
    return zone


def step_blocks(h, t, said, inside):
    found = {1: None, -1: None}
    for side in (1, -1):
        own = [block for block in h.blocks if block["side"] == side]
        for block in sorted(own, key=lambda b: (-side * b["near"], -b["born"])):
            is_in, was_in = (side * h.toward(side)[u] <= side * block["near"] for u in (t, t - 1))
            block["touches"] += is_in and not was_in
            if side * h.close[t] < side * block["far"]:
                note_zone(h, t, DIED, BLOCK, block, BROKEN, float(block["touches"]))
                drop_zone(h.blocks, h.blocks.index(block))
            elif is_in:
                inside.add(side)
                if block["touches"] == 1 and not was_in:
                    found[side] = found[side] or (block["strength"], block["anchor"])
    say_of_one_side(said, "block_touched", found)
    say_of_one_side(said, "block", {side: bear_block(h, t, side) for side in (1, -1)})


def bear_block(h, t, side):
    colours = [side * (h.close[u] - h.open[u]) for u in range(t - h.rules.displacement_bars, t + 1)]
    opposite = [t - k for k, colour in enumerate(reversed(colours)) if colour < 0]
    if not opposite or opposite[0] == t or (side, opposite[0]) in h.blocks_of:
        return None
    b = opposite[0]
    moved, least = side * (h.close[t] - h.close[b]), h.rules.displacement_atr * h.atr[t]
    past = h.mean_volume(b + 1, h.rules.volume_bars)
    if moved < least or h.mean_volume(t + 1, t - b) < h.rules.displacement_volume * past:
        return None
    h.blocks_of.add((side, b))
    own = [block for block in h.blocks if block["side"] == side]
    if len(own) == ROOM:
        note_zone(h, t, DIED, BLOCK, own[0], CROWDED, float(own[0]["touches"]))
        drop_zone(h.blocks, h.blocks.index(own[0]))
    strength = min(1.0, moved / (2.0 * least))
    edges = {"near": h.open[b], "far": h.toward(side)[b]}
    block = bear(h, h.blocks, side=side, **edges, born=t, anchor=b, strength=strength)
    note_zone(h, t, BORN, BLOCK, block, 0, 0.0)
    return strength, b


def step_breaks(h, t, said):
    beyond = {}
    for side in (1, -1):
        if h.swing[side] and h.broken[side] != h.swing[side]:
            far = side * (h.close[t] - h.swing[side][1])
            if far > 0 and far >= h.rules.beyond_atr * h.atr[t]:
                beyond[side] = far / h.atr[t]
    if len(beyond) == 1:
        ((side, far),) = beyond.items()
        name = "change_of_character" if h.trend == -side else "break_of_structure"
        said[name] = (side, min(1.0, far), h.swing[side][0])
        h.broken[side], h.broke_at[side], h.trend = h.swing[side], t, side


def step_sweep(h, t, said):
    found = {side: sweep(h, t, side) for side in (1, -1)}
    side = say_of_one_side(said, "sweep", found)
    if side:
        h.swept_at[side] = t


def sweep(h, t, side):
    tips, size = h.toward(side), h.high[t] - h.low[t]
    body = min(h.open[t], h.close[t]) if side > 0 else max(h.open[t], h.close[t])
    wick = side * (body - tips[t])
    if wick <= 0 or wick < h.rules.sweep_wick * size:
        return None
    if h.volume[t] < h.rules.sweep_volume * h.mean_volume(t, h.rules.volume_bars):
        return None
    window = range(t - h.rules.sweep_bars, t)
    extreme = min(window, key=lambda u: (side * tips[u], -u))
    levels = [(extreme, tips[extreme])]
    if h.swing[-side]:
        levels.insert(0, h.swing[-side])
    for bar, level in levels:
        beyond = side * (level - tips[t])
        closed_inside = side * (h.close[t] - level) > 0
        if beyond > 0 and beyond >= h.rules.beyond_atr * h.atr[t] and closed_inside:
            return wick / size, bar
    return None


def say_swing(h, t, said):
    _, bar, side, price, replaces = h.swings_known[t]
    away = side * (price - h.close[t])
    said["swing"] = (-side, away / (away + h.atr[t]), bar)
    row = (t, BORN, SWING, h.n_zones, -side, bar, 0, price, price, float(replaces))
    h.notes.append(row)
    h.n_zones += 1


def step_smc(h, t):
    """(events by name, stance, conviction, whether warm, facts) at the close of a bar."""
    r, said, inside = h.rules, {}, set()
    if t in h.swings_known:
        _, bar, side, price, _ = h.swings_known[t]
        h.swing[side] = bar, price
    warm_up = max(r.atr_bars, r.volume_bars + r.displacement_bars, r.sweep_bars, 2 * r.swing_span)
    if t < warm_up:
        return said, 0, 0.0, 0, facts_of(h, t, {1: 0, -1: 0})
    if t in h.swings_known:
        say_swing(h, t, said)
    step_breaks(h, t, said)
    step_gaps(h, t, said, inside)
    step_blocks(h, t, said, inside)
    step_sweep(h, t, said)
    count = {
        side: (h.trend == side)
        + (side in inside)
        + (t - h.swept_at[side] <= r.fresh_bars)
        + (t - h.broke_at[side] <= r.fresh_bars)
        for side in (1, -1)
    }
    stance = (count[1] > count[-1]) - (count[-1] > count[1])
    if max(count.values()) < r.confluences_least:
        stance = 0
    return said, stance, count[stance] / 4 if stance else 0.0, 1, facts_of(h, t, count)


def facts_of(h, t, count):
    def own(zones, side):
        return [zone for zone in zones if zone["side"] == side]

    newest = max(h.gaps, key=lambda gap: gap["id"], default=None)
    gap_edges = [[side * deepest(h, gap, t) for gap in own(h.gaps, side)] for side in (1, -1)]
    block_edges = [[side * block["near"] for block in own(h.blocks, side)] for side in (1, -1)]
    return [
        h.trend,
        *(h.swing[side][1] if h.swing[side] else nan for side in (1, -1)),
        *(len(edges) for edges in gap_edges),
        *(side * max(e) if e else nan for side, e in zip((1, -1), gap_edges, strict=True)),
        filled(h, newest, t) if newest else nan,
        *(len(edges) for edges in block_edges),
        *(side * max(e) if e else nan for side, e in zip((1, -1), block_edges, strict=True)),
        count[1],
        count[-1],
    ]


def run_smc(bars, rules):
    """What is said at each bar, and the notes as tuples in the order of NOTE."""
    h = History(bars, rules)
    return [step_smc(h, t) for t in range(bars.shape[1])], h.notes
