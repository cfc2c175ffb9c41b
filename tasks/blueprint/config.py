"""Configuration of blueprints."""

from __future__ import annotations

from pydantic import Field

from lake.config import Config


class BlueprintConfig(Config):
    """What a blueprint states beyond its evidence."""

    size_units: float = Field(1.0, gt=0, allow_inf_nan=False)
    kill_trades: int = Field(50, ge=2)
    kill_standard_errors: float = Field(2.0, gt=0, allow_inf_nan=False)
    golden_trades: int = Field(5, ge=1)
