"""A reading as a dict, with something in it only where something is said."""

from __future__ import annotations


def clear(reading, bar):
    reading.clear()
    reading["bar"] = bar


def say(reading, event, side, strength, anchor):
    reading[event] = (side, strength, anchor)


def rows(reading, n_events):
    """Side, strength and anchor of each event, as a record holds them."""
    return [reading.get(event, (0, 0.0, reading["bar"])) for event in range(n_events)]
