"""Where an effect comes from: halves, years, markets and regimes of the discovery era."""

from __future__ import annotations

from typing import Any

import polars as pl

from tasks.report.chart import words
from tasks.report.config import ReportConfig
from tasks.report.facts import Evidence
from tasks.report.forest import LEAST_BLOCKS
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
from tasks.report.slices import draw_slices

_YEAR = "year"
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
    f"stands out is no news by itself; below {LEAST_BLOCKS} calendar blocks none has an interval."
)


def _chart(place: int, row: Row, stability: pl.DataFrame, confidence: float) -> dict[str, Any]:
    own = stability.filter(pl.col("hypothesis") == row["hypothesis"])
    order = pl.col("by").replace_strict(_ORDER, default=len(_ORDER), return_dtype=pl.Int64)
    ordered = own.sort(order, "slice")
    labels = [words(_label(*pair)) for pair in ordered.select("by", "slice").rows()]
    slices = ordered.select(
        "by",
        "n",
        "n_clusters",
        mean_bps="scaled_bps",
        se_bps="scaled_se_bps",
        label=pl.Series(labels),
    )
    name = hypothesis_words(row["hypothesis"])
    told = (f"chart-slices-{place}", f"Effect of {name} by slice")
    title = "bps, in the event's side"
    chart = draw_slices(*told, slices, row["scaled_bps"], title, confidence)
    n_years = own.filter(pl.col("by") == _YEAR).height
    return {"title": name, "told": _told(row, n_years), "chart": chart}


def _label(by: str, name: str) -> str:
    known = {"half": f"{name} half", "market": market_words(name), "regime": condition_words(name)}
    return known.get(by, name)


def _told(row: Row, n_years: int) -> str:
    varied = [f"{n} {percent(row[f], 0)} %" for n, f in _I2.items() if not is_missing(row[f])]
    told = f"I\u00b2: {', '.join(varied) or MISSING}"
    if n_years > 1:
        told += f". Largest year: {percent(row['largest_year_share'], 0)} % of the sum"
    return f"{told}. {count(row['n'])} events; dashed: all of them."
