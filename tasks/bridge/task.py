"""Prefect's view of the bridge."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from lake.ref import Ref
from lake.schema import BRIDGED, EVENTS, SEARCH, TRADES
from lake.store import Lake
from tasks.bridge.config import BridgeConfig
from tasks.bridge.evidence import weigh_candidates
from tasks.bridge.search import PROMOTED, search_statistics
from tasks.bridge.trades import MarketTables, select_candidates, simulate_trades
from tasks.stage.task import stage


@stage(makes=TRADES, code=[__name__], name="simulate")
def simulate(
    lake: Lake,
    *,
    findings: Ref,
    events: list[Ref],
    features: list[Ref],
    bars: list[Ref],
    eras: Ref,
    config: BridgeConfig,
) -> pl.DataFrame:
    """Trade every finding in the confirmation era, after costs."""
    candidates = select_candidates(lake.read(findings))
    families = frozenset(candidates["family"])
    wanted = [ref for ref in events if ref.part in families]
    markets = _read_markets(lake, wanted, features, bars)
    return simulate_trades(candidates, lake.read(eras), markets, config)


@stage(makes=BRIDGED, code=[__name__], name="bridge")
def bridge(lake: Lake, *, findings: Ref, trades: Ref, config: BridgeConfig) -> pl.DataFrame:
    """Weigh every finding by its trades in the confirmation era."""
    candidates = select_candidates(lake.read(findings))
    return weigh_candidates(candidates, lake.read(trades), config)


@stage(makes=SEARCH, code=[__name__], libraries=["arch"])
def weigh_search(
    lake: Lake,
    *,
    trades: Ref,
    verdicts: Ref,
    eras: Ref,
    judgement: Ref,
    config: BridgeConfig,
) -> pl.DataFrame:
    """Weigh all findings together, and those promoted, by how much was searched to find them."""
    asked = lake.read(judgement).row(0, named=True)
    promoted = lake.read(verdicts).filter(pl.col("verdict") == PROMOTED)["hypothesis"].to_list()
    traded = (lake.read(trades), lake.read(eras))
    trials = (asked["n_ever_asked"], asked["n_effective"])
    return search_statistics(*traded, *trials, config, promoted)


def _read_markets(
    lake: Lake, events: list[Ref], features: list[Ref], bars: list[Ref]
) -> Iterator[MarketTables]:
    """Read the markets that have events, one at a time."""
    features_of = {ref.market: ref for ref in features}
    bars_of = {ref.market: ref for ref in bars}
    for market in sorted({ref.market for ref in events}):
        frames = [lake.read(ref) for ref in events if ref.market == market]
        yield MarketTables(
            market=market,
            events=pl.concat([EVENTS.empty(), *frames]),
            features=lake.read(features_of[market]),
            bars=lake.read(bars_of[market]),
        )
