"""Features as Prefect sees them."""

from __future__ import annotations

import polars as pl

from lake.ref import Ref
from lake.schema import FEATURES
from lake.store import Lake
from lake.time import timeframe_of
from tasks.events.bars import Bars
from tasks.features.config import FeaturesConfig
from tasks.features.table import features_of
from tasks.stage.task import stage


@stage(makes=FEATURES, code=[__name__], name="features")
def compute_features(
    lake: Lake, *, market: str, bars: Ref, context: Ref, config: FeaturesConfig
) -> pl.DataFrame:
    """Compute what is known of a market at each bar's close."""
    arrays = Bars.of(lake.read(bars), timeframe_of(market), lake.read(context))
    return features_of(arrays, config)
