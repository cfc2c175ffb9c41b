"""Smart money concepts as an engine: structure, gaps, blocks and sweeps."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from lake.time import Timeframe
from tasks.engines.engine import Engine, EngineConfig
from tasks.kernels import smc, smc_memory

Window = Annotated[int, Field(ge=2, le=200)]
Share = Annotated[float, Field(ge=0, le=1)]
Multiple = Annotated[float, Field(ge=0, allow_inf_nan=False)]
MOST_BORN = 4  # at one bar: a gap, a block on either side, a swing


class SmcConfig(EngineConfig):
    """Windows in bars of the engine's timeframe, widths in average true ranges.

    Attributes
    ----------
    swing_span : int
        Bars on either side of a swing.
    atr_bars, volume_bars : int
        Wilder's window of the average range; bars before, whose mean volume counts.
    beyond_atr : float
        How far a break or a sweep goes at least beyond its level.
    gap_atr, gap_volume : float
        Least width of a gap, and least volume of its middle bar over the mean.
    fill_share : float
        A gap is dead once so much of it is filled; 0 is at the first touch.
    gap_bars : int
        And once it is so old.
    displacement_atr, displacement_bars, displacement_volume : float, int, float
        How far price moves from a block at least, within how many bars, and with how much volume
        over the mean.
    sweep_bars : int
        Window of the extreme that is swept beside the swings.
    sweep_wick, sweep_volume : float
        A sweep's least share of the wick, and least volume over the mean.
    fresh_bars : int
        How long a sweep or a break counts for the stance.
    confluences_least : int
        For a stance, of four.
    """

    timeframe: Timeframe = "1h"
    swing_span: int = Field(10, ge=1, le=100)
    atr_bars: Window = 14
    volume_bars: Window = 20
    beyond_atr: Multiple = 0.1
    gap_atr: Multiple = 0.25
    gap_volume: Multiple = 1.2
    fill_share: Share = 0.7
    gap_bars: int = Field(500, ge=1)
    displacement_atr: float = Field(1.5, gt=0, allow_inf_nan=False)
    displacement_bars: int = Field(3, ge=1, le=50)
    displacement_volume: Multiple = 1.5
    sweep_bars: Window = 50
    sweep_wick: Share = 0.6
    sweep_volume: Multiple = 1.3
    fresh_bars: int = Field(10, ge=0)
    confluences_least: int = Field(2, ge=1, le=smc.N_CONFLUENCES)


SMC = Engine(
    name="smc",
    events=smc_memory.EVENTS,
    facts=smc_memory.FACTS,
    config=SmcConfig,
    memory=smc_memory.MEMORY,
    rules=smc_memory.RULES,
    reading=smc_memory.READING,
    fold=smc.run_smc,
    max_zones=4 * smc_memory.ROOM,
    notes_per_bar=2 * MOST_BORN,
)
