"""Hidden order blocks on bars of an hour: levels at swings, and what price does at them."""

from __future__ import annotations

from tasks.engines.hob import HOB
from tasks.events.structure import events_of

_SOURCE = "(order blocks; engines.md)."
_MEANINGS = {
    "level": "A level at confirmed swings becomes a strong one",
    "return": "Price comes back to a strong level for the first time",
    "weak_return": "Price comes back to a weak level for the first time",
    "touch": "Price has come to a level and gone away from it again",
}

EVENTS = events_of(
    __name__,
    HOB,
    "order_block_{}",
    {event: f"{said} {_SOURCE}" for event, said in _MEANINGS.items()},
)
