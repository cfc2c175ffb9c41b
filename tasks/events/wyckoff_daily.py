"""Wyckoff's events on bars of a day."""

from __future__ import annotations

from tasks.engines.wyckoff import WYCKOFF
from tasks.events.structure import events_of
from tasks.events.wyckoff import meanings_on

EVENTS = events_of(__name__, WYCKOFF, "wyckoff_{}_daily", meanings_on("daily"), timeframe="1d")
