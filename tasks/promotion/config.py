"""Configuration of promotion: what a finding must show before it becomes a blueprint."""

from __future__ import annotations

from pydantic import Field

from lake.config import Config


class PromotionConfig(Config):
    """Thresholds of the gates.

    The first three repeat discovery's test of sufficient evidence; they decide nothing here, they
    only say how many more occurrences an untestable hypothesis needs.
    """

    min_events: int = Field(30, ge=1)
    min_event_clusters: int = Field(20, ge=2)
    min_effective_clusters: float = Field(15.0, ge=1, allow_inf_nan=False)
    min_trades: int = Field(30, ge=1)
    min_trade_clusters: int = Field(15, ge=2)
    max_q: float = Field(0.10, gt=0, le=1)
    max_overlap_share: float = Field(0.8, ge=0, le=1)
