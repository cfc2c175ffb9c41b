"""Hidden order blocks as an engine: levels at swings, what they are worth, and returns to them."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from lake.time import Timeframe
from tasks.engines.engine import Engine, EngineConfig
from tasks.kernels import hob, hob_levels

Window = Annotated[int, Field(ge=2, le=200)]
Count = Annotated[int, Field(ge=1, le=100_000)]
Distance = Annotated[float, Field(gt=0, le=100)]
Weight = Annotated[float, Field(ge=0, le=1)]
Quality = Annotated[float, Field(gt=0, le=1)]
FARTHEST = 127  # a swing and its neighbours must fit into the bars that a chart keeps


class HobConfig(EngineConfig):
    """Windows in bars of the engine's timeframe, distances in its average range.

    The quality of a level is the weighted mean of five shares from 0 to 1: how narrow the bars
    before the swing lay, the volume at the swing, how far price went from it, its wick, and whether
    it agrees with a higher timeframe.

    Attributes
    ----------
    span : int
        Bars on either side of a swing.
    higher_factor : int
        A swing of the higher timeframe has so many times as many.
    atr_bars : int
        Wilder's window of the average range.
    volume_bars : int
        Before the swing, with which its volume is compared.
    base_bars : int
        Before the swing, whose range is narrow or not.
    reaction_bars : int
        Within which price must have left the level after a contact.
    age_bars : int
        After so many a level dies; no older swing of the higher timeframe agrees with it.
    hold_bars : int
        For which the stance stands by a return.
    merge_atr : float
        Levels that are closer are one.
    return_atr : float
        Price that is as close is in contact with the level.
    reaction_atr : float
        A close as far away makes a contact a touch.
    broken_atr : float
        A close as far beyond the level ends it.
    narrow_atr, wide_atr : float
        Range of the bars before the swing that counts fully, and not at all.
    full_volume_z : float
        Standard deviations above the usual volume that count fully.
    full_reaction_atr : float
        Distance of the best close after the swing, or of that which made a touch, that counts
        fully.
    base_weight, volume_weight, reaction_weight, wick_weight, higher_weight : float
        Of the five shares; what counts is how large they are beside each other.
    strong_least, weak_least : float
        Quality of a strong and of a weak level.
    """

    timeframe: Timeframe = "1h"
    span: int = Field(5, ge=1, le=50)
    higher_factor: int = Field(4, ge=2, le=100)
    atr_bars: Window = 14
    volume_bars: Window = 20
    base_bars: Window = 10
    reaction_bars: int = Field(3, ge=1, le=200)
    age_bars: Count = 1000
    hold_bars: Count = 12
    merge_atr: Distance = 0.25
    return_atr: Distance = 0.25
    reaction_atr: Distance = 0.5
    broken_atr: Distance = 0.5
    narrow_atr: Distance = 2.0
    wide_atr: Distance = 4.5
    full_volume_z: float = Field(2.5, gt=0, le=100)
    full_reaction_atr: Distance = 2.5
    base_weight: Weight = 0.25
    volume_weight: Weight = 0.30
    reaction_weight: Weight = 0.20
    wick_weight: Weight = 0.15
    higher_weight: Weight = 0.10
    strong_least: Quality = 0.7
    weak_least: Quality = 0.5

    @model_validator(mode="after")
    def _is_consistent(self) -> HobConfig:
        shares = ("base", "volume", "reaction", "wick", "higher")
        if self.span * self.higher_factor > FARTHEST:
            raise ValueError(f"span times higher_factor must be at most {FARTHEST}")
        if self.narrow_atr >= self.wide_atr:
            raise ValueError("narrow_atr must be below wide_atr")
        if self.weak_least > self.strong_least:
            raise ValueError("weak_least must be at most strong_least")
        if not any(getattr(self, f"{share}_weight") for share in shares):
            raise ValueError("one of the weights must be above zero")
        return self


HOB = Engine(
    name="hob",
    events=hob_levels.EVENTS,
    facts=hob.FACTS,
    config=HobConfig,
    memory=hob_levels.MEMORY,
    rules=hob_levels.RULES,
    reading=hob.READING,
    fold=hob.run_hob,
    max_zones=hob_levels.MOST,
    notes_per_bar=2,
)
