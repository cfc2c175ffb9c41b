"""Smart money concepts on bars of an hour: structure, gaps, blocks and sweeps."""

from __future__ import annotations

from tasks.engines.smc import SMC
from tasks.events.structure import events_of

_SOURCE = "(smart money concepts; engines.md)."
_MEANINGS = {
    "swing": "A swing is confirmed: price has turned away from an extreme of many bars",
    "break_of_structure": "A close beyond the last confirmed swing in the trend's direction",
    "change_of_character": "A close beyond the last confirmed swing against the trend",
    "gap": "A fair value gap: three bars, of which the outer two leave a range untraded, on volume",
    "gap_filled": "Price has come back through most of a fair value gap; the side is the gap's",
    "block": "Price leaves an opposite bar far and fast on volume: the bar becomes an order block",
    "block_touched": "Price comes back to an order block",
    "sweep": "A long wick takes out a swing or a prior extreme on volume and closes back inside",
}

EVENTS = events_of(
    __name__,
    SMC,
    "smart_money_{}",
    {event: f"{said} {_SOURCE}" for event, said in _MEANINGS.items()},
)
