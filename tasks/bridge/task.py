"""Prefect's view of the bridge."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from lake.ref import Ref
from lake.schema import BRIDGED, EVENTS, SEARCH, STRESSED, TRADES
from lake.store import Lake
from tasks.bridge.config import BridgeConfig
from tasks.bridge.evidence import weigh_candidates
from tasks.bridge.ground import Ground, MarketTables, lay_ground
from tasks.bridge.search import PROMOTED, search_statistics
from tasks.bridge.stress import stress_candidates
from tasks.bridge.trades import in_selected_folds, select_candidates, simulate_trades
from tasks.stage.task import stage


@stage(makes=TRADES, code=[__name__], name="simulate")
def simulate(
    lake: Lake,
    *,
    findings: Ref,
    folds: Ref,
    events: list[Ref],
    features: list[Ref],
    bars: list[Ref],
    funding: list[Ref],
    config: BridgeConfig,
) -> pl.DataFrame:
    """Trade every finding in every test fold, through the engine."""
    candidates = select_candidates(lake.read(findings))
    ground = _read_ground(lake, candidates, folds, (events, features, bars, funding), config)
    return simulate_trades(candidates, ground, config.terms)


@stage(makes=STRESSED, code=[__name__], name="stress")
def stress(
    lake: Lake,
    *,
    findings: Ref,
    folds: Ref,
    refits: Ref,
    events: list[Ref],
    features: list[Ref],
    bars: list[Ref],
    funding: list[Ref],
    config: BridgeConfig,
) -> pl.DataFrame:
    """Ask what is left of every finding when things are worse, and what placebos earn."""
    candidates = select_candidates(lake.read(findings))
    ground = _read_ground(lake, candidates, folds, (events, features, bars, funding), config)
    return stress_candidates(candidates, lake.read(refits), ground, config)


@stage(makes=BRIDGED, code=[__name__], name="bridge")
def bridge(
    lake: Lake,
    *,
    findings: Ref,
    refits: Ref,
    trades: Ref,
    stressed: Ref,
    config: BridgeConfig,
) -> pl.DataFrame:
    """Weigh every finding by its trades in the folds that it was selected for."""
    candidates = select_candidates(lake.read(findings))
    told = {"refits": refits, "trades": trades, "stressed": stressed}
    tables = {name: lake.read(ref) for name, ref in told.items()}
    return weigh_candidates(candidates, **tables, config=config)


@stage(makes=SEARCH, code=[__name__], libraries=["arch"])
def weigh_search(
    lake: Lake,
    *,
    trades: Ref,
    refits: Ref,
    verdicts: Ref,
    eras: Ref,
    judgement: Ref,
    config: BridgeConfig,
) -> pl.DataFrame:
    """Weigh all findings together, and those promoted, by how much was searched to find them."""
    asked = lake.read(judgement).row(0, named=True)
    promoted = lake.read(verdicts).filter(pl.col("verdict") == PROMOTED)["hypothesis"].to_list()
    counted = in_selected_folds(lake.read(trades), lake.read(refits))
    trials = (asked["n_ever_asked"], asked["n_effective"])
    return search_statistics(counted, lake.read(eras), *trials, config, promoted)


def _read_ground(
    lake: Lake,
    candidates: pl.DataFrame,
    folds: Ref,
    tables: tuple[list[Ref], list[Ref], list[Ref], list[Ref]],
    config: BridgeConfig,
) -> Ground:
    """The markets that have events of the candidates' families, each read once."""
    families = frozenset(candidates["family"])
    events, *others = tables
    wanted = [ref for ref in events if ref.part in families]
    return lay_ground(_read_markets(lake, wanted, *others), lake.read(folds), config.terms)


def _read_markets(
    lake: Lake, events: list[Ref], features: list[Ref], bars: list[Ref], funding: list[Ref]
) -> Iterator[MarketTables]:
    known = [{ref.market: ref for ref in refs} for refs in (features, bars, funding)]
    features_of, bars_of, funding_of = known
    for market in sorted({ref.market for ref in events}):
        frames = [lake.read(ref) for ref in events if ref.market == market]
        yield MarketTables(
            market=market,
            events=pl.concat([EVENTS.empty(), *frames]),
            features=lake.read(features_of[market]),
            bars=lake.read(bars_of[market]),
            funding=lake.read(funding_of[market]) if market in funding_of else None,
        )
