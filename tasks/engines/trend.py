"""The trends of the context's timeframes."""

from __future__ import annotations

from pydantic import Field

from lake.time import Timeframe
from tasks.engines.engine import Engine, EngineConfig
from tasks.kernels import trend


class TrendConfig(EngineConfig):
    """When a timeframe has a trend.

    Attributes
    ----------
    mean_bars : int
        Of the simple mean of closes.
    atr_bars : int
        Of Wilder's average true range.
    trend_atr : float
        Distance of the close from the mean, in average true ranges, from which it has one.
    """

    timeframe: Timeframe = "1h"
    mean_bars: int = Field(20, ge=2, le=200)
    atr_bars: int = Field(14, ge=2, le=200)
    trend_atr: float = Field(0.5, ge=0, allow_inf_nan=False)


TREND = Engine(
    name="trend",
    events=(),
    facts=trend.FACTS,
    config=TrendConfig,
    memory=trend.MEMORY,
    rules=trend.RULES,
    reading=trend.READING,
    fold=trend.run_trend,
)
