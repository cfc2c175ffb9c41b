"""Event-study curves: what the price did, on average, before and after the events of a finding."""

from __future__ import annotations

from typing import Any

import polars as pl

from lake.ref import EVERY_MARKET
from tasks.report.chart import (
    Chart,
    axis,
    layout,
    numbers,
    rule,
    series_colour,
    series_dash,
    titled,
    words,
)
from tasks.report.config import ReportConfig
from tasks.report.facts import Evidence
from tasks.report.formats import condition_words, market_words, n_of, signed
from tasks.report.ranking import FINDING, ranked

_HEIGHT, _LEGEND_HEIGHT, _N_IN_LEGEND_ROW = 260, 22, 3
_BAND_OPACITY = 0.15


def tell_curves(evidence: Evidence, config: ReportConfig) -> dict[str, Any]:
    """One chart per event and market that has a finding, best first."""
    found = ranked(evidence).filter(pl.col("verdict") == FINDING)
    pairs = found.select("event", "market").unique(maintain_order=True).rows()
    drawn = [(pair, _paths_of(evidence.paths, *pair)) for pair in pairs]
    with_paths = [(pair, paths) for pair, paths in drawn if not paths.is_empty()]
    curves = [
        _curve(number, found, pair, paths, config.n_bands)
        for number, (pair, paths) in enumerate(with_paths[: config.n_curves])
    ]
    return {"curves": curves, "sentence": _sentence(len(curves), len(with_paths))}


def _sentence(n_drawn: int, n_all: int) -> str:
    if not n_all:
        return "There is no finding, so there is no curve to draw."
    told = (
        "Mean price against the entry at the next open, in the event's side and less the market's "
        "own drift from there, over all occurrences in the discovery era whatever the condition; "
        "shaded, the clustered 95 % band. Bar 0 is the event's bar; dotted lines mark the horizons "
        "of the findings."
    )
    hidden = n_all - n_drawn
    return told + (
        f" {n_of(hidden, 'further curve is', 'further curves are')} not drawn." if hidden else ""
    )


def _paths_of(paths: pl.DataFrame, event: str, market: str) -> pl.DataFrame:
    of_event = paths.filter(pl.col("event") == event)
    if market != EVERY_MARKET:
        of_event = of_event.filter(pl.col("market") == market)
    return of_event.sort("market", "offset")


def _curve(
    number: int,
    found: pl.DataFrame,
    pair: tuple[str, str],
    paths: pl.DataFrame,
    n_bands: int,
) -> dict[str, Any]:
    event, market = pair
    own = found.filter((pl.col("event") == event) & (pl.col("market") == market))
    parts = paths.partition_by("market", maintain_order=True)
    traces = [
        trace
        for position, part in enumerate(parts)
        for trace in _lines(position, part, with_band=len(parts) <= n_bands)
    ]
    horizons = own["horizon_bars"].unique().sort().to_list()
    marks = [rule(x=bars, dash="dot", colour="@soft") for bars in horizons]
    shape = layout(
        axis(title=titled("bars after the event"), showgrid=False),
        axis(title=titled("bps")),
        [rule(y=0), rule(x=0), *marks],
        showlegend=len(parts) > 1,
    )
    legend_rows = len(parts) // _N_IN_LEGEND_ROW
    label = f"Event study of {event}, {market_words(market)}"
    height = _HEIGHT + _LEGEND_HEIGHT * legend_rows
    return {
        "event": event,
        "market": market_words(market),
        "told": [_told(row) for row in own.to_dicts()],
        "chart": Chart(f"chart-curve-{number}", label, height, tuple(traces), shape),
    }


def _told(row: dict[str, Any]) -> str:
    when = "" if row["condition"] == "all" else f", {condition_words(row['condition'])}"
    return f"{row['horizon']}{when}: {signed(row['effect_bps'])} bps"


def _lines(position: int, part: pl.DataFrame, *, with_band: bool) -> list[dict[str, Any]]:
    offsets = part["offset"].to_list()
    market = words(part["market"][0])
    mean = {
        "type": "scatter",
        "mode": "lines",
        "name": market,
        "legendgroup": market,
        "x": offsets,
        "y": numbers(part["mean_bps"]),
        "customdata": part["n"].to_list(),
        "line": {"color": series_colour(position), "width": 1.8, "dash": series_dash(position)},
        "hovertemplate": f"{market}, bar %{{x}}: %{{y:+.1f}} bps, n %{{customdata}}<extra></extra>",
    }
    return [*(_band(position, part, market) if with_band else []), mean]


def _band(position: int, part: pl.DataFrame, market: str) -> list[dict[str, Any]]:
    edge = {
        "type": "scatter",
        "mode": "lines",
        "x": part["offset"].to_list(),
        "line": {"width": 0, "color": series_colour(position)},
        "legendgroup": market,
        "showlegend": False,
        "hoverinfo": "skip",
    }
    fill = {"fill": "tonexty", "fillcolor": series_colour(position, _BAND_OPACITY)}
    lower, upper = numbers(part["lower_bps"]), numbers(part["upper_bps"])
    return [edge | {"y": lower}, edge | fill | {"y": upper}]
