"""All hypotheses of a run, judged at once: shrinkage and multiplicity need every one of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from functools import reduce
from operator import add

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lake.ref import EVERY_MARKET
from lake.schema import EFFECTS, FINDINGS
from tasks.discovery.cells import (
    Estimates,
    Sums,
    estimate_cells,
    find_distinct,
    list_cells,
    sum_cells,
)
from tasks.discovery.config import DiscoveryConfig
from tasks.discovery.posterior import shrink_effects
from tasks.discovery.verdicts import find_testable, pass_verdicts

Codes = NDArray[np.int64]
BPS = 1e4


def judge(effects: Sequence[pl.DataFrame], config: DiscoveryConfig) -> pl.DataFrame:
    """Estimate, shrink and test every hypothesis.

    A hypothesis is an event, horizon, condition and market, or all markets pooled. The same
    entries are one hypothesis: a condition that never excluded an event, or an event that one
    market alone has, is not asked twice.

    Parameters
    ----------
    effects : sequence of DataFrame of EFFECTS
        One per market and family; the order does not matter.
    config : DiscoveryConfig

    Returns
    -------
    DataFrame of FINDINGS
        NaN: t, p and q where the sample is too small to test; naive_t of a single event; se_bps
        and detectable_bps of events in one block; shrunk_sd_bps where a whole horizon has no
        standard error.
    """
    by_horizon = pl.concat([EFFECTS.empty(), *effects]).partition_by("horizon")
    judged = [_judge_horizon(frame, config) for frame in by_horizon if list_cells(frame).height]
    if not judged:
        return FINDINGS.empty()
    tested = pass_verdicts(pl.concat(judged).sort("hypothesis"), config)
    return FINDINGS.conform(tested.select(list(FINDINGS.columns)))


def _judge_horizon(effects: pl.DataFrame, config: DiscoveryConfig) -> pl.DataFrame:
    labels, sums = _gather(effects)
    found = estimate_cells(sums)
    mean, sd = shrink_effects(found, *_code_tree(labels), config)
    bars = _count_bars(effects)
    return labels.join(bars, on="market", how="left", maintain_order="left").with_columns(
        hypothesis=pl.concat_str("market", "event", "horizon", "condition", separator="|"),
        testable=pl.Series(find_testable(found, config)),
        shrunk_bps=pl.Series(BPS * mean),
        shrunk_sd_bps=pl.Series(BPS * sd),
        **_describe(found),
    )


def _gather(effects: pl.DataFrame) -> tuple[pl.DataFrame, Sums]:
    """Cells of every market, then those of all markets pooled, each set of entries once."""
    cells = list_cells(effects)
    clusters = effects["cluster"].to_numpy()
    by_market = {
        market: sum_cells(frame, cells, clusters.min(), clusters.max())
        for (market,), frame in sorted(effects.partition_by("market", as_dict=True).items())
    }
    chosen = {market: find_distinct(sums, cells) for market, sums in by_market.items()}
    pooled = reduce(add, by_market.values())
    rows = find_distinct(pooled, cells)
    by_market[EVERY_MARKET], chosen[EVERY_MARKET] = pooled, rows[pooled.n_markets[rows] > 1]
    taken = [sums.take(chosen[market]) for market, sums in by_market.items()]
    together = Sums(*(np.concatenate([getattr(s, f.name) for s in taken]) for f in fields(Sums)))
    labels = [cells[rows].with_columns(market=pl.lit(name)) for name, rows in chosen.items()]
    return pl.concat(labels).with_columns(horizon=pl.lit(effects["horizon"][0])), together


def _count_bars(effects: pl.DataFrame) -> pl.DataFrame:
    """Bars of the horizon in each market; in the pooled ones those of the finest timeframe."""
    bars = effects.group_by("market").agg(pl.col("horizon_bars").max())
    pooled = bars.select(pl.lit(EVERY_MARKET).alias("market"), pl.col("horizon_bars").max())
    return pl.concat([bars, pooled])


def _code_tree(labels: pl.DataFrame) -> tuple[Codes, Codes]:
    """The event of each cell and the family of each event, as numbers from 0."""
    events = labels.select("family", "event").unique().sort("family", "event")
    placed = labels.join(
        events.with_row_index("code"), on=["family", "event"], how="left", maintain_order="left"
    )
    family = events["family"].rank("dense") - 1
    return placed["code"].to_numpy().astype(np.int64), family.to_numpy().astype(np.int64)


def _describe(found: Estimates) -> dict[str, pl.Series]:
    counts = {"n": found.n, "n_clusters": found.n_clusters}
    bps = {
        "mean_bps": found.mean,
        "baseline_bps": found.baseline,
        "effect_bps": found.effect,
        "se_bps": found.se,
    }
    plain = {"effective_clusters": found.effective_clusters, "naive_t": found.naive_t}
    return (
        {name: pl.Series(values.astype(np.int64)) for name, values in counts.items()}
        | {name: pl.Series(BPS * values) for name, values in bps.items()}
        | {name: pl.Series(values) for name, values in plain.items()}
    )
