"""Event-study curves: what the price did, on average, before and after the events of findings."""

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
    """One chart per event that has a finding, best first, with a curve per market concerned."""
    found = ranked(evidence).filter(pl.col("verdict") == FINDING)
    parts = found.partition_by("event", maintain_order=True)
    drawn = [(own, _paths_of(own, evidence.paths)) for own in parts]
    with_paths = [(own, paths) for own, paths in drawn if not paths.is_empty()]
    curves = [
        _curve(f"chart-curve-{number}", own, paths, config.n_bands)
        for number, (own, paths) in enumerate(with_paths[: config.n_curves])
    ]
    return {"curves": curves, "sentence": _sentence(len(curves), len(with_paths))}


def _sentence(n_drawn: int, n_all: int) -> str:
    if not n_all:
        return "There is no finding, so there is no curve to draw."
    hidden = n_all - n_drawn
    return (
        "Mean price against the entry at the next open, in the event's side and less the market's "
        "own drift from there, over all occurrences in the discovery era whatever the condition; "
        "shaded, the clustered 95 % band. Bar 0 is the event's bar; dotted lines mark those "
        "horizons of the findings that the curve reaches."
        + (
            f" {n_of(hidden, 'further event is', 'further events are')} not drawn."
            if hidden
            else ""
        )
    )


def _paths_of(own: pl.DataFrame, paths: pl.DataFrame) -> pl.DataFrame:
    """Paths of the event of the findings `own`, in their markets: all, if one is pooled."""
    of_event = paths.filter(pl.col("event") == own["event"][0]).sort("market", "offset")
    if EVERY_MARKET in own["market"]:
        return of_event
    return of_event.filter(pl.col("market").is_in(own["market"].unique().implode()))


def _curve(name: str, own: pl.DataFrame, paths: pl.DataFrame, n_bands: int) -> dict[str, Any]:
    markets = paths.partition_by("market", maintain_order=True)
    traces = [
        trace
        for position, part in enumerate(markets)
        for trace in _lines(position, part, with_band=len(markets) <= n_bands)
    ]
    event, where = own["event"][0], _where(markets)
    height = _HEIGHT + _LEGEND_HEIGHT * (len(markets) // _N_IN_LEGEND_ROW)
    shape = _shape(own, paths, with_legend=len(markets) > 1)
    label = f"Event study of {event}, {where}"
    return {
        "event": event,
        "where": where,
        "told": _told(own.row(0, named=True), own.height),
        "chart": Chart(name, label, height, tuple(traces), shape),
    }


def _shape(own: pl.DataFrame, paths: pl.DataFrame, *, with_legend: bool) -> dict[str, Any]:
    first, last = paths["offset"].min(), paths["offset"].max()
    reached = own.filter(pl.col("horizon_bars") <= last)["horizon_bars"].unique().sort()
    marks = [rule(x=bars, dash="dot", colour="@soft") for bars in reached]
    return layout(
        axis(title=titled("bars after the event"), showgrid=False, range=[first, last]),
        axis(title=titled("bps")),
        [rule(y=0), rule(x=0), *marks],
        showlegend=with_legend,
    )


def _where(markets: list[pl.DataFrame]) -> str:
    return str(markets[0]["market"][0]) if len(markets) == 1 else f"{len(markets)} markets"


def _told(best: dict[str, Any], n_findings: int) -> str:
    when = "" if best["condition"] == "all" else f", {condition_words(best['condition'])}"
    return (
        f"{n_of(n_findings, 'finding')}; best: {market_words(best['market'])}, {best['horizon']}"
        f"{when}, {signed(best['shrunk_bps'])} bps shrunk"
    )


def _lines(position: int, part: pl.DataFrame, *, with_band: bool) -> list[dict[str, Any]]:
    market = words(part["market"][0])
    line = {"color": series_colour(position), "width": 1.8, "dash": series_dash(position)}
    mean = {
        "type": "scatter",
        "mode": "lines",
        "name": market,
        "legendgroup": market,
        "x": part["offset"].to_list(),
        "y": numbers(part["mean_bps"]),
        "customdata": part["n"].to_list(),
        "line": line,
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
