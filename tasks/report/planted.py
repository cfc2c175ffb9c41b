"""The demo market's truth: what was planted, and what the search made of it."""

from __future__ import annotations

from typing import Any

import polars as pl

from lake.ref import EVERY_MARKET
from lake.schema import TRUTH
from tasks.report.facts import Evidence
from tasks.report.formats import (
    MISSING,
    count,
    estimate,
    interval,
    market_words,
    n_of,
    probability,
    signed,
)
from tasks.report.grid import Column, fill_grid, text
from tasks.report.ranking import FINDING, PROMOTED, ranked

NO_TRUTH = TRUTH.empty().with_columns(market=pl.lit("", dtype=pl.String))


def _if_asked(show: Any) -> Any:
    return lambda row: MISSING if row["hypothesis"] is None else show(row)


COLUMNS = (
    text("planted event", "event", "code"),
    Column("horizon", lambda row: row["horizon"]),
    Column("planted", lambda row: count(row["n_planted"]), hint="occurrences"),
    Column("truth", lambda row: signed(row["planted_bps"]), "bps"),
    Column("market", lambda row: market_words(row["market"]), kind="text"),
    Column(
        "found",
        _if_asked(lambda row: estimate(row["scaled_bps"], row["scaled_se_bps"])),
        "bps",
        hint="mean in units of volatility, as bps",
    ),
    Column(
        "equal notional",
        _if_asked(lambda row: estimate(row["effect_bps"], row["se_bps"])),
        "bps",
    ),
    Column("shrunk", _if_asked(lambda row: signed(row["shrunk_bps"])), "bps"),
    Column("95 %", _if_asked(lambda row: interval(row["lower_bps"], row["upper_bps"])), "bps"),
    Column(
        "out of sample",
        _if_asked(
            lambda row: estimate(row["confirmed_scaled_bps"], row["confirmed_scaled_se_bps"])
        ),
        "bps",
    ),
    Column("q", _if_asked(lambda row: probability(row["q"]))),
    Column("verdict", _if_asked(lambda row: row["verdict"]), kind="verdict"),
    Column(
        "promoted",
        lambda row: count(row["n_promoted"]),
        hint="hypotheses on this event and horizon, under any condition",
    ),
    text("note", "note", "prose"),
)


def tell_planted(evidence: Evidence) -> dict[str, Any] | None:
    """Each planted effect beside the hypotheses that asked for it without a condition."""
    if evidence.truth.is_empty():
        return None
    judged = ranked(evidence)
    asked = judged.filter(pl.col("condition") == "all")
    alone = _beside(evidence.truth, asked, judged)
    pooled = asked.filter(pl.col("market") == EVERY_MARKET)
    together = alone if pooled.is_empty() else _beside(_pool(evidence.truth), asked, judged)
    told = "Planted effects and what was found"
    return {
        "sentence": _sentence(evidence.truth, judged),
        "table": fill_grid("planted", told, COLUMNS, together.to_dicts()),
        "each": None
        if pooled.is_empty()
        else fill_grid("planted-each", f"{told}, market by market", COLUMNS, alone.to_dicts()),
    }


def _pool(truth: pl.DataFrame) -> pl.DataFrame:
    """One row per effect, as the pooled hypothesis sees it: the mean over all occurrences."""
    n = pl.col("n_planted")
    return truth.group_by("event", "horizon").agg(
        n_planted=n.sum(),
        effect_bps=(pl.col("effect_bps") * n).sum() / n.sum(),
        note=pl.col("note").unique(maintain_order=True).implode().list.join("; "),
        market=pl.lit(EVERY_MARKET),
    )


def _beside(truth: pl.DataFrame, asked: pl.DataFrame, judged: pl.DataFrame) -> pl.DataFrame:
    names = ["event", "horizon", "market"]
    promoted = (
        judged.filter(pl.col("promotion") == PROMOTED).group_by(names).agg(n_promoted=pl.len())
    )
    planted = truth.select(*names, "n_planted", "note", planted_bps="effect_bps").sort(names)
    counted = planted.join(promoted, on=names, how="left", maintain_order="left")
    return counted.with_columns(pl.col("n_promoted").fill_null(0)).join(
        asked, on=names, how="left", maintain_order="left"
    )


def _sentence(truth: pl.DataFrame, judged: pl.DataFrame) -> str:
    found = judged.filter(pl.col("verdict") == FINDING)
    effects = truth.select("event", "horizon").unique()
    events = effects["event"].unique()
    hit = found.filter(pl.col("event").is_in(events.implode()))
    n_seen = hit["event"].n_unique()
    n_ruled = hit.filter(pl.col("promotion") == PROMOTED)["event"].n_unique()
    n_other = found.height - hit.height
    planted = n_of(effects.height, "effect was", "effects were")
    kinds = n_of(events.len(), "kind of event", "kinds of event")
    return (
        f"This market is simulated, so the truth is known: {planted} planted, on {kinds}, and the "
        f"search found something on {count(n_seen)} of these kinds and promoted a rule on "
        f"{count(n_ruled)}. {_others(n_other)}"
    )


def _others(n_other: int) -> str:
    if not n_other:
        return "No finding is on any other event."
    are = n_of(n_other, "finding is", "findings are")
    return f"{are} on other events: chance, or events that overlap with a planted one."
