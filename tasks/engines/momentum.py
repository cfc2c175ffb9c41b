"""Momentum as an engine: RSI, MACD and ADX."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from lake.time import Timeframe
from tasks.engines.engine import Engine, EngineConfig
from tasks.kernels import momentum

Window = Annotated[int, Field(ge=2, le=200)]


class MomentumConfig(EngineConfig):
    """Windows in bars of the engine's timeframe.

    Attributes
    ----------
    rsi_bars, adx_bars : int
        Wilder's windows.
    fast_bars, slow_bars, signal_bars : int
        Of the MACD.
    adx_least : float
        There is no stance below it.
    """

    timeframe: Timeframe = "1h"
    rsi_bars: Window = 14
    fast_bars: Window = 12
    slow_bars: Window = 26
    signal_bars: Window = 9
    adx_bars: Window = 14
    adx_least: float = Field(20.0, ge=0, le=100)

    @model_validator(mode="after")
    def _fast_is_faster(self) -> Self:
        if self.fast_bars >= self.slow_bars:
            raise ValueError(f"fast_bars={self.fast_bars} not below slow_bars={self.slow_bars}")
        return self


MOMENTUM = Engine(
    name="momentum",
    events=momentum.EVENTS,
    facts=momentum.FACTS,
    config=MomentumConfig,
    memory=momentum.MEMORY,
    rules=momentum.RULES,
    reading=momentum.READING,
    fold=momentum.run_momentum,
)
