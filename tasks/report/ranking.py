"""The order in which hypotheses are shown, with what later eras and stages said of each."""

from __future__ import annotations

import polars as pl

from tasks.report.facts import Evidence

FINDING, PROMOTED, UNTESTED = "finding", "promoted", "insufficient evidence"


def ranked(evidence: Evidence) -> pl.DataFrame:
    """FINDINGS by q, then p, then name, those without a test last, with what followed.

    Returns
    -------
    DataFrame
        FINDINGS, `rank` from 1, the columns of CONFIRMED (each with `confirmed_` before it), of
        BRIDGED (its own `se_bps`, `t`, `p`, `q`, `n_clusters` as `net_se_bps`, ...) and of VERDICTS
        (`promotion`, `promotion_reason`, `gate`, `n_more`), null where a hypothesis did not get
        that far.
    """
    clash = {name: f"net_{name}" for name in ("se_bps", "t", "p", "q", "n_clusters")}
    promotion = {"verdict": "promotion", "reason": "promotion_reason"}
    later = (
        with_prefix(evidence.confirmed),
        evidence.bridged.rename(clash),
        evidence.verdicts.rename(promotion),
    )
    judged = evidence.findings
    for frame in later:
        judged = judged.join(frame, on="hypothesis", how="left", maintain_order="left")
    last = [pl.col(name).fill_nan(None) for name in ("q", "p")]
    ordered = judged.sort(*last, "hypothesis", nulls_last=True)
    return ordered.with_row_index("rank", offset=1)


def with_prefix(confirmed: pl.DataFrame) -> pl.DataFrame:
    """CONFIRMED with `confirmed_` before every name but the hypothesis's."""
    return confirmed.rename(lambda name: name if name == "hypothesis" else f"confirmed_{name}")


def promoted_first(evidence: Evidence) -> pl.DataFrame:
    """The findings of `ranked`, those promoted before the others."""
    found = ranked(evidence).filter(pl.col("verdict") == FINDING)
    return found.sort((pl.col("promotion") != PROMOTED).fill_null(True), "rank")
