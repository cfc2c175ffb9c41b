"""Discovery as Prefect sees it."""

from __future__ import annotations

import polars as pl

from lake.ref import Ref
from lake.schema import EFFECTS, ERAS, EVENT_PATHS, FINDINGS
from lake.store import Lake
from lake.time import timeframe_of
from tasks.discovery import effects as effect_sums
from tasks.discovery import eras as spans
from tasks.discovery import findings, paths
from tasks.discovery.config import DiscoveryConfig
from tasks.stage.task import stage


@stage(makes=ERAS, code=["tasks.discovery.eras"])
def draw_eras(lake: Lake, *, bars: list[Ref], config: DiscoveryConfig) -> pl.DataFrame:
    """Split the span of all markets into discovery and hold-out."""
    timeframes = [timeframe_of(ref.market) for ref in bars]
    return spans.draw_eras([lake.read(ref) for ref in bars], timeframes, config.holdout_share)


@stage(makes=EFFECTS, code=["tasks.discovery.effects"])
def estimate(
    lake: Lake,
    *,
    market: str,
    part: str,
    events: Ref,
    features: Ref,
    outcomes: list[Ref],
    eras: Ref,
    config: DiscoveryConfig,
) -> pl.DataFrame:
    """Sum what followed the events of the family `part`, block by block."""
    return effect_sums.estimate(
        market,
        lake.read(events),
        lake.read(features),
        {ref.part: lake.read(ref) for ref in outcomes},
        lake.read(eras),
        config,
    )


@stage(makes=EVENT_PATHS, code=["tasks.discovery.paths"])
def trace(
    lake: Lake, *, market: str, bars: Ref, events: list[Ref], eras: Ref, config: DiscoveryConfig
) -> pl.DataFrame:
    """Trace the mean path of price around every event of the market."""
    every = pl.concat([lake.read(ref) for ref in events])
    return paths.trace(market, lake.read(bars), every, lake.read(eras), config)


@stage(makes=FINDINGS, code=["tasks.discovery.findings"])
def judge(lake: Lake, *, effects: list[Ref], config: DiscoveryConfig) -> pl.DataFrame:
    """Shrink and test every hypothesis of the run at once."""
    return findings.judge([lake.read(ref) for ref in effects], config)
