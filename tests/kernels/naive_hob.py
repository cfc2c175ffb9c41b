"""Hidden order blocks from the definition: all bars kept, every level looked at, at every bar."""

from __future__ import annotations

from dataclasses import dataclass
from math import isnan, nan

from tasks.kernels.hob_levels import LEVEL, MOST, N_HIGHER, RETURN, TOUCH, WEAK_RETURN
from tasks.kernels.reading import AGED, BORN, BROKEN, CROWDED, DIED, REPLACED
from tasks.kernels.reading import LEVEL as LEVEL_ZONE
from tests.kernels.naive_chart import (
    average_range,
    highest_before,
    lowest_before,
    push,
    score_before,
)

OPEN, HIGH, LOW, CLOSE, VOLUME = range(5)


@dataclass(eq=False)
class Level:
    side: int
    price: float
    zone: int = 0
    half: float = 0.0
    fixed: float = 0.0
    reaction: float = 0.0
    higher: float = 0.0
    quality: float = 0.0
    born: int = 0
    anchor: int = 0
    n_touches: int = 0
    is_fresh: bool = True
    in_contact: bool = False
    touched: int = 0
    due: int | None = None

    def beyond(self, price):
        """How far a price lies away from the level, to the level's side."""
        return self.side * (price - self.price)


def nearest_first(levels):
    """Those below the market, then those above it; the younger of two at the same price first."""
    return sorted(levels, key=lambda x: (x.side < 0, -x.side * x.price, -x.zone))


def add_level(levels, side, price, zone):
    levels.append(Level(side, price, zone))
    return levels[-1]


def drop_level(levels, level):
    levels.remove(level)


def weakest_level(levels):
    return min(levels, key=lambda x: (x.quality, x.zone), default=None)


def note_level(level, bar, what, why):
    """A note in the order of its fields."""
    whole = bar, what, LEVEL_ZONE, level.zone, level.side, level.anchor, why
    return (*whole, level.price + level.half, level.price - level.half, level.quality)


def share_of(x, full):
    return 0.0 if isnan(x) or x <= 0 else min(x / full, 1.0) if full > 0 else 1.0


class Swings:
    """Swings that alternate; the higher of two highs in a row stays, the lower of two lows."""

    def __init__(self, span):
        self.span, self.known = span, []

    def step(self, bars):
        """The swing that is known now: its side, +1 for a high, its price and its bar."""
        at, span = len(bars) - 1 - self.span, self.span
        if at < span:
            return None
        around = bars[at - span : at] + bars[at + 1 :]
        is_high = all(bar.high < bars[at].high for bar in around)
        is_low = all(bar.low > bars[at].low for bar in around)
        if is_high == is_low:
            return None
        side, price = (1, bars[at].high) if is_high else (-1, bars[at].low)
        if self.known and self.known[-1][0] == side and side * (price - self.known[-1][1]) <= 0:
            return None
        self.known.append((side, price, at))
        return self.known[-1]


class Hob:
    """All that was seen and all that stands: a memory that forgets nothing."""

    def __init__(self, rules):
        self.bars, self.levels, self.notes = [], [], []
        self.swings = Swings(rules["span"])
        self.higher, self.agreeing = Swings(rules["span"] * rules["higher_factor"]), []
        self.n_born, self.held = 0, None


def end_level(twin, level, why):
    twin.notes.append(note_level(level, twin.n, DIED, why))
    drop_level(twin.levels, level)


def offer_event(twin, event, level, anchor):
    if level.quality > 0:
        twin.offers[event].append((level.quality, level.zone, level.side, anchor, level.price))


def judge_level(twin, r, level):
    changing = r["reaction_weight"] * level.reaction + r["higher_weight"] * level.higher
    whole = r["base_weight"] + r["volume_weight"] + r["wick_weight"]
    whole += r["reaction_weight"] + r["higher_weight"]
    before, level.quality = level.quality, (level.fixed + changing) / whole
    if before < r["strong_least"] <= level.quality:
        offer_event(twin, LEVEL, level, level.anchor)


def bury(twin, r, close):
    for level in nearest_first(twin.levels):
        if -level.beyond(close) >= r["broken_atr"] * twin.atr:
            end_level(twin, level, BROKEN)
    for level in nearest_first(twin.levels):
        if twin.n - level.born >= r["age_bars"]:
            end_level(twin, level, AGED)


def is_reached(twin, r, level):
    bar = twin.bars[-1]
    return level.beyond(bar.low if level.side > 0 else bar.high) <= r["return_atr"] * twin.atr


def touch(twin, r, level, close):
    in_contact = is_reached(twin, r, level)
    if in_contact and not level.in_contact:
        level.touched, level.due = twin.n, twin.n
        if level.is_fresh and level.quality >= r["weak_least"]:
            strong = level.quality >= r["strong_least"]
            offer_event(twin, RETURN if strong else WEAK_RETURN, level, level.anchor)
        level.is_fresh = False
    if in_contact and level.due is not None:
        level.due = twin.n + r["reaction_bars"]
    level.in_contact = in_contact
    if level.due is None:
        return
    if level.beyond(close) >= r["reaction_atr"] * twin.atr:
        level.n_touches, level.due = level.n_touches + 1, None
        reaction = share_of(level.beyond(close), r["full_reaction_atr"] * twin.atr)
        level.reaction = max(level.reaction, reaction)
        judge_level(twin, r, level)
        if level.quality >= r["weak_least"]:
            offer_event(twin, TOUCH, level, level.touched)
    elif twin.n >= level.due:
        level.due = None


def agree_levels(twin, r, price, anchor):
    twin.agreeing.append((price, anchor))
    for level in twin.levels:
        if abs(level.price - price) < r["merge_atr"] * twin.atr:
            level.higher = 1.0
            judge_level(twin, r, level)


def fixed_shares(twin, r, side, price, at):
    """Shares of the quality that never change, weighted."""
    bars = twin.bars
    width = highest_before(bars, HIGH, at, r["base_bars"])
    width -= lowest_before(bars, LOW, at, r["base_bars"])
    wide, narrow = r["wide_atr"], r["narrow_atr"]
    base = share_of(wide * twin.atr - width, (wide - narrow) * twin.atr)
    volume = share_of(score_before(bars, VOLUME, at, r["volume_bars"]), r["full_volume_z"])
    body = (min if side > 0 else max)(bars[at].open, bars[at].close)
    wick = share_of(side * (body - price), bars[at].range)
    return r["base_weight"] * base + r["volume_weight"] * volume + r["wick_weight"] * wick


def raise_level(twin, r, side, price, at):
    half, full = r["merge_atr"] * twin.atr, r["full_reaction_atr"] * twin.atr
    new = Level(side, price, half=half, born=twin.n, anchor=at)
    new.fixed = fixed_shares(twin, r, side, price, at)
    closes = [bar.close for bar in twin.bars[at + 1 : at + 1 + r["reaction_bars"]]]
    new.reaction = max(share_of(new.beyond(close), full) for close in closes)
    for other, anchor in twin.agreeing[-N_HIGHER:]:
        if abs(other - price) < half and twin.n - anchor <= r["age_bars"]:
            new.higher = 1.0
    for old in nearest_first(twin.levels):
        if abs(old.price - price) < half:
            for name in ("fixed", "reaction", "higher"):
                setattr(new, name, max(getattr(new, name), getattr(old, name)))
            new.n_touches += old.n_touches
            new.is_fresh &= old.is_fresh
            end_level(twin, old, REPLACED)
    if len(twin.levels) == MOST:
        end_level(twin, weakest_level(twin.levels), CROWDED)
    new.zone, twin.n_born = twin.n_born, twin.n_born + 1
    new.in_contact = is_reached(twin, r, new)
    judge_level(twin, r, new)
    twin.levels.append(new)
    twin.notes.append(note_level(new, twin.n, BORN, 0))


def stance(twin, r):
    if twin.held is None:
        return 0, 0.0
    quality, _, side, _, price, bar = twin.held
    passed = -side * (twin.bars[-1].close - price) >= r["broken_atr"] * twin.atr
    if passed or twin.n - bar >= r["hold_bars"]:
        twin.held = None
        return 0, 0.0
    return side, quality


def facts(twin, r):
    strong = [level for level in twin.levels if level.quality >= r["strong_least"]]
    out = [len(twin.levels), len(strong)]
    for side in (1, -1):
        near = next((level for level in nearest_first(strong) if level.side == side), None)
        out += [near.price, near.quality, near.n_touches] if near else [nan] * 3
    return out


def step_hob(twin, r, bar):
    """Events, stance, conviction, warmth and facts, as a reading holds them."""
    twin.n = push(twin.bars, *bar)
    twin.offers = [[] for _ in range(4)]
    twin.atr = average_range(twin.bars, twin.n, r["atr_bars"])
    swing, higher = twin.swings.step(twin.bars), twin.higher.step(twin.bars)
    warm_up = r["span"] + max(r["volume_bars"], r["base_bars"]), r["atr_bars"]
    if twin.n < max(2 * r["span"] * r["higher_factor"], *warm_up):
        return [(0, 0.0, twin.n)] * 4, 0, 0.0, 0, [0.0] * 8
    bury(twin, r, twin.bars[-1].close)
    for level in twin.levels:
        touch(twin, r, level, twin.bars[-1].close)
    if higher:
        agree_levels(twin, r, *higher[1:])
    if swing:
        raise_level(twin, r, -swing[0], *swing[1:])
    if twin.offers[RETURN]:
        twin.held = (*max(twin.offers[RETURN]), twin.n)
    best = [max(offers, default=None) for offers in twin.offers]
    events = [(x[2], x[0], x[3]) if x else (0, 0.0, twin.n) for x in best]
    return events, *stance(twin, r), 1, facts(twin, r)


def run_hob(chart, r):
    """Readings and notes of a chart (5, n)."""
    twin = Hob(r)
    readings = [step_hob(twin, r, bar) for bar in chart.T.tolist()]
    return readings, twin.notes
