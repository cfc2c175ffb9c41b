"""The best hypotheses: a table, and a forest of raw and shrunk effects."""

from __future__ import annotations

from typing import Any

import polars as pl

from tasks.report.chart import Chart, axis, layout, numbers, row_axis, rule, titled, words
from tasks.report.config import ReportConfig
from tasks.report.facts import Evidence
from tasks.report.formats import (
    PLUS_MINUS,
    condition_words,
    count,
    decimal,
    hypothesis_words,
    market_words,
    n_of,
    probability,
    signed,
    spread,
)
from tasks.report.grid import Column, Grid, fill_grid, text
from tasks.report.ranking import FINDING, ranked

_ROW_HEIGHT, _FRAME_HEIGHT, _SHIFT = 30, 90, 0.16
COLUMNS = (
    Column("#", lambda row: str(row["rank"])),
    text("event", "event", "code"),
    Column("market", lambda row: market_words(row["market"]), kind="text"),
    Column("horizon", lambda row: row["horizon"]),
    Column("condition", lambda row: condition_words(row["condition"]), kind="text"),
    text("verdict", "verdict", "verdict"),
    Column("q", lambda row: probability(row["q"]), hint="p after counting all hypotheses"),
    Column(
        "effect",
        lambda row: signed(row["effect_bps"]),
        "bps",
        hint="mean less the same market's usual return; negative says fade",
    ),
    Column("SE", lambda row: decimal(row["se_bps"], 1), "bps", hint="clustered"),
    Column(
        f"shrunk {PLUS_MINUS} sd",
        lambda row: f"{signed(row['shrunk_bps'])} {spread(row['shrunk_sd_bps'])}",
        "bps",
        hint="posterior mean and standard deviation",
    ),
    Column(
        "detectable",
        lambda row: decimal(row["detectable_bps"], 1),
        "bps",
        hint="effect that this sample would find with 80 % power",
    ),
    Column("n", lambda row: count(row["n"]), hint="events"),
    Column("clusters", lambda row: count(row["n_clusters"]), hint="calendar blocks with events"),
    Column("t", lambda row: signed(row["t"], 2)),
    Column("p", lambda row: probability(row["p"])),
    text("reason", "reason", "prose"),
)


def tell_findings(evidence: Evidence, config: ReportConfig) -> dict[str, Any]:
    """The table of the best hypotheses, that of further findings, and the forest of the first."""
    every = ranked(evidence)
    if every.is_empty():
        return {"sentence": "There is no hypothesis to list.", "empty": True}
    shown, rest = every.head(config.n_best), every.slice(config.n_best)
    further = rest.filter(pl.col("verdict") == FINDING).head(config.n_further)
    forest = shown.filter(pl.col("se_bps").is_finite()).head(config.n_forest)
    return {
        "sentence": _sentence(every, shown, further),
        "empty": False,
        "table": fill_grid("findings", "Hypotheses by q", COLUMNS, shown.to_dicts()),
        "further": _further(further),
        "forest": None if forest.is_empty() else _forest(forest, config.confidence),
    }


def _further(rows: pl.DataFrame) -> Grid | None:
    caption = n_of(rows.height, "further finding")
    grid = fill_grid("findings-further", caption, COLUMNS, rows.to_dicts())
    return None if rows.is_empty() else grid


def _sentence(every: pl.DataFrame, shown: pl.DataFrame, further: pl.DataFrame) -> str:
    n_found = every.filter(pl.col("verdict") == FINDING).height
    hidden = n_found - further.height - shown.filter(pl.col("verdict") == FINDING).height
    listed = f"The {n_of(shown.height, 'hypothesis', 'hypotheses')} with the smallest q"
    if not n_found:
        return f"{listed} of {count(every.height)}. None passes; they are shown to be looked at."
    told = f"{listed} of {count(every.height)}; {n_of(n_found, 'finding')} in all."
    return told + (f" {count(hidden)} of them stand only in the lake's table." if hidden else "")


def _forest(rows: pl.DataFrame, confidence: float) -> Chart:
    labels = [words(hypothesis_words(name)) for name in rows["hypothesis"]]
    shape = layout(
        axis(title=titled("bps, in the event's side"), side="bottom"),
        row_axis(labels),
        [rule(x=0, colour="@soft")],
        showlegend=True,
        meta={"short": [f"#{rank}" for rank in rows["rank"]]},
    )
    traces = tuple(trace | {"text": labels} for trace in _both(rows, confidence))
    height = _FRAME_HEIGHT + _ROW_HEIGHT * rows.height
    label = "Raw effects with confidence intervals beside shrunk effects with credible intervals"
    note = (
        f"Bars are {100 * confidence:.0f} % intervals: of Student's t with the clusters less one "
        "for the raw effect, of the posterior for the shrunk one."
    )
    return Chart("chart-forest", label, height, traces, shape, note)


def _both(rows: pl.DataFrame, confidence: float) -> tuple[dict[str, Any], dict[str, Any]]:
    """Raw effects a little above each row, shrunk ones a little below."""
    normal, student = _quantiles(rows["n_clusters"].to_list(), confidence)
    raw = _marks("raw effect", rows["effect_bps"], rows["se_bps"] * student, -_SHIFT, "@soft")
    shrunk = _marks("shrunk", rows["shrunk_bps"], rows["shrunk_sd_bps"] * normal, _SHIFT, "@accent")
    raw["marker"] |= {"symbol": "circle-open", "size": 7}
    shrunk["marker"] |= {"symbol": "diamond", "size": 8}
    return raw, shrunk


def _marks(
    name: str, centre: pl.Series, half: pl.Series, shift: float, colour: str
) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "markers",
        "name": name,
        "x": numbers(centre),
        "y": [row + shift for row in range(centre.len())],
        "error_x": {
            "type": "data",
            "array": numbers(half),
            "color": colour,
            "thickness": 1.5,
            "width": 0,
        },
        "marker": {"color": colour},
        "hovertemplate": f"%{{text}}<br>{name} %{{x:+.1f}} bps<extra></extra>",
    }


def _quantiles(n_clusters: list[int], confidence: float) -> tuple[float, pl.Series]:
    from scipy.special import ndtri, stdtrit

    upper = 0.5 + confidence / 2
    students = [float(stdtrit(max(1, n - 1), upper)) for n in n_clusters]
    return float(ndtri(upper)), pl.Series(students, dtype=pl.Float64)
