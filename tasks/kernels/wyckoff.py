"""Wyckoff: climaxes, what follows them, and the phases of the structure that they open.

Source: shared engines.md, Wyckoff. What an event is stands in `wyckoff_events`, what it does to a
structure in `wyckoff_phases`; here both are told bar by bar.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tasks.kernels import wyckoff_events as ev
from tasks.kernels import wyckoff_phases as ph
from tasks.kernels._jit import kernel, part
from tasks.kernels.chart import CHART, Record
from tasks.kernels.reading import BORN, BROKEN, DIED, REPLACED, clear, reading_of, say
from tasks.kernels.wyckoff_bar import BAR, measure

Reals = NDArray[np.float64]
EVENTS = (
    "climax",
    "recovered_climax",
    "reaction",
    "test",
    "spring",
    "shallow_spring",
    "sign",
    "last_point",
    "phase",
)
CLIMAX, RECOVERED, REACTION, TEST, SPRING, SHALLOW_SPRING, SIGN, LAST_POINT, PHASE = range(9)
FACTS = (
    "phase",
    "side",
    "confidence",
    "structure_top",
    "structure_bottom",
    "structure_age",
    "vz",
    "rz",
    "close_position",
    "upper_wick",
    "lower_wick",
    "effort_result",
)
READING = reading_of(len(EVENTS), len(FACTS))
_COUNTS = (
    "score_bars atr_bars extreme_bars climax_range_bars recovery_bars reaction_bars move_bars "
    "test_bars tests_most spring_bars sign_bars age_bars confidence_events"
)
_LEVELS = (
    "climax_vz climax_rz climax_range_share climax_wick_share recovery_share retraced_least "
    "retraced_most reaction_vz reaction_close_share test_share test_volume_share spring_atr "
    "spring_vz shallow_atr shallow_vz_least shallow_vz_most shallow_close_share sign_atr sign_vz "
    "sign_close_share last_point_atr last_point_vz last_point_close_share lone_share break_atr "
    "break_volume_share deep_share"
)
RULES = np.dtype(
    [*((n, "i8") for n in _COUNTS.split()), *((n, "f8") for n in _LEVELS.split())], align=True
)
MEMORY = np.dtype(
    [
        ("chart", CHART),
        ("bar", BAR),
        ("climax", ev.CLIMAX),
        ("breaks", ev.BREAK, (2,)),
        ("sign", ev.SIGN),
        ("structure", ph.STRUCTURE),
    ],
    align=True,
)


@kernel
def run_wyckoff(
    memory: NDArray[np.void],
    bars: Reals,
    rules: NDArray[np.void],
    readings: NDArray[np.void],
    notes: NDArray[np.void],
) -> int:
    """Fold `step_wyckoff` over bars.

    Parameters
    ----------
    memory : (1,) MEMORY
        Zeros at the start; afterwards what the next call goes on from.
    bars : (5, n) float64
        Open, high, low, close and volume, oldest first; prices finite.
    rules : (1,) RULES
    readings : (n,) READING
        Written: what is known at each bar's close.
    notes : (k,) NOTE
        Written: births and deaths of structures, two per bar at most.

    Returns
    -------
    int
        Notes written.
    """
    m, r = memory[0], rules[0]
    n_notes = 0
    for t in range(bars.shape[1]):
        n_notes = step_wyckoff(
            m,
            r,
            bars[0, t],
            bars[1, t],
            bars[2, t],
            bars[3, t],
            bars[4, t],
            readings[t],
            notes,
            n_notes,
        )
    return n_notes


@part
def step_wyckoff(
    m: Record,
    r: Record,
    open_: float,
    high: float,
    low: float,
    close: float,
    volume: float,
    reading: Record,
    notes: NDArray[np.void],
    n_notes: int,
) -> int:
    """Take one bar in and say what is known at its close; return the notes written so far.

    The stance is the structure's side while its phase is C, D or E, with its confidence as
    conviction; else, for the `sign_bars` bars of a sign without structure, that sign's side with
    the sign's (halved) strength. The event `phase` is a phase that the structure was not in at the
    bar before, or a new structure; that one has ended without another is no event, as it has no
    side. Nothing is said in warm-up, and nothing new while the price has not moved at all.

    Facts: the phase is 0 without a structure and 1 to 5 for A to E; the structure reaches from the
    climax's extreme to the rally's, to the end of the climax's bar until there is one, and is NaN
    where there is none, like scores before their windows are full; `close_position` and the wicks
    are shares of the bar's range; `effort_result` is ``vz - rz``.
    """
    bar, s = m.bar, m.structure
    measure(m.chart, bar, r, open_, high, low, close, volume)
    clear(reading, bar.n)
    if bar.n >= max(r.score_bars, r.atr_bars, r.extreme_bars, r.climax_range_bars, r.move_bars):
        reading.is_warm = 1
        if bar.atr > 0.0:
            phase, zone = s.phase, s.zone
            n_notes = _tell_climaxes(m, r, reading, notes, n_notes)
            _tell_range(m, r, reading)
            n_notes = _tell_springs(m, r, reading, notes, n_notes)
            _tell_signs(m, r, reading)
            if s.phase != ph.NOTHING and (s.phase != phase or s.zone != zone):
                say(reading, PHASE, s.side, ph.confidence(s, r), s.anchor)
        if s.phase >= ph.C:
            reading.stance, reading.conviction = s.side, ph.confidence(s, r)
        elif m.sign.side != 0 and m.sign.is_lone != 0:
            reading.stance, reading.conviction = m.sign.side, m.sign.strength
    _tell_facts(bar, s, r, reading.facts)
    return n_notes


@part
def _tell_climaxes(
    m: Record, r: Record, reading: Record, notes: NDArray[np.void], n_notes: int
) -> int:
    """End the structure if it is to end, tell climaxes, and open the structures of new ones.

    A climax whose extreme lies inside the open structure belongs to it and opens none; one outside
    of it, of either side, ends it and opens its own.
    """
    bar, c, s = m.bar, m.climax, m.structure
    why = ph.ending(s, bar, r)
    if why >= 0:
        n_notes = ph.note_structure(s, bar.n, r, notes, n_notes, DIED, why)
        s.phase = ph.NOTHING
    recovered = ev.recovered_climax(c, bar, r)
    if recovered > 0.0:
        c.is_awaited = 0
        say(reading, RECOVERED, c.side, recovered, c.bar)
    for side in (1, -1):
        strength = ev.climax(bar, m.chart.recent, r, side)
        if strength == 0.0:
            continue
        say(reading, CLIMAX, side, strength, bar.n)
        c.bar, c.side, c.is_awaited, c.strength = bar.n, side, 1, strength
        c.extreme, c.range = bar.end[(1 - side) // 2], bar.range
        if ph.is_inside(s, c.extreme):
            continue
        if s.phase != ph.NOTHING:
            n_notes = ph.note_structure(s, bar.n, r, notes, n_notes, DIED, REPLACED)
        ph.open_structure(s, bar, m.chart.recent, r, side, strength)
        n_notes = ph.note_structure(s, bar.n, r, notes, n_notes, BORN, 0)
    return n_notes


@part
def _tell_range(m: Record, r: Record, reading: Record) -> None:
    """Tell the rally after the climax, and at later bars, before a spring or sign, its tests."""
    bar, s = m.bar, m.structure
    if s.phase == ph.NOTHING:
        return
    ph.widen(s, bar)
    if s.has_rally == 0:
        strength = ev.reaction(s, bar, r)
        if strength > 0.0:
            ph.take_rally(s, bar, m.chart.recent, strength)
            say(reading, REACTION, s.side, strength, s.anchor)
    elif s.phase <= ph.B:
        strength = ev.secondary_test(s, bar, r)
        if strength > 0.0:
            s.n_tests += 1
            s.test_bar = bar.n
            ph.take(s, ph.B, strength)
            say(reading, TEST, s.side, strength, bar.n)


@part
def _tell_springs(
    m: Record, r: Record, reading: Record, notes: NDArray[np.void], n_notes: int
) -> int:
    """Tell springs and upthrusts, with or without a structure.

    Of two of a kind that close back at the same bar the stronger stands, of equal ones neither. A
    structure takes those of its side after its first test and before its sign, and ends by one that
    is too deep at any time.
    """
    bar, s = m.bar, m.structure
    for side in (1, -1):
        b = m.breaks[(1 - side) // 2]
        ev.follow_break(b, bar, r, side)
        strength = ev.spring(b, bar, r, side)
        if strength > 0.0:
            event = SPRING if b.kind == ev.DEEP else SHALLOW_SPRING
            b.kind = ev.NONE
            if strength > reading.strength[event]:
                say(reading, event, side, strength, b.bar)
            elif strength == reading.strength[event]:
                say(reading, event, 0, 0.0, bar.n)
    for event in (SPRING, SHALLOW_SPRING):
        if s.phase == ph.NOTHING or reading.side[event] != s.side:
            continue
        if ph.is_too_deep(s, m.breaks[(1 - s.side) // 2], r):
            n_notes = ph.note_structure(s, bar.n, r, notes, n_notes, DIED, BROKEN)
            s.phase = ph.NOTHING
        elif s.phase in (ph.B, ph.C):
            ph.take(s, ph.C, reading.strength[event])
    return n_notes


@part
def _tell_signs(m: Record, r: Record, reading: Record) -> None:
    """Tell signs and their last points.

    A sign has a structure if there is one of its side that has been tested; without one it counts
    `lone_share`. The last sign is remembered for `sign_bars` bars, its own included, or until a
    close lies further than `last_point_atr` on the wrong side of the level that it broke. The last
    point of a sign that has a structure brings that one to phase E.
    """
    bar, s, sign = m.bar, m.structure, m.sign
    for side in (1, -1):
        strength = ev.sign_of_strength(bar, r, side)
        if strength == 0.0:
            continue
        has_structure = s.phase >= ph.B and s.side == side
        sign.bar, sign.side, sign.level = bar.n, side, bar.prior[(1 + side) // 2]
        sign.strength = strength if has_structure else strength * r.lone_share
        sign.is_lone, sign.is_awaited = 1 - has_structure, 1
        say(reading, SIGN, side, sign.strength, bar.n)
        if has_structure:
            ph.take(s, ph.D, strength)
    failure = sign.side * (sign.level - bar.close)
    if bar.n - sign.bar >= r.sign_bars or failure > r.last_point_atr * bar.atr:
        sign.side = sign.is_awaited = 0
    strength = ev.last_point(sign, bar, r)
    if strength > 0.0:
        sign.is_awaited = 0
        say(reading, LAST_POINT, sign.side, strength, sign.bar)
        if s.phase >= ph.D and s.side == sign.side:
            ph.take(s, ph.E, strength)


@part
def _tell_facts(bar: Record, s: Record, r: Record, facts: Reals) -> None:
    """What is known of the bar and of the structure, in the order of `FACTS`."""
    facts[3] = facts[4] = np.nan
    if s.phase != ph.NOTHING:
        facts[0], facts[1], facts[2] = s.phase, s.side, ph.confidence(s, r)
        facts[3], facts[4] = max(s.far, s.extreme), min(s.far, s.extreme)
        facts[5] = bar.n - s.anchor
    facts[6], facts[7], facts[11] = bar.vz, bar.rz, bar.vz - bar.rz
    facts[8], facts[9], facts[10] = bar.place[0], bar.wick[1], bar.wick[0]
