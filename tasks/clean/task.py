"""Prefect's view of clean."""

from __future__ import annotations

import polars as pl

from lake.ref import Ref
from lake.schema import BARS, CONTEXT, FUNDING, INTEREST, QUALITY, QUARANTINE
from lake.store import Lake
from tasks.clean.beside import assess_context
from tasks.clean.config import CleanConfig
from tasks.clean.context import Companions, lay_beside
from tasks.clean.funding import settle_funding
from tasks.clean.grid import lay_on_grid
from tasks.clean.interest import gauge_interest
from tasks.clean.quality import assess_quality
from tasks.clean.rejects import find_rejects
from tasks.stage.task import stage


@stage(makes=QUARANTINE, code=["tasks.clean.rejects"])
def reject(
    lake: Lake, *, market: str, raw: Ref, config: CleanConfig, timeframe: str | None = None
) -> pl.DataFrame:
    """Set raw rows aside that are no bars, each with its reason."""
    return find_rejects(lake.read(raw), market, config, timeframe)


@stage(makes=BARS, code=["tasks.clean.grid"])
def clean(
    lake: Lake,
    *,
    market: str,
    raw: Ref,
    rejected: Ref,
    config: CleanConfig,
    timeframe: str | None = None,
) -> pl.DataFrame:
    """Lay the rest on a regular grid."""
    return lay_on_grid(lake.read(raw), lake.read(rejected), market, config, timeframe)


@stage(makes=QUALITY, code=["tasks.clean.quality"])
def assess(
    lake: Lake, *, market: str, raw: Ref, rejected: Ref, bars: Ref, config: CleanConfig
) -> pl.DataFrame:
    """Report on the quality of a market's bars."""
    return assess_quality(lake.read(raw), lake.read(rejected), lake.read(bars), market)


@stage(makes=FUNDING, code=["tasks.clean.funding"])
def settle(lake: Lake, *, market: str, raw: Ref, config: CleanConfig) -> pl.DataFrame:
    """Bring funding settlements into order and find the interval that each is for."""
    return settle_funding(lake.read(raw))


@stage(makes=INTEREST, code=["tasks.clean.interest"])
def gauge(lake: Lake, *, market: str, raw: Ref, config: CleanConfig) -> pl.DataFrame:
    """Bring readings of open interest into order and leave out those that are none."""
    return gauge_interest(lake.read(raw))


@stage(makes=CONTEXT, code=["tasks.clean.context"])
def align(
    lake: Lake,
    *,
    market: str,
    bars: Ref,
    funding: list[Ref],
    interest: list[Ref],
    spot: list[Ref],
    leader: list[Ref],
    mark: list[Ref],
    timeframes: dict[str, str],
    fees: list[tuple[int, float]],
    releases: list[int],
    config: CleanConfig,
) -> pl.DataFrame:
    """Lay beside each bar what was known at its close; `timeframes` are those of the companions."""
    given = {"funding": funding, "interest": interest, "spot": spot, "leader": leader, "mark": mark}
    beside = {name: lake.read(refs[0]) for name, refs in given.items() if refs}
    companions = Companions(**beside, timeframes=timeframes, fees=fees, releases=releases)
    return lay_beside(lake.read(bars), market, companions, config)


@stage(makes=QUALITY, code=["tasks.clean.beside"])
def assess_beside(
    lake: Lake,
    *,
    market: str,
    raw_funding: list[Ref],
    raw_interest: list[Ref],
    context: Ref,
    config: CleanConfig,
) -> pl.DataFrame:
    """Report on the quality of what lies beside a market's bars."""
    funding, interest = (
        lake.read(refs[0]) if refs else None for refs in (raw_funding, raw_interest)
    )
    return assess_context(funding, interest, lake.read(context), market, config)
