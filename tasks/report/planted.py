"""The demo market's truth: what was planted, and what the search made of it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import polars as pl

from tasks.report.facts import Evidence
from tasks.report.formats import (
    MISSING,
    condition_words,
    count,
    market_words,
    n_of,
    probability,
    signed,
    spread,
)
from tasks.report.grid import Column, Row, fill_grid, text
from tasks.report.ranking import FINDING, ranked


def _if_asked(show: Any) -> Any:
    return lambda row: MISSING if row["hypothesis"] is None else show(row)


COLUMNS = (
    text("planted event", "event", "code"),
    Column("horizon", lambda row: row["horizon"]),
    Column("planted", lambda row: count(row["n_planted"]), hint="occurrences"),
    Column("truth", lambda row: signed(row["planted_bps"]), "bps"),
    Column("market", _if_asked(lambda row: market_words(row["market"])), kind="text"),
    Column("condition", _if_asked(lambda row: condition_words(row["condition"])), kind="text"),
    Column("effect", _if_asked(lambda row: signed(row["effect_bps"])), "bps"),
    Column("SE", _if_asked(lambda row: spread(row["se_bps"])), "bps"),
    Column("shrunk", _if_asked(lambda row: signed(row["shrunk_bps"])), "bps"),
    Column("q", _if_asked(lambda row: probability(row["q"]))),
    Column("verdict", _if_asked(lambda row: row["verdict"]), kind="verdict"),
    Column("promotion", _if_asked(lambda row: row["promotion"] or MISSING), kind="verdict"),
    text("note", "note", "prose"),
)


def tell_planted(evidence: Evidence) -> dict[str, Any] | None:
    """Each planted effect beside the hypotheses that asked for it without a condition."""
    if evidence.truth.is_empty():
        return None
    judged = ranked(evidence)
    planted = evidence.truth.rename({"effect_bps": "planted_bps", "side": "planted_side"})
    asked = judged.filter(pl.col("condition") == "all")
    rows = planted.join(asked, on=["event", "horizon"], how="left", maintain_order="left_right")
    return {
        "sentence": _sentence(evidence.truth, judged),
        "table": fill_grid("planted", "Planted effects and what was found", COLUMNS, _rows(rows)),
    }


def _rows(rows: pl.DataFrame) -> Iterable[Row]:
    return rows.sort("event", "horizon", "market", maintain_order=True).to_dicts()


def _sentence(truth: pl.DataFrame, judged: pl.DataFrame) -> str:
    found = judged.filter(pl.col("verdict") == FINDING)
    events = truth["event"].unique()
    hit = found.filter(pl.col("event").is_in(events.implode()))
    n_seen = hit["event"].n_unique()
    n_other = found.height - hit.height
    planted = n_of(truth.height, "effect was", "effects were")
    kinds = n_of(events.len(), "kind of event", "kinds of event")
    return (
        f"This market is simulated, so the truth is known: {planted} planted, on {kinds}, and the "
        f"search found something on {count(n_seen)} of these kinds. {_others(n_other)}"
    )


def _others(n_other: int) -> str:
    if not n_other:
        return "No finding is on any other event."
    are = n_of(n_other, "finding is", "findings are")
    return f"{are} on other events: chance, or events that overlap with a planted one."
