"""What discovery says where something is planted: power, bias, coverage, the winner's curse."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np
import polars as pl

from tasks.calibrate.config import CalibrateConfig
from tasks.calibrate.shares import Mean, mean_by_market, share_of
from tasks.calibrate.size import FINDING, MARKET
from tasks.calibrate.world import PLANTED_EVENT

Row = dict[str, Any]
ESTIMATORS = {
    "scaled": ("scaled_bps", "scaled_se_bps", "truth_scaled_bps"),
    "mean": ("effect_bps", "se_bps", "truth_effect_bps"),
    "weighted": ("weighted_bps", "weighted_se_bps", "truth_weighted_bps"),
}
BELIEFS = {
    "in-sample": ("scaled_bps", "truth_scaled_bps"),
    "posterior": ("shrunk_bps", "truth_scaled_bps"),
    "hierarchy": ("tree_bps", "truth_scaled_bps"),
    "James-Stein": ("james_stein_bps", "truth_scaled_bps"),
    "out of sample": ("confirmed_bps", "truth_confirmed_bps"),
}
BINS = (30, 100, 300, 1000, 3000)
LARGE_SHARE, NONE_SHARE = 0.5, 0.02
FOUND = pl.col("verdict") == FINDING
TESTED = pl.col("p").is_finite()
TRUTH = pl.col("truth_scaled_bps")
IS_LARGE = TRUTH.abs() >= LARGE_SHARE * pl.col("planted_bps")
HAS_NONE = TRUTH.abs() <= NONE_SHARE * pl.col("planted_bps")
RIGHT_SIGN = TRUTH.sign() == pl.col("scaled_bps").sign()


def power_of(rows: pl.DataFrame, n_markets: int, config: CalibrateConfig) -> Row:
    """Tell in what share of the markets of one effect the planted was found.

    A finding is right when its true effect has its sign and at least half the planted size. Of
    `n_markets`, those without a row had no hypothesis.
    """
    own = (pl.col("event") == PLANTED_EVENT) & (pl.col("horizon") == config.horizon)
    right = FOUND & IS_LARGE & RIGHT_SIGN
    markets = rows.group_by(MARKET, maintain_order=True).agg(
        occurrences=pl.col("n").filter(pl.col("event") == PLANTED_EVENT).max(),
        any_right=right.any(),
        planted_found=(FOUND & own).any(),
        promoted_right=(pl.col("promoted") & IS_LARGE & RIGHT_SIGN).any(),
    )
    ranked = rows.filter(TESTED).sort("p", "q", "hypothesis")
    first = ranked.group_by(MARKET, maintain_order=True).agg(pl.col("event").first())
    n_first = first.filter(pl.col("event") == PLANTED_EVENT).height
    shares = {
        name: asdict(share_of(int(markets[name].sum()), n_markets, config.level))
        for name in ("any_right", "planted_found", "promoted_right")
    }
    return {
        "planted_bps": _planted(rows),
        "markets": n_markets,
        "occurrences": _number(markets["occurrences"].median()),
        **shares,
        "planted_first": asdict(share_of(n_first, n_markets, config.level)),
        "findings": int(rows.select(FOUND.sum()).item()),
        "false_share": asdict(_mean(rows.filter(FOUND), HAS_NONE | ~RIGHT_SIGN)),
        "wrong_sign": asdict(_mean(rows.filter(FOUND & ~HAS_NONE), ~RIGHT_SIGN)),
    }


def power_by_n(rows: pl.DataFrame) -> list[Row]:
    """Power of one effect by number of occurrences, over hypotheses with a large true effect."""
    large = rows.filter(TESTED & IS_LARGE)
    places = np.searchsorted(BINS, large["n"].to_numpy(), side="right")
    told = []
    for place in np.unique(places):
        part = large.filter(places == place)
        told.append(
            {
                "planted_bps": _planted(rows),
                "n_from": BINS[place - 1] if place else 0,
                "n_below": BINS[place] if place < len(BINS) else None,
                "true_bps": asdict(_mean(part, TRUTH.abs())),
                "found": asdict(_mean(part, FOUND)),
                "rejected": asdict(_mean(part, pl.col("p") <= 0.05)),
            }
        )
    return told


def bias_of(rows: pl.DataFrame, config: CalibrateConfig) -> list[Row]:
    """Bias of each estimator on the planted hypothesis, whatever was said of it.

    In each market the one with the most occurrences counts: all markets pooled, no condition.
    """
    own = rows.filter(
        (pl.col("event") == PLANTED_EVENT) & (pl.col("horizon") == config.horizon) & TESTED
    )
    ordered = own.sort("n", "hypothesis", descending=[True, False])
    broadest = ordered.group_by(MARKET, maintain_order=True).first()
    told = []
    for name, (estimate, _, truth) in ESTIMATORS.items():
        error, true = (
            _mean(broadest, pl.col(estimate) - pl.col(truth)),
            _mean(broadest, pl.col(truth)),
        )
        told.append(
            {
                "planted_bps": _planted(rows),
                "estimator": name,
                "true_bps": true.value,
                "bias_bps": asdict(error),
                "bias_share": None if not true.value else (error.value or 0.0) / true.value,
            }
        )
    return told


def coverage_of(rows: pl.DataFrame) -> list[Row]:
    """How often 95 % intervals hold the truth: of all tested, of the planted, of findings.

    A posterior interval may be a point at zero: what is as good as nothing counts as zero there.
    """
    tested = rows.filter(TESTED)
    planted = (pl.col("event") == PLANTED_EVENT) & (pl.col("planted_bps") > 0.0)
    groups = {"tested": pl.lit(True), "planted event": planted, "findings": FOUND}
    told = []
    for group, chosen in groups.items():
        part = tested.filter(chosen)
        held = {name: _covered(part, *columns) for name, columns in ESTIMATORS.items()}
        nothing = NONE_SHARE * pl.col("planted_bps")
        held["posterior"] = TRUTH.is_between(
            pl.col("lower_bps") - nothing, pl.col("upper_bps") + nothing
        )
        shares = {name: asdict(_mean(part, hit)) for name, hit in held.items()}
        told.append({"planted_bps": _planted(rows), "group": group, **shares})
    return told


def after_selection(rows: pl.DataFrame) -> list[Row]:
    """Bias of each number that is shown of a finding, along the finding's sign."""
    found = rows.filter(FOUND)
    sign = pl.col("scaled_bps").sign()
    told = []
    for name, (estimate, truth) in BELIEFS.items():
        known = found.filter(pl.col(estimate).is_finite() & pl.col(truth).is_finite())
        told.append(
            {
                "planted_bps": _planted(rows),
                "shown": name,
                "said_bps": _mean(known, sign * pl.col(estimate)).value,
                "true_bps": _mean(known, sign * pl.col(truth)).value,
                "bias_bps": asdict(_mean(known, sign * (pl.col(estimate) - pl.col(truth)))),
            }
        )
    return told


def accuracy_of(rows: pl.DataFrame) -> Row:
    """Root mean squared error of each number over all tested hypotheses, in bps."""
    tested = rows.filter(TESTED)
    told: Row = {"planted_bps": _planted(rows), "n": tested.height}
    for name, (estimate, truth) in BELIEFS.items():
        if name != "out of sample":
            square = _mean(tested, (pl.col(estimate) - pl.col(truth)) ** 2).value
            told[name] = None if square is None else square**0.5
    return told


def _covered(part: pl.DataFrame, estimate: str, error: str, truth: str) -> pl.Expr:
    from scipy.stats import t

    freedom = np.maximum(part["n_clusters"].to_numpy() - 1, 1)
    width = pl.Series(t.ppf(0.975, freedom), dtype=pl.Float64) * part[error]
    return (pl.col(estimate) - pl.col(truth)).abs() <= pl.lit(width)


def _mean(rows: pl.DataFrame, value: pl.Expr) -> Mean:
    """Mean over hypotheses of which it is known, with an error clustered by market."""
    known = rows.select(*MARKET, value.cast(pl.Float64).alias("value"))
    known = known.filter(pl.col("value").is_finite())
    sums = known.group_by(MARKET, maintain_order=True).agg(pl.col("value").sum(), pl.len())
    return mean_by_market(sums["value"].to_numpy(), sums["len"].to_numpy().astype(np.float64))


def _planted(rows: pl.DataFrame) -> float | None:
    return _number(rows["planted_bps"].first())


def _number(value: Any) -> float | None:
    return None if value is None else float(value)
