"""The forest: of each hypothesis what was found, what is believed, what came out of sample."""

from __future__ import annotations

from typing import Any

import polars as pl

from tasks.report.chart import Chart, axis, layout, numbers, row_axis, rule, titled, words
from tasks.report.formats import hypothesis_words

LEAST_BLOCKS = 5
_ROW_HEIGHT, _FRAME_HEIGHT, _SHIFT = 38, 90, 0.24


def draw_forest(rows: pl.DataFrame, confidence: float) -> Chart:
    """Draw rows of `ranking.ranked`, each with its intervals."""
    labels = [words(hypothesis_words(name)) for name in rows["hypothesis"]]
    shape = layout(
        axis(title=titled("bps, in the event's side"), side="bottom"),
        row_axis(labels),
        [rule(x=0, colour="@soft")],
        showlegend=True,
        meta={"short": [f"#{rank}" for rank in rows["rank"]]},
    )
    drawn = (_found(rows, confidence), _believed(rows), _confirmed(rows, confidence))
    traces = tuple(trace | {"text": labels} for trace in drawn)
    height = _FRAME_HEIGHT + _ROW_HEIGHT * rows.height
    label = "Effects as found, shrunk, and out of sample, each with its interval"
    note = (
        f"Bars are {100 * confidence:.0f} % intervals of Student's t with the calendar blocks less "
        "one for what was found and for what came out of sample, 95 % of the posterior for the "
        "shrunk effect. Out of sample is only what passed."
    )
    return Chart("chart-forest", label, height, traces, shape, note)


def student_quantiles(n_clusters: pl.Series, confidence: float) -> pl.Series:
    """Two-sided quantiles of Student's t with the clusters less one; null without clusters."""
    from scipy.special import stdtrit

    upper = 0.5 + confidence / 2
    values = [None if n is None else float(stdtrit(max(1, n - 1), upper)) for n in n_clusters]
    return pl.Series(values, dtype=pl.Float64)


def half_widths(errors: pl.Series, n_clusters: pl.Series, confidence: float) -> pl.Series:
    """Half of each mean's interval; null below `LEAST_BLOCKS` calendar blocks.

    With so few Student's t is so wide that the other means could not be told apart.
    """
    half = errors * student_quantiles(n_clusters, confidence)
    return half.set(n_clusters.fill_null(0) < LEAST_BLOCKS, None)


def marks(
    name: str, centre: pl.Series, below: pl.Series, above: pl.Series, **changes: Any
) -> dict[str, Any]:
    """Points with intervals that reach so far `below` and `above` them, one row each."""
    return {
        "type": "scatter",
        "mode": "markers",
        "name": name,
        "x": numbers(centre),
        "y": list(range(centre.len())),
        "error_x": {
            "type": "data",
            "symmetric": False,
            "array": numbers(above),
            "arrayminus": numbers(below),
            "thickness": 1.5,
            "width": 0,
        },
        "hovertemplate": f"%{{text}}<br>{name} %{{x:+.1f}} bps<extra></extra>",
    } | changes


def _placed(trace: dict[str, Any], shift: float, colour: str, symbol: str) -> dict[str, Any]:
    trace["y"] = [row + shift for row in trace["y"]]
    trace["error_x"]["color"] = colour
    return trace | {"marker": {"color": colour, "symbol": symbol, "size": 8}}


def _found(rows: pl.DataFrame, confidence: float) -> dict[str, Any]:
    half = rows["scaled_se_bps"] * student_quantiles(rows["n_clusters"], confidence)
    found = marks("found", rows["scaled_bps"], half, half)
    return _placed(found, -_SHIFT, "@soft", "circle-open")


def _believed(rows: pl.DataFrame) -> dict[str, Any]:
    centre = rows["shrunk_bps"]
    below, above = centre - rows["lower_bps"], rows["upper_bps"] - centre
    return _placed(marks("shrunk", centre, below, above), 0.0, "@accent", "diamond")


def _confirmed(rows: pl.DataFrame, confidence: float) -> dict[str, Any]:
    freedom = student_quantiles(rows["confirmed_n_clusters"], confidence)
    half = rows["confirmed_scaled_se_bps"] * freedom
    proof = marks("out of sample", rows["confirmed_scaled_bps"], half, half)
    return _placed(proof, _SHIFT, "@good", "square")
