"""Wyckoff's events on bars of four hours: climaxes, tests, springs, signs and phases."""

from __future__ import annotations

from tasks.engines.wyckoff import WYCKOFF
from tasks.events.structure import events_of

_SOURCE = "(Wyckoff 1931; Pruden 2007)."
MEANINGS = {
    "climax": "A {} bar, very wide on very high volume, is rejected at the end of a long range",
    "recovered_climax": "Closes take back half of a {} climax within a few bars",
    "reaction": "Soon after a {} climax part of the move into it is taken back, on usual volume",
    "test": "A {} bar comes back close to the climax on much less volume, without a new extreme",
    "spring": "A deep break of the {} range on volume closes back inside within a few bars",
    "shallow_spring": "A small break of the {} range closes back inside, far from the break",
    "sign": "A {} close well beyond the prior range on high volume, near the end of its bar",
    "last_point": "After a sign a quiet {} bar comes back to the level that was broken, and holds",
    "phase": "The structure that a {} climax opened enters another phase, A to E",
}


def meanings_on(bars: str) -> dict[str, str]:
    """What the events mean on bars of that kind, with their source."""
    return {event: f"{said.format(bars)} {_SOURCE}" for event, said in MEANINGS.items()}


EVENTS = events_of(__name__, WYCKOFF, "wyckoff_{}", meanings_on("4h"), coarsest="4h")
