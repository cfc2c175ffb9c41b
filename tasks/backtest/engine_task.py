"""The stages of an engine's back-test: what it decided, what it saw, and what came of it."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from lake.ref import Ref
from lake.schema import DECISIONS, EQUITY, FATES, FILLS, METRICS, STANCES, TRADES, ZONES
from lake.store import Lake
from lake.time import timeframe_of
from tasks.backtest.config import MetricsConfig
from tasks.backtest.decided import Told, decision_frame, listen, stance_frame
from tasks.backtest.engine_account import lay_markets, log_of, trade_decisions
from tasks.backtest.engine_config import EngineTrading
from tasks.backtest.metrics import measure
from tasks.backtest.zones import zone_frame
from tasks.engines.config import EnginesConfig
from tasks.engines.macro import read_series
from tasks.stage.task import stage
from tasks.trading.simulation import Simulated
from tasks.trading.tape import MarketBars

FILLED, OPEN = "filled", "open"
DESK = ("tasks.backtest.decided", "tasks.engines.macro")
ACCOUNT = ("tasks.backtest.engine_account",)
# Of each market that is traded: its bars, features, funding and decisions.
Tables = dict[str, list[Ref]]


@stage(makes=DECISIONS, code=DESK, name="decide")
def decide(
    lake: Lake,
    *,
    market: str,
    part: str,
    bars: Ref,
    config: EnginesConfig,
    start: int | None,
    where: Sequence[str] = (),
) -> pl.DataFrame:
    """Decide at every bar of a market from `start` on; `part` is the engine."""
    return decision_frame(_tell(lake, market, part, bars, config, where), start)


@stage(makes=STANCES, code=DESK)
def list_stances(
    lake: Lake,
    *,
    market: str,
    part: str,
    bars: Ref,
    config: EnginesConfig,
    where: Sequence[str] = (),
) -> pl.DataFrame:
    """List what each engine of a market's desk thought, from when on."""
    return stance_frame(_tell(lake, market, part, bars, config, where))


@stage(makes=ZONES, code=[*DESK, "tasks.backtest.zones"])
def list_zones(
    lake: Lake,
    *,
    market: str,
    part: str,
    bars: Ref,
    config: EnginesConfig,
    where: Sequence[str] = (),
) -> pl.DataFrame:
    """List the zones of each engine of a market's desk, from birth to death."""
    return zone_frame(_tell(lake, market, part, bars, config, where))


@stage(makes=TRADES, code=ACCOUNT, name="trade")
def trade_engine(
    lake: Lake, *, part: str, tables: Tables, config: EngineTrading, start: int | None
) -> pl.DataFrame:
    """Trade the decisions of an engine: one row per position."""
    return _play(lake, part, tables, config, start).trades


@stage(makes=FILLS, code=ACCOUNT, name="list fills")
def list_engine_fills(
    lake: Lake, *, part: str, tables: Tables, config: EngineTrading, start: int | None
) -> pl.DataFrame:
    """List the fills of the same positions."""
    return _play(lake, part, tables, config, start).fills


@stage(makes=EQUITY, code=ACCOUNT, name="draw curve")
def draw_engine_curve(
    lake: Lake, *, part: str, tables: Tables, config: EngineTrading, start: int | None
) -> pl.DataFrame:
    """Value the same account at every close."""
    return _play(lake, part, tables, config, start, with_curve=True).equity


@stage(makes=FATES, code=ACCOUNT, name="count fates")
def count_engine_fates(
    lake: Lake, *, part: str, tables: Tables, config: EngineTrading, start: int | None
) -> pl.DataFrame:
    """Count what became of the orders to enter of the same account."""
    done = _play(lake, part, tables, config, start)
    counts = done.n_refused | {FILLED: done.n_filled, OPEN: done.n_open}
    return pl.DataFrame(list(counts.items()), schema=FATES.columns, orient="row").sort(FATES.order)


@stage(makes=DECISIONS, code=ACCOUNT)
def log_decisions(
    lake: Lake, *, part: str, tables: Tables, config: EngineTrading, start: int | None
) -> pl.DataFrame:
    """Put what became of each decision beside it."""
    return log_of(_read(lake, tables["decisions"]), _play(lake, part, tables, config, start))


@stage(makes=METRICS, code=["tasks.backtest.metrics"], libraries=["arch"], name="measure run")
def measure_engine(
    lake: Lake,
    *,
    part: str,
    trades: Ref,
    equity: Ref,
    timeframe: str,
    capital: float,
    config: MetricsConfig,
) -> pl.DataFrame:
    """Measure the account of an engine and its positions."""
    curve, positions = lake.read(equity), lake.read(trades)
    about = {"capital": capital, "timeframe": timeframe, "config": config}
    return measure(curve, positions, **about, trials=None)  # type: ignore[arg-type]


def _tell(
    lake: Lake, market: str, engine: str, bars: Ref, config: EnginesConfig, where: Sequence[str]
) -> Told:
    return listen(market, engine, lake.read(bars), config, read_series(config.macro, where))


def _play(
    lake: Lake,
    engine: str,
    tables: Tables,
    config: EngineTrading,
    start: int | None,
    with_curve: bool = False,
) -> Simulated:
    known = {ref.market: lake.read(ref) for ref in tables["features"]}
    paid = {ref.market: lake.read(ref) for ref in tables["funding"]}
    markets = [
        MarketBars(ref.market, lake.read(ref), known[ref.market], paid.get(ref.market))
        for ref in tables["bars"]
    ]
    name = f"{engine}-{timeframe_of(markets[0].market)}"
    decisions = _read(lake, tables["decisions"])
    laid = lay_markets(markets, config)
    own = {"name": name, "start": start, "with_curve": with_curve}
    return trade_decisions(laid, decisions, config, **own)  # type: ignore[arg-type]


def _read(lake: Lake, refs: Sequence[Ref]) -> pl.DataFrame:
    return pl.concat([DECISIONS.empty(), *(lake.read(ref) for ref in refs)])
