"""A research by hand and the blueprint that it was compiled to: market tables, folds, trades."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

import polars as pl

from lake.schema import TRADES
from tasks.backtest.strategy import Traded
from tasks.blueprint.compilation import compile_documents
from tasks.blueprint.config import BlueprintConfig
from tasks.blueprint.document import Blueprint, seal
from tasks.blueprint.text import load_blueprint
from tasks.bridge.ground import MarketTables, lay_ground
from tasks.bridge.trades import in_selected_folds, select_candidates, simulate_trades
from tasks.events.config import EventsConfig
from tasks.trading.config import Costs, Exits, Limits, Sizing, Target, Terms
from tasks.trading.tape import MarketBars
from tests.blueprint import world
from tests.bridge.market import findings_of, folds_at, random_market, refits_of

EVENT = "vol_spike"
TERMS = {
    "by time": Terms(),
    "with every exit": Terms(
        exits=Exits(stop=1.5, trail=2.0, targets=(Target(at=1.0, share=0.5),), stop_to_entry=True),
        limits=Limits(cooldown="3h", lockout="6h", max_open=1),
    ),
    "by the equity": Terms(
        exits=Exits(time_at="next_open", unit="bps", stop=60.0),
        sizing=Sizing(method="equity_share", share=0.2),
        costs=Costs(half_spread_bps=3.0),
    ),
}
FOLD_HOURS = (300, 480, 620, 700, 900)
SELECTED = (True, False, True, True)


@dataclass(frozen=True)
class Research:
    """What the bridge had, what it traded in the folds that count, and the blueprint of it."""

    markets: tuple[MarketTables, ...]
    trades: pl.DataFrame
    blueprint: Blueprint

    @property
    def traded(self) -> list[Traded]:
        """The markets as a back-test reads them."""
        return [to_trade(table) for table in self.markets]


def to_trade(table: MarketTables) -> Traded:
    bars = MarketBars(table.market, table.bars, table.features, table.funding)
    return Traded(bars, table.events)


def resealed(blueprint: Blueprint, modules: Sequence[str] = (), **fields) -> Blueprint:
    """The blueprint with other fields, under the name that fits them; see `seal`."""
    unnamed = {name: value for name, value in blueprint if name != "name"}
    return seal(unnamed | fields, modules)


@cache
def tables() -> tuple[MarketTables, ...]:
    """Two markets whose prices drift a little after an event; it has no side now and then."""
    made = []
    for seed, market in enumerate(("AAA-1h", "BBB-1h"), start=31):
        table = random_market(market, seed, drift=0.003, n_events=260)
        number = pl.int_range(pl.len())
        side = pl.when(number % 7 == 3).then(0).otherwise("side").cast(pl.Int8)
        made.append(
            replace(table, events=table.events.with_columns(event=pl.lit(EVENT), side=side))
        )
    return tuple(made)


@cache
def researched(
    condition: str = "all", scaled_bps: float = 20.0, market: str = "all", terms: str = "by time"
) -> Research:
    """The bridge's trades of one finding, and its blueprint; it fades where the effect is below 0.

    Folds follow one another, and the second was not selected.
    """
    found = findings_of(world.finding(market, condition, scaled_bps=scaled_bps))
    folds, refits = folds_at(*FOLD_HOURS), refits_of(found, SELECTED)
    ground = lay_ground(tables(), folds, TERMS[terms])
    candidates = select_candidates(found)
    trades = in_selected_folds(simulate_trades(candidates, ground, TERMS[terms]), refits)
    follow = candidates["follow"].item()
    case = world.case_of(
        terms=TERMS[terms],
        found=found.row(0, named=True),
        bridged={"follow": follow, "n_trades": trades.height},
        trades=trades.to_dicts(),
    )
    case = replace(case, folds=folds, refits=refits)
    made = compile_documents(case, EventsConfig(), BlueprintConfig())
    return Research(tables(), trades, load_blueprint(made["document_json"].item()))


def anonymous(trades: pl.DataFrame) -> pl.DataFrame:
    """TRADES whoever made them."""
    return TRADES.conform(trades).drop("hypothesis")
