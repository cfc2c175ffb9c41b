"""Configuration of the back-test: how its results are measured."""

from __future__ import annotations

from pydantic import Field

from lake.config import Config


class MetricsConfig(Config):
    """What METRICS are asked against, and how their intervals are drawn.

    Attributes
    ----------
    hurdle_per_year : float
        Simple return per year that Sharpe, Sortino and omega are measured against.
    days_per_year : int
        How many of the curve's days make a year: 365 where it has every day of the calendar, 252
        where it has the sessions of an exchange alone.
    shortfall_tail : float
        Share of the days that the expected shortfall is the mean of.
    confidence : float
        Of the intervals.
    bootstrap_days : int
        Mean length of the blocks of days.
    bootstrap_reps, bootstrap_seed : int
        How often and from where the days are drawn.
    """

    hurdle_per_year: float = Field(0.0, gt=-1, allow_inf_nan=False)
    days_per_year: int = Field(365, ge=1, le=366)
    shortfall_tail: float = Field(0.05, gt=0, lt=1)
    confidence: float = Field(0.95, gt=0, lt=1)
    bootstrap_days: int = Field(5, ge=1)
    bootstrap_reps: int = Field(2000, ge=100)
    bootstrap_seed: int = Field(20261, ge=0)

    @property
    def hurdle_per_day(self) -> float:
        """Simple return per day that compounds to the hurdle in a year."""
        return float((1 + self.hurdle_per_year) ** (1 / self.days_per_year) - 1)
