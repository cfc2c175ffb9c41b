"""Where a candidate's gross went, and how its trades ended."""

from __future__ import annotations

from typing import Any

import polars as pl

from tasks.report.facts import Evidence
from tasks.report.formats import count, decimal, hypothesis_words, percent, signed
from tasks.report.grid import Column, Grid, fill_grid

PARTS = ("fee_bps", "slippage_bps", "funding_bps")

COLUMNS = (
    Column("hypothesis", lambda row: hypothesis_words(row["hypothesis"]), kind="text"),
    Column("trades", lambda row: count(row["n_trades"])),
    Column("gross", lambda row: signed(row["gross_bps"]), "bps"),
    Column("fees", lambda row: decimal(row["fee_bps"], 1), "bps", hint="both ways, per trade"),
    Column("slippage", lambda row: decimal(row["slippage_bps"], 1), "bps", hint="spread, impact"),
    Column("funding", lambda row: signed(row["funding_bps"]), "bps", hint="paid; \u2212 received"),
    Column("net", lambda row: signed(row["net_bps"]), "bps"),
    Column("left by", lambda row: _exits(row["exits"]), kind="text", hint="last part, % of trades"),
    Column("both touched", lambda row: count(row["n_ambiguous"]), hint="stop and target in a bar"),
)


def tell_spent(evidence: Evidence, hypotheses: pl.Series) -> Grid | None:
    """Means of the trades that count, of the given hypotheses in their order."""
    own = evidence.counted.filter(pl.col("hypothesis").is_in(hypotheses.implode()))
    if own.is_empty():
        return None
    means = [pl.col(name).mean() for name in ("gross_bps", *PARTS, "net_bps")]
    grouped = own.group_by("hypothesis").agg(
        pl.len().alias("n_trades"),
        *means,
        pl.col("n_ambiguous").sum(),
        exits=pl.col("exit").value_counts(),
    )
    order = pl.DataFrame({"hypothesis": hypotheses})
    rows = order.join(grouped, on="hypothesis", how="inner", maintain_order="left")
    return fill_grid("spent", "Where the gross went", COLUMNS, rows.to_dicts())


def _exits(exits: list[dict[str, Any]]) -> str:
    """The most frequent first."""
    n = sum(each["count"] for each in exits)
    ordered = sorted(exits, key=lambda each: (-each["count"], each["exit"]))
    return ", ".join(f"{each['exit']} {percent(each['count'] / n, 0)}" for each in ordered)
