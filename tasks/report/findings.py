"""The best hypotheses: what was found, what is believed of it, and what came out of sample."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl

from tasks.report.believed import tell_belief, tell_name, tell_proof
from tasks.report.config import ReportConfig
from tasks.report.facts import Evidence
from tasks.report.forest import draw_forest
from tasks.report.formats import (
    condition_words,
    count,
    decimal,
    estimate,
    hypothesis_words,
    interval,
    market_words,
    n_of,
    percent,
    probability,
    signed,
)
from tasks.report.grid import Column, Grid, Row, fill_grid, text
from tasks.report.ranking import FINDING, promoted_first, ranked

_N_IN_WORDS = 5
COLUMNS = (
    Column("#", lambda row: str(row["rank"])),
    text("event", "event", "code"),
    Column("market", lambda row: market_words(row["market"]), kind="text"),
    Column("horizon", lambda row: row["horizon"]),
    Column("condition", lambda row: condition_words(row["condition"]), kind="text"),
    text("verdict", "verdict", "verdict"),
    Column(
        "found",
        lambda row: estimate(row["scaled_bps"], row["scaled_se_bps"]),
        "bps",
        hint="mean in units of volatility, less the market's usual one, as bps; negative says fade",
    ),
    Column("shrunk", lambda row: signed(row["shrunk_bps"]), "bps", hint="what is believed of it"),
    Column("95 %", lambda row: interval(row["lower_bps"], row["upper_bps"]), "bps"),
    Column(
        "out of sample",
        lambda row: estimate(row["confirmed_scaled_bps"], row["confirmed_scaled_se_bps"]),
        "bps",
        hint="the same in the confirmation era, before costs; only what passed is looked up",
    ),
    Column("n", lambda row: count(row["n"]), hint="events"),
    Column("blocks", lambda row: count(row["n_clusters"]), hint="calendar blocks with events"),
    Column("q", lambda row: probability(row["q"]), hint="p after counting all hypotheses"),
)
_WHICH = (
    Column("#", lambda row: str(row["rank"])),
    Column("hypothesis", lambda row: hypothesis_words(row["hypothesis"]), kind="text"),
)
ESTIMATES = (
    *_WHICH,
    Column(
        "equal notional",
        lambda row: estimate(row["effect_bps"], row["se_bps"]),
        "bps",
        hint="plain mean less the market's usual one",
    ),
    Column(
        "inverse variance",
        lambda row: estimate(row["weighted_bps"], row["weighted_se_bps"]),
        "bps",
        hint="calm bars count more",
    ),
    Column("median", lambda row: signed(row["median_bps"]), "bps", hint="nothing subtracted"),
    Column("kept", lambda row: percent(row["kept_share"], 0), "%", hint="shrunk over found"),
    Column("false sign", lambda row: probability(row["sign_rate"]), hint="or no effect"),
    Column("no effect", lambda row: probability(row["null_share"]), hint="posterior probability"),
    Column("hierarchy", lambda row: estimate(row["tree_bps"], row["tree_sd_bps"]), "bps"),
    Column("James\u2013Stein", lambda row: signed(row["james_stein_bps"]), "bps"),
    Column(
        "prior decides",
        lambda row: "yes" if row["prior_dependent"] else "no",
        kind="text",
        hint="shrinkage and hierarchy disagree in sign or by more than a standard deviation",
    ),
    Column(
        "detectable",
        lambda row: decimal(row["detectable_bps"], 1),
        "bps",
        hint="effect that this sample would find with 80 % power",
    ),
)
TESTS = (
    *_WHICH,
    Column("t", lambda row: signed(row["t"], 2)),
    Column("p", lambda row: probability(row["p"]), hint="of the three estimates together"),
    Column(
        "permuted", lambda row: probability(row["p_permutation"]), hint="circular shifts of events"
    ),
    Column("rank", lambda row: probability(row["p_rank"]), hint="p of the rank test"),
    Column(
        "whole market", lambda row: probability(row["p_unconditional"]), hint="p against all bars"
    ),
    Column("q", lambda row: probability(row["q"]), hint="two levels, after Benjamini-Bogomolov"),
    Column("q of event", lambda row: probability(row["q_event"])),
    Column("BY", lambda row: probability(row["q_by"]), hint="Benjamini-Yekutieli"),
    Column("Romano\u2013Wolf", lambda row: probability(row["p_romano_wolf"]), hint="family-wise"),
    Column("naive t", lambda row: signed(row["naive_t"], 2), hint="as if independent; never used"),
    Column("effective blocks", lambda row: decimal(row["effective_clusters"], 1)),
    text("reason", "reason", "prose"),
)


def tell_findings(evidence: Evidence, config: ReportConfig) -> dict[str, Any]:
    """The tables of the best hypotheses and of further findings, and the forest of the first."""
    every = ranked(evidence)
    if every.is_empty():
        return {"sentence": "There is no hypothesis to list.", "empty": True}
    shown, rest = every.head(config.n_best), every.slice(config.n_best)
    further = rest.filter(pl.col("verdict") == FINDING).head(config.n_further)
    forest = shown.filter(pl.col("scaled_se_bps").is_finite()).head(config.n_forest)
    return {
        "sentence": _sentence(every, shown, further),
        "empty": False,
        "table": fill_grid("findings", "Hypotheses by q", COLUMNS, shown.to_dicts()),
        "words": [_in_words(row) for row in promoted_first(evidence).head(_N_IN_WORDS).to_dicts()],
        "estimates": fill_grid("estimates", "All estimates of these", ESTIMATES, shown.to_dicts()),
        "tests": fill_grid("tests", "All tests of these", TESTS, shown.to_dicts()),
        "further": _further(further, COLUMNS),
        "forest": None if forest.is_empty() else draw_forest(forest, config.confidence),
    }


def _in_words(row: Row) -> str:
    return f"{tell_name(row)}: {tell_belief(row)}; {tell_proof(row)}."


def _further(rows: pl.DataFrame, columns: Sequence[Column]) -> Grid | None:
    caption = n_of(rows.height, "further finding")
    grid = fill_grid("findings-further", caption, columns, rows.to_dicts())
    return None if rows.is_empty() else grid


def _sentence(every: pl.DataFrame, shown: pl.DataFrame, further: pl.DataFrame) -> str:
    n_found = every.filter(pl.col("verdict") == FINDING).height
    hidden = n_found - further.height - shown.filter(pl.col("verdict") == FINDING).height
    listed = f"The {n_of(shown.height, 'hypothesis', 'hypotheses')} with the smallest q"
    if not n_found:
        return f"{listed} of {count(every.height)}. None passes; they are shown to be looked at."
    told = f"{listed} of {count(every.height)}; {n_of(n_found, 'finding')} in all."
    return told + (f" {count(hidden)} of them stand only in the lake's table." if hidden else "")
