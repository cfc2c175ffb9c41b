"""Hidden order blocks: what is remembered, and the levels, nearest to the market on top.

What a bar reaches lies on top of two sorted stacks, one below and one above the market, so that a
bar looks at few levels, however many there are.

Source: shared engines.md, Hidden order blocks.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tasks.kernels._jit import part
from tasks.kernels.chart import CHART, Record
from tasks.kernels.reading import DIED, say
from tasks.kernels.reading import LEVEL as LEVEL_ZONE
from tasks.kernels.zigzag import SWINGS

EVENTS = ("level", "return", "weak_return", "touch")
LEVEL, RETURN, WEAK_RETURN, TOUCH = range(len(EVENTS))
MOST = 64  # levels alive at once
N_HIGHER = 32  # swings of the higher timeframe that are kept
_BARS = "span higher_factor atr_bars volume_bars base_bars reaction_bars age_bars hold_bars"
_NUMBERS = (
    "merge_atr return_atr reaction_atr broken_atr narrow_atr wide_atr full_volume_z"
    " full_reaction_atr base_weight volume_weight reaction_weight wick_weight higher_weight"
    " strong_least weak_least"
)
RULES = np.dtype(
    [*((name, "i8") for name in _BARS.split()), *((name, "f8") for name in _NUMBERS.split())],
    align=True,
)
# By slot. `side` is the way away from the level: +1 at a swing low. `fixed` is what the swing's own
# bar and those before give to the quality; `reaction` and `higher` are shares from 0 to 1; `half`
# is the merge distance at birth. `touched` is the bar of the first contact of an open touch and
# `due` the last one at which it may be confirmed, -1 where no touch is open.
_OF_PRICE = "price half fixed reaction higher quality"
_OF_STATE = "side born anchor zone n_touches is_fresh in_contact touched due"
_OWN = "n_higher oldest is_stale n_strong held_side held_bar"
LEVELS = np.dtype(
    [
        *((name, "f8", (MOST,)) for name in _OF_PRICE.split()),
        *((name, "i8", (MOST,)) for name in _OF_STATE.split()),
        ("order", "i8", (2, MOST)),
        ("n", "i8", (2,)),
        ("free", "i8", (MOST,)),
        ("n_free", "i8"),
        ("n_used", "i8"),
        ("n_born", "i8"),
    ],
    align=True,
)
# By stack, `floor` is the lowest ``side * price`` in contact or with an open touch, and `near` the
# slot of the nearest strong level, plus one. No level is older than `oldest`. `said` is the zone
# that said an event last. What is `held` is the return that the stance stands by.
MEMORY = np.dtype(
    [
        ("chart", CHART),
        ("swings", SWINGS),
        ("higher", SWINGS),
        ("levels", LEVELS),
        ("higher_price", "f8", (N_HIGHER,)),
        ("higher_bar", "i8", (N_HIGHER,)),
        ("floor", "f8", (2,)),
        ("near", "i8", (2,)),
        ("said", "i8", (len(EVENTS),)),
        *((name, "i8") for name in _OWN.split()),
        *((name, "f8") for name in ("held_price", "held_quality")),
    ],
    align=True,
)


@part
def add_level(levels: Record, side: int, price: float) -> int:
    """Put a level into its stack; return its slot, in which all else is 0 but the zone's number.

    Parameters
    ----------
    levels : record of LEVELS
        With less than `MOST` levels. The slots of the stack 0, of the side +1, and of the stack 1
        are ``order[stack, : n[stack]]``, the one nearest to the market last.
    side, price : int, float
    """
    if levels.n_free > 0:
        levels.n_free -= 1
        slot = levels.free[levels.n_free]
    else:
        slot = levels.n_used
        levels.n_used += 1
    levels.side[slot], levels.price[slot] = side, price
    levels.half[slot] = levels.fixed[slot] = levels.reaction[slot] = 0.0
    levels.higher[slot] = levels.quality[slot] = 0.0
    levels.born[slot] = levels.anchor[slot] = levels.n_touches[slot] = levels.is_fresh[slot] = 0
    levels.in_contact[slot] = levels.touched[slot] = levels.due[slot] = 0
    levels.zone[slot] = levels.n_born
    levels.n_born += 1
    stack = 0 if side > 0 else 1
    at = levels.n[stack]
    while at > 0 and side * (levels.price[levels.order[stack, at - 1]] - price) > 0.0:
        levels.order[stack, at] = levels.order[stack, at - 1]
        at -= 1
    levels.order[stack, at] = slot
    levels.n[stack] += 1
    return slot


@part
def drop_level(levels: Record, slot: int) -> None:
    """Take a level out of its stack and free its slot."""
    stack = 0 if levels.side[slot] > 0 else 1
    at = levels.n[stack] - 1
    while levels.order[stack, at] != slot:
        at -= 1
    for i in range(at, levels.n[stack] - 1):
        levels.order[stack, i] = levels.order[stack, i + 1]
    levels.n[stack] -= 1
    levels.free[levels.n_free] = slot
    levels.n_free += 1


@part
def weakest_level(levels: Record) -> int:
    """Slot of the level of the lowest quality, of several the oldest; -1 without levels."""
    worst = -1
    for stack in range(2):
        for i in range(levels.n[stack]):
            slot = levels.order[stack, i]
            if worst < 0 or levels.quality[slot] < levels.quality[worst]:
                worst = slot
            elif levels.quality[slot] == levels.quality[worst]:
                worst = slot if levels.zone[slot] < levels.zone[worst] else worst
    return worst


@part
def note_level(levels: Record, slot: int, note: Record, bar: int, what: int, why: int) -> None:
    """Note the birth or the death of a level, see `tasks.kernels.reading.NOTE`.

    `top` and `bottom` lie the merge distance at birth from the level, `value` is its quality.
    """
    price, half = levels.price[slot], levels.half[slot]
    note.bar, note.what, note.kind, note.why = bar, what, LEVEL_ZONE, why
    note.zone, note.side, note.anchor = levels.zone[slot], levels.side[slot], levels.anchor[slot]
    note.top, note.bottom, note.value = price + half, price - half, levels.quality[slot]


@part
def end_level(
    m: Record, slot: int, bar: int, why: int, notes: NDArray[np.void], n_notes: int
) -> int:
    """Let a level die; return the number of notes."""
    note_level(m.levels, slot, notes[n_notes], bar, DIED, why)
    drop_level(m.levels, slot)
    m.is_stale = 1
    return n_notes + 1


@part
def share_of(x: float, full: float) -> float:
    """How much of `full` is there, from 0 to 1; 0 for NaN."""
    if not x > 0.0:
        return 0.0
    return 1.0 if x >= full else x / full


@part
def judge_level(m: Record, r: Record, slot: int, reading: Record) -> None:
    """Set a level's quality, the weighted mean of its shares; say so where it becomes strong."""
    levels = m.levels
    before = levels.quality[slot]
    changing = r.reaction_weight * levels.reaction[slot] + r.higher_weight * levels.higher[slot]
    whole = r.base_weight + r.volume_weight + r.wick_weight
    whole += r.reaction_weight + r.higher_weight
    levels.quality[slot] = (levels.fixed[slot] + changing) / whole
    m.is_stale = 1
    if before < r.strong_least <= levels.quality[slot]:
        offer_event(m, LEVEL, slot, levels.anchor[slot], reading)


@part
def offer_event(m: Record, event: int, slot: int, anchor: int, reading: Record) -> bool:
    """Say an event of a level unless a better level, or as good a younger one, said it already.

    A level without any quality says nothing.
    """
    levels = m.levels
    quality, said = levels.quality[slot], reading.strength[event]
    is_younger = reading.side[event] != 0 and levels.zone[slot] > m.said[event]
    if quality < said or quality == 0.0 or (quality == said and not is_younger):
        return False
    say(reading, event, levels.side[slot], quality, anchor)
    m.said[event] = levels.zone[slot]
    return True
