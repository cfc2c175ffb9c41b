"""What moves the simulated market: volatility, known before the bar, and symmetric shocks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lake.time import UNITS_MS, duration_ms
from tasks.ingest.config import DemoConfig
from tasks.ingest.demo_config import ShockConfig, VolatilityConfig
from tasks.ingest.demo_draws import Draws
from tasks.kernels.market import Reals, log_volatility, self_exciting

BASE = "5m"
WEEK_HOURS = 168
MONDAY_MS = 4 * UNITS_MS["d"]  # the first Monday of 1970
NORMAL_MEAN_SIZE = math.sqrt(2.0 / math.pi)


@dataclass(frozen=True, eq=False)
class Shocks:
    """What moves each bar; arrays of float64, shape (n,).

    Attributes
    ----------
    returns : array
        Simple return, mean zero given the past.
    sizes : array
        The same in units of the volatility.
    log_level : array
        Log of the volatility over its middle state.
    volatility : array
        Known before the bar opens.
    own_volatility : array
        That of the bar's continuous path, without jumps.
    season : array
        The part of the log of volatility that the clock explains.
    """

    returns: Reals
    sizes: Reals
    log_level: Reals
    volatility: Reals
    own_volatility: Reals
    season: Reals


def draw_shocks(
    config: DemoConfig, draws: Draws, time: NDArray[np.int64], timeframe: str
) -> Shocks:
    """Return the shocks of the bars that open at `time`."""
    wanted, ratio = config.volatility, scale(timeframe)
    share = wanted.common_share
    sd = wanted.within_bar_sd / math.sqrt(max(1.0, ratio))
    within = np.exp(sd * draws.normal("within bar", share) - sd**2)
    sizes = within * draws.normal("shock", config.shock.common_share)
    sizes += _jumps(config.shock, draws, timeframe) / math.sqrt(ratio)
    season = season_of(wanted, time, timeframe)
    own_level = wanted.level_sd * draws.generator("level").standard_normal()
    log_level = _stochastic(wanted, draws, sizes, timeframe) + season + own_level
    volatility = wanted.median_bps * 1e-4 * math.sqrt(ratio) * np.exp(log_level)
    greatest = config.shock.greatest
    returns = np.clip(volatility * sizes, -greatest, greatest)
    return Shocks(returns, sizes, log_level, volatility, volatility * within, season)


def scale(timeframe: str) -> float:
    """Length of a bar in bars of 5m, for which the market is described."""
    return duration_ms(timeframe) / duration_ms(BASE)


def hold(memory: str, timeframe: str) -> float:
    """Share of something that fades with time constant `memory` that is left a bar later."""
    return math.exp(-duration_ms(timeframe) / duration_ms(memory))


def season_of(config: VolatilityConfig, time: NDArray[np.int64], timeframe: str) -> Reals:
    """Seasonal log volatility, from the mean variance of the hours of each bar, shape (n,)."""
    week = (np.array(config.day_profile)[:, None] + np.array(config.hour_profile)).ravel()
    n_hours = max(1, duration_ms(timeframe) // UNITS_MS["h"])
    hour = (time - MONDAY_MS) // UNITS_MS["h"] % WEEK_HOURS
    variance = np.exp(2.0 * week).reshape(-1, n_hours).mean(axis=1)
    return 0.5 * np.log(variance)[hour // n_hours]


def _stochastic(config: VolatilityConfig, draws: Draws, sizes: Reals, timeframe: str) -> Reals:
    holds = np.array([hold(memory, timeframe) for memory in config.memories])
    calmed = np.array([_averaging(memory, timeframe) for memory in config.memories])
    sds = np.array(config.sds) * calmed
    # A mean of lognormal variances keeps its size when the logs vary less, so the level rises.
    lost = float(np.sum(np.array(config.sds) ** 2 * (1.0 - calmed**2)))
    names = [f"volatility {memory}" for memory in config.memories]
    return lost + log_volatility(
        _columns([draws.normal(name, config.common_share) for name in names]),
        sizes,
        holds,
        sds * np.sqrt(1.0 - holds**2),
        np.array(config.kicks) * calmed,
        np.array(config.levers) * calmed,
        config.shock_cap,
        NORMAL_MEAN_SIZE * math.exp(-0.5 * config.within_bar_sd**2),
    )


def _columns(arrays: Sequence[Reals]) -> Reals:
    return np.ascontiguousarray(np.column_stack(arrays))


def _averaging(memory: str, timeframe: str) -> float:
    """How much less a component with this memory varies in bars of `timeframe` than of 5m.

    A bar shows the average over its length; the variance of the average of an
    Ornstein-Uhlenbeck process over x time constants is ``2 (x - 1 + exp(-x)) / x**2``.
    """
    variance = [
        2.0 * (x - 1.0 + math.exp(-x)) / x**2
        for x in (duration_ms(length) / duration_ms(memory) for length in (timeframe, BASE))
    ]
    return math.sqrt(variance[0] / variance[1])


def _jumps(config: ShockConfig, draws: Draws, timeframe: str) -> Reals:
    """Jumps in units of 5m volatility, zero on most bars; as often up as down, of equal sizes."""
    per_bar = config.jumps_per_day * duration_ms(timeframe) / UNITS_MS["d"]
    left = hold(config.jump_memory, timeframe)
    kick = config.jump_offspring * (1.0 - left)
    total = np.zeros(draws.n)
    share = config.jump_common_share
    for common, base in ((True, share * per_bar), (False, (1.0 - share) * per_bar)):
        hits = self_exciting(draws.uniform("jump", common=common), base, kick, left)
        size = draws.generator("jump size", common=common).standard_normal(draws.n)
        sign = np.where(draws.uniform("jump sign", common=common) < 0.5, -1.0, 1.0)
        total += hits * sign * config.jump_size * np.exp(config.jump_size_sd * size)
    return total
