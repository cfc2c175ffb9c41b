"""Configuration of promotion: what a finding must show before it becomes a blueprint."""

from __future__ import annotations

from pydantic import Field

from lake.config import Config


class PromotionConfig(Config):
    """Thresholds of the gates."""

    min_trades: int = Field(30, ge=1)
    min_trade_clusters: int = Field(15, ge=2)
    max_q: float = Field(0.10, gt=0, le=1)
    max_overlap_share: float = Field(0.8, ge=0, le=1)
