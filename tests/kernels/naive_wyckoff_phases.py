"""The structure of a climax and the story of a chart, in plain Python over the whole history.

A structure is the list of events that it took: (bar, name, strength). Phase, confidence, tests and
its far end are read off that list and off the chart whenever they are wanted.
"""

from __future__ import annotations

from math import nan
from types import SimpleNamespace

from tasks.kernels.reading import AGED, BORN, BROKEN, DIED, OVER, REPLACED
from tasks.kernels.reading import STRUCTURE as KIND
from tasks.kernels.wyckoff import EVENTS
from tests.kernels import naive_wyckoff as naive

PHASES = {"climax": 1, "reaction": 1, "test": 2, "spring": 3, "sign": 4, "last_point": 5}


def open_structure(zone, side, t, strength):
    return SimpleNamespace(zone=zone, side=side, at=t, events=[(t, "climax", strength)])


def take(s, t, name, strength):
    s.events.append((t, name, strength))


def take_rally(s, t, strength):
    take(s, t, "reaction", strength)


def bars_of(s, name):
    return [t for t, other, _ in s.events if other == name]


def phase_of(s):
    return 0 if s is None else max(PHASES[name] for _, name, _ in s.events)


def best_since(view, first, last):
    return max(c.high for c in view[first : last + 1])


def widen(view, s, t):
    """The structure's far end as known at bar t."""
    if not bars_of(s, "reaction"):
        return view[s.at].high
    return best_since(view, s.at + 1, min([t, *bars_of(s, "test")]))


def is_inside(view, s, t, price):
    """Whether a price, in the view of the structure's side, lies in it as known at bar t."""
    return s is not None and view[s.at].low <= price <= widen(view, s, t)


def confidence(s, r):
    strengths = sorted((strength for _, _, strength in s.events), reverse=True)
    return naive.mean(strengths[:2]) * min(1.0, len(strengths) / r.confidence_events)


def ending(view, s, bar, r):
    climax = view[s.at]
    is_far = climax.low - bar.close >= r.break_atr * bar.atr
    if is_far and bar.volume >= r.break_volume_share * climax.volume:
        return BROKEN
    if bar.t - s.at >= r.age_bars:
        return AGED
    return OVER if not bars_of(s, "reaction") and bar.t - s.at > r.reaction_bars else None


def is_too_deep(view, s, broken, t, r):
    bottom = view[s.at].low
    depth = (bottom - broken.level) + broken.depth
    return bool(bars_of(s, "reaction")) and depth > r.deep_share * (widen(view, s, t) - bottom)


def ends(view, s, t):
    """Top and bottom of the structure as known at bar t."""
    both = (s.side * widen(view, s, t), s.side * view[s.at].low)
    return max(both), min(both)


def note_structure(m, t, what, why, known=None):
    s = m.structure
    top, bottom = ends(m.views[s.side], s, t if known is None else known)
    value = confidence(s, m.r)
    m.notes.append((t, what, KIND, s.zone, s.side, s.at, why, top, bottom, value))


def say(said, name, side, strength, anchor):
    said[name] = (side, strength, anchor)


def tell_climaxes(m, t, said):
    s = m.structure
    why = None if s is None else ending(m.views[s.side], s, m.bars[s.side], m.r)
    if why is not None:
        note_structure(m, t, DIED, why, t - 1)
        m.structure = None
    if m.climax is not None:
        side, at, strength = m.climax
        strength = naive.recovered_climax(m.views[side], at, strength, t, m.r)
        if strength:
            say(said, "recovered_climax", side, strength, at)
    for side in (1, -1):
        strength = naive.climax(m.views[side], m.bars[side], m.r)
        if not strength:
            continue
        say(said, "climax", side, strength, t)
        m.climax = side, t, strength
        s = m.structure
        if s is not None:
            if is_inside(m.views[s.side], s, t - 1, side * s.side * m.bars[side].low):
                continue
            note_structure(m, t, DIED, REPLACED, t - 1)
        m.zone += 1
        m.structure = open_structure(m.zone, side, t, strength)
        note_structure(m, t, BORN, 0)


def tell_range(m, t, said):
    s = m.structure
    if s is None:
        return
    view, bar = m.views[s.side], m.bars[s.side]
    if not bars_of(s, "reaction"):
        strength = naive.reaction(view, s.at, bar, m.r)
        if strength:
            take_rally(s, t, strength)
            say(said, "reaction", s.side, strength, s.at)
    elif phase_of(s) <= 2:
        tests = bars_of(s, "test")
        strength = naive.secondary_test(view, s.at, widen(view, s, t), tests, bar, m.r)
        if strength:
            take(s, t, "test", strength)
            say(said, "test", s.side, strength, t)


def tell_springs(m, t, said):
    closed = {"spring": [], "shallow_spring": []}
    for side in (1, -1):
        broken = naive.follow_break(m.breaks[side], m.bars[side], m.r)
        strength = naive.spring(broken, m.bars[side], m.r) if broken else 0.0
        m.breaks[side] = None if strength else broken
        if strength:
            name = "spring" if broken.kind == "deep" else "shallow_spring"
            closed[name].append((strength, side, broken))
    for name, found in closed.items():
        if len(found) == 2 and found[0][0] == found[1][0]:
            continue
        for strength, side, broken in [max(found, key=lambda f: f[0])] if found else []:
            say(said, name, side, strength, broken.t)
            s = m.structure
            if s is None or s.side != side:
                continue
            if is_too_deep(m.views[side], s, broken, t, m.r):
                note_structure(m, t, DIED, BROKEN)
                m.structure = None
            elif phase_of(s) in (2, 3):
                take(s, t, "spring", strength)


def tell_signs(m, t, said):
    for side in (1, -1):
        bar = m.bars[side]
        strength = naive.sign_of_strength(bar, m.r)
        if not strength:
            continue
        s = m.structure
        has_structure = s is not None and s.side == side and phase_of(s) >= 2
        strength = strength if has_structure else strength * m.r.lone_share
        m.sign = SimpleNamespace(
            t=t, side=side, level=bar.prior_high, strength=strength, is_lone=not has_structure
        )
        m.is_awaited = True
        say(said, "sign", side, strength, t)
        if has_structure:
            take(s, t, "sign", strength)
    if m.sign is None:
        return
    bar = m.bars[m.sign.side]
    is_old = t - m.sign.t >= m.r.sign_bars
    if is_old or m.sign.level - bar.close > m.r.last_point_atr * bar.atr:
        m.sign = None
        return
    strength = naive.last_point(m.sign.level, bar, m.r) if m.is_awaited and m.sign.t < t else 0.0
    if strength:
        m.is_awaited = False
        say(said, "last_point", m.sign.side, strength, m.sign.t)
        s = m.structure
        if s is not None and s.side == m.sign.side and phase_of(s) >= 4:
            take(s, t, "last_point", strength)


def step_wyckoff(m, t):
    """What is known at the close of bar t: a dict of readings."""
    r, said = m.r, {}
    m.bars = {side: naive.measure(m.views[side], t, r, m.atr[t]) for side in (1, -1)}
    is_warm = t >= max(r.score_bars, r.atr_bars, r.extreme_bars, r.climax_range_bars, r.move_bars)
    before = (m.structure and m.structure.zone, phase_of(m.structure))
    if is_warm and m.atr[t] > 0.0:
        for tell in (tell_climaxes, tell_range, tell_springs, tell_signs):
            tell(m, t, said)
    s, phase = m.structure, phase_of(m.structure)
    if s is not None and (s.zone, phase) != before:
        say(said, "phase", s.side, confidence(s, r), s.at)
    stance = (0, 0.0)
    if phase >= 3:
        stance = (s.side, confidence(s, r))
    elif m.sign is not None and m.sign.is_lone:
        stance = (m.sign.side, m.sign.strength)
    bar = m.bars[1]
    facts = [0.0, 0.0, 0.0, nan, nan, 0.0]
    if s is not None:
        top, bottom = ends(m.views[s.side], s, t)
        facts = [phase, s.side, confidence(s, r), top, bottom, t - s.at]
    facts += [bar.vz, bar.rz, bar.place, bar.upper_wick, bar.lower_wick, bar.vz - bar.rz]
    return {
        "events": [said.get(name, (0, 0.0, t)) for name in EVENTS],
        "stance": stance,
        "is_warm": int(is_warm),
        "facts": facts,
    }


def run_wyckoff(bars, r):
    """Readings and notes of a chart (5, n) under a config."""
    views = {side: naive.seen_by(bars, side) for side in (1, -1)}
    m = SimpleNamespace(
        r=r,
        views=views,
        atr=naive.average_ranges(views[1], r.atr_bars),
        climax=None,
        structure=None,
        sign=None,
        is_awaited=False,
        breaks={1: None, -1: None},
        zone=0,
        notes=[],
    )
    return [step_wyckoff(m, t) for t in range(len(views[1]))], m.notes
