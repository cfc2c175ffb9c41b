"""The features of every bar of a market, known at the bar's close."""

from __future__ import annotations

import numpy as np
import polars as pl

from lake.schema import FEATURES, SIGN
from lake.time import n_bars
from tasks.events.bars import Bars
from tasks.events.measures import median, ratio, trend, volatility
from tasks.features.config import FeaturesConfig
from tasks.features.regimes import funding_regime, session, trend_regime, volatility_regime
from tasks.features.volatility import average_true_range, ex_ante_volatility
from tasks.kernels.rolling import Reals


def features_of(bars: Bars, config: FeaturesConfig) -> pl.DataFrame:
    """Return FEATURES of `bars`, a row per bar.

    Each row depends on the last `warm_up` bars and itself alone. In a gap, and where a window
    holds less than a third of its bars, a feature is missing; the session is always known.
    """
    columns = _columns(bars, config)
    shown = {name: np.where(bars.is_gap, np.nan, value) for name, value in columns.items()}
    shown["session"] = session(bars, config)
    frame = pl.DataFrame({"time": bars.time, **shown})
    signs = [name for name, dtype in FEATURES.columns.items() if dtype == SIGN]
    labels = [pl.col(name).fill_nan(None).cast(SIGN) for name in signs]
    return FEATURES.conform(
        frame.with_columns(pl.col("time").cast(FEATURES.columns["time"]), *labels)
    )


def warm_up(config: FeaturesConfig, timeframe: str) -> int:
    """Bars before a bar that its features depend on."""
    slow = n_bars(config.slow, timeframe)
    longest_half_life = max(
        n_bars(config.sigma_fast_half_life, timeframe),
        n_bars(config.sigma_slow_half_life, timeframe),
    )
    return 1 + max(
        slow + n_bars(config.regime_history, timeframe),
        n_bars(config.fast, timeframe),
        longest_half_life * config.sigma_memory_half_lives,
        n_bars(config.atr_memory, timeframe),
        n_bars(config.volume_window, timeframe),
    )


def _columns(bars: Bars, config: FeaturesConfig) -> dict[str, Reals]:
    fast, slow = bars.n(config.fast), bars.n(config.slow)
    rv_slow, trend_slow = volatility(bars, slow), trend(bars, slow)
    return {
        "log_return": bars.log_return,
        "rv_fast": volatility(bars, fast),
        "rv_slow": rv_slow,
        "sigma": ex_ante_volatility(bars, config),
        "atr": average_true_range(bars, config),
        "volume_ratio": ratio(bars.volume, median(bars.volume, bars.n(config.volume_window))),
        "trend_fast": trend(bars, fast),
        "trend_slow": trend_slow,
        "vol_regime": volatility_regime(bars, rv_slow, config),
        "trend_regime": trend_regime(bars, trend_slow, rv_slow, config),
        "funding_regime": funding_regime(bars, config),
    }
