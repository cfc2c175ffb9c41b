"""Outcomes as Prefect sees them."""

from __future__ import annotations

import polars as pl

from lake.ref import Ref
from lake.schema import OUTCOMES
from lake.store import Lake
from lake.time import timeframe_of
from tasks.outcomes.forward import measure
from tasks.stage.task import stage


@stage(makes=OUTCOMES, code=[__name__], name="outcomes")
def measure_outcomes(lake: Lake, *, market: str, part: str, bars: Ref) -> pl.DataFrame:
    """Measure what followed each bar over the horizon `part`."""
    return measure(lake.read(bars), timeframe_of(market), part)
