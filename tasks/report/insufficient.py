"""Hypotheses that lack evidence: how many occurrences there are, and how many would settle it."""

from __future__ import annotations

from typing import Any

import polars as pl

from tasks.report.config import ReportConfig
from tasks.report.facts import Evidence
from tasks.report.formats import condition_words, count, interval, market_words, n_of, signed
from tasks.report.grid import Column, fill_grid, text
from tasks.report.ranking import UNTESTED

COLUMNS = (
    text("event", "event", "code"),
    Column("market", lambda row: market_words(row["market"]), kind="text"),
    Column("horizon", lambda row: row["horizon"]),
    Column("condition", lambda row: condition_words(row["condition"]), kind="text"),
    Column("n", lambda row: count(row["n"]), hint="events"),
    Column("wanted", lambda row: count(row["n_wanted"]), hint="events from which it can be tested"),
    Column("shrunk", lambda row: signed(row["shrunk_bps"]), "bps"),
    Column("95 %", lambda row: interval(row["lower_bps"], row["upper_bps"]), "bps"),
    text("lacks", "reason", "prose"),
)


def tell_insufficient(evidence: Evidence, config: ReportConfig) -> dict[str, Any] | None:
    """How many could not be tested, and those that lack the least; None where all could."""
    untested = evidence.findings.filter(pl.col("verdict") == UNTESTED)
    if untested.is_empty():
        return None
    lacking = untested.filter(pl.col("n_wanted").is_not_null())
    nearest = lacking.sort(pl.col("n_wanted") / pl.col("n").clip(1), "hypothesis")
    shown = nearest.head(config.n_short)
    return {
        "sentence": _sentence(untested.height, lacking),
        "table": None
        if shown.is_empty()
        else fill_grid("insufficient", "Nearest to a test", COLUMNS, shown.to_dicts()),
    }


def _sentence(n_untested: int, lacking: pl.DataFrame) -> str:
    are = n_of(n_untested, "hypothesis has", "hypotheses have")
    told = f"{are} too few events or calendar blocks for a test: no evidence, either way."
    more = (lacking["n_wanted"] - lacking["n"]).median()
    if more is None:
        return told
    return f"{told} Half of them want {count(round(more))} more events or fewer."  # type: ignore[arg-type]
