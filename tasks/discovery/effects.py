"""Effects of one market: sums by event, horizon, condition and calendar block.

Sums are all that judging needs, and they are small: the bars are read once, here, and never
beyond the era that the caller cut out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from lake.errors import InputError
from lake.schema import EFFECTS
from lake.time import duration_ms, n_bars, timeframe_of
from tasks.discovery.blocks import block_ms
from tasks.discovery.conditions import EVERYTHING, code_conditions, name_conditions
from tasks.discovery.config import DiscoveryConfig
from tasks.discovery.marks import Marks, every_bar, locate, milliseconds
from tasks.kernels.clusters import (
    INVERSE,
    MEAN,
    SCALED,
    SCORE,
    SIDE,
    SQUARE,
    WEIGHT,
    WEIGHT_SIDE,
    WEIGHTED,
    N,
    sum_by_cell,
)

Reals = NDArray[np.float64]
Codes = NDArray[np.int64]
BASELINE = ""
N_EVENTS_AT_ONCE = 8
SUMS = {
    "n": N,
    "side": SIDE,
    "mean": MEAN,
    "scaled": SCALED,
    "weight": WEIGHT,
    "weight_side": WEIGHT_SIDE,
    "weighted": WEIGHTED,
    "score": SCORE,
}


@dataclass(frozen=True)
class Era:
    """What is known of a market's bars at their closes, and what followed, in one era.

    Attributes
    ----------
    times : (n,) int64
        Open times, milliseconds since 1970.
    conditions : (n, m) int64
        Positions of the conditions that hold, -1 where a regime is unknown.
    inverse, weights : (n,) float64
        One over the volatility per bar, NaN where it is unknown; its square, cut.
    returns : mapping of str to (n,) float64
        Forward returns by horizon, NaN where there is none inside the era.
    """

    times: Codes
    conditions: Codes
    inverse: Reals
    weights: Reals
    returns: Mapping[str, Reals]


def estimate(
    market: str,
    events: pl.DataFrame,
    features: pl.DataFrame,
    outcomes: Mapping[str, pl.DataFrame],
    config: DiscoveryConfig,
) -> pl.DataFrame:
    """Sum what followed the events of a market, and every bar, over one era.

    Parameters
    ----------
    market : str
    events : DataFrame of EVENTS
        All families', of this market.
    features : DataFrame of FEATURES
    outcomes : mapping of str to DataFrame of OUTCOMES
        By horizon, on the grid of `features`; bars that are not there have no outcome.
    config : DiscoveryConfig

    Returns
    -------
    DataFrame of EFFECTS
        Rows of events, and rows of the baseline under the event ``""``. Observations without a
        finite outcome, or whose volatility is not known or zero, are in no row.

    Raises
    ------
    InputError
        When events or outcomes do not stand on the grid of the features.
    """
    era = lay_out(features, outcomes, config)
    # Some events at a time: sums of all at once would take hundreds of megabytes.
    observed = (every_bar(era.times.size), *locate(events, era.times).parts(N_EVENTS_AT_ONCE))
    frames = [EFFECTS.empty()]
    for length, horizons in _by_block(sorted(era.returns, key=duration_ms), config):
        followed = _follow(market, era, horizons, length)
        for marks in observed:
            frames += _sum(market, marks, era, followed, config)
    return EFFECTS.conform(pl.concat(frames).sort(EFFECTS.order))


def lay_out(
    features: pl.DataFrame, outcomes: Mapping[str, pl.DataFrame], config: DiscoveryConfig
) -> Era:
    """Lay features and outcomes on one grid; arguments and errors as in `estimate`."""
    times = milliseconds(features["time"])
    sigma = features["sigma"].to_numpy()
    with np.errstate(divide="ignore", invalid="ignore"):
        inverse = np.where((sigma > 0.0) & np.isfinite(sigma), 1.0 / sigma, np.nan)
    weights = inverse**2
    known = weights[np.isfinite(weights)]
    cap = config.weight_cap * np.median(known) if known.size else np.nan
    returns = {horizon: _forward(frame, times) for horizon, frame in outcomes.items()}
    conditions = code_conditions(features, measured(config))
    return Era(times, conditions, inverse, np.minimum(weights, cap), returns)


def measured(config: DiscoveryConfig) -> list[str]:
    """The regimes of which sums are made: those that are asked, and always every bar."""
    return sorted({EVERYTHING, *config.conditions})


def rank_scores(scaled: Reals) -> Reals:
    """Rank each value among all that are known, from -1 to 1; ties share their mean rank.

    Examples
    --------
    >>> rank_scores(np.array([0.5, -3.0, np.nan, 9.0])).tolist()
    [0.0, -0.5, nan, 0.5]
    """
    known = np.isfinite(scaled)
    ranks = pl.Series(scaled[known]).rank("average").to_numpy()
    scores = np.full(scaled.size, np.nan)
    scores[known] = 2.0 * ranks / (ranks.size + 1.0) - 1.0
    return scores


def _forward(outcome: pl.DataFrame, times: Codes) -> Reals:
    """Forward returns of the bars at `times`, NaN where the outcome is not there."""
    known = milliseconds(outcome["time"])
    if np.array_equal(times[: known.size], known):
        rows = np.arange(known.size)
    else:
        rows = np.searchsorted(times, known)
    if rows.size and (rows[-1] >= times.size or not np.array_equal(times[rows], known)):
        raise InputError(
            "outcomes and features of different bars",
            "one grid for both",
            "run again with --refresh features",
        )
    returns = np.full(times.size, np.nan)
    returns[rows] = outcome["forward_return"].to_numpy()
    return returns


def _by_block(horizons: list[str], config: DiscoveryConfig) -> Iterator[tuple[int, list[str]]]:
    """Horizons in groups that share the length of their calendar blocks."""
    for length, group in groupby(horizons, lambda h: block_ms(duration_ms(h), config)):
        yield length, list(group)


@dataclass(frozen=True)
class _Followed:
    """What followed each bar over horizons that share their calendar blocks.

    Attributes
    ----------
    horizons : list of str
    held : (H,) int64
        Bars of each.
    returns, scores : (n, H) float64
        Forward returns and their ranks, see `rank_scores`.
    clusters : (n,) int64
        Calendar block of each bar.
    """

    horizons: list[str]
    held: Codes
    returns: Reals
    scores: Reals
    clusters: Codes


def _follow(market: str, era: Era, horizons: list[str], block: int) -> _Followed:
    returns = np.column_stack([era.returns[horizon] for horizon in horizons])
    return _Followed(
        horizons,
        held=np.array([n_bars(horizon, timeframe_of(market)) for horizon in horizons]),
        returns=returns,
        scores=np.column_stack([rank_scores(r * era.inverse) for r in returns.T]),
        clusters=era.times // block,
    )


def _sum(
    market: str, marks: Marks, era: Era, followed: _Followed, config: DiscoveryConfig
) -> Iterator[pl.DataFrame]:
    names = name_conditions(measured(config))
    observed = (marks.rows, marks.codes, marks.sides)
    roots = np.sqrt(followed.held.astype(np.float64))
    known = (followed.returns, followed.scores, era.inverse, era.weights, roots)
    shape = (len(marks.names), len(names))
    offsets, cluster, sums, totals = sum_by_cell(
        *observed, *known, era.conditions, followed.clusters, shape
    )
    for j, horizon in enumerate(followed.horizons):
        about = {"market": market, "horizon": horizon, "horizon_bars": int(followed.held[j])}
        yield _frame(about, marks, names, (offsets, cluster, sums[:, :, j], totals[:, :, j]))


def _frame(
    about: dict[str, Any],
    marks: Marks,
    names: list[str],
    found: tuple[Codes, Codes, Reals, Reals],
) -> pl.DataFrame:
    """EFFECTS of one horizon; cells without an observation are in no row."""
    offsets, cluster, sums, totals = found
    code, condition = np.divmod(np.arange(offsets.size - 1), max(len(names), 1))
    lists = {"cluster": _lists(offsets, cluster)}
    lists |= {name: _lists(offsets, sums[place]) for name, place in SUMS.items()}
    frame = pl.DataFrame(
        {
            "family": pl.Series(marks.families, dtype=pl.String).gather(code),
            "event": pl.Series(marks.names, dtype=pl.String).gather(code),
            "condition": pl.Series(names, dtype=pl.String).gather(condition),
            **lists,
            "inverse": totals[INVERSE],
            "square": totals[SQUARE],
        }
    )
    labels = [pl.lit(value, EFFECTS.columns[name]).alias(name) for name, value in about.items()]
    seen = frame.filter(pl.col("inverse") > 0.0).with_columns(labels)
    return seen.select(list(EFFECTS.columns))


def _lists(offsets: Codes, values: NDArray[Any]) -> pl.Series:
    whole = pa.LargeListArray.from_arrays(offsets, pa.array(np.ascontiguousarray(values)))
    return pl.Series(pl.from_arrow(whole))
