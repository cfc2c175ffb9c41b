"""Labels of a market's state at a bar's close, as numbers; NaN where unknown."""

from __future__ import annotations

import numpy as np

from tasks.events.bars import Bars
from tasks.events.measures import quantiles
from tasks.features.config import FeaturesConfig
from tasks.kernels.rolling import Reals

HOUR_MS = 3_600_000
BPS = 1e4
TERCILES = (1.0 / 3.0, 2.0 / 3.0)


def volatility_regime(bars: Bars, level: Reals, config: FeaturesConfig) -> Reals:
    """Tercile of `level` among its past: 0 low, 1 middle, 2 high, shape (n,)."""
    low, high = quantiles(level, TERCILES, bars.n(config.regime_history))
    known = np.isfinite(level) & np.isfinite(low)
    return np.where(known, (level > low).astype(np.float64) + (level > high), np.nan)


def trend_regime(bars: Bars, trend: Reals, level: Reals, config: FeaturesConfig) -> Reals:
    """-1 down, 0 flat, 1 up, shape (n,).

    A trend is flat while a random walk of volatility `level` per bar would easily make it:
    below `trend_threshold_sds` times the level times the root of the number of bars.
    """
    threshold = config.trend_threshold_sds * level * np.sqrt(bars.n(config.slow))
    known = np.isfinite(trend) & np.isfinite(threshold)
    return np.where(known, np.sign(trend) * (np.abs(trend) > threshold), np.nan)


def session(bars: Bars, config: FeaturesConfig) -> Reals:
    """0 Asia, 1 Europe, 2 America, by the hour of the bar's close in UTC, shape (n,)."""
    hour = (bars.time + bars.step_ms) // HOUR_MS % 24
    opened = [hour >= config.europe_from_hour_utc, hour >= config.america_from_hour_utc]
    return np.sum(opened, axis=0).astype(np.float64)


def funding_regime(bars: Bars, config: FeaturesConfig) -> Reals:
    """-1 where shorts pay longs, 1 where longs pay much, 0 between, shape (n,).

    Of the last settlement known at the bar's close, per eight hours.
    """
    rate_bps = BPS * bars.funding
    label = (rate_bps >= config.high_funding_bps).astype(np.float64) - (rate_bps < 0.0)
    return np.where(np.isfinite(rate_bps), label, np.nan)
