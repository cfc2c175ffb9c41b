"""Small charts of one candidate: its folds, its costs, its delay, its size, its placebos."""

from __future__ import annotations

from typing import Any

import polars as pl

from tasks.report.chart import Chart, axis, layout, legend, numbers, row_axis, rule, titled
from tasks.report.forest import half_widths, marks
from tasks.report.formats import TIMES, amount, count, decimal, is_missing, probability

Row = dict[str, Any]
_HEIGHT, _ROW_HEIGHT, _FRAME_HEIGHT = 230, 26, 60
_N_TICKS = 12
_FAR, _NO_STEP = 1.5, 1e-9
PLACEBOS = ("shifted", "opposite", "random")


def levels(stressed: pl.DataFrame, test: str, confidence: float) -> pl.DataFrame:
    """One candidate's rows of a test in STRESSED.

    Returns
    -------
    DataFrame
        By level, as numbers where they are numbers (`number`, else null), each with half of the
        interval of its net mean (`half_bps`).
    """
    own = stressed.filter(pl.col("test") == test)
    half = half_widths(own["se_bps"], own["n_clusters"], confidence)
    numbered = own.with_columns(
        number=pl.col("level").cast(pl.Float64, strict=False), half_bps=half
    )
    return numbered.sort("number", "level", nulls_last=True)


def draw_walk(place: int, folds: pl.DataFrame, whole: float | None) -> Chart | None:
    """Draw one mark per test fold, filled where the procedure would have traded it.

    Parameters
    ----------
    place : int
        Of the candidate on the page.
    folds : DataFrame
        By fold: the columns of FOLDS, `selected` and `p` of REFITS, `n_trades`, `net_bps` and
        `half_bps`.
    whole : float or None
        Mean of the trades that count.
    """
    if not _any(folds["net_bps"]):
        return None
    numbered = folds.with_row_index("at").with_columns(pl.col("selected").fill_null(value=False))
    kinds = (("traded", True, "@accent", "circle"), ("not chosen", False, "@soft", "circle-open"))
    traces = [
        _upright(name, numbered.filter(pl.col("selected") == is_chosen), colour, symbol)
        for name, is_chosen, colour, symbol in kinds
    ]
    every = -(-folds.height // _N_TICKS)
    labels = [f"{row['fold']}<br>{count(row['n_trades'])}" for row in folds.to_dicts()]
    x = axis(
        title=titled("fold, and trades in it"),
        tickvals=list(range(0, folds.height, every)),
        ticktext=labels[::every],
        tickangle=0,
        showgrid=False,
        range=[-0.6, folds.height - 0.4],
    )
    lines = [*_base(), *([] if is_missing(whole) else [rule(y=whole, dash="dash")])]
    shape = layout(x, axis(title=titled("net, bps")), lines, showlegend=True, legend=legend())
    label = "Net mean of each test fold"
    return Chart(f"chart-walk-{place}", label, _HEIGHT, tuple(traces), shape)


def _upright(name: str, rows: pl.DataFrame, colour: str, symbol: str) -> Row:
    told = [
        f"fold {row['fold']}, {row['start']:%Y-%m-%d} to {row['end']:%Y-%m-%d}<br>"
        f"{count(row['n_trades'])} trades, p before it {probability(row['p'])}"
        for row in rows.to_dicts()
    ]
    return _points(name, rows["at"].to_list(), rows, colour) | {
        "marker": {"color": colour, "symbol": symbol, "size": 9},
        "text": told,
        "hovertemplate": "%{text}: %{y:+.1f} bps<extra></extra>",
    }


def draw_costs(place: int, rows: pl.DataFrame, break_even: float | None) -> Chart | None:
    """Draw the net mean against the multiple of the costs, and where it is zero."""
    if not _any(rows["net_bps"]):
        return None
    last = rows["number"].max()
    lines = _base()
    told = "Earns nothing even for free." if break_even == 0 else ""
    if not is_missing(break_even) and break_even:
        told = f"Breaks even at {decimal(break_even, 1)} times."
        if break_even <= _FAR * last:  # type: ignore[operator]
            lines = [*lines, rule(x=break_even, dash="dot", colour="@bad")]
            last = max(last, break_even)  # type: ignore[type-var]
    x = axis(title=titled(f"costs, {TIMES} those assumed"), range=[0, 1.06 * last])  # type: ignore[operator]
    line = _points("net", numbers(rows["number"]), rows, "@accent") | {"mode": "lines+markers"}
    line["hovertemplate"] = f"costs {TIMES} %{{x}}: %{{y:+.1f}} bps<extra></extra>"
    shape = layout(x, axis(title=titled("net, bps")), lines)
    label = "Net mean at multiples of the costs"
    return Chart(f"chart-cost-{place}", label, _HEIGHT, (line,), shape, told)


def draw_delays(place: int, now: Row, rows: pl.DataFrame) -> Chart | None:
    """Draw what is left, before and after costs, when everything is done some bars later.

    Parameters
    ----------
    now : dict
        Without delay: `gross_bps`, `net_bps`, `half_bps`.
    rows : DataFrame
        What `levels` returned.
    """
    if not _any(rows["gross_bps"]):
        return None
    every = _below({"number": 0.0} | now, rows)
    bars = {
        "type": "bar",
        "name": "gross",
        "x": numbers(every["number"]),
        "y": numbers(every["gross_bps"]),
        "marker": {"color": "@accent/0.3"},
        "width": 0.6,
        "hovertemplate": "%{x} bars later: %{y:+.1f} bps gross<extra></extra>",
    }
    net = _points("net", numbers(every["number"]), every, "@accent")
    net["hovertemplate"] = "%{x} bars later: %{y:+.1f} bps net<extra></extra>"
    x = axis(title=titled("bars later"), dtick=1, showgrid=False)
    shape = layout(x, axis(title=titled("bps")), _base(), showlegend=True, legend=legend())
    label = "Gross and net mean when everything is done later"
    return Chart(f"chart-delay-{place}", label, _HEIGHT, (bars, net), shape)


def draw_sizes(place: int, rows: pl.DataFrame, capacity: float | None) -> Chart | None:
    """Draw the net mean against the notional of a trade, and where impact leaves nothing."""
    if not _any(rows["net_bps"]):
        return None
    lines, told = _base(), ""
    if capacity is not None and not is_missing(capacity):
        told = f"Nothing is left at {amount(capacity)}."
        # A log axis has no place for a capacity of 0.
        lines += [rule(x=capacity, dash="dot", colour="@bad")] if capacity > 0 else []
    logs = rows["number"].log10()
    decades = rows["number"].filter((logs - logs.round()).abs() < _NO_STEP)
    ticks = decades if decades.len() > 1 else rows["number"]
    x = axis(
        type="log",
        title=titled("notional of a trade"),
        tickvals=numbers(ticks),
        ticktext=[amount(value) for value in ticks],
    )
    line = _points("net", numbers(rows["number"]), rows, "@accent") | {"mode": "lines+markers"}
    line |= {"text": [amount(value) for value in rows["number"]]}
    line["hovertemplate"] = "%{text}: %{y:+.1f} bps<extra></extra>"
    shape = layout(x, axis(title=titled("net, bps")), lines)
    label = "Net mean against the notional of a trade"
    return Chart(f"chart-size-{place}", label, _HEIGHT, (line,), shape, told)


def draw_placebos(place: int, candidate: Row, rows: pl.DataFrame) -> Chart | None:
    """Draw the placebos below the candidate, each with its interval.

    Parameters
    ----------
    candidate : dict
        `net_bps` and `half_bps` of the trades that count.
    rows : DataFrame
        What `levels` returned of each of `PLACEBOS`, one below the other.
    """
    if not _any(rows["net_bps"]):
        return None
    labels = ["candidate", *(_placebo(row) for row in rows.to_dicts())]
    every = _below(candidate, rows)
    points = marks("net", every["net_bps"], every["half_bps"], every["half_bps"], text=labels)
    colours = ["@accent", *["@soft"] * rows.height]
    symbols = ["circle", *["circle-open"] * rows.height]
    points["marker"] = {"color": colours, "symbol": symbols, "size": 9}
    points["error_x"]["color"] = "@soft"
    points["hovertemplate"] = "%{text}: %{x:+.1f} bps<extra></extra>"
    shape = layout(axis(title=titled("net, bps")), row_axis(labels), [rule(x=0, colour="@soft")])
    height = max(_HEIGHT, _FRAME_HEIGHT + _ROW_HEIGHT * every.height)
    label = "Net mean of the placebos beside the candidate's"
    return Chart(f"chart-placebo-{place}", label, height, (points,), shape)


def _placebo(row: Row) -> str:
    said = {
        "shifted": f"{row['level']} later",
        "opposite": "other side",
        "random": "random entries",
    }
    return f"{said[row['test']]}<br>p {probability(row['p'])}"


def _points(name: str, x: list[Any], rows: pl.DataFrame, colour: str) -> Row:
    """Net means with their intervals above and below."""
    return {
        "type": "scatter",
        "mode": "markers",
        "name": name,
        "x": x,
        "y": numbers(rows["net_bps"]),
        "error_y": {
            "type": "data",
            "array": numbers(rows["half_bps"]),
            "thickness": 1.5,
            "width": 0,
            "color": colour,
        },
        "line": {"color": colour, "width": 1.5},
        "marker": {"color": colour, "size": 7},
    }


def _below(first: Row, rows: pl.DataFrame) -> pl.DataFrame:
    """The first row's numbers, then the same columns of `rows`."""
    schema = dict.fromkeys(first, pl.Float64())
    return pl.concat([pl.DataFrame([first], schema=schema), rows.select(list(first))])


def _base() -> list[Row]:
    return [rule(y=0, colour="@soft")]


def _any(values: pl.Series) -> bool:
    """Whether there is anything to draw."""
    return bool(values.is_finite().any())
