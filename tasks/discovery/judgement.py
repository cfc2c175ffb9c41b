"""What the judgement as a whole amounts to: how much was asked, and whether to believe it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lake.schema import JUDGEMENT
from tasks.discovery.config import DiscoveryConfig
from tasks.discovery.grid import asked
from tasks.discovery.hearing import hear
from tasks.discovery.multiplicity import effective_trials, empirical_null
from tasks.discovery.verdicts import FINDING

Reals = NDArray[np.float64]


def sum_up(
    findings: pl.DataFrame,
    grid: pl.DataFrame,
    effects: Sequence[pl.DataFrame],
    history: Mapping[str, int],
    config: DiscoveryConfig,
) -> pl.DataFrame:
    """Count what was asked and check the p-values against the empirical null.

    Parameters
    ----------
    findings : DataFrame of FINDINGS
    grid : DataFrame of GRID
    effects : sequence of DataFrame of EFFECTS
        Of the discovery era, one per market.
    history : mapping of str to int
        `n_ever_asked`, `n_looks` and `n_looked_at`, from the ledger.
    config : DiscoveryConfig

    Returns
    -------
    DataFrame of JUDGEMENT
        One row.
    """
    tested = findings.filter(pl.col("p").is_not_nan())
    null = empirical_null(_normal_scores(tested))
    row = {
        "n_named": grid.height,
        "n_asked": asked(grid).height,
        "n_tested": tested.height,
        "n_effective": _effective(effects, tested, config),
        "n_events": tested["event"].n_unique(),
        "n_events_selected": tested.filter(pl.col("q_event") <= config.fdr_q)["event"].n_unique(),
        "n_findings": findings.filter(pl.col("verdict") == FINDING).height,
        "null_centre": null.centre,
        "null_sd": null.sd,
        "null_share": null.share,
        "alarm": null.alarm,
        **history,
    }
    return JUDGEMENT.conform(pl.DataFrame([row], JUDGEMENT.columns))


def _normal_scores(tested: pl.DataFrame) -> Reals:
    """The scaled effects' t as the z of the same p."""
    from scipy.special import ndtri

    tail = np.maximum(tested["p_scaled"].to_numpy() / 2.0, np.finfo(np.float64).tiny)
    return -np.sign(tested["scaled_bps"].to_numpy()) * ndtri(tail)


def _effective(
    effects: Sequence[pl.DataFrame], tested: pl.DataFrame, config: DiscoveryConfig
) -> float:
    """Independent trials that those of each horizon amount to, summed over the horizons."""
    return sum(
        effective_trials(
            np.concatenate([errors.scores for errors in part.errors], dtype=np.float64)
        )
        for part in hear(effects, tested, config)
    )
