"""The demo market as a source of what lies beside its bars."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from lake.schema import RAW_BARS, RAW_FUNDING, RAW_INTEREST, TIME
from lake.store import Lake
from lake.time import UNITS_MS, duration_ms
from tasks.ingest.config import DEMO_LEADER, LEADER, DemoConfig, IngestConfig
from tasks.ingest.demo_context import draw_funding, draw_interest, draw_mark, draw_spot
from tasks.ingest.demo_market import Market, simulate
from tasks.ingest.demo_rows import dirty_rows, in_span, raw_bars, simulated
from tasks.ingest.snapshot import Beside, Snapshot

REACH_BACK_DAYS = 1  # what was last known on the first day asked for came before it
PRICED = ("spot", "mark", "leader")


def survey_beside(config: IngestConfig, markets: list[Snapshot]) -> list[Snapshot]:
    """Return what lies beside the bars of `markets`: all that `config.beside` names.

    The leader is DEMOA where `config` names none; it is left out where its market is among
    `markets`.

    Raises
    ------
    InputError
        Where the leader's symbol could pass for a real one.
    """
    leader = DEMO_LEADER if config.leader == LEADER else simulated([config.leader])[0]
    led = {market.symbol for market in markets}
    asked = [data for data in config.beside if data != "leader" or leader not in led]
    return [_beside(market, data, leader) for market in markets for data in asked]


def _beside(market: Snapshot, data: Beside, leader: str) -> Snapshot:
    bars = {"bars_of": market.symbol, "bars_timeframe": market.timeframe} if data in PRICED else {}
    named = {"bars_of": leader} if data == "leader" else {}
    return market.model_copy(update={"data": data, **bars, **named})


def load_beside(
    lake: Lake, snapshot: Snapshot, where: Sequence[str], fetched: pl.DataFrame | None
) -> pl.DataFrame:
    """Return RAW_FUNDING, RAW_INTEREST or RAW_BARS; lake, places and fetches are not used."""
    config = DemoConfig(**snapshot.settings)
    symbol = snapshot.bars_of or snapshot.symbol
    return draw_beside(config, snapshot, simulate(config, symbol, snapshot.timeframe))


def draw_beside(config: DemoConfig, snapshot: Snapshot, market: Market) -> pl.DataFrame:
    """Return what `load_beside` does, from the simulated market that the snapshot is about."""
    symbol, timeframe = snapshot.bars_of or snapshot.symbol, snapshot.timeframe
    if snapshot.data == "funding":
        return _funding(config, snapshot, market)
    if snapshot.data == "interest":
        return _interest(config, snapshot, market)
    if snapshot.data != "leader":
        draw = draw_spot if snapshot.data == "spot" else draw_mark
        market = draw(config, symbol, market, timeframe)
    rows = dirty_rows(config, symbol, timeframe, market.time)
    return RAW_BARS.conform(raw_bars(market)[rows].filter(in_span(snapshot)))


def _funding(config: DemoConfig, snapshot: Snapshot, market: Market) -> pl.DataFrame:
    stamps, rate = draw_funding(config, snapshot.symbol, market, snapshot.timeframe)
    hours = np.full(stamps.size, duration_ms(config.funding.interval) / UNITS_MS["h"])
    rows = pl.DataFrame({"time": stamps, "rate": rate, "hours": hours})
    return RAW_FUNDING.conform(_dated(rows, snapshot))


def _interest(config: DemoConfig, snapshot: Snapshot, market: Market) -> pl.DataFrame:
    drawn = draw_interest(config, snapshot.symbol, market, snapshot.timeframe)
    rows = pl.DataFrame(dict(zip(("time", "contracts", "value"), drawn, strict=True)))
    return RAW_INTEREST.conform(_dated(rows, snapshot))


def _dated(rows: pl.DataFrame, snapshot: Snapshot) -> pl.DataFrame:
    dated = rows.with_columns(pl.col("time").cast(TIME), part=pl.lit(0, pl.Int16))
    # A stamp at the very end of the last day is known when the day's last bar closes.
    before = dated.select(pl.col("time").dt.offset_by("-1ms"))
    return dated.filter(before.select(in_span(snapshot, REACH_BACK_DAYS)).to_series())
