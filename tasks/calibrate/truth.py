"""What was to be expected of each bar: the outcome that the planted drift alone would have made."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from lake.ref import EVERY_MARKET
from lake.time import n_bars, timeframe_of
from tasks.calibrate.worlds import Simulation
from tasks.discovery.effects import BASELINE
from tasks.ingest.demo_market import Market

Outcomes = dict[str, dict[str, pl.DataFrame]]
BPS = 1e4
CELL = ["market", "event", "horizon", "condition"]
ESTIMATED = {
    "scaled": ("n", "side", "scaled"),
    "effect": ("n", "side", "mean"),
    "weighted": ("weight", "weight_side", "weighted"),
}


def expect_outcomes(simulation: Simulation, outcomes: Outcomes) -> Outcomes:
    """Replace each outcome of simulated markets by the part of it that was planted.

    Parameters
    ----------
    simulation : Simulation
    outcomes : dict of str to dict of str to DataFrame
        OUTCOMES by market and horizon.

    Returns
    -------
    dict of str to dict of str to DataFrame
        The same tables with `forward_return` replaced, NaN where it was: the excess of the real
        outcome over it is a martingale difference, so an unbiased estimate made of the one has
        the same estimate made of the other as its mean.
    """
    return {
        market: {
            horizon: expect(frame, simulation.drawn[market], n_bars(horizon, timeframe_of(market)))
            for horizon, frame in parts.items()
        }
        for market, parts in outcomes.items()
    }


def expect(outcome: pl.DataFrame, drawn: Market, held: int) -> pl.DataFrame:
    """Return OUTCOMES in which only the planted drift moved the price.

    With opens O and drifts d, a position from the open of t+1 to the close of t+H earns
    ``sum O_i d_i / O_{t+1}`` over i = t+1..t+H by drift; all else has mean zero given the past.

    Parameters
    ----------
    outcome : DataFrame of OUTCOMES
        Over `held` bars, of times at which `drawn` has bars.
    drawn : Market
    held : int
        Bars.
    """
    opened = drawn.prices[0]
    gained = np.concatenate([[0.0], np.cumsum(opened * drawn.drift)])
    entry = np.searchsorted(drawn.time, outcome["time"].to_physical().to_numpy()) + 1
    exit_ = np.minimum(entry + held, opened.size)
    entry = np.minimum(entry, opened.size - 1)
    drifted = (gained[exit_] - gained[entry]) / opened[entry]
    known = np.isfinite(outcome["forward_return"].to_numpy())
    return outcome.with_columns(forward_return=pl.Series(np.where(known, drifted, np.nan)))


def true_effects(expected: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Work out what each hypothesis estimates.

    With totals W, D, T of a cell in market s, and those of every bar of the condition as its
    baseline, ``sum_s (T_s - D_s T0_s / W0_s) / sum_s W_s``: discovery's estimates without their
    errors (statistics.md 1.2).

    Parameters
    ----------
    expected : sequence of DataFrame of EFFECTS
        One per market, made of outcomes from `expect_outcomes`.

    Returns
    -------
    DataFrame
        hypothesis, truth_scaled_bps, truth_effect_bps and truth_weighted_bps of every cell that
        occurs, in each market and pooled.
    """
    sums = sorted({name for names in ESTIMATED.values() for name in names})
    totals = pl.concat(expected).select(*CELL, "inverse", *(pl.col(s).list.sum() for s in sums))
    is_baseline = pl.col("event") == BASELINE
    shared = ["market", "horizon", "condition"]
    baseline = totals.filter(is_baseline).drop("event", "inverse")
    cells = totals.filter(~is_baseline).join(baseline, on=shared, suffix="_every")
    excess = [
        (pl.col(total) - pl.col(side) * pl.col(f"{total}_every") / pl.col(f"{weight}_every")).alias(
            f"excess_{name}"
        )
        for name, (weight, side, total) in ESTIMATED.items()
    ]
    parts = cells.with_columns(excess)
    every = pl.concat([parts, parts.with_columns(market=pl.lit(EVERY_MARKET))])
    whole = every.group_by(CELL, maintain_order=True).agg(pl.exclude(CELL).sum())
    scale = {"scaled": pl.col("n") / pl.col("inverse")}
    return whole.select(
        pl.concat_str("market", "event", "horizon", "condition", separator="|").alias("hypothesis"),
        *(
            (BPS * scale.get(name, 1.0) * pl.col(f"excess_{name}") / pl.col(weight)).alias(
                f"truth_{name}_bps"
            )
            for name, (weight, _, _) in ESTIMATED.items()
        ),
    )
