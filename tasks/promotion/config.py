"""Configuration of promotion: what a finding must show before it becomes a blueprint."""

from __future__ import annotations

from pydantic import Field

from lake.config import Config


class PromotionConfig(Config):
    """Thresholds of the gates.

    Attributes
    ----------
    min_selected_share : float
        Of the folds, those before which the procedure would have chosen the finding.
    min_trades, min_trade_clusters : int
        Trades in these folds, and calendar blocks that they lie in.
    max_q : float
        Of the net mean, over all findings.
    min_positive_share : float
        Of the folds with enough trades to have a sign.
    min_kept_share, min_delay_bars : float, int
        Share of the gross edge that must be left one bar later, and the horizon from which this is
        asked: a bar is much of a shorter one.
    max_largest_share : float
        Of the sum of winning trades, by the largest.
    placebo_level : float
        A placebo passes at this one-sided p or below; random entries must be beaten at it.
    max_overlap_share : float
        Of the positions, shared with a broader candidate: beyond it the two are one bet.
    """

    min_selected_share: float = Field(0.6, ge=0, le=1)
    min_trades: int = Field(30, ge=1)
    min_trade_clusters: int = Field(15, ge=2)
    max_q: float = Field(0.10, gt=0, le=1)
    min_positive_share: float = Field(2 / 3, ge=0, le=1)
    min_kept_share: float = Field(0.4, ge=0, le=1)
    min_delay_bars: int = Field(12, ge=1)
    max_largest_share: float = Field(0.25, gt=0, le=1)
    placebo_level: float = Field(0.05, gt=0, lt=0.5)
    max_overlap_share: float = Field(1 / 3, ge=0, le=1)
