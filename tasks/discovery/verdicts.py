"""Which effects are real: the gate, the test and the false discovery rate."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tasks.discovery.cells import Estimates
from tasks.discovery.config import DiscoveryConfig

Reals = NDArray[np.float64]
FINDING, NO_FINDING, INSUFFICIENT = "finding", "no finding", "insufficient evidence"


def find_testable(found: Estimates, config: DiscoveryConfig) -> NDArray[np.bool_]:
    """Whether each cell has events enough, in blocks enough, and returns that vary."""
    return (
        (found.n >= config.min_events)
        & (found.n_clusters >= config.min_clusters)
        & (found.effective_clusters >= config.min_effective_clusters)
        & (found.se > config.least_se_share * found.scale)
    )


def pass_verdicts(effects: pl.DataFrame, config: DiscoveryConfig) -> pl.DataFrame:
    """Add t, p, q, detectable_bps, verdict and reason.

    One two-sided t test with G - 1 degrees of freedom per testable hypothesis, Benjamini and
    Hochberg (1995) over all of them. What is not testable has no t, p and q (NaN).

    Parameters
    ----------
    effects : DataFrame
        Columns n, n_clusters, effective_clusters, effect_bps, se_bps and testable.
    config : DiscoveryConfig

    Returns
    -------
    DataFrame
    """
    from scipy.stats import false_discovery_control, t

    testable = effects["testable"].to_numpy()
    freedom = np.maximum(effects["n_clusters"].to_numpy() - 1, 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = effects["effect_bps"].to_numpy() / effects["se_bps"].to_numpy()
    statistic = np.where(testable, ratio, np.nan)
    p = 2.0 * t.sf(np.abs(statistic), freedom)
    q = np.full(p.size, np.nan)
    if testable.any():
        q[testable] = false_discovery_control(p[testable])
    n_found = int((q <= config.fdr_q).sum())
    threshold = config.fdr_q * max(n_found, 1) / max(int(testable.sum()), 1)
    tested = effects.with_columns(
        t=pl.Series(statistic),
        p=pl.Series(p),
        q=pl.Series(q),
        detectable_bps=effects["se_bps"] * _detectable(threshold, freedom, config.power),
    )
    answers = [_answer(row, config) for row in tested.iter_rows(named=True)]
    verdicts = pl.DataFrame(answers, {"verdict": pl.String, "reason": pl.String}, orient="row")
    return tested.hstack(verdicts)


def _detectable(threshold: float, freedom: Reals, power: float) -> pl.Series:
    """Standard errors that a test at `threshold` finds with `power` (statistics.md 1.3)."""
    from scipy.stats import norm, t

    return pl.Series(t.isf(threshold / 2.0, freedom) + norm.ppf(power))


def _answer(row: dict[str, float], config: DiscoveryConfig) -> tuple[str, str]:
    if not row["testable"]:
        return INSUFFICIENT, _lack(row, config)
    if row["q"] <= config.fdr_q:
        return FINDING, f"q {_short(row['q'])} within {config.fdr_q:g}"
    return NO_FINDING, f"q {_short(row['q'])} above {config.fdr_q:g}"


def _lack(row: dict[str, float], config: DiscoveryConfig) -> str:
    lacks = []
    if row["n"] < config.min_events:
        lacks.append(f"{row['n']:.0f} events, {config.min_events} wanted")
    if row["n_clusters"] < config.min_clusters:
        lacks.append(f"{row['n_clusters']:.0f} calendar blocks, {config.min_clusters} wanted")
    if row["effective_clusters"] < config.min_effective_clusters:
        effective, wanted = row["effective_clusters"], config.min_effective_clusters
        lacks.append(f"{effective:.1f} effective blocks, {wanted:g} wanted")
    return "; ".join(lacks) or "returns that do not vary cannot be tested"


def _short(q: float) -> str:
    return f"{q:.2g}"
