"""The structure that a climax opens, and its phases.

Source: shared engines.md, Wyckoff, state machine. There is one structure at a time. Phases: A from
the climax on, with its rally; B from the first secondary test; C from a spring; D from a sign; E
from its last point.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tasks.kernels._jit import part
from tasks.kernels.chart import HIGH, LOW, Record, highest_before, lowest_before
from tasks.kernels.reading import AGED, BROKEN, OVER
from tasks.kernels.reading import STRUCTURE as KIND

Reals = NDArray[np.float64]
NOTHING, A, B, C, D, E = range(6)
STRUCTURE = np.dtype(
    [
        *((name, "i8") for name in ("zone", "phase", "side", "anchor", "n_events")),
        *((name, "i8") for name in ("has_rally", "n_tests", "test_bar")),
        *((name, "f8") for name in ("extreme", "far", "move", "volume", "best", "second")),
    ],
    align=True,
)


@part
def best_since(recent: Reals, now: int, bars: int, side: int) -> float:
    """The best price for a side over the last `bars` bars, the one at `now` included."""
    if side > 0:
        return highest_before(recent, HIGH, now + 1, bars)
    return lowest_before(recent, LOW, now + 1, bars)


@part
def open_structure(
    s: Record, bar: Record, recent: Reals, r: Record, side: int, strength: float
) -> None:
    """Begin the structure of the climax at this bar, in phase A.

    Its extreme is the bad end of the climax. `far` is the good end of the structure: that of the
    climax's bar until there is a rally. `move` is the move into the climax: from the best price of
    its bar and of the `move_bars` bars before to its extreme.
    """
    i = (1 - side) // 2
    s.zone += 1
    s.side, s.anchor, s.volume = side, bar.n, bar.volume
    s.extreme, s.far = bar.end[i], bar.end[1 - i]
    s.move = side * (best_since(recent, bar.now, r.move_bars + 1, side) - s.extreme)
    s.has_rally = s.n_tests = s.n_events = s.phase = 0
    s.best = s.second = 0.0
    take(s, A, strength)


@part
def take(s: Record, phase: int, strength: float) -> None:
    """Count an event in, keep the two strongest, and go on to a phase unless past it already."""
    s.phase = max(s.phase, phase)
    s.n_events += 1
    if strength > s.best:
        s.best, s.second = strength, s.best
    elif strength > s.second:
        s.second = strength


@part
def take_rally(s: Record, bar: Record, recent: Reals, strength: float) -> None:
    """The automatic rally: the structure reaches to the best price since the climax's bar."""
    s.has_rally = 1
    s.far = best_since(recent, bar.now, bar.n - s.anchor, s.side)
    take(s, A, strength)


@part
def widen(s: Record, bar: Record) -> None:
    """The rally goes on until the first test: take this bar's good end into the structure."""
    reach = bar.end[(1 + s.side) // 2]
    if s.has_rally != 0 and s.n_tests == 0 and s.side * (reach - s.far) > 0.0:
        s.far = reach


@part
def is_inside(s: Record, price: float) -> bool:
    """Whether a price lies in an open structure, its ends included."""
    return s.phase != NOTHING and min(s.far, s.extreme) <= price <= max(s.far, s.extreme)


@part
def confidence(s: Record, r: Record) -> float:
    """How sure a structure is, from 0 to 1.

    Reading of "mean of the top two event strengths, by a third of the events seen": the mean of the
    two strongest events (of the climax alone while there is no other), times the events seen over
    `confidence_events`, which is three, and at most times 1. Events seen are those that the
    structure took, whether or not they moved its phase. Source: shared engines.md, Wyckoff.
    """
    mean = s.best if s.n_events == 1 else (s.best + s.second) / 2.0
    return mean * min(1.0, s.n_events / r.confidence_events)


@part
def ending(s: Record, bar: Record, r: Record) -> int:
    """Why a structure ends at this bar, before its events; -1 where it goes on.

    Reading of the row: `BROKEN` by a close at least `break_atr` beyond the climax's extreme on at
    least `break_volume_share` of its volume; closes beyond it on less do nothing. `AGED` after
    `age_bars`. `OVER` when `reaction_bars` have passed and no rally came: the order can go on no
    more. Source: shared engines.md, Wyckoff.
    """
    if s.phase == NOTHING:
        return -1
    is_beyond = s.side * (s.extreme - bar.close) >= r.break_atr * bar.atr
    if is_beyond and bar.volume >= r.break_volume_share * s.volume:
        return BROKEN
    age = bar.n - s.anchor
    if age >= r.age_bars:
        return AGED
    return OVER if s.has_rally == 0 and age > r.reaction_bars else -1


@part
def is_too_deep(s: Record, b: Record, r: Record) -> bool:
    """Whether a spring of the structure's side ends it instead of carrying it on.

    Reading of the row: the deepest price of the break lies beyond the climax's extreme by more than
    `deep_share` of the structure, from that extreme to the rally's. A break that does not close
    back is no spring, and ends it only as `ending` says. Source: shared engines.md, Wyckoff.
    """
    depth = s.side * (s.extreme - b.level) + b.depth
    return s.has_rally != 0 and depth > r.deep_share * (s.side * (s.far - s.extreme))


@part
def note_structure(
    s: Record, n: int, r: Record, notes: NDArray[np.void], at: int, what: int, why: int
) -> int:
    """Note at bar n that the structure was born or died, and why; return the notes so far.

    `value` is its confidence.
    """
    note = notes[at]
    note.bar, note.what, note.kind, note.zone = n, what, KIND, s.zone
    note.side, note.anchor, note.why = s.side, s.anchor, why
    note.top, note.bottom = max(s.far, s.extreme), min(s.far, s.extreme)
    note.value = confidence(s, r)
    return at + 1
