"""Prefect's view of clean."""

from __future__ import annotations

import polars as pl

from lake.ref import Ref
from lake.schema import BARS, QUALITY, QUARANTINE
from lake.store import Lake
from tasks.clean.config import CleanConfig
from tasks.clean.grid import lay_on_grid
from tasks.clean.quality import assess_quality
from tasks.clean.rejects import find_rejects
from tasks.stage.task import stage


@stage(makes=QUARANTINE, code=["tasks.clean.rejects"])
def reject(lake: Lake, *, market: str, raw: Ref, config: CleanConfig) -> pl.DataFrame:
    """Set raw rows aside that are no bars, each with its reason."""
    return find_rejects(lake.read(raw), market, config)


@stage(makes=BARS, code=["tasks.clean.grid"])
def clean(lake: Lake, *, market: str, raw: Ref, rejected: Ref, config: CleanConfig) -> pl.DataFrame:
    """Lay the rest on a regular grid."""
    return lay_on_grid(lake.read(raw), lake.read(rejected), market, config)


@stage(makes=QUALITY, code=["tasks.clean.quality"])
def assess(
    lake: Lake, *, market: str, raw: Ref, rejected: Ref, bars: Ref, config: CleanConfig
) -> pl.DataFrame:
    """Report on the quality of a market's bars."""
    return assess_quality(lake.read(raw), lake.read(rejected), lake.read(bars), market)
