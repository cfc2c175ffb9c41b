"""Which hypotheses could be tested, and what is said of each."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tasks.discovery.cells import Estimates
from tasks.discovery.config import DiscoveryConfig

Reals = NDArray[np.float64]
FINDING, NO_FINDING, INSUFFICIENT = "finding", "no finding", "insufficient evidence"


def find_testable(found: Estimates, config: DiscoveryConfig) -> NDArray[np.bool_]:
    """Whether each cell has events enough, in blocks enough, that vary about their baseline."""
    return (
        (found.n >= config.min_events)
        & (found.n_clusters >= config.min_clusters)
        & (found.effective_clusters >= config.min_effective_clusters)
        & find_varying(found, config).all(axis=1)
    )


def find_varying(found: Estimates, config: DiscoveryConfig) -> NDArray[np.bool_]:
    """Whether each estimate has an error, by cell and the three estimators that are tested.

    Below a share of the effect, or of what a bar's volatility makes of it, it is rounding: that of
    an event at every bar of its condition, say.
    """
    unit = np.column_stack([np.ones_like(found.sigma), found.sigma, found.sigma])
    scale = np.maximum(np.abs(found.theta[:, :3]), unit)
    return np.asarray(found.se[:, :3] > config.least_se_share * scale)


def pass_verdicts(tested: pl.DataFrame, config: DiscoveryConfig) -> pl.DataFrame:
    """Add detectable_bps, n_wanted, verdict and reason.

    Parameters
    ----------
    tested : DataFrame
        Columns of FINDINGS, and `testable`. Where `p_permutation` is NaN the hypothesis has not
        been scrutinised, and its q alone decides.
    config : DiscoveryConfig

    Returns
    -------
    DataFrame
        Without `testable`.
    """
    n_tests = max(int(tested["testable"].sum()), 1)
    n_found = max(int((tested["q"].fill_nan(1.0) <= config.fdr_q).sum()), 1)
    freedom = np.maximum(tested["n_clusters"].to_numpy() - 1, 1)
    multiple = _detectable(config.fdr_q * n_found / n_tests, freedom, config.power)
    answers = [_answer(row, config) for row in tested.iter_rows(named=True)]
    schema = {"verdict": pl.String, "reason": pl.String, "n_wanted": pl.Int64}
    said = pl.DataFrame(answers, schema, orient="row")
    known = tested.with_columns(detectable_bps=tested["scaled_se_bps"] * multiple)
    return known.drop("testable", *schema, strict=False).hstack(said)


def _detectable(threshold: float, freedom: Reals, power: float) -> pl.Series:
    """Standard errors that a test at `threshold` finds with `power` (statistics.md 1.3)."""
    from scipy.stats import norm, t

    return pl.Series(t.isf(threshold / 2.0, freedom) + norm.ppf(power))


def _answer(row: dict[str, Any], config: DiscoveryConfig) -> tuple[str, str, int | None]:
    if not row["testable"]:
        return INSUFFICIENT, _lack(row, config), _wanted(row, config)
    q, shifted = row["q"], row["p_permutation"]
    if row["p"] == 1.0 and min(row["p_scaled"], row["p_mean"], row["p_weighted"]) < 1.0:
        signs = (f"{row[name]:+.3g}" for name in ("scaled_bps", "effect_bps", "weighted_bps"))
        return NO_FINDING, f"the three estimates disagree in sign: {', '.join(signs)} bps", None
    if q > config.fdr_q:
        return NO_FINDING, f"q {q:.2g} above {config.fdr_q:g}", None
    if shifted > config.max_permutation_p:
        limit = f"above {config.max_permutation_p:g}"
        return (
            NO_FINDING,
            f"q {q:.2g}, but shifted events do as well: p {shifted:.2g} {limit}",
            None,
        )
    return FINDING, f"q {q:.2g} within {config.fdr_q:g}", None


def _lack(row: dict[str, Any], config: DiscoveryConfig) -> str:
    if row["n"] == 0:
        return f"no occurrence has a volatility and an outcome {row['horizon']} later in the era"
    lacks = []
    if row["n"] < config.min_events:
        lacks.append(f"{row['n']:.0f} events, {config.min_events} wanted")
    if row["n_clusters"] < config.min_clusters:
        lacks.append(f"{row['n_clusters']:.0f} calendar blocks, {config.min_clusters} wanted")
    if row["effective_clusters"] < config.min_effective_clusters:
        effective, wanted = row["effective_clusters"], config.min_effective_clusters
        lacks.append(f"{effective:.1f} effective blocks, {wanted:g} wanted")
    return "; ".join(lacks) or "what follows does not vary about its baseline"


def _wanted(row: dict[str, Any], config: DiscoveryConfig) -> int | None:
    """Occurrences from which it could be tested, were they spread as those that there are."""
    if row["n"] == 0:
        return config.min_events
    shares = (
        config.min_events / row["n"],
        config.min_clusters / row["n_clusters"],
        config.min_effective_clusters / row["effective_clusters"],
    )
    return math.ceil(row["n"] * max(shares)) if max(shares) > 1.0 else None
