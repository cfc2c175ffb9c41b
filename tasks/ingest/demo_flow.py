"""What is traded in the simulated market: turnover, number of trades, the takers' share."""

from __future__ import annotations

import math

import numpy as np

from lake.time import n_bars
from tasks.ingest.demo_config import ThinMoveConfig, VolumeConfig
from tasks.ingest.demo_draws import Draws
from tasks.ingest.demo_shocks import Shocks, hold, scale
from tasks.kernels.market import Flags, Reals, log_volatility
from tasks.kernels.quantiles import past_quantile


def draw_turnover(
    config: VolumeConfig, draws: Draws, shocks: Shocks, height: Reals, timeframe: str
) -> Reals:
    """Quote units at the first price that change hands in each bar, shape (n,).

    Turnover follows volatility and the bar's range, with noise that lasts and noise that does not.

    Parameters
    ----------
    height : array of float64, shape (n,)
        Log of each bar's high over its low.
    """
    left = hold(config.slow_memory, timeframe)
    slow = log_volatility(
        draws.normal("slow volume").reshape(-1, 1),
        np.zeros(draws.n),
        np.array([left]),
        np.array([config.slow_sd * math.sqrt(1.0 - left**2)]),
        *(np.zeros(1), np.zeros(1), 0.0, 0.0),
    )
    return (
        config.turnover
        * scale(timeframe)
        * np.exp(
            config.of_volatility * shocks.log_level
            + config.of_range * np.log(height / shocks.volatility)
            + config.of_season * shocks.season
            + config.fast_sd * draws.normal("fast volume")
            + slow
        )
    )


def find_quiet(config: ThinMoveConfig, volume: Reals, timeframe: str) -> Flags:
    """Bars whose volume is below the share of the past median that a thin move needs."""
    window = n_bars(config.window, timeframe)
    usual = past_quantile(volume, window, 0.5, -(-window // 3))
    return volume < config.volume_share * usual


def draw_trades(config: VolumeConfig, draws: Draws, turnover: Reals) -> Reals:
    """Number of trades of each bar, at least one, shape (n,)."""
    noise = np.exp(config.trades_sd * draws.normal("trades"))
    return np.maximum(1.0, np.rint(turnover / config.trade_value * noise))


def draw_taker_share(config: VolumeConfig, draws: Draws, sizes: Reals) -> Reals:
    """Share of each bar's volume that takers bought, shape (n,).

    It leans to the bar's own shock and to nothing else: it foretells no direction.
    """
    tilt = config.taker_tilt * np.tanh(sizes)
    share = 0.5 + tilt + config.taker_sd * draws.normal("taker share")
    return np.clip(share, config.least_taker_share, 1.0 - config.least_taker_share)
