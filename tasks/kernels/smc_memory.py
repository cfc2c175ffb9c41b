"""What the smart money engine says, what it keeps, and its lists of zones."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tasks.kernels._jit import part
from tasks.kernels.chart import CHART, Record
from tasks.kernels.reading import reading_of, say
from tasks.kernels.zigzag import SWINGS

Records = NDArray[np.void]
SWUNG, BREAK, CHANGE, GAP_BORN, GAP_FILLED, BLOCK_BORN, BLOCK_TOUCHED, SWEPT = range(8)
EVENTS = (
    "swing",
    "break_of_structure",
    "change_of_character",
    "gap",
    "gap_filled",
    "block",
    "block_touched",
    "sweep",
)
FACTS = (
    "trend",
    "swing_high",
    "swing_low",
    "n_gaps_up",
    "n_gaps_down",
    "gap_below",
    "gap_above",
    "gap_filled_share",
    "n_blocks_up",
    "n_blocks_down",
    "block_below",
    "block_above",
    "confluences_long",
    "confluences_short",
)
TREND, SWING_HIGH, SWING_LOW, GAP_SHARE = (
    FACTS.index(name) for name in ("trend", "swing_high", "swing_low", "gap_filled_share")
)
# The first of a pair; the other side's comes next.
N_GAPS, GAP_EDGE, N_BLOCKS, BLOCK_EDGE, CONFLUENCES = (
    FACTS.index(name)
    for name in ("n_gaps_up", "gap_below", "n_blocks_up", "block_below", "confluences_long")
)
READING = reading_of(len(EVENTS), len(FACTS))

_COUNTS = "swing_span atr_bars volume_bars gap_bars displacement_bars sweep_bars fresh_bars"
_SIZES = "beyond_atr gap_atr gap_volume fill_share displacement_atr displacement_volume"
RULES = np.dtype(
    [
        *((name, "i8") for name in f"{_COUNTS} confluences_least".split()),
        *((name, "f8") for name in f"{_SIZES} sweep_wick sweep_volume".split()),
    ],
    align=True,
)

ROOM = 64  # zones that a stack holds
# `near` is the edge that price meets first when it comes back, `far` the other one; `deepest` is
# how far price has come back into a gap since its birth.
ZONE = np.dtype(
    [
        *((name, "f8") for name in ("near", "far", "deepest", "strength")),
        *((name, "i8") for name in ("born", "anchor", "zone", "touches")),
    ],
    align=True,
)
STACK = np.dtype([("n", "i8"), ("zones", ZONE, (ROOM,))], align=True)
# Pairs are of up and down. Bars are kept as their number + 1, so that 0 is none: `broken` is the
# swing of that side that was broken last, `broke` the bar that did so, `swept` the one of the last
# sweep, `block` the last block's own, `coloured` the last one that closed that way.
MEMORY = np.dtype(
    [
        ("chart", CHART),
        ("swings", SWINGS),
        ("trend", "i8"),
        *(
            (name, "i8", (2,))
            for name in ("broken", "broke", "swept", "block", "coloured", "is_inside")
        ),
        ("n_zones", "i8"),
        ("gaps", STACK, (2,)),
        ("blocks", STACK, (2,)),
    ],
    align=True,
)
UP, DOWN = range(2)


@part
def note_zone(
    notes: Records,
    n_notes: int,
    bar: int,
    what: int,
    kind: int,
    side: int,
    zone: Record,
    why: int,
    value: float,
) -> int:
    """Note a zone's birth or death; return how many notes there are now."""
    note = notes[n_notes]
    note.bar, note.what, note.kind, note.side, note.why = bar, what, kind, side, why
    note.zone, note.anchor, note.value = zone.zone, zone.anchor, value
    note.top, note.bottom = max(zone.near, zone.far), min(zone.near, zone.far)
    return n_notes + 1


@part
def drop_zone(stack: Record, i: int) -> None:
    """Take the i-th zone out; those above it move down."""
    zones = stack.zones
    for j in range(i, stack.n - 1):
        zones[j] = zones[j + 1]
    stack.n -= 1


@part
def say_of_one_side(
    reading: Record, event: int, up: tuple[float, int], down: tuple[float, int]
) -> int:
    """Say an event that only one side has, given as (strength, anchor), and return that side.

    Strength 0 means that a side has none. Where both have it nothing is said: neither comes first.
    """
    side = int(up[0] > 0.0) - int(down[0] > 0.0)
    if side != 0:
        strength, anchor = up if side > 0 else down
        say(reading, event, side, strength, anchor)
    return side
