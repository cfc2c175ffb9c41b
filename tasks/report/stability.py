"""Where an effect comes from: halves, years, markets and regimes of the discovery era."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import polars as pl

from tasks.report.chart import Chart, axis, layout, rule, titled, words
from tasks.report.config import ReportConfig
from tasks.report.facts import Evidence
from tasks.report.forest import marks, student_quantiles
from tasks.report.formats import (
    MISSING,
    condition_words,
    count,
    hypothesis_words,
    is_missing,
    market_words,
    percent,
)
from tasks.report.grid import Column, Row, fill_grid
from tasks.report.ranking import FINDING, PROMOTED, ranked

_ROW_HEIGHT, _FRAME_HEIGHT, _BETWEEN = 20, 64, 0.7
_YEAR, _LEAST_BLOCKS = "year", 5
_ORDER = {"half": 0, _YEAR: 1, "market": 2, "regime": 3}
_I2 = {"halves": "i2_halves", "years": "i2_years", "markets": "i2_markets", "regimes": "i2_regimes"}


def _share(field: str) -> Any:
    return lambda row: percent(row[field], 0)


COLUMNS = (
    Column("#", lambda row: str(row["rank"])),
    Column("hypothesis", lambda row: hypothesis_words(row["hypothesis"]), kind="text"),
    *(Column(name, _share(field), "I\u00b2 %") for name, field in _I2.items()),
    Column("largest year", _share("largest_year_share"), "% of sum"),
)


def tell_stability(evidence: Evidence, config: ReportConfig) -> dict[str, Any]:
    """How the best hypotheses vary: a table, and a chart for the best of each event."""
    sliced = evidence.stability["hypothesis"].unique().implode()
    looked_at = ranked(evidence).filter(pl.col("hypothesis").is_in(sliced))
    if looked_at.is_empty():
        return {"sentence": "No hypothesis came so far that it was cut into slices.", "empty": True}
    is_other = [(pl.col(c) != v).fill_null(True) for c, v in _PREFERRED]
    ordered = looked_at.sort(*is_other, "rank")
    drawn = ordered.unique("event", keep="first", maintain_order=True).head(config.n_slices)
    shown = ordered.head(config.n_best).sort("rank")
    return {
        "sentence": _SENTENCE,
        "empty": False,
        "charts": [
            _chart(place, row, evidence.stability, config.confidence)
            for place, row in enumerate(drawn.to_dicts())
        ],
        "table": fill_grid("stability", "How much slices differ", COLUMNS, shown.to_dicts()),
    }


_PREFERRED = (("promotion", PROMOTED), ("verdict", FINDING))
_SENTENCE = (
    "The best hypothesis of each event, cut into halves and years of the discovery era, and into "
    "markets and regimes where it asks for all of them. Each slice is measured against all bars of "
    "the same slice. I\u00b2 is the share of the variation between slices that sampling does not "
    "explain: 0 % says one effect, near 100 % says several. Many slices are looked at, so one that "
    f"stands out is no news by itself; below {_LEAST_BLOCKS} calendar blocks none has an interval."
)


def _chart(place: int, row: Row, stability: pl.DataFrame, confidence: float) -> dict[str, Any]:
    own = stability.filter(pl.col("hypothesis") == row["hypothesis"])
    order = pl.col("by").replace_strict(_ORDER, default=len(_ORDER), return_dtype=pl.Int64)
    slices = own.sort(order, "slice")
    labels = [words(_label(*pair)) for pair in slices.select("by", "slice").rows()]
    places = _places(slices["by"].to_list())
    half = _half_widths(slices, confidence)
    points = marks("effect", slices["scaled_bps"], half, half, y=places, text=labels)
    points["error_x"]["color"] = "@accent"
    points |= {"marker": {"color": "@accent", "size": 7}, "customdata": slices["n"].to_list()}
    points["hovertemplate"] = "%{text}: %{x:+.1f} bps, n %{customdata}<extra></extra>"
    name = hypothesis_words(row["hypothesis"])
    height = round(_FRAME_HEIGHT + _ROW_HEIGHT * (places[-1] + 1))
    chart = Chart(
        f"chart-slices-{place}",
        f"Effect of {name} by slice",
        height,
        (points,),
        _shape(labels, places, row["scaled_bps"]),
    )
    n_years = slices.filter(pl.col("by") == _YEAR).height
    return {"title": name, "told": _told(row, n_years), "chart": chart}


def _half_widths(slices: pl.DataFrame, confidence: float) -> pl.Series:
    half = slices["scaled_se_bps"] * student_quantiles(slices["n_clusters"], confidence)
    # With so few blocks Student's t is so wide that the other slices could not be told apart.
    return half.set(slices["n_clusters"] < _LEAST_BLOCKS, None)


def _shape(labels: list[str], places: list[float], whole: float) -> dict[str, Any]:
    rows = axis(
        tickvals=places,
        ticktext=labels,
        range=[places[-1] + 0.6, -0.6],
        showgrid=False,
        ticks="",
        ticklabelstandoff=6,
    )
    lines = [rule(x=0, colour="@soft"), rule(x=whole, dash="dash", colour="@axis")]
    return layout(axis(title=titled("bps, in the event's side")), rows, lines)


def _places(kinds: list[str]) -> list[float]:
    """Rows at 0, 1, 2, ..., with some room where the kind of slice changes."""
    places, place = [0.0], 0.0
    for before, kind in pairwise(kinds):
        place += 1.0 if kind == before else 1.0 + _BETWEEN
        places.append(round(place, 3))
    return places


def _label(by: str, name: str) -> str:
    known = {"half": f"{name} half", "market": market_words(name), "regime": condition_words(name)}
    return known.get(by, name)


def _told(row: Row, n_years: int) -> str:
    varied = [f"{n} {percent(row[f], 0)} %" for n, f in _I2.items() if not is_missing(row[f])]
    told = f"I\u00b2: {', '.join(varied) or MISSING}"
    if n_years > 1:
        told += f". Largest year: {percent(row['largest_year_share'], 0)} % of the sum"
    return f"{told}. {count(row['n'])} events; dashed: all of them."
