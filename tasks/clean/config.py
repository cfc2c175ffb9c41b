"""Configuration of clean."""

from __future__ import annotations

import math

from pydantic import Field

from lake.config import Config
from lake.time import Duration


class CleanConfig(Config):
    """What is no bar, and when a market is refused.

    Attributes
    ----------
    max_log_jump : float
        Greatest absolute log ratio of a bar's open to the last accepted close.
    max_log_reach : float
        The same for its high and low. Wider: on 2025-10-10 many contracts traded 70 % to 95 %
        lower within one bar, and those bars are real.
    level_patience_bars : int
        Bars of a new price level that are set aside before the level is believed.
    max_off_grid_share : float
        Of the raw rows; beyond it the timeframe is held to be wrong.
    max_gap_share : float
        Of the grid's slots; beyond it the timeframe is held to be wrong. Below one half: bars
        twice as long as the timeframe leave every second slot empty.
    max_slots : int
        Of the grid; beyond it a time stamp is held to be wrong.
    funding_tolerance, interest_tolerance : str
        Age of a settlement and of a reading of open interest, from when it was known to the
        bar's close, beyond which it is held to be missing.
    spot_tolerance, leader_tolerance, mark_tolerance : str
        The same of the last bar of spot, leader and mark price, from its own close.
    """

    max_log_jump: float = Field(math.log(3), gt=0)
    max_log_reach: float = Field(math.log(30), gt=0)
    level_patience_bars: int = Field(3, ge=1)
    max_off_grid_share: float = Field(0.5, ge=0, le=1)
    max_gap_share: float = Field(0.45, ge=0, le=1)
    max_slots: int = Field(20_000_000, ge=1)
    funding_tolerance: Duration = "9h"
    interest_tolerance: Duration = "15m"
    spot_tolerance: Duration = "1m"
    leader_tolerance: Duration = "1m"
    mark_tolerance: Duration = "1h"
