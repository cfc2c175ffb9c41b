"""Where an effect comes from: estimates by half, year, market and regime, and how they differ."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lake.ref import EVERY_MARKET
from lake.schema import STABILITY
from lake.time import duration_ms
from tasks.discovery.blocks import block_ms
from tasks.discovery.conditions import EVERYTHING
from tasks.discovery.config import DiscoveryConfig
from tasks.discovery.effects import BASELINE
from tasks.kernels.influence import estimate_rows

Reals = NDArray[np.float64]
Codes = NDArray[np.int64]
Key = tuple[str, str, str, str]
HALF, YEAR, MARKET, REGIME = "half", "year", "market", "regime"


@dataclass(frozen=True)
class _Cell:
    """Sums of one market, event, horizon and condition by calendar block, each of shape (G,)."""

    blocks: Codes
    n: Reals
    side: Reals
    scaled: Reals

    def between(self, first: int, end: int) -> _Cell:
        """Return the blocks from number `first` to the one before `end`."""
        own = slice(*np.searchsorted(self.blocks, [first, end]))
        return _Cell(self.blocks[own], self.n[own], self.side[own], self.scaled[own])


@dataclass(frozen=True)
class _Slice:
    """Part of a hypothesis: markets, a condition, and blocks from `first` to before `end`."""

    by: str
    name: str
    markets: list[str]
    condition: str
    first: int
    end: int


def slice_effects(
    findings: pl.DataFrame, effects: Sequence[pl.DataFrame], config: DiscoveryConfig
) -> pl.DataFrame:
    """Estimate hypotheses anew in halves and years of the era, and by market and regime.

    A slice is measured against the mean of all bars of the same slice: of the half or the year,
    of the market, of the regime. What a year's drift gave to every bar is then in no slice, and a
    bull year does not look like an event that works in that year.

    Parameters
    ----------
    findings : DataFrame of FINDINGS
        Those to be sliced, see `scrutiny.choose_top`.
    effects : sequence of DataFrame of EFFECTS
        The order does not matter; a baseline that is there several times counts once.
    config : DiscoveryConfig

    Returns
    -------
    DataFrame of STABILITY
        Markets for hypotheses that pool them, regimes for those that ask for none. A calendar
        block that spans New Year counts in the new one; slices without an occurrence are absent.
    """
    if findings.is_empty():
        return STABILITY.empty()
    cells, eras = _read(findings, effects)
    frames = []
    for finding in findings.iter_rows(named=True):
        slices = list(_slices(finding, cells, *eras[finding["horizon"]], config))
        frames.append(_estimate(finding, slices, cells))
    return pl.concat(frames).sort(STABILITY.order)


def heterogeneity(stability: pl.DataFrame) -> pl.DataFrame:
    """Say how much slices differ beyond their errors, and how much one year made.

    ``I^2 = max(0, 1 - (k - 1) / Q)`` with Cochran's Q over the k slices that have an error
    (Higgins and Thompson 2002, Statistics in Medicine 21). Regimes overlap: I^2 is taken over
    those of each name, such as vol_regime, and the largest is shown.

    Parameters
    ----------
    stability : DataFrame of STABILITY

    Returns
    -------
    DataFrame
        Columns hypothesis, i2_halves, i2_years, i2_markets, i2_regimes, NaN with fewer than two
        such slices, and largest_year_share: the largest year, in the direction of all years
        together, over their sum. It exceeds 1 where other years lose, NaN where the sum is 0.
    """
    group = pl.col("slice").str.split("=").list.first()
    kind = pl.when(pl.col("by") == REGIME).then(group).otherwise(pl.lit(""))
    by_kind = stability.group_by("hypothesis", "by", kind.alias("kind")).agg(_i2().alias("i2"))
    widest = by_kind.with_columns(pl.col("i2").fill_nan(None))
    widest = widest.group_by("hypothesis", "by").agg(pl.col("i2").max())
    names = {HALF: "i2_halves", YEAR: "i2_years", MARKET: "i2_markets", REGIME: "i2_regimes"}
    columns = [
        pl.col("i2").filter(pl.col("by") == by).first().alias(name) for by, name in names.items()
    ]
    wide = widest.group_by("hypothesis").agg(columns)
    years = stability.filter(pl.col("by") == YEAR).group_by("hypothesis").agg(_largest_share())
    joined = wide.join(years, on="hypothesis", how="left").sort("hypothesis")
    return joined.with_columns(pl.exclude("hypothesis").fill_null(float("nan")))


def _i2() -> pl.Expr:
    """I^2 of a group of slices, NaN with fewer than two."""
    kept = pl.col("scaled_se_bps") > 0.0
    kept &= pl.col("scaled_se_bps").is_finite()
    weight = pl.col("scaled_se_bps").filter(kept) ** -2.0
    effect = pl.col("scaled_bps").filter(kept)
    mean = (weight * effect).sum() / weight.sum()
    q = (weight * (effect - mean) ** 2).sum()
    freedom = weight.len().cast(pl.Float64) - 1.0
    i2 = pl.when(q > freedom).then(1.0 - freedom / q).otherwise(0.0)
    return pl.when(freedom >= 1.0).then(i2).otherwise(float("nan"))


def _largest_share() -> pl.Expr:
    whole = pl.col("sum_bps").sum()
    share = (pl.col("sum_bps") * whole.sign()).max() / whole.abs()
    return pl.when(whole != 0.0).then(share).otherwise(float("nan")).alias("largest_year_share")


def _read(
    findings: pl.DataFrame, effects: Sequence[pl.DataFrame]
) -> tuple[dict[Key, _Cell], dict[str, tuple[int, int]]]:
    """Cells by market, event, horizon and condition; first block and the one after the last."""
    wanted = findings.select("event", "horizon").unique()
    baselines = wanted.select(pl.lit(BASELINE).alias("event"), "horizon").unique()
    asked = pl.concat([wanted, baselines])
    key = ["market", "event", "horizon", "condition"]
    lists = ["cluster", "n", "side", "scaled"]
    kept = [
        frame.select(*key, *lists).join(asked, on=["event", "horizon"], how="semi")
        for frame in effects
    ]
    whole = pl.concat(kept).unique(key, keep="first", maintain_order=True)
    ends = np.cumsum(whole["cluster"].list.len().to_numpy())[:-1]
    arrays = [np.split(whole[name].explode().to_numpy(), ends) for name in lists]
    cells = dict(zip(whole.select(key).iter_rows(), map(_Cell, *arrays), strict=True))
    spans = whole.group_by("horizon").agg(
        pl.col("cluster").list.min().min(), pl.col("cluster").list.max().max().alias("last")
    )
    return cells, {horizon: (first, last + 1) for horizon, first, last in spans.iter_rows()}


def _slices(
    finding: Mapping[str, Any],
    cells: Mapping[Key, _Cell],
    first: int,
    end: int,
    config: DiscoveryConfig,
) -> Iterator[_Slice]:
    event, horizon, condition = finding["event"], finding["horizon"], finding["condition"]
    named = [key for key in cells if key[1:3] == (event, horizon)]
    pooled = finding["market"] == EVERY_MARKET
    markets = sorted({key[0] for key in named if pooled or key[0] == finding["market"]})
    middle = (first + end) // 2
    yield _Slice(HALF, "first", markets, condition, first, middle)
    yield _Slice(HALF, "second", markets, condition, middle, end)
    for year, start, stop in _years(first, end, block_ms(duration_ms(horizon), config)):
        yield _Slice(YEAR, year, markets, condition, start, stop)
    for market in markets if pooled else []:
        yield _Slice(MARKET, market, [market], condition, first, end)
    for regime in sorted({key[3] for key in named}) if condition == EVERYTHING else []:
        if regime != EVERYTHING:
            yield _Slice(REGIME, regime, markets, regime, first, end)


def _years(first: int, end: int, length: int) -> Iterator[tuple[str, int, int]]:
    """Calendar years of the blocks, by the year in which a block ends."""
    ends = (np.arange(first, end) + 1) * length - 1
    years = ends.astype("datetime64[ms]").astype("datetime64[Y]")
    names, starts = np.unique(years, return_index=True)
    for name, start, stop in zip(names, starts, [*starts[1:], end - first], strict=True):
        yield str(name), first + int(start), first + int(stop)


def _estimate(
    finding: Mapping[str, Any], slices: Sequence[_Slice], cells: Mapping[Key, _Cell]
) -> pl.DataFrame:
    """STABILITY of one hypothesis, unsorted."""
    first, end = min(s.first for s in slices), max(s.end for s in slices)
    excess, held = np.zeros((2, len(slices), end - first))
    for k, part in enumerate(slices):
        for market in part.markets:
            event = cells.get((market, finding["event"], finding["horizon"], part.condition))
            if event is not None:
                bars = cells[market, BASELINE, finding["horizon"], part.condition]
                span = (part.first, part.end)
                _add_excess(excess[k], held[k], event.between(*span), bars.between(*span), first)
    n, n_clusters = held.sum(axis=1), (held > 0).sum(axis=1)
    theta, se, _ = estimate_rows(excess, held)
    columns = {
        "hypothesis": [finding["hypothesis"]] * len(slices),
        "by": [s.by for s in slices],
        "slice": [s.name for s in slices],
        "n": n.astype(np.int64),
        "n_clusters": n_clusters.astype(np.int64),
        "scaled_bps": theta * finding["sigma_bps"],
        "scaled_se_bps": se * finding["sigma_bps"],
        "sum_bps": theta * finding["sigma_bps"] * n,
    }
    return STABILITY.conform(pl.DataFrame(columns).filter(pl.col("n") > 0))


def _add_excess(excess: Reals, held: Reals, event: _Cell, bars: _Cell, first: int) -> None:
    """Add one market's excess over its baseline, which errs with it, and occurrences, by block.

    ``E_g += T_g - D_g mu - D e_g``, e_g the influence of block g on the baseline's mean mu
    (statistics.md 1.2).
    """
    n_bars = bars.n.sum()
    if event.n.sum() == 0.0 or n_bars == 0.0:
        return
    mu = bars.scaled.sum() / n_bars
    excess[event.blocks - first] += event.scaled - event.side * mu
    excess[bars.blocks - first] -= event.side.sum() * (bars.scaled - bars.n * mu) / n_bars
    held[event.blocks - first] += event.n
