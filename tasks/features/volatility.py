"""How much a market moves: the ex-ante volatility and the average true range."""

from __future__ import annotations

import numpy as np

from tasks.events.bars import Bars
from tasks.features.config import FeaturesConfig
from tasks.kernels.ewm import half_life_decay, weighted_mean, wilder_decay
from tasks.kernels.rolling import Reals, before, third


def ex_ante_volatility(bars: Bars, config: FeaturesConfig) -> Reals:
    """Volatility per bar that is expected at its close, shape (n,).

    Root of the mean of a fast and a slow exponential mean of squared log returns: two horizons
    stand in for the long memory of volatility (Corsi 2009, J. Financial Econometrics 7).
    """
    squares = bars.log_return**2
    fast = _half_life_mean(squares, bars.n(config.sigma_fast_half_life), config)
    slow = _half_life_mean(squares, bars.n(config.sigma_slow_half_life), config)
    return np.sqrt((fast + slow) / 2.0)


def average_true_range(bars: Bars, config: FeaturesConfig) -> Reals:
    """Wilder's mean of the true range in quote units, shape (n,).

    Source: Wilder (1978), New Concepts in Technical Trading Systems.
    """
    last = before(bars.close)
    true_range = np.maximum(bars.high, last) - np.minimum(bars.low, last)
    window = bars.n(config.atr_window)
    memory = bars.n(config.atr_memory)
    return weighted_mean(true_range, wilder_decay(window), memory, third(window))


def _half_life_mean(squares: Reals, half_life: int, config: FeaturesConfig) -> Reals:
    memory = half_life * config.sigma_memory_half_lives
    return weighted_mean(squares, half_life_decay(half_life), memory, third(half_life))
