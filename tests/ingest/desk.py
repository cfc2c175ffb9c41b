"""A replayed venue, a lake and a clock, and the whole way through them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl

from lake.files import LocalFiles
from lake.store import Lake
from tasks.ingest.binance import fetch, load, load_beside, survey, survey_beside
from tasks.ingest.binance_client import Client
from tasks.ingest.config import BinanceConfig, IngestConfig
from tasks.ingest.snapshot import Beside, Snapshot
from tests.ingest.replay import FakeTime, Replay, bars_5m

NOW = datetime(2022, 8, 5, 10, 2, 30, tzinfo=UTC)
CLOSED = datetime(2022, 8, 5, 10, 0, tzinfo=UTC)
START = date(2022, 7, 20)
BARS = bars_5m()


class Desk:
    """A venue, a lake and a clock, and the whole way through them."""

    def __init__(self, venue: Replay, root: Path) -> None:
        self.venue, self.time = venue, FakeTime(venue.now)
        self.lake = Lake(LocalFiles(root))

    def config(self, **changes) -> IngestConfig:
        binance = {"venue": self.venue.venue, "archive_url": self.venue.url}
        binance |= {"rest_url": self.venue.url, **changes.pop("binance", {})}
        asked = {"source": "binance", "symbols": ("BTCUSDT",), "timeframe": "5m", "start": START}
        return IngestConfig(**{**asked, **changes}, binance=BinanceConfig(**binance))

    def survey(self, **changes) -> Snapshot:
        self.time.now = self.venue.now.timestamp()
        return survey(self.config(**changes), clock=self.time.clock)[0]

    def fetch(self, **changes) -> pl.DataFrame:
        config, snapshot = self.config(**changes), self.survey(**changes)
        with Client(config.binance, clock=self.time.clock, sleep=self.time.sleep) as client:
            return fetch(self.lake, snapshot, config, client=client)

    def bars(self, **changes) -> pl.DataFrame:
        return load(self.lake, self.survey(**changes), (), self.fetch(**changes))

    def survey_beside(self, data: Beside, **changes) -> Snapshot:
        config = self.config(**changes, beside=(data,))
        (found,) = survey_beside(config, [self.survey(**changes)])
        return found

    def fetch_beside(self, data: Beside, **changes) -> pl.DataFrame:
        config, snapshot = self.config(**changes), self.survey_beside(data, **changes)
        venue = {"venue": snapshot.settings["venue"]}
        asked = config.binance.model_copy(update=venue)
        with Client(asked, clock=self.time.clock, sleep=self.time.sleep) as client:
            return fetch(self.lake, snapshot, config, client=client)

    def rows(self, data: Beside, **changes) -> pl.DataFrame:
        fetched = self.fetch_beside(data, **changes)
        return load_beside(self.lake, self.survey_beside(data, **changes), (), fetched)


def real(start=START, until=CLOSED) -> pl.DataFrame:
    first = datetime(start.year, start.month, start.day, tzinfo=UTC)
    return BARS.filter(pl.col("time") >= first, pl.col("time") < until)


def distinct(bars: pl.DataFrame) -> pl.DataFrame:
    """Bars without the copies that the overlap brings."""
    return bars.drop("part").unique().sort("time")


def same_bytes(one: pl.DataFrame, other: pl.DataFrame) -> bool:
    return one.write_json() == other.write_json()
