"""What reads a chart from its first bar on and remembers: an engine, or a desk of several.

It is fed base bars and says what became known at the close of which. All that it remembers is one
record: read on from a saved one, it says the same as without a pause. That is what its events
promise instead of a lookback.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np

from lake.config import Config
from tasks.engines.engine import Records, load_memory, save_memory
from tasks.events.bars import Bars
from tasks.events.marks import Marks, marks
from tasks.kernels.onset import Indices


class Told(NamedTuple):
    """What a reader said of the bars that it was fed.

    Attributes
    ----------
    rows : (k,) int64
        Of these bars, at whose close each reading became known, ascending.
    numbers : (k,) int64
        Running number of each reading since the memory was new; anchors count in it.
    readings : (k,) structured array
        See `tasks.kernels.reading.reading_of`.
    notes : (j,) NOTE
        Births and deaths of zones; `bar` counts like `numbers`.
    """

    rows: Indices
    numbers: Indices
    readings: Records
    notes: Records

    def part(self, start: int, end: int) -> Told:
        """What was said of the bars from `start` up to, without, `end`."""
        said = slice(*np.searchsorted(self.rows, (start, end)))
        numbers = self.numbers[said]
        noted = np.isin(self.notes["bar"], numbers)
        return Told(self.rows[said] - start, numbers, self.readings[said], self.notes[noted])

    def then(self, later: Told, start: int) -> Told:
        """What was said before the bar `start`, and from there on, as if of all bars at once."""
        parts = zip(self, later._replace(rows=later.rows + start), strict=True)
        return Told(*(np.concatenate(both) for both in parts))


class Reader(Protocol):
    """Something that is fed bars of one market, one or many at a time.

    Attributes
    ----------
    name : str
    events, facts : tuple of str
        Names of what its readings hold.
    has_zones : bool
        Whether it notes births and deaths.
    """

    @property
    def name(self) -> str: ...
    @property
    def events(self) -> tuple[str, ...]: ...
    @property
    def facts(self) -> tuple[str, ...]: ...
    @property
    def has_zones(self) -> bool: ...

    def config(self, parameters: Mapping[str, int | float | str]) -> Config:
        """All parameters as the reader takes them; raises ValueError where one does not fit."""

    def start(self) -> Records:
        """A memory that has seen nothing, shape (1,)."""

    def read(self, memory: Records, bars: Bars, config: Any) -> Told:
        """Feed the next bars; the memory, written to, goes on from there."""

    def span(self, timeframe: str, config: Any) -> int:
        """Base bars in the longest of the bars that it reads."""


@dataclass(frozen=True)
class Output:
    """One of the events that a reader tells."""

    reader: Reader
    number: int

    def marks(self, bars: Bars, parameters: Mapping[str, int | float | str]) -> Marks:
        """Where it stands among `bars`; the reader reads them once for all of its events."""
        config = self.reader.config(parameters)
        key = ("told", self.reader.name, config)
        told = bars.once(key, lambda: tell(self.reader, bars, config))
        return marks_of(told, self.number, bars)

    def resumed(self, bars: Bars, cut: int, parameters: Mapping[str, int | float | str]) -> Marks:
        """The same by a reader whose memory is saved before the bar `cut` and read back."""
        config = self.reader.config(parameters)
        key = ("resumed", self.reader.name, config, cut)
        told = bars.once(key, lambda: tell_resumed(self.reader, bars, cut, config))
        return marks_of(told, self.number, bars)


def tell(reader: Reader, bars: Bars, config: Config) -> Told:
    """What a reader says of `bars`, the first that it sees."""
    return reader.read(reader.start(), bars, config)


def tell_resumed(reader: Reader, bars: Bars, cut: int, config: Config) -> Told:
    """The same by one whose memory is saved before the bar `cut` and read back.

    In between it reads on: what it kept elsewhere is another by then.
    """
    memory, late = reader.start(), bars.part(cut, len(bars))
    earlier = reader.read(memory, bars.part(0, cut), config)
    saved = read_back(reader, memory)
    reader.read(memory, late, config)
    return earlier.then(reader.read(saved, late, config), cut)


def read_back(reader: Reader, memory: Records) -> Records:
    """A copy of a memory that went through its saved form."""
    return load_memory(reader.name, memory.dtype, save_memory(reader.name, memory))


def standing(told: Told, number: int, bars: Bars) -> Indices:
    """Places among the readings at which the event `number` stands.

    What becomes known in a gap does not stand: nobody is there to act on it.
    """
    return np.flatnonzero((told.readings["side"][:, number] != 0) & ~bars.is_gap[told.rows])


def marks_of(told: Told, number: int, bars: Bars) -> Marks:
    """Where the event `number` stands; `told` is of all bars.

    It stands at the base bar at whose close its own bar closed, and so does its anchor.
    """
    at = standing(told, number, bars)
    rows, n = told.rows[at], len(bars)
    side, strength, anchor = np.zeros(n, np.int8), np.zeros(n), np.zeros(n, np.int64)
    side[rows] = told.readings["side"][at, number]
    strength[rows] = told.readings["strength"][at, number]
    anchor[rows] = told.rows[told.readings["anchor"][at, number]]
    return marks(side != 0, side, strength, anchor)
