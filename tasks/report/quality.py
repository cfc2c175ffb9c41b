"""Data quality: what came, what is missing, what was put aside."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import polars as pl

from tasks.report.chart import Chart, axis, layout, words
from tasks.report.config import ReportConfig
from tasks.report.facts import Evidence
from tasks.report.formats import MISSING, count, day, n_of, percent
from tasks.report.grid import Column, Grid, Row, fill_grid, text

_ROW_HEIGHT, _FRAME_HEIGHT = 30, 60
_NO_FAULTS = ("bars", "gaps", "raw_rows", "parts", "stale")


def tell_quality(evidence: Evidence, config: ReportConfig) -> dict[str, Any]:
    """Tables of checks per market, and a strip of missing bars per month."""
    n_gaps = int(evidence.months["n_gaps"].sum())
    return {
        "sentence": _sentence(evidence, n_gaps),
        "summary": _summary(evidence),
        "checks": _checks(evidence.quality),
        "strip": _strip(evidence.months, config.gap_steps) if n_gaps else None,
        "classes": _classes(config.gap_steps),
    }


def _sentence(evidence: Evidence, n_gaps: int) -> str:
    if not n_gaps:
        return "No bar is missing in any market."
    n_slots = n_gaps + int(evidence.months["n_bars"].sum())
    are = n_of(n_gaps, "bar is", "bars are")
    return (
        f"{are} missing, {percent(n_gaps / n_slots)} % of the grid. A gap stays a gap: nothing is "
        "filled in, and an outcome that would span one is missing too."
    )


def _summary(evidence: Evidence) -> Grid:
    totals = (
        evidence.months.group_by("market")
        .agg(
            pl.col("n_bars", "n_gaps").sum(), pl.col("first_time").min(), pl.col("last_time").max()
        )
        .with_columns(share=pl.col("n_gaps") / (pl.col("n_gaps") + pl.col("n_bars")))
        .sort("market")
    )
    columns = (
        text("market", "market"),
        Column("first bar", lambda row: day(row["first_time"])),
        Column("last bar", lambda row: day(row["last_time"])),
        Column("bars", lambda row: count(row["n_bars"])),
        Column("missing", lambda row: count(row["n_gaps"])),
        Column("missing", lambda row: percent(row["share"]), "%", hint="share of the grid"),
        *_check_columns(evidence.quality),
    )
    return fill_grid("markets", "Markets", columns, totals.to_dicts())


def _check_columns(quality: pl.DataFrame) -> list[Column]:
    found = {(row["market"], row["check"]): row["n"] for row in quality.to_dicts()}
    notes = dict(quality.select("check", "note").rows())

    def column(check: str) -> Column:
        def show(row: Row) -> str:
            n = found.get((row["market"], check))
            return MISSING if n is None else count(n)

        return Column(check.replace("_", " "), show, hint=notes[check])

    failing = quality.filter(pl.col("n") > 0)["check"].unique().sort()
    return [column(check) for check in failing if check not in _NO_FAULTS]


def _checks(quality: pl.DataFrame) -> Grid:
    columns = (
        text("market", "market"),
        text("check", "check", "code"),
        Column("rows", lambda row: count(row["n"])),
        Column("share", lambda row: percent(row["share"]), "%"),
        Column("first", lambda row: day(row["first_time"])),
        Column("last", lambda row: day(row["last_time"])),
        text("note", "note", "prose"),
    )
    return fill_grid("checks", "Every check", columns, quality.sort("market", "check").to_dicts())


def _classes(steps: tuple[float, ...]) -> list[str]:
    inner = [f"{100 * low:g} to {100 * high:g} %" for low, high in pairwise(steps)]
    return ["none", f"up to {100 * steps[0]:g} %", *inner, f"above {100 * steps[-1]:g} %"]


def _strip(months: pl.DataFrame, steps: tuple[float, ...]) -> Chart:
    names, markets = months["month"].unique().sort(), months["market"].unique().sort()
    parts = _full(months, steps).partition_by("market", maintain_order=True)
    trace = {
        "type": "heatmap",
        "x": [month.isoformat() for month in names],
        "y": [words(market) for market in markets],
        "z": [part["tone"].to_list() for part in parts],
        "text": [[_missing_words(n) for n in part["n_gaps"]] for part in parts],
        "hovertemplate": "%{y} %{x|%B %Y}: %{text}<extra></extra>",
    }
    shape = layout(
        axis(showgrid=False, type="date"),
        axis(showgrid=False, autorange="reversed", type="category", ticks="", ticklabelstandoff=6),
    )
    height = _FRAME_HEIGHT + _ROW_HEIGHT * len(markets)
    return Chart(
        "chart-gaps",
        "Missing bars per month and market",
        height,
        (trace | _tones(len(steps) + 2),),
        shape,
    )


def _full(months: pl.DataFrame, steps: tuple[float, ...]) -> pl.DataFrame:
    """Tone and gaps of every market and month, null outside a market's span."""
    share = pl.col("n_gaps") / (pl.col("n_gaps") + pl.col("n_bars"))
    tone = pl.sum_horizontal(share > 0, *(share > step for step in steps)).cast(pl.Int64)
    names, markets = months["month"].unique().sort(), months["market"].unique().sort()
    every = markets.to_frame().join(names.to_frame(), how="cross")
    known = months.select("market", "month", "n_gaps", tone=tone)
    return every.join(known, on=["market", "month"], how="left", maintain_order="left")


def _missing_words(n_gaps: int | None) -> str:
    return "outside the span" if n_gaps is None else f"{count(n_gaps)} missing"


def _tones(n_tones: int) -> dict[str, Any]:
    """A scale of steps without transitions: each tone holds its share of it."""
    scale = [
        [round((tone + side) / n_tones, 6), f"@gap{tone}"]
        for tone in range(n_tones)
        for side in (0, 1)
    ]
    ends = {"zmin": -0.5, "zmax": n_tones - 0.5}
    return {"colorscale": scale, "showscale": False, "xgap": 1, "ygap": 4, **ends}
