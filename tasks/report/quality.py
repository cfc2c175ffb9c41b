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
    share = pl.col("n_gaps") / (pl.col("n_gaps") + pl.col("n_bars"))
    tone = pl.sum_horizontal(share > 0, *(share > step for step in steps))
    wide = months.with_columns(share=share, tone=tone.cast(pl.Int64))
    names = wide["month"].unique().sort()
    markets = wide["market"].unique().sort()
    every = markets.to_frame().join(names.to_frame(), how="cross")
    full = every.join(wide, on=["market", "month"], how="left", maintain_order="left")
    parts = full.select("market", "n_gaps", "tone").partition_by("market", maintain_order=True)
    n_tones = len(steps) + 2
    trace = {
        "type": "heatmap",
        "x": [month.strftime("%Y-%m-%d") for month in names],
        "y": [words(market) for market in markets],
        "z": [part["tone"].to_list() for part in parts],
        "text": [[_missing_words(n) for n in part["n_gaps"]] for part in parts],
        "hovertemplate": "%{y} %{x|%B %Y}: %{text}<extra></extra>",
        "zmin": -0.5,
        "zmax": n_tones - 0.5,
        "colorscale": _tones(n_tones),
        "showscale": False,
        "xgap": 1,
        "ygap": 4,
    }
    height = _FRAME_HEIGHT + _ROW_HEIGHT * len(markets)
    shape = layout(
        axis(showgrid=False, type="date"),
        axis(showgrid=False, autorange="reversed", type="category", ticks="", ticklabelstandoff=6),
    )
    return Chart("chart-gaps", "Missing bars per month and market", height, (trace,), shape)


def _missing_words(n_gaps: int | None) -> str:
    return "outside the span" if n_gaps is None else f"{count(n_gaps)} missing"


def _tones(n_tones: int) -> list[list[Any]]:
    """Steps without transitions: each tone holds its share of the scale."""
    edges = [position / n_tones for position in range(n_tones + 1)]
    scale: list[list[Any]] = []
    for tone in range(n_tones):
        colour = f"@gap{tone}"
        scale += [[round(edges[tone], 6), colour], [round(edges[tone + 1], 6), colour]]
    return scale
