"""The order in which hypotheses are shown, with what later stages said of each."""

from __future__ import annotations

import polars as pl

from tasks.report.facts import Evidence

FINDING, PROMOTED, UNTESTED = "finding", "promoted", "insufficient evidence"


def ranked(evidence: Evidence) -> pl.DataFrame:
    """FINDINGS by q, then p, then name, those without a test last, with bridge and promotion.

    Returns
    -------
    DataFrame
        FINDINGS, `rank` from 1, the columns of BRIDGED (its own `se_bps`, `t`, `p`, `q`,
        `n_clusters` as `net_se_bps`, ...) and of VERDICTS (`promotion`, `promotion_reason`,
        `gate`, `n_more`), null where a hypothesis did not get that far.
    """
    clash = {name: f"net_{name}" for name in ("se_bps", "t", "p", "q", "n_clusters")}
    promotion = {"verdict": "promotion", "reason": "promotion_reason"}
    judged = evidence.findings.join(
        evidence.bridged.rename(clash), on="hypothesis", how="left", maintain_order="left"
    ).join(evidence.verdicts.rename(promotion), on="hypothesis", how="left", maintain_order="left")
    last = [pl.col(name).fill_nan(None) for name in ("q", "p")]
    ordered = judged.sort(*last, "hypothesis", nulls_last=True)
    return ordered.with_row_index("rank", offset=1)
