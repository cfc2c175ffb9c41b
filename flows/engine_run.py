"""An engine's back-test: from bars to decisions, one account, and the same of each member."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from blocks.profile import RunConfig
from flows.board import Board
from flows.engine_told import EngineBacktest, EngineMade, tell_engine
from flows.markets import Markets, bring_markets
from flows.run import Call, Run, Tables, open_run
from lake.ref import Ref
from lake.time import timeframe_of
from tasks.backtest.engine_page import draw_engine, draw_structure, hear_again
from tasks.backtest.engine_request import AskedEngine, ask_engine
from tasks.backtest.engine_task import (
    count_engine_fates,
    decide,
    draw_engine_curve,
    list_engine_fills,
    list_stances,
    list_zones,
    log_decisions,
    measure_engine,
    trade_engine,
)
from tasks.features.task import compute_features

STAGES = ("ingest", "clean", "features", "backtest", "report")


@dataclass(frozen=True)
class Ground:
    """What an engine is traded on."""

    markets: Markets
    features: Tables

    @property
    def bars(self) -> Tables:
        """BARS of each market."""
        return self.markets.bars


def run_engine(c: RunConfig) -> EngineBacktest:
    """From bars to the engine's trades, their measures, charts and a tear sheet."""
    asked = ask_engine(c)
    board = Board(STAGES, quiet=c.json_output)
    with open_run(c.lake, c.recorded, c.refresh, board) as run:
        ground = lay_ground(run, asked.widened(c))
        return tell_engine(run, asked, follow(run, c, asked, ground))


def lay_ground(run: Run, c: RunConfig) -> Ground:
    """Clean bars, and the features that costs are made of."""
    markets = bring_markets(run, c)
    known: dict[str, Any] = {"bars": markets.bars, "context": markets.context}
    return Ground(
        markets, run.map("features", compute_features, markets.bars, **known, config=c.features)
    )


def follow(run: Run, c: RunConfig, asked: AskedEngine, ground: Ground) -> EngineMade:
    """Decide and trade, the members beside the engine itself; list what was seen, and draw."""
    calls = decide_all(run, c, asked, ground)
    accounts = trade_all(run, c, calls)
    own = next(call for call in calls if call["part"] == asked.engine)
    made = {name: tables[asked.engine] for name, tables in accounts.items()}
    made |= list_rest(run, own)
    seen = observe(run, c, asked, ground, made)
    heard = hear_again(
        run.results.uri,
        engine=asked.engine,
        bars=ground.bars,
        metrics=accounts["metrics"],
        fates=accounts["fates"],
        **asked.desk,
    )
    told: dict[str, Any] = {"members": heard.members, "notes": heard.notes, "pictures": seen}
    settings: dict[str, Any] = {"config": asked.engines, "trading": c.backtest.trading}
    sheet = run.one(
        "report", draw_engine, part=asked.engine, bars=ground.bars, **made, **told, **settings
    )
    return EngineMade(ground.bars, made, seen, sheet, heard)


def decide_all(run: Run, c: RunConfig, asked: AskedEngine, ground: Ground) -> list[Call]:
    """What each account is made of: the decisions of its engine on every market."""
    known: dict[str, Any] = {"parts": asked.compared, "bars": ground.bars, **asked.desk}
    decisions = run.map("backtest", decide, ground.bars, **known, start=asked.start)
    shared = {"bars": ground.bars, "features": ground.features, "funding": ground.markets.funding}
    return [
        {
            "part": engine,
            "tables": {name: list(refs) for name, refs in shared.items()}
            | {"decisions": [ref for ref in decisions if ref.part == engine]},
            "config": c.backtest.trading,
            "start": asked.start,
        }
        for engine in asked.compared
    ]


def trade_all(run: Run, c: RunConfig, calls: list[Call]) -> dict[str, dict[str, Ref]]:
    """Trades, equity, fates and measures of each account, by engine."""
    trades = run.all("backtest", trade_engine, calls)
    equity = run.all("backtest", draw_engine_curve, calls)
    fates = run.all("backtest", count_engine_fates, calls)
    about: dict[str, Any] = {
        "timeframe": timeframe_of(calls[0]["tables"]["bars"][0].market),
        "capital": c.backtest.engine_terms.sizing.capital,
        "config": c.backtest.metrics,
    }
    pairs = zip(trades, equity, strict=True)
    measured = [{"part": t.part, "trades": t, "equity": e, **about} for t, e in pairs]
    metrics = run.all("backtest", measure_engine, measured)
    named = {"trades": trades, "equity": equity, "fates": fates, "metrics": metrics}
    return {name: {ref.part: ref for ref in refs} for name, refs in named.items()}


def list_rest(run: Run, own: Call) -> dict[str, Ref]:
    """Fills and the log of decisions of the engine's own account."""
    tables = {"fills": list_engine_fills, "log": log_decisions}
    return {name: run.one("backtest", task, **own) for name, task in tables.items()}


def observe(
    run: Run, c: RunConfig, asked: AskedEngine, ground: Ground, made: dict[str, Ref]
) -> Tables:
    """List what each engine thought and which zones it saw; draw them."""
    known: dict[str, Any] = {"parts": [asked.engine], "bars": ground.bars, **asked.desk}
    run.map("backtest", list_stances, ground.bars, **known)
    zones = run.map("backtest", list_zones, ground.bars, **known)
    shown: dict[str, Any] = {"n_bars": c.backtest.chart_bars, "end": asked.chart_before}
    calls = [
        {"market": bars.market, "part": asked.engine, "bars": bars, "zones": seen}
        | {"log": made["log"], "trades": made["trades"], **asked.desk, **shown}
        for bars, seen in zip(ground.bars, zones, strict=True)
    ]
    return run.all("report", draw_structure, calls)
