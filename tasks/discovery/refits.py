"""Findings estimated anew before each fold, and those of them that would still be traded."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from lake.schema import REFITS
from tasks.discovery.config import DiscoveryConfig
from tasks.discovery.confirmation import confirm


def refit(
    findings: pl.DataFrame, fold: int, effects: Sequence[pl.DataFrame], config: DiscoveryConfig
) -> pl.DataFrame:
    """Estimate the findings by what was known before a fold, and choose among them.

    Parameters
    ----------
    findings : DataFrame of FINDINGS
        Those to be estimated, see `choose_findings`.
    fold : int
    effects : sequence of DataFrame of EFFECTS
        One per market, of the span that the fold is trained on.
    config : DiscoveryConfig

    Returns
    -------
    DataFrame of REFITS
        Selected is what still goes in the direction of the finding, with a one-sided p of at most
        `refit_p` by t with G - 1 degrees of freedom; what has no p is not.
    """
    again = confirm(findings, effects, config)
    found = findings.select("hypothesis", direction=pl.col("scaled_bps").sign())
    same = pl.col("scaled_bps") * pl.col("direction") > 0.0
    strong = pl.col("p") <= config.refit_p  # not of NaN
    told = again.join(found, on="hypothesis", how="left", maintain_order="left").with_columns(
        fold=pl.lit(fold, REFITS.columns["fold"]), selected=same & strong
    )
    return REFITS.conform(told.select(list(REFITS.columns)).sort(REFITS.order))
