"""Real outcomes at which no event can have foretold anything.

Events, features and conditions stay where they are; outcomes move to other bars or change their
sign, together with the volatility that they are measured in, and in all markets alike, so that
markets stay as correlated as they are. Only bars of the era at hand are used.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lake.time import duration_ms, timeframe_of
from tasks.calibrate.world import World
from tasks.discovery.blocks import block_ms
from tasks.discovery.config import DiscoveryConfig

Rows = NDArray[np.int64]
Reals = NDArray[np.float64]
Outcomes = dict[str, dict[str, pl.DataFrame]]
Features = dict[str, pl.DataFrame]
MOVED = ("forward_return", "highest", "lowest")


@dataclass(frozen=True, eq=False)
class Calendar:
    """The grid of bars that all markets have together: `n` bars of `step_ms` from `first_ms`."""

    first_ms: int
    step_ms: int
    n: int

    @classmethod
    def of(cls, features: Features) -> Calendar:
        times = {market: _milliseconds(frame) for market, frame in features.items()}
        step = min(duration_ms(timeframe_of(market)) for market in features)
        first = min(int(t[0]) for t in times.values() if t.size)
        last = max(int(t[-1]) for t in times.values() if t.size)
        return cls(first, step, (last - first) // step + 1)

    def rows(self, frame: pl.DataFrame) -> Rows:
        """Where the frame's bars stand."""
        return (_milliseconds(frame) - self.first_ms) // self.step_ms

    def n_bars(self, length_ms: int) -> int:
        """Bars in a span of time, at least one."""
        return max(1, length_ms // self.step_ms)


def replace_outcomes(
    world: World, outcomes: Outcomes, features: Features, config: DiscoveryConfig
) -> tuple[Outcomes, Features]:
    """Return outcomes and features of a placebo.

    Parameters
    ----------
    world : World
        Its kind: *shifted* moves outcomes round in a circle, from a day to half of it;
        *bootstrapped* draws blocks of bars, longer than any that discovery takes to be
        dependent, with replacement; *permuted* draws bars without; *flipped* turns the signs of
        whole calendar blocks, as discovery numbers them for the horizon.
    outcomes : dict of str to dict of str to DataFrame
        OUTCOMES of one era, by market and horizon.
    features : dict of str to DataFrame
        FEATURES of the same era by market.
    config : DiscoveryConfig

    Returns
    -------
    outcomes, features
        Of the same bars; of the features `sigma` alone has moved.
    """
    if world.kind == "flipped":
        return _flip(world.seed, outcomes, config), features
    calendar = Calendar.of(features)
    horizons = {horizon for parts in outcomes.values() for horizon in parts}
    source = draw_source(world, calendar, sorted(horizons), config)
    moved = {
        market: {name: _move(frame, MOVED, calendar, source) for name, frame in parts.items()}
        for market, parts in outcomes.items()
    }
    scaled = {m: _move(frame, ("sigma",), calendar, source) for m, frame in features.items()}
    return moved, scaled


def draw_source(
    world: World, calendar: Calendar, horizons: Sequence[str], config: DiscoveryConfig
) -> Rows:
    """Draw the bar that each bar's outcome is taken from, shape (n,).

    Shifts go a day ahead at least and half round at most: what lies shortly before an event is
    what made it, and would be foretold perfectly.
    """
    draws, n = np.random.default_rng(world.seed), calendar.n
    if world.kind == "permuted":
        return draws.permutation(n)
    day = min(calendar.n_bars(duration_ms("1d")), n // 2)
    if world.kind == "shifted":
        return (np.arange(n) + draws.integers(day, n // 2, endpoint=True)) % n
    longest = max(block_ms(duration_ms(horizon), config) for horizon in horizons)
    length = min(calendar.n_bars(longest), n)
    shifts = draws.integers(day, n // 2, -(-n // length), endpoint=True)
    return (np.arange(n) + np.repeat(shifts, length)[:n]) % n


def _move(
    frame: pl.DataFrame, columns: Sequence[str], calendar: Calendar, source: Rows
) -> pl.DataFrame:
    """Take the columns from the bars in `source`; NaN where this market has no such bar."""
    rows = calendar.rows(frame)
    moved = {}
    for name in columns:
        laid = np.full(calendar.n, np.nan)
        laid[rows] = frame[name].to_numpy()
        moved[name] = pl.Series(laid[source[rows]])
    return frame.with_columns(**moved)


def _flip(seed: int, outcomes: Outcomes, config: DiscoveryConfig) -> Outcomes:
    return {
        market: {
            horizon: _turn(frame, _signs(seed, frame, duration_ms(horizon), config))
            for horizon, frame in parts.items()
        }
        for market, parts in outcomes.items()
    }


def _signs(seed: int, frame: pl.DataFrame, horizon_ms: int, config: DiscoveryConfig) -> Reals:
    """The sign of each bar's calendar block, the same in every market."""
    times = _milliseconds(frame)
    blocks = times // block_ms(horizon_ms, config)
    coins = np.random.default_rng(seed).random(int(blocks.max(initial=0)) + 1)
    return np.where(coins[blocks] < 0.5, -1.0, 1.0)


def _turn(frame: pl.DataFrame, signs: Reals) -> pl.DataFrame:
    best, worst = (frame[name].to_numpy() for name in ("highest", "lowest"))
    return frame.with_columns(
        forward_return=pl.Series(signs * frame["forward_return"].to_numpy()),
        highest=pl.Series(np.where(signs > 0, best, -worst)),
        lowest=pl.Series(np.where(signs > 0, worst, -best)),
    )


def _milliseconds(frame: pl.DataFrame) -> Rows:
    return frame["time"].to_physical().to_numpy()
