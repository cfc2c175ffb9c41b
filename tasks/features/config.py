"""Windows of the features."""

from __future__ import annotations

from pydantic import Field

from lake.config import Config
from lake.time import Duration


class FeaturesConfig(Config):
    """Windows, memories and cut-offs; see FEATURES in `lake.schema` for what they make.

    Attributes
    ----------
    fast, slow : str
        Windows of realised volatility and of the trend.
    sigma_fast_half_life, sigma_slow_half_life : str
        Half-lives of the two means of squared returns in sigma.
    sigma_memory_half_lives : int
        Where their weights end: after ten the rest is 0.1 %.
    atr_window, atr_memory : str
        Wilder's window, and where its weights end.
    volume_window : str
        Window of the usual volume.
    regime_history : str
        Past among which the volatility regime is a tercile.
    trend_threshold_sds : float
        A trend counts from so many standard deviations of a random walk.
    europe_from_hour_utc, america_from_hour_utc : int
        First hours of the sessions; Asia's is midnight.
    high_funding_bps : float
        Rate per eight hours from which longs pay much; most settlements are at 1 bps.
    """

    fast: Duration = "1h"
    slow: Duration = "1d"
    sigma_fast_half_life: Duration = "2h"
    sigma_slow_half_life: Duration = "1d"
    sigma_memory_half_lives: int = Field(default=10, ge=1, le=100)
    atr_window: Duration = "1d"
    atr_memory: Duration = "7d"
    volume_window: Duration = "1d"
    regime_history: Duration = "60d"
    trend_threshold_sds: float = Field(default=0.5, gt=0)
    europe_from_hour_utc: int = Field(default=8, ge=1, le=23)
    america_from_hour_utc: int = Field(default=14, ge=1, le=23)
    high_funding_bps: float = Field(default=2.0, gt=0)
