"""Effects of one market and family: sums by event, horizon, condition and calendar block.

Sums are all that judging needs, and they are small: the bars are read once, here, and never
beyond the discovery era.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lake.errors import InputError
from lake.schema import EFFECTS
from lake.time import duration_ms, n_bars, timeframe_of
from tasks.discovery.blocks import number_blocks
from tasks.discovery.conditions import code_conditions, name_conditions
from tasks.discovery.config import DiscoveryConfig
from tasks.discovery.eras import DISCOVERY, span_of
from tasks.kernels.clusters import sum_by_cell

Codes = NDArray[np.int64]
BASELINE = ""


@dataclass(frozen=True)
class Marks:
    """Observations to be summed: events, or every bar.

    Attributes
    ----------
    names, families : list of str
        The events, by code.
    rows, codes, sides : (n,) int64
        Bar, event and side (+1 or -1) of each observation.
    """

    names: list[str]
    families: list[str]
    rows: Codes
    codes: Codes
    sides: Codes


def estimate(
    market: str,
    events: pl.DataFrame,
    features: pl.DataFrame,
    outcomes: Mapping[str, pl.DataFrame],
    eras: pl.DataFrame,
    config: DiscoveryConfig,
) -> pl.DataFrame:
    """Sum what followed the events of a family, and every bar, over the discovery era.

    Parameters
    ----------
    market : str
    events : DataFrame of EVENTS
        One family's, of this market.
    features : DataFrame of FEATURES
    outcomes : mapping of str to DataFrame of OUTCOMES
        By horizon, on the same grid of bars as `features`.
    eras : DataFrame of ERAS
    config : DiscoveryConfig

    Returns
    -------
    DataFrame of EFFECTS
        Rows of events, and rows of the baseline under the event ``""``. Observations without an
        outcome, or whose exit is not inside the era, are in no row.

    Raises
    ------
    InputError
        When events or outcomes do not stand on the grid of the features.
    """
    start, end = span_of(eras, DISCOVERY)
    features = features.filter(pl.col("time").dt.epoch("ms") < end)
    times = _milliseconds(features["time"])
    conditions = code_conditions(features, config.conditions)
    everywhere = np.arange(times.size)
    baseline = Marks([BASELINE], [BASELINE], everywhere, everywhere * 0, everywhere * 0 + 1)
    observed = (baseline, locate(events, times))
    sums = []
    for horizon in sorted(outcomes, key=duration_ms):
        forward = _forward(outcomes[horizon], times, start, end)
        blocks = number_blocks(times, duration_ms(horizon), config)
        cells = [_sum(marks, conditions, forward, blocks, config) for marks in observed]
        sums.append(pl.concat(cells).with_columns(_labels(market, horizon)))
    return EFFECTS.conform(pl.concat(sums)).sort("event", maintain_order=True)


def locate(events: pl.DataFrame, times: Codes) -> Marks:
    """Find the bars of the events that stand before the end of `times` (milliseconds, sorted)."""
    if times.size == 0:
        events = events.clear()
    else:
        events = events.filter(pl.col("time").dt.epoch("ms") <= times[-1])
    known = _milliseconds(events["time"])
    rows = np.searchsorted(times, known)
    if not np.array_equal(times[rows], known):
        raise InputError(
            "events at times at which the grid has no bar",
            "events of the same bars as the features",
            "run again with --refresh events",
        )
    names = events.select("event", "family").unique().sort("event", "family")
    codes = events.join(
        names.with_row_index("code"), on=["event", "family"], how="left", maintain_order="left"
    )
    sides = np.where(events["side"].to_numpy() < 0, -1, 1)
    return Marks(
        names["event"].to_list(),
        names["family"].to_list(),
        rows,
        codes["code"].to_numpy().astype(np.int64),
        sides.astype(np.int64),
    )


def _forward(outcome: pl.DataFrame, times: Codes, start: int, end: int) -> NDArray[np.float64]:
    """Forward returns of the bars at `times`, NaN where the outcome is not inside the era."""
    outcome = outcome.filter(pl.col("time").dt.epoch("ms") < end)
    if not np.array_equal(_milliseconds(outcome["time"]), times):
        raise InputError(
            "outcomes and features of different bars",
            "one grid for both",
            "run again with --refresh features",
        )
    inside = (times >= start) & (_milliseconds(outcome["exit_time"]) < end)
    return np.where(inside, outcome["forward_return"].to_numpy(), np.nan)


def _sum(
    marks: Marks,
    conditions: Codes,
    forward: NDArray[np.float64],
    blocks: Codes,
    config: DiscoveryConfig,
) -> pl.DataFrame:
    names = name_conditions(config.conditions)
    first = blocks.min(initial=np.iinfo(np.int64).max)
    n_blocks = blocks.max(initial=first - 1) - first + 1
    shape = (len(marks.names), len(names), int(n_blocks))
    held = (marks.rows, marks.codes, marks.sides)
    sums = sum_by_cell(*held, forward, conditions, blocks - first, shape)
    at = np.nonzero(sums[0])
    n, n_sides, sum_return, sum_square = sums[:, *at]
    return pl.DataFrame(
        {
            "family": pl.Series(marks.families, dtype=pl.String).gather(at[0]),
            "event": pl.Series(marks.names, dtype=pl.String).gather(at[0]),
            "condition": pl.Series(names).gather(at[1]),
            "cluster": at[2] + first,
            "n": n.astype(np.int64),
            "n_sides": n_sides.astype(np.int64),
            "sum_return": sum_return,
            "sum_square": sum_square,
        }
    )


def _labels(market: str, horizon: str) -> list[pl.Expr]:
    bars = n_bars(horizon, timeframe_of(market))
    return [
        pl.lit(market).alias("market"),
        pl.lit(horizon).alias("horizon"),
        pl.lit(bars, pl.Int64).alias("horizon_bars"),
    ]


def _milliseconds(times: pl.Series) -> Codes:
    return times.dt.epoch("ms").to_numpy()
