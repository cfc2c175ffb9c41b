"""The sweep of what remembers: engines, and the events that they tell.

A reader is fed the bars once, and its memory is saved before each cut. From there it reads on with
the bars that came, and with each other future of `tasks.events.futures`; what it says of the bars
before the cut must be what it says when it is fed all bars at once, bit for bit: every field of its
readings and every note of its zones.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lake.config import Config
from tasks.audit.config import AuditConfig
from tasks.audit.places import cuts_of_all
from tasks.audit.tally import RESTARTED, Tally, agree, tabulate
from tasks.engines.engine import Records
from tasks.events.bars import Bars
from tasks.events.config import EventsConfig
from tasks.events.futures import FUTURES
from tasks.events.readers import Reader, Told, marks_of, read_back, standing, tell
from tasks.events.registry import Analyzer
from tasks.kernels.reading import NOTE

Reals = NDArray[np.float64]
Key = tuple[str, str]  # kind and name
Tallies = Mapping[Key, Tally]
ENGINE, EVENT = "engine", "event"
OF_EVENT, OF_ENGINE, OF_OUTPUT, OF_ZONES = 4, 3, 3, 1 + len(NOTE.names or ())
SPANS = 2  # of the longest bars that are read, before a cut


@dataclass(frozen=True)
class Folded:
    """A reader with a config, and what of it is audited.

    Attributes
    ----------
    analyzers : sequence of Analyzer
        Events that it tells.
    is_whole : bool
        Whether the engine itself is audited too, in all its outputs.
    """

    reader: Reader
    config: Config
    analyzers: Sequence[Analyzer]
    is_whole: bool

    @cached_property
    def rows(self) -> dict[Key, int]:
        """Kind and name of all that is audited, and how many numbers each says of a bar."""
        rows = {(EVENT, analyzer.name): OF_EVENT for analyzer in self.analyzers}
        if not self.is_whole:
            return rows
        name, events = self.reader.name, self.reader.events
        rows[ENGINE, name] = OF_ENGINE + len(self.reader.facts)
        rows |= {(ENGINE, f"{name}.{event}"): OF_OUTPUT for event in events}
        return rows | ({(ENGINE, f"{name}.zones"): OF_ZONES} if self.reader.has_zones else {})

    def readings(self, told: Told, bars: Bars) -> Reals:
        """All that was said of each bar, in the order of `rows`; NaN where nothing was."""
        numbers = [a.output.number for a in self.analyzers if a.output is not None]
        parts = [_standing(told, numbers, bars)]
        if self.is_whole:
            parts += [_said(told), _told_of_each(told)]
        if self.is_whole and self.reader.has_zones:
            parts.append(_noted(told))
        out = np.full((sum(map(len, parts)), len(bars)), np.nan)
        out[:, told.rows] = np.concatenate(parts)
        return out

    def signals(self, told: Told, bars: Bars) -> Iterator[NDArray[np.float64]]:
        """What is said, one number per bar that is another where something happens."""
        held = np.searchsorted(told.rows, np.arange(len(bars)), side="right")
        yield np.concatenate([[0.0], told.readings["stance"]])[held]
        for number in range(len(self.reader.events)):
            yield marks_of(told, number, bars).side.astype(np.float64)
        if self.reader.has_zones:
            born_or_died = np.zeros(len(bars))
            born_or_died[told.rows] = _noted(told)[0]
            yield born_or_died


def subjects_of(analyzers: Sequence[Analyzer], config: EventsConfig) -> list[Folded]:
    """The readers that tell these events, each with every config that is asked of it.

    Its outputs are audited under the config that is the events' default.
    """
    asked: dict[tuple[str, Config], tuple[Reader, list[Analyzer]]] = {}
    usual = set()
    for analyzer in analyzers:
        assert analyzer.output is not None
        reader = analyzer.output.reader
        default = (reader.name, reader.config(analyzer.parameters))
        own = config.parameters.get(analyzer.name, {})
        chosen = (reader.name, reader.config(analyzer.with_defaults(own)))
        usual.add(default)
        asked.setdefault(default, (reader, []))
        asked.setdefault(chosen, (reader, []))[1].append(analyzer)
    return [
        Folded(reader, key[1], told, is_whole=key in usual) for key, (reader, told) in asked.items()
    ]


def audit_folded(subject: Folded, bars: Bars, market: str, config: AuditConfig) -> pl.DataFrame:
    """Return AUDIT rows: one per event and output of `subject`."""
    tallies = {key: Tally() for key in subject.rows}
    if len(bars):
        _sweep(subject, tallies, bars, config)
    return tabulate(tallies, bars, market)


def _sweep(subject: Folded, tallies: Tallies, bars: Bars, config: AuditConfig) -> None:
    rng = np.random.default_rng(config.seed)
    whole = tell(subject.reader, bars, subject.config)
    cuts = cuts_of_all(subject.signals(whole, bars), bars, config.n_cuts, rng).tolist()
    for start, cut, memory in _places(subject, cuts, bars, config.n_before):
        past, end = bars.part(start, cut), min(len(bars), cut + config.n_after)
        one = subject.readings(whole.part(start, cut), past)
        around = bars.part(start, end)
        for how, future in {RESTARTED: _as_it_came, **FUTURES}.items():
            other = future(around, cut - start, rng)
            said = subject.reader.read(memory.copy(), other, subject.config)
            again = subject.readings(said.part(0, cut - start), past)
            _note(subject, tallies, how, start, agree(one, again))
        for tally in tallies.values():
            tally.n_cuts += 1


def _places(
    subject: Folded, cuts: Sequence[int], bars: Bars, least: int
) -> Iterator[tuple[int, int, Records]]:
    """Where reading on begins, the cut, and the memory that was saved there, cut by cut.

    A memory is handed out when its reader has read on: what it kept elsewhere is another by then.
    """
    reader, config = subject.reader, subject.config
    n_before = max(least, SPANS * reader.span(bars.timeframe, config))
    memory, fed, place = reader.start(), 0, None
    for cut in (*cuts, len(bars)):
        start = max(0, cut - n_before)
        reader.read(memory, bars.part(fed, start), config)
        fed = start
        if place is not None:
            yield place
        place = start, cut, read_back(reader, memory)


def _note(subject: Folded, tallies: Tallies, how: str, start: int, same: NDArray[np.bool_]) -> None:
    """Note what differs under each name; `same` has the rows of `subject`."""
    firsts = np.cumsum([0, *subject.rows.values()])[:-1]
    of_names = np.logical_and.reduceat(same, firsts)
    for tally, of_name in zip(tallies.values(), of_names, strict=True):
        tally.note(how, start, of_name)


def _as_it_came(bars: Bars, cut: int, rng: np.random.Generator) -> Bars:
    return bars


def _standing(told: Told, numbers: Sequence[int], bars: Bars) -> Reals:
    """Where events stand: whether, side, strength, and age in the engine's own bars."""
    stands = np.array([np.zeros(len(told.rows), np.bool_)] * len(numbers))
    for line, number in zip(stands, numbers, strict=True):
        line[standing(told, number, bars)] = True
    said = np.array([np.ones(stands.shape), *_each(told, numbers)])
    return _by_event(np.where(stands, said, 0.0))


def _said(told: Told) -> Reals:
    """Stance, conviction, whether the warm-up is over, and the engine's own facts."""
    said = told.readings
    return np.array([said["stance"], said["conviction"], said["is_warm"], *said["facts"].T])


def _told_of_each(told: Told) -> Reals:
    numbers = range(told.readings["side"].shape[1])
    return _by_event(_each(told, numbers))


def _by_event(said: Reals) -> Reals:
    """The numbers of one event after the other, of shape (numbers, events, k)."""
    n_numbers, n_events, k = said.shape
    return said.swapaxes(0, 1).reshape(n_numbers * n_events, k)


def _each(told: Told, numbers: Sequence[int]) -> Reals:
    """Side, strength and age of events, shape (3, events, k)."""
    said = told.readings
    age = told.numbers - said["anchor"][:, numbers].T
    return np.array([said["side"][:, numbers].T, said["strength"][:, numbers].T, age])


def _noted(told: Told) -> Reals:
    """Of the notes at each reading their number, and per field a sum in which order counts."""
    notes = told.notes
    bar = notes["bar"]
    at = np.searchsorted(told.numbers, bar)
    place = 1 + np.arange(bar.size) - np.searchsorted(bar, bar)
    fields = [np.ones(bar.size), *(place * notes[name] for name in NOTE.names or ())]
    return np.array([np.bincount(at, field, told.numbers.size) for field in fields])
