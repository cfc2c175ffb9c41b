"""Events by family, market and year: how often, and on which side."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import polars as pl

from tasks.report.absent import list_absent
from tasks.report.chart import (
    N_SERIES,
    Chart,
    axis,
    layout,
    numbers,
    series_colour,
    series_dash,
    titled,
    words,
)
from tasks.report.facts import Evidence
from tasks.report.formats import count, decimal, n_of, percent
from tasks.report.grid import Column, Grid, Row, fill_grid, text

_ROW_HEIGHT, _FRAME_HEIGHT, _QUARTERS_HEIGHT = 24, 94, 420
_MOST_ROWS, _ROOM = 60, 1.05
_THOUSAND = 1000
_YEAR = pl.col("month").dt.year().alias("year")
_QUARTER = pl.col("month").dt.truncate("1q").alias("quarter")


def tell_occurrences(evidence: Evidence) -> dict[str, Any]:
    """Counts per event, market and year, and how frequent each family is over time."""
    absent = list_absent(evidence.coverage)
    if evidence.events.is_empty():
        none = "No analyzer found an event in these bars."
        return {"sentence": none, "empty": True, "absent": absent}
    n_bars = int(evidence.months["n_bars"].sum())
    totals = _totals(evidence.events, n_bars)
    shares = _shares_charts(totals)
    return {
        "sentence": _sentence(evidence.events),
        "empty": False,
        "absent": absent,
        "shares": shares,
        "quarters": _quarters_chart(evidence, shares[0].height),
        "by_market": _by_market(evidence, totals),
        "by_year": _by_year(evidence.events, totals),
    }


def _sentence(events: pl.DataFrame) -> str:
    kinds = n_of(events["event"].n_unique(), "kind", "kinds")
    families = n_of(events["family"].n_unique(), "family", "families")
    return (
        f"{n_of(int(events['n'].sum()), 'event')} of {kinds} in {families}. An event stands at the "
        "bar at whose close it became known."
    )


def _totals(events: pl.DataFrame, n_bars: int) -> pl.DataFrame:
    sums = events.group_by("family", "event").agg(pl.col("n", "n_long", "n_short").sum())
    return sums.with_columns(share=pl.col("n") / max(1, n_bars)).sort("family", "event")


def _by_market(evidence: Evidence, totals: pl.DataFrame) -> Grid:
    per = evidence.events.group_by("event", "market").agg(pl.col("n").sum())
    found = {(row["event"], row["market"]): row["n"] for row in per.to_dicts()}

    def column(market: str) -> Column:
        def show(row: Row) -> str:
            return count(found.get((row["event"], market), 0))

        return Column(market, show)

    columns = (
        *_names(),
        Column("all", lambda row: count(row["n"])),
        Column("of bars", lambda row: percent(row["share"]), "%"),
        Column("long", lambda row: decimal(100 * row["n_long"] / row["n"], 0), "%"),
        Column("short", lambda row: decimal(100 * row["n_short"] / row["n"], 0), "%"),
        *(column(market) for market in evidence.markets),
    )
    return fill_grid("events-by-market", "Events per market", columns, totals.to_dicts())


def _by_year(events: pl.DataFrame, totals: pl.DataFrame) -> Grid:
    per = events.group_by("event", _YEAR).agg(pl.col("n").sum())
    found = {(row["event"], row["year"]): row["n"] for row in per.to_dicts()}

    def column(year: int) -> Column:
        def show(row: Row) -> str:
            return count(found.get((row["event"], year), 0))

        return Column(str(year), show)

    years = events["month"].dt.year().unique().sort()
    columns = (*_names(), *(column(year) for year in years))
    return fill_grid("events-by-year", "Events per year", columns, totals.to_dicts())


def _names() -> tuple[Column, Column]:
    return text("event", "event", "code"), text("family", "family")


def _shares_charts(totals: pl.DataFrame) -> list[Chart]:
    """Bars by event, whole families in each chart; several side by side where there are many."""
    families = totals["family"].unique().sort().to_list()
    n_charts = -(-totals.height // _MOST_ROWS)
    least = totals.height / n_charts
    most = 100.0 * float(totals["share"].max())  # type: ignore[arg-type]
    charts: list[Chart] = []
    held = totals.clear()
    for (family,), part in totals.group_by("family", maintain_order=True):
        held = pl.concat([held, part])
        if held.height >= least or family == families[-1]:
            charts.append(_shares_chart(len(charts), held, families, most))
            held = totals.clear()
    return charts


def _shares_chart(number: int, totals: pl.DataFrame, families: Sequence[str], most: float) -> Chart:
    shape = layout(
        axis(title=titled("share of bars, %"), range=[0, numbers([_ROOM * most])[0]]),
        axis(autorange="reversed", type="category", showgrid=False),
        showlegend=True,
        bargap=0.35,
    )
    height = _FRAME_HEIGHT + _ROW_HEIGHT * totals.height
    label = "Share of bars with an event, by event"
    return Chart(f"chart-events-{number}", label, height, tuple(_bars(totals, families)), shape)


def _bars(totals: pl.DataFrame, families: Sequence[str]) -> Iterator[dict[str, Any]]:
    for (family,), part in totals.group_by("family", maintain_order=True):
        place = families.index(str(family))
        marker: dict[str, Any] = {"color": series_colour(place)}
        if place >= N_SERIES:
            marker |= {"pattern": {"shape": "/", "solidity": 0.5}}
        yield {
            "type": "bar",
            "orientation": "h",
            "name": words(str(family)),
            "y": [words(event) for event in part["event"]],
            "x": numbers(part["share"] * 100),
            "marker": marker,
            "customdata": [count(n) for n in part["n"]],
            "hovertemplate": "%{y}: %{customdata} events, %{x:.3f} % of bars<extra></extra>",
        }


def _quarters_chart(evidence: Evidence, height: int) -> Chart:
    rate = _rates(evidence)
    traces = [
        {
            "type": "scatter",
            "mode": "lines+markers",
            "name": words(str(family)),
            "x": [quarter.isoformat() for quarter in part["quarter"]],
            "y": numbers(part["rate"]),
            "line": _line(position),
            "marker": {"size": 5},
            "hovertemplate": "%{fullData.name}, quarter from %{x|%B %Y}: %{y:.2f}<extra></extra>",
        }
        for position, ((family,), part) in enumerate(rate.group_by("family", maintain_order=True))
    ]
    shape = layout(
        axis(type="date", showgrid=False),
        axis(title=titled("events per 1,000 bars, quarterly"), rangemode="tozero"),
        showlegend=True,
    )
    label = "Events per thousand bars and quarter, by family"
    shown_height = min(height, _QUARTERS_HEIGHT)
    return Chart("chart-quarters", label, shown_height, tuple(traces), shape)


def _line(position: int) -> dict[str, Any]:
    return {"color": series_colour(position), "dash": series_dash(position), "width": 1.5}


def _rates(evidence: Evidence) -> pl.DataFrame:
    bars = evidence.months.group_by(_QUARTER).agg(pl.col("n_bars").sum())
    per = evidence.events.group_by("family", _QUARTER).agg(pl.col("n").sum())
    rate = per.join(bars, on="quarter", how="left").sort("family", "quarter")
    return rate.with_columns(rate=_THOUSAND * pl.col("n") / pl.col("n_bars"))
