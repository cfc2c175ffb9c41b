"""What files hold beside the bars: funding, open interest, bars of spot, mark price and leader."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path, PurePath

import polars as pl

from lake.schema import RAW_BARS, RAW_FUNDING, RAW_INTEREST, Table
from lake.store import Lake
from lake.time import duration_ms
from tasks.ingest.config import IngestConfig
from tasks.ingest.folders import find_bars, list_files
from tasks.ingest.layouts import BARS, Layout
from tasks.ingest.layouts_beside import FUNDING, INTEREST, MARK
from tasks.ingest.names import Named, read_funding_name, read_interest_name
from tasks.ingest.parts import (
    DAY_MS,
    Part,
    between,
    final_bars,
    finality,
    inspect_file,
    join_parts,
    now_in_ms,
    read_part,
    span_ms,
    within,
)
from tasks.ingest.snapshot import Beside, Snapshot

REACH_BACK_MS = DAY_MS  # what was last known on the first day asked for came before it
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Kind:
    """How rows of a kind of data are read, the table that they make, and the flag for them."""

    layout: Layout
    table: Table
    flag: str


DATED: Mapping[str, tuple[Callable[[PurePath], str | None], str]] = {
    "funding": (
        read_funding_name,
        "SYMBOL.parquet, SYMBOL.csv, SYMBOL-fundingRate-YYYY-MM.zip",
    ),
    "interest": (
        read_interest_name,
        "SYMBOL.parquet, SYMBOL_5m.parquet, SYMBOL-metrics-YYYY-MM-DD.zip",
    ),
}
KINDS: Mapping[str, Kind] = {
    "funding": Kind(FUNDING, RAW_FUNDING, "--funding"),
    "interest": Kind(INTEREST, RAW_INTEREST, "--open-interest"),
    "spot": Kind(BARS, RAW_BARS, "--spot"),
    "mark": Kind(MARK, RAW_BARS, "--mark"),
    "leader": Kind(BARS, RAW_BARS, "--data"),
}


def survey_beside(
    config: IngestConfig, markets: list[Snapshot], now: datetime | None = None
) -> list[Snapshot]:
    """Return what there is beside the bars of `markets`, with the fingerprint of each.

    Looked for is what `config.beside` names and a folder is given for; the leader's bars are
    looked for in `config.data`, unless its market is among `markets`. Rows from the day before
    the first day asked for are included: they are what was known when it began. What is not there
    is left out, and said in the log.

    Parameters
    ----------
    now : datetime, optional
        As in `tasks.ingest.files.survey`.

    Raises
    ------
    InputError
        When a folder is not there or holds no such file, or a file is not readable.
    """
    now_ms = now_in_ms(now)
    places = {
        "funding": config.funding,
        "interest": config.open_interest,
        "spot": config.spot,
        "mark": config.mark,
        "leader": config.data,
    }
    found = []
    for data in config.beside:
        place = places[data]
        wanting = _led(config, markets) if data == "leader" else markets
        if place is not None and wanting:
            look = Look(data, place, config, now_ms)
            found += look.for_dated(wanting) if data in DATED else look.for_bars(wanting)
    return found


def load_beside(
    lake: Lake, snapshot: Snapshot, where: Sequence[str], fetched: pl.DataFrame | None = None
) -> pl.DataFrame:
    """Return the raw rows of what `survey_beside` found, final bars only, otherwise as they came.

    Parameters and errors as in `tasks.ingest.files.load`.

    Returns
    -------
    pl.DataFrame
        RAW_FUNDING, RAW_INTEREST, or RAW_BARS of ``snapshot.bars_timeframe``.
    """
    kind = KINDS[snapshot.data]
    parts = [
        read_part(Path(place), digest, kind.layout)
        for place, digest in zip(where, snapshot.parts, strict=True)
    ]
    step = snapshot.bars_timeframe
    rows = join_parts(parts) if step is None else final_bars(snapshot.settings, parts, step)
    return kind.table.conform(rows.filter(between(*_span_ms(snapshot, step))))


def choose_step(own: str, there: Iterable[str], *, coarser: bool) -> str | None:
    """Return whose bars serve beside bars of `own` length, of the lengths that are there.

    Its own, else the longest of those that divide it, else, where `coarser` ones may serve, the
    shortest of these.

    Examples
    --------
    >>> choose_step("15m", ["1m", "5m", "1h"], coarser=False)
    '5m'
    >>> choose_step("15m", ["1h", "4h"], coarser=True)
    '1h'
    """
    steps = sorted(there, key=duration_ms)
    within_own = [each for each in steps if duration_ms(own) % duration_ms(each) == 0]
    beyond = [each for each in steps if coarser and duration_ms(each) > duration_ms(own)]
    chosen = within_own[-1:] or beyond[:1]
    return chosen[0] if chosen else None


def _led(config: IngestConfig, markets: list[Snapshot]) -> list[Snapshot]:
    """The markets for which the leader's bars have to be looked for."""
    here = {(market.symbol, market.timeframe) for market in markets}
    return [market for market in markets if (config.leader, market.timeframe) not in here]


@dataclass(frozen=True)
class Look:
    """A look for one kind of data at the place that was given for it."""

    data: Beside
    place: str
    config: IngestConfig
    now_ms: int

    def for_dated(self, markets: list[Snapshot]) -> list[Snapshot]:
        """Of stamped rows: settlements and readings."""
        read, names = DATED[self.data]
        kind = KINDS[self.data]
        symbols = {market.symbol for market in markets}
        alone = symbols.pop() if len(symbols) == 1 else None
        wanted = (kind.layout.holds, names)
        files: dict[str, list[Path]] = {}
        for path, symbol in list_files(self.place, kind.flag, read, alone, wanted):
            files.setdefault(symbol, []).append(path)
        found = []
        for market in markets:
            parts = [self._inspect(path, True) for path in files.get(market.symbol, ())]
            found += self._snapshot(market, parts, {})
        return found

    def for_bars(self, markets: list[Snapshot]) -> list[Snapshot]:
        """Of bars, of the market's own timeframe or another that serves."""
        own = {(market.symbol, market.timeframe) for market in markets}
        alone = Named(*own.pop(), is_archive=False) if len(own) == 1 else None
        there = find_bars(self.place, KINDS[self.data].flag, alone)
        inspect = cache(self._inspect)
        found = []
        for market in markets:
            symbol = self.config.leader if self.data == "leader" else market.symbol
            steps = [step for each, step in there if each == symbol]
            step = choose_step(market.timeframe, steps, coarser=self.data == "mark")
            files = there[symbol, step] if step else {}
            parts = [inspect(path, named.is_archive) for path, named in files.items()]
            found += self._snapshot(market, parts, {"bars_of": symbol, "bars_timeframe": step})
        return found

    def _inspect(self, path: Path, is_archive: bool) -> Part:
        return inspect_file(path, KINDS[self.data].layout, is_archive=is_archive)

    def _snapshot(
        self, market: Snapshot, parts: list[Part], bars: dict[str, str | None]
    ) -> list[Snapshot]:
        """The fingerprint of what counts; none where nothing does."""
        step = bars.get("bars_timeframe")
        used = within(sorted(parts), *_span_ms(market, step))
        if not used:
            _LOG.info("%s holds no %s for %s", self.place, self.data, market.market)
            return []
        settings = finality(used, step, self.config, self.now_ms) if step else {}
        told = {
            "data": self.data,
            "parts": tuple(part.digest for part in used),
            "settings": settings,
            "places": tuple(part.place for part in used),
        }
        return [market.model_copy(update=told | bars)]


def _span_ms(market: Snapshot, step: str | None) -> tuple[int, int]:
    """First millisecond that counts, and the first that does not.

    A stamp at the very end of the last day is known when the day's last bar closes.
    """
    start_ms, end_ms = span_ms(market.start, market.end)
    return start_ms - REACH_BACK_MS, end_ms + (step is None)
