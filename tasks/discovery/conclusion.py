"""The last word on each hypothesis, once those at the top have been looked at again."""

from __future__ import annotations

import polars as pl

from lake.schema import FINDINGS
from tasks.discovery.config import DiscoveryConfig
from tasks.discovery.stability import heterogeneity
from tasks.discovery.verdicts import INSUFFICIENT, pass_verdicts


def conclude(
    judged: pl.DataFrame, scrutiny: pl.DataFrame, stability: pl.DataFrame, config: DiscoveryConfig
) -> pl.DataFrame:
    """Add what scrutiny and stability say; a finding that shifted events match is none.

    Parameters
    ----------
    judged : DataFrame of FINDINGS
        As `judge` returns it.
    scrutiny : DataFrame of SCRUTINY
    stability : DataFrame of STABILITY
    config : DiscoveryConfig

    Returns
    -------
    DataFrame of FINDINGS
    """
    seen = scrutiny.select("hypothesis", "p_permutation", "median_bps")
    varied = heterogeneity(stability)
    added = [name for name in (*seen.columns, *varied.columns) if name != "hypothesis"]
    joined = judged.drop(added).join(seen, on="hypothesis", how="left", maintain_order="left")
    joined = joined.join(varied, on="hypothesis", how="left", maintain_order="left")
    whole = joined.with_columns(pl.col(added).fill_null(float("nan")))
    told = pass_verdicts(whole.with_columns(testable=pl.col("verdict") != INSUFFICIENT), config)
    return FINDINGS.conform(told.select(list(FINDINGS.columns)).sort(FINDINGS.order))
