"""How the engines are tuned, and how what they say is fused."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from lake.config import Config
from lake.time import Timeframe
from tasks.engines.hob import HobConfig
from tasks.engines.macro import MacroSeries
from tasks.engines.momentum import MomentumConfig
from tasks.engines.smc import SmcConfig
from tasks.engines.wyckoff import WyckoffConfig

Share = Annotated[float, Field(ge=0, le=1)]
Weight = Annotated[float, Field(ge=0, le=100)]
Distance = Annotated[float, Field(ge=0, allow_inf_nan=False)]
VOTERS = ("wyckoff", "smc", "hob", "momentum")
EngineName = Literal["wyckoff", "smc", "hob", "momentum", "fusion"]


class FusionConfig(Config):
    """How stances become decisions.

    Attributes
    ----------
    wyckoff, smc, hob, momentum : float
        Weights; over their sum among the engines that are warm.
    enter, leave : float
        A position is entered where the score's size exceeds the one, and left where the score in
        its direction is below the other.
    hour, session, day : str
        Timeframes whose trends are the context.
    aligned_least, misaligned_factor : float
        Below so much agreement of the timeframes the score is multiplied by the factor.
    pullback_atr : float
        How near to the session's mean, in its average true ranges, the price has come back.
    volatility_bars : int
        Bars that the average true range is compared with.
    volatility_low, volatility_high : float
        Percentiles outside of which nothing is entered.
    macro_most : float
        Nothing is entered while the macro score is as high.
    is_gated : bool
        Whether the score is made anew only when something that it is made of has changed.
    """

    wyckoff: Weight = 0.30
    smc: Weight = 0.15
    hob: Weight = 0.25
    momentum: Weight = 0.30
    enter: Share = 0.35
    leave: Share = 0.10
    hour: Timeframe = "1h"
    session: Timeframe = "4h"
    day: Timeframe = "1d"
    mean_bars: int = Field(20, ge=2, le=200)
    atr_bars: int = Field(14, ge=2, le=200)
    trend_atr: Distance = 0.5
    aligned_least: Share = 0.5
    misaligned_factor: Share = 0.8
    pullback_atr: Distance = 0.5
    volatility_bars: int = Field(100, ge=2, le=200)
    volatility_low: float = Field(20.0, ge=0, le=100)
    volatility_high: float = Field(95.0, ge=0, le=100)
    macro_most: Distance = 0.85
    is_gated: bool = False

    @model_validator(mode="after")
    def _can_decide(self) -> Self:
        if self.leave > self.enter:
            raise ValueError(
                f"leave={self.leave} above enter={self.enter}: left as soon as entered"
            )
        if not any(getattr(self, name) for name in VOTERS):
            raise ValueError("no engine has a weight: give at least one")
        return self


class EnginesConfig(Config):
    """All engines, and their fusion.

    Attributes
    ----------
    wyckoff_daily : str
        Timeframe of the second reading by Wyckoff's rules.
    macro : tuple of MacroSeries
        Scores that veto entries while the largest of those that are not stale is high.
    """

    wyckoff: WyckoffConfig = WyckoffConfig()
    wyckoff_daily: Timeframe = "1d"
    smc: SmcConfig = SmcConfig()
    hob: HobConfig = HobConfig()
    momentum: MomentumConfig = MomentumConfig()
    fusion: FusionConfig = FusionConfig()
    macro: tuple[MacroSeries, ...] = ()

    def alone(self, name: EngineName) -> EnginesConfig:
        """The same with the stance of one engine as the score; all of them for ``fusion``."""
        if name == "fusion":
            return self
        weights = {voter: float(voter == name) for voter in VOTERS}
        fusion = self.fusion.model_copy(update={**weights, "misaligned_factor": 1.0})
        return self.model_copy(update={"fusion": fusion})
