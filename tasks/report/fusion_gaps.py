"""One entry beside another: how much more follows it, and how far that can be believed.

Two entries that stand on the same bars err together, so the error of their difference is not that
of two strangers. Where the sums by calendar block are there (EFFECTS, the discovery era; TRADES,
the folds) the difference is paired: each block's influence on the one estimate less that on the
other. CONFIRMED holds no blocks: there the two standard errors are added, which no correlation can
exceed. So an interval may be too wide, never too narrow.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lake.ref import EVERY_MARKET
from lake.time import duration_ms
from tasks.kernels.influence import add_excess, estimate_rows
from tasks.report.config import ReportConfig
from tasks.report.forest import half_widths
from tasks.report.formats import is_missing

Reals = NDArray[np.float64]
Row = Mapping[str, Any]
DISCOVERY, CONFIRMATION = "discovery", "confirmation"
_BASELINE, _EVERYTHING = "", "all"


@dataclass(frozen=True)
class Gap:
    """How much more one entry earns than another.

    Attributes
    ----------
    bps : float
        The difference; positive where the first earns more.
    half_bps : float or None
        Half of its interval; None where there are too few calendar blocks for one.
    era : str
        Where both were measured.
    is_paired : bool
        Whether its error is that of the difference by blocks, or the sum of both errors.
    """

    bps: float
    half_bps: float | None
    era: str
    is_paired: bool

    @property
    def ends(self) -> tuple[float, float]:
        """Of the interval; NaN where there is none."""
        half = math.nan if self.half_bps is None else self.half_bps
        return self.bps - half, self.bps + half


def measure_gap(one: Row, other: Row, effects: pl.DataFrame, confidence: float) -> Gap:
    """Take the difference in the confirmation era where both are known there, else in discovery.

    Parameters
    ----------
    one, other : mapping
        Rows of `tasks.report.ranking.ranked` of one market, horizon and condition.
    effects : DataFrame of EFFECTS
        Of all markets; without rows where they are not at hand.
    confidence : float
    """
    proven = [_half(row, "confirmed_", confidence) for row in (one, other)]
    if None not in proven:
        return _added(one, other, "confirmed_", confidence)
    error = paired_error(one, other, effects)
    if error is None:
        return _added(one, other, "", confidence)
    return Gap(
        _less(one, other, ""), _width(error, _fewer(one, other), confidence), DISCOVERY, True
    )


def _added(one: Row, other: Row, prefix: str, confidence: float) -> Gap:
    """The standard errors added: that of the difference is never larger."""
    error = sum(row[f"{prefix}scaled_se_bps"] for row in (one, other))
    half = _width(error, _fewer(one, other, prefix), confidence)
    era = CONFIRMATION if prefix else DISCOVERY
    return Gap(_less(one, other, prefix), half, era, is_paired=False)


def _less(one: Row, other: Row, prefix: str) -> float:
    return float(one[f"{prefix}scaled_bps"] - other[f"{prefix}scaled_bps"])


def _fewer(one: Row, other: Row, prefix: str = "") -> int:
    """The degrees of freedom are those of the rarer."""
    return int(min(row[f"{prefix}n_clusters"] for row in (one, other)))


def _half(row: Row, prefix: str, confidence: float) -> float | None:
    """Half of the interval of a row's own estimate; None where it has none."""
    error, n_clusters = row[f"{prefix}scaled_se_bps"], row[f"{prefix}n_clusters"]
    if is_missing(row[f"{prefix}scaled_bps"]) or is_missing(error) or n_clusters is None:
        return None
    return _width(error, n_clusters, confidence)


def _width(error: float, n_clusters: int, confidence: float) -> float | None:
    if is_missing(error):
        return None
    errors = pl.Series([error], dtype=pl.Float64)
    return half_widths(errors, pl.Series([n_clusters], dtype=pl.Int64), confidence).item()


def paired_error(one: Row, other: Row, effects: pl.DataFrame) -> float | None:
    """Standard error of the difference of two headline effects, bps, by calendar blocks.

    ``se^2 = sum over g of (s_1 U_1g - s_2 U_2g)^2`` with the influence U of each block on each
    estimate as discovery has it (shared statistics.md 1.2; Cameron and Miller 2015, section II)
    and s what turns it into bps. None where `effects` lacks one of them.
    """
    known = effects.filter(
        (pl.col("horizon") == one["horizon"])
        & (pl.col("condition") == _EVERYTHING)
        & pl.col("event").is_in([one["event"], other["event"], _BASELINE])
        & ((pl.col("market") == one["market"]) | (one["market"] == EVERY_MARKET))
    )
    if {one["event"], other["event"], _BASELINE} - set(known["event"]):
        return None
    both = [row["sigma_bps"] * _influence(known, row["event"]) for row in (one, other)]
    return float(np.sqrt(np.sum((both[0] - both[1]) ** 2)))


def _influence(known: pl.DataFrame, event: str) -> Reals:
    """What each calendar block adds to the estimate of an event, pooled over the markets."""
    blocks = known["cluster"].explode()
    first, last = int(blocks.min()), int(blocks.max())  # type: ignore[arg-type]
    excess, held = np.zeros((2, 1, last - first + 1))
    for _, part in sorted(known.group_by("market")):
        rows = {row["event"]: row for row in part.to_dicts()}
        if event in rows:
            _add(excess, held, rows[event], rows[_BASELINE], first)
    return estimate_rows(excess, held)[2][0]


def _add(excess: Reals, held: Reals, row: Row, baseline: Row, first: int) -> None:
    """Add one market's excess over its own baseline, in place."""
    every, total = np.array(baseline["n"]), np.array(baseline["scaled"])
    mu = total.sum() / every.sum()
    errors = np.zeros_like(excess)
    errors[0, np.array(baseline["cluster"]) - first] = (total - every * mu) / every.sum()
    sums = (np.array(row[name]) for name in ("n", "side", "scaled"))
    here, spans = np.zeros(1, np.int64), np.array([0, len(row["cluster"])])
    placed = (here, spans, np.array(row["cluster"]), *sums)
    add_excess(excess, held, *placed, np.array([mu]), here, errors, first)


def measure_net_gap(
    one: str, other: str, counted: pl.DataFrame, config: ReportConfig
) -> Gap | None:
    """Take the difference of two hypotheses' net means a trade, paired by calendar blocks.

    Parameters
    ----------
    one, other : str
        Hypotheses of one horizon.
    counted : DataFrame of TRADES
        Of the folds that count for each; only folds that count for both are compared, lest one
        be measured in better times than the other.
    config : ReportConfig

    Returns
    -------
    Gap or None
        None where no fold counts for both.
    """
    own = [counted.filter(pl.col("hypothesis") == name) for name in (one, other)]
    shared = own[0].join(own[1], on="fold", how="semi")["fold"].unique().implode()
    held = [trades.filter(pl.col("fold").is_in(shared)) for trades in own]
    if any(trades.is_empty() for trades in held):
        return None
    length = max(
        duration_ms(config.pair_block), config.pair_horizons * duration_ms(one.split("|")[2])
    )
    blocks = [_by_block(trades, length, sign) for trades, sign in zip(held, (1, -1), strict=True)]
    scores = pl.concat(blocks).group_by("block").agg(pl.col("score").sum())["score"]
    n = scores.len()
    error = math.sqrt(n / (n - 1) * float((scores**2).sum())) if n > 1 else math.nan
    means = [float(trades["net_bps"].mean()) for trades in held]  # type: ignore[arg-type]
    fewer = min(frame.height for frame in blocks)
    half = _width(error, fewer, config.confidence)
    return Gap(means[0] - means[1], half, CONFIRMATION, is_paired=True)


def _by_block(trades: pl.DataFrame, length: int, sign: int) -> pl.DataFrame:
    """The influence of each calendar block on the mean, as the bridge has it."""
    net, n = pl.col("net_bps"), trades.height
    block = pl.col("event_time").dt.epoch("ms") // length
    score = sign * (net - net.mean()) / n
    return trades.select(block=block, score=score).group_by("block").agg(pl.col("score").sum())
