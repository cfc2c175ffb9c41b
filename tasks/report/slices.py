"""A mean cut into slices, each with its interval, in one column of rows."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import polars as pl

from tasks.report.chart import Chart, axis, layout, rule, titled
from tasks.report.forest import half_widths, marks
from tasks.report.formats import is_missing

_ROW_HEIGHT, _FRAME_HEIGHT, _BETWEEN = 20, 64, 0.7


def draw_slices(
    name: str, label: str, slices: pl.DataFrame, whole: float | None, title: str, confidence: float
) -> Chart:
    """Draw the slices in their order, with room between kinds.

    Parameters
    ----------
    name, label : str
        Of the chart.
    slices : DataFrame
        One row each: `by` (its kind), `label`, `mean_bps`, `se_bps`, `n`, `n_clusters`.
    whole : float or None
        The mean of all of them.
    title : str
        Of the axis.
    confidence : float
        Of the intervals.
    """
    labels, places = slices["label"].to_list(), _places(slices["by"].to_list())
    half = half_widths(slices["se_bps"], slices["n_clusters"], confidence)
    points = marks("mean", slices["mean_bps"], half, half, y=places, text=labels)
    points["error_x"]["color"] = "@accent"
    points |= {"marker": {"color": "@accent", "size": 7}, "customdata": slices["n"].to_list()}
    points["hovertemplate"] = "%{text}: %{x:+.1f} bps, n %{customdata}<extra></extra>"
    height = round(_FRAME_HEIGHT + _ROW_HEIGHT * (places[-1] + 1))
    return Chart(name, label, height, (points,), _shape(labels, places, whole, title))


def _shape(
    labels: Sequence[str], places: Sequence[float], whole: float | None, title: str
) -> dict[str, Any]:
    rows = axis(
        tickvals=list(places),
        ticktext=list(labels),
        range=[places[-1] + 0.6, -0.6],
        showgrid=False,
        ticks="",
        ticklabelstandoff=6,
    )
    lines = [rule(x=0, colour="@soft")]
    if not is_missing(whole):
        lines.append(rule(x=whole, dash="dash", colour="@axis"))
    return layout(axis(title=titled(title)), rows, lines)


def _places(kinds: Sequence[str]) -> list[float]:
    """Rows at 0, 1, 2, ..., with some room where the kind of slice changes."""
    places, place = [0.0], 0.0
    for before, kind in pairwise(kinds):
        place += 1.0 if kind == before else 1.0 + _BETWEEN
        places.append(round(place, 3))
    return places
