"""What an engine says at a bar, and what it notes of its zones."""

from __future__ import annotations

import numpy as np

from tasks.kernels._jit import part
from tasks.kernels.chart import Record

BORN, DIED = range(2)
GAP, BLOCK, LEVEL, STRUCTURE, SWING = range(5)
# Why a zone died.
FILLED, AGED, BROKEN, CROWDED, REPLACED, OVER = range(6)

NOTE = np.dtype(
    [
        *((name, "i8") for name in ("bar", "what", "kind", "zone", "side", "anchor", "why")),
        *((name, "f8") for name in ("top", "bottom", "value")),
    ],
    align=True,
)


def reading_of(n_events: int, n_facts: int) -> np.dtype:
    """The record that an engine writes at each of its bars.

    `side` +1 or -1 where an event stands, else 0, with its `strength` and its `anchor`, the number
    of the bar at which it began; `stance` +1, -1 or 0 with its `conviction` from 0 to 1; `is_warm`
    once the warm-up is over; `facts`, numbers of the engine's own. All are 0 where there is nothing
    to say.
    """
    return np.dtype(
        [
            ("side", "i8", (n_events,)),
            ("strength", "f8", (n_events,)),
            ("anchor", "i8", (n_events,)),
            ("stance", "i8"),
            ("conviction", "f8"),
            ("is_warm", "i8"),
            ("facts", "f8", (n_facts,)),
        ],
        align=True,
    )


@part
def clear(reading: Record, bar: int) -> None:
    """Say nothing: no event, no stance, no fact."""
    for i in range(reading.side.size):
        reading.side[i], reading.strength[i], reading.anchor[i] = 0, 0.0, bar
    reading.stance = reading.is_warm = 0
    reading.conviction = 0.0
    for i in range(reading.facts.size):
        reading.facts[i] = 0.0


@part
def say(reading: Record, event: int, side: int, strength: float, anchor: int) -> None:
    """Say that an event stands."""
    reading.side[event], reading.strength[event], reading.anchor[event] = side, strength, anchor
