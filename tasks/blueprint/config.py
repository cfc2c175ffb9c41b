"""Configuration of blueprints."""

from __future__ import annotations

from pydantic import Field

from lake.config import Config


class BlueprintConfig(Config):
    """What a blueprint states beyond its evidence.

    Attributes
    ----------
    kill_trades : int
        Live trades over whose mean the kill rule judges.
    kill_standard_errors : float
        So many below the evidence it stops.
    golden_trades : int
        Trades listed from the beginning of the evidence, and from its end.
    """

    kill_trades: int = Field(50, ge=2)
    kill_standard_errors: float = Field(2.0, gt=0, allow_inf_nan=False)
    golden_trades: int = Field(20, ge=1, le=1000)
