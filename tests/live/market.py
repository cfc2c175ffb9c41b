"""A simulated market for a replay, with gaps and dirt, and its back-test."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from threading import Event
from typing import Any

import numpy as np
import polars as pl

from lake.schema import DECISIONS, RAW_BARS, TIME
from tasks.backtest.decided import decision_frame, listen
from tasks.backtest.engine_account import lay_markets, log_of, trade_decisions
from tasks.backtest.engine_config import EngineLimits, EngineTerms, EngineTrading
from tasks.clean.grid import lay_on_grid
from tasks.clean.rejects import find_rejects
from tasks.engines.config import EnginesConfig, FusionConfig
from tasks.events.bars import Bars
from tasks.features.table import features_of
from tasks.kernels.fills import Tape
from tasks.live.config import LiveConfig
from tasks.live.live import Live
from tasks.live.pace import Pace
from tasks.live.replay import Ended, replay
from tasks.live.screen import Row
from tasks.live.setting import Setting
from tasks.live.source import NO_TIME, Source
from tasks.live.tail import NUMBERS
from tasks.live.timings import Took
from tasks.trading.simulation import Simulated
from tasks.trading.tape import LaidTape, MarketBars
from tests.engines.charts import market as chart_of

HOUR = 3_600_000
START = 1_704_067_200_000  # 2024-01-01, a Monday
MARKET = "ETHUSDT-1h"
N = 1000
BROKEN = -1.0, np.nan, np.inf
# Lively: many decisions, each kind of them and of fates.
LIVELY = EnginesConfig(fusion=FusionConfig(enter=0.15, leave=0.05, volatility_bars=50))
LOOSE = EngineTrading(
    horizon_bars=9, terms=EngineTerms(limits=EngineLimits(drawdown=None, cooldown="12h"))
)
SETTING = Setting(MARKET, "1h", "fusion", LIVELY, LOOSE)


@cache
def raw_rows(n: int = N, seed: int = 3) -> tuple[Row, ...]:
    """Rows of a market in the order in which they come, clean."""
    chart, rng = chart_of(n, seed), np.random.default_rng(seed)
    rows = []
    for k, (o, h, low, c, v) in enumerate(chart.T.tolist()):
        quote = v * c if k % 9 else float("nan")
        numbers = (
            o,
            h,
            low,
            c,
            v,
            quote,
            float(round(v / 3)),
            v * rng.uniform(0.3, 0.7),
            quote / 2,
        )
        rows.append(Row(START + k * HOUR, numbers))
    return tuple(rows)


def dirty(rows: tuple[Row, ...]) -> list[Row]:
    """The rows with gaps, and with rows between them that are no bars whoever reads them."""
    rng = np.random.default_rng(11)
    made: list[Row] = []
    for k, row in enumerate(rows):
        assert row.time_ms is not None
        if k % 11 == 7 or 500 <= k < 540:
            continue  # a gap
        kind = rng.integers(0, 60)
        broken = BROKEN[k % 3]
        if kind == 0:
            made.append(row._replace(numbers=(row.numbers[0], broken, *row.numbers[2:])))
        if kind == 1:
            made.append(row._replace(time_ms=row.time_ms + 1))
        if kind == 2:
            made.append(row._replace(time_ms=None))
        if kind == 3:
            made.append(
                row._replace(numbers=(*(400 * p for p in row.numbers[:4]), *row.numbers[4:]))
            )
        if kind == 4:
            o, h, low, *rest = row.numbers
            made.append(row._replace(numbers=(o, low, h, *rest)))
            if k % 2:
                continue  # nothing better comes
        made.append(row)
        if kind == 5:
            made.append(row)
    return made


def raw_frame(rows: list[Row]) -> pl.DataFrame:
    """RAW_BARS."""
    times = pl.Series([row.time_ms for row in rows], dtype=pl.Int64).cast(TIME)
    columns = {name: [row.numbers[k] for row in rows] for k, name in enumerate(NUMBERS)}
    frame = pl.DataFrame({"time": times, **columns, "part": [0] * len(rows)})
    return RAW_BARS.conform(frame.cast({"part": pl.Int16}))


def source_of(rows: list[Row]) -> Source:
    times = np.array([NO_TIME if row.time_ms is None else row.time_ms for row in rows])
    return Source("rows", MARKET, "1h", times, np.array([row.numbers for row in rows]), None)


def backtest(rows: list[Row], setting: Setting) -> tuple[pl.DataFrame, Simulated]:
    """DECISIONS with their fates, and the account: the pure path of ``flows.backtest``."""
    raw, market = raw_frame(rows), setting.market
    rejected = find_rejects(raw, market, setting.clean)
    bars = lay_on_grid(raw, rejected, market, setting.clean)
    features = features_of(Bars.of(bars, setting.timeframe), setting.features)
    told = listen(market, setting.engine, bars, setting.engines, list(setting.macro))
    decisions = decision_frame(told, setting.start)
    laid = lay_markets([MarketBars(market, bars, features, setting.funding)], setting.trading)
    span = {"start": setting.start, "with_curve": True}
    done = trade_decisions(laid, decisions, setting.trading, name="live", **span)
    return log_of(decisions, done), done


def account_of(live: Live) -> Simulated:
    """The live account as a back-test tells of its own."""
    account = live.trader.account
    assert account is not None
    n, unknown = account.n_slots, np.full(account.n_slots, np.nan)
    times = live.trader.first_ms + HOUR * np.arange(n)
    tape = Tape(np.array([[0, n, 0]]), account.saved()["bars"].T)
    laid = LaidTape((MARKET,), "1h", times, unknown, unknown, unknown, tape)
    done = (account.orders, account.positions, account.fills, account.fates, account.curve)
    return Simulated(laid, *done, "live", 0)


@dataclass
class Ear:
    """Hears all that a replay tells."""

    decisions: list[dict[str, Any]] = field(default_factory=list)
    rejected: list[tuple[Row, str]] = field(default_factory=list)
    flushed: list[tuple[int, dict[str, Took]]] = field(default_factory=list)

    def decided(self, decision: dict[str, Any]) -> None:
        self.decisions.append(decision)

    def quarantined(self, row: Row, reason: str) -> None:
        self.rejected.append((row, reason))

    def timed(self, n_slots: int, took: dict[str, Took]) -> None:
        self.flushed.append((n_slots, took))

    @property
    def table(self) -> pl.DataFrame:
        """DECISIONS."""
        told = pl.DataFrame(self.decisions, schema=DECISIONS.columns)
        return DECISIONS.conform(told.sort(DECISIONS.order))


def replayed(
    rows: list[Row], setting: Setting, live: Live | None = None
) -> tuple[Ear, Live, Ended]:
    """A replay of the rows, as fast as it goes."""
    live, ear = live or Live(setting), Ear()
    ended = replay(live, source_of(rows), LiveConfig(), Pace(0.0, Event()), ear)
    return ear, live, ended


def table_of(lines: list[str]) -> pl.DataFrame:
    """DECISIONS of lines of JSON."""
    rows = [json.loads(line) for line in lines]
    frame = pl.DataFrame(rows, infer_schema_length=None).select(list(DECISIONS.columns))
    times = [name for name, dtype in DECISIONS.columns.items() if dtype.is_temporal()]
    frame = frame.with_columns(pl.col(times).str.to_datetime(time_zone="UTC"))
    reals = [name for name, dtype in DECISIONS.columns.items() if dtype == pl.Float64]
    known = frame.cast(dict(DECISIONS.columns)).with_columns(pl.col(reals).fill_null(np.nan))
    return DECISIONS.conform(known.sort(DECISIONS.order))


def other(**changes: Any) -> Setting:
    """The setting with changes."""
    return replace(SETTING, **changes)


def written(rows: list[Row], path: Path) -> Path:
    """The rows as a file of ingest's."""
    raw_frame(rows).drop("part").rename({"time": "open_time", "trades": "count"}).write_parquet(
        path
    )
    return path
