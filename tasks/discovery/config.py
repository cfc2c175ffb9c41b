"""Configuration of discovery."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator

from lake.config import Config

Condition = Literal["all", "vol_regime", "trend_regime", "session"]


class DiscoveryConfig(Config):
    """Which hypotheses are asked, and what counts as an answer.

    A calendar block is as long as the longer of `cluster_days` and `cluster_horizons` horizons:
    shared statistics.md 1.1 measures why. The three least counts are the gate before any test.
    Conditions are kept sorted.
    """

    holdout_share: float = Field(0.3, gt=0, lt=1)
    conditions: tuple[Condition, ...] = Field(("all", "trend_regime", "vol_regime"), min_length=1)
    cluster_days: int = Field(1, ge=1)
    cluster_horizons: int = Field(5, ge=1)
    min_events: int = Field(30, ge=2)
    min_clusters: int = Field(20, ge=2)
    min_effective_clusters: float = Field(15.0, ge=1)
    fdr_q: float = Field(0.05, gt=0, lt=1)
    power: float = Field(0.8, gt=0, lt=1)
    prior_clusters: float = Field(4.0, gt=0)
    variance_floor_share: float = Field(1e-6, gt=0, lt=1)
    least_se_share: float = Field(1e-9, gt=0, lt=1)
    path_bars_before: int = Field(24, ge=0, le=1000)
    path_bars_after: int = Field(48, ge=1, le=1000)
    path_band: float = Field(0.95, gt=0, lt=1)

    @field_validator("conditions")
    @classmethod
    def _sorted_and_unique(cls, value: tuple[Condition, ...]) -> tuple[Condition, ...]:
        if len(set(value)) < len(value):
            raise ValueError(f"{', '.join(value)} names a condition twice: wanted each once")
        return tuple(sorted(value))
