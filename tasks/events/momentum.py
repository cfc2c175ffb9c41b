"""Momentum as a source of events: RSI, MACD and ADX on bars of an hour."""

from __future__ import annotations

from tasks.engines.momentum import MOMENTUM
from tasks.events.structure import events_of

EVENTS = events_of(
    __name__,
    MOMENTUM,
    "momentum_{}",
    {
        "turn": "The MACD's histogram takes a side while the ADX shows a trend (Appel 1979; "
        "Wilder 1978)."
    },
    needs="O",
)
