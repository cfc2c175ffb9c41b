"""Charts along time: equity and drawdown, and how much was held."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lake.time import duration_ms
from tasks.backtest.sheet_curve import Curve, holes, thin
from tasks.backtest.sheet_groups import era_words
from tasks.backtest.sheet_shown import Era
from tasks.report.chart import Chart, axis, layout, titled, words

_HEIGHT, _LOW_HEIGHT = 480, 220
_DIGITS = 8
_STEEP = 20.0
_LETTER_SHARE = 0.015
ERA_COLOURS = ("@s8/0.14", "@s6/0.12", "@s4/0.14")


def plot_equity(curve: Curve, eras: Sequence[Era], timeframe: str) -> Chart:
    """Equity above, drawdown below, eras shaded."""
    drawn = thin(curve)
    at = holes(drawn.time, duration_ms(timeframe))
    times = _times(drawn, at)
    upper = _line(times, _plain(drawn.equity, at), "@accent", "%{x|%Y-%m-%d %H:%M}: %{y:,.6~g}")
    lower = _line(times, _plain(-100 * drawn.depth, at), "@s2", "%{x|%Y-%m-%d %H:%M}: %{y:.2f} %")
    lower |= {"yaxis": "y2", "fill": "tozeroy", "fillcolor": "@s2/0.2"}
    shades, labels = _eras(curve, eras)
    top = axis(title=titled("equity"), domain=[0.36, 1.0], type=scale_of(curve), tickformat=",~f")
    if level_range(curve):
        top["range"] = level_range(curve)
    shape = layout(
        axis(type="date", showgrid=False, anchor="y2"), top, shades, annotations=labels
    ) | {"yaxis2": axis(title=titled("drawdown, %"), domain=[0.0, 0.3], rangemode="tozero")}
    shape["margin"] = shape["margin"] | {"t": 24}
    label = "Equity of the account, and below it the drawdown from its peak"
    return Chart("chart-equity", label, _HEIGHT, (upper, lower), shape, _note(curve, drawn, at))


def plot_exposure(curve: Curve, timeframe: str) -> Chart:
    """Value of the positions as a share of the equity."""
    drawn = thin(curve)
    at = holes(drawn.time, duration_ms(timeframe))
    values = _plain(100 * drawn.exposure, at)
    trace = _line(_times(drawn, at), values, "@s4", "%{x|%Y-%m-%d %H:%M}: %{y:.1f} %")
    trace |= {"fill": "tozeroy", "fillcolor": "@s4/0.25"}
    upright = axis(title=titled("% of equity"), rangemode="tozero")
    shape = layout(axis(type="date", showgrid=False), upright)
    label = "Value of the open positions as a share of the equity"
    return Chart("chart-exposure", label, _LOW_HEIGHT, (trace,), shape)


def _note(curve: Curve, drawn: Curve, at: NDArray[np.int64]) -> str:
    told = []
    if len(drawn.time) < len(curve.time):
        told.append(
            f"{len(drawn.time):,d} of {len(curve.time):,d} bars are drawn, every peak and trough "
            "among them."
        )
    if len(at):
        told.append("Where the line is broken there are no bars.")
    if scale_of(curve) == "log":
        told.append("The scale is logarithmic.")
    return " ".join(told)


def scale_of(curve: Curve) -> str:
    """Linear, or log for an equity that grows or shrinks many times."""
    least, most = float(np.min(curve.equity)), float(np.max(curve.equity))
    return "log" if least > 0 and most / least > _STEEP else "linear"


def level_range(curve: Curve) -> list[float]:
    """Range for an equity that never moves, which has none of its own; empty for any other."""
    level = float(curve.equity[0])
    room = 0.01 * abs(level) or 1.0
    return [level - room, level + room] if np.all(curve.equity == level) else []


def _times(drawn: Curve, at: NDArray[np.int64]) -> list[str]:
    """Times of the points; after each of the places `at` one more, for the break."""
    stamps = np.insert(drawn.time, at + 1, drawn.time[at] + 1)
    return [str(t) for t in np.datetime_as_string(stamps.astype("datetime64[ms]"), unit="m")]


def _plain(values: NDArray[np.float64], at: NDArray[np.int64]) -> list[float | None]:
    """Numbers as JSON has them; nothing at the breaks."""
    broken = np.insert(values, at + 1, np.nan)
    return [float(f"{v:.{_DIGITS}g}") + 0.0 if np.isfinite(v) else None for v in broken.tolist()]


def _line(x: list[str], y: list[float | None], colour: str, hover: str) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "lines" if len(x) > 1 else "markers",
        "x": x,
        "y": y,
        "line": {"color": colour, "width": 1.4},
        "marker": {"color": colour},
        "hovertemplate": f"{hover}<extra></extra>",
    }


def _eras(curve: Curve, eras: Sequence[Era]) -> tuple[list[Any], list[Any]]:
    """Shades of the eras that the curve meets, and their names where there is room."""
    first, last = int(curve.time[0]), int(curve.time[-1])
    shades, labels = [], []
    for place, (name, start, end) in enumerate(eras):
        x0, x1 = max(first, _ms(start)), min(last, _ms(end))
        if x0 >= x1:
            continue
        ends = {"x0": _said(x0), "x1": _said(x1), "y0": 0, "y1": 1, "yref": "paper"}
        colour = ERA_COLOURS[place % len(ERA_COLOURS)]
        line = {"width": 0.5, "color": "@axis"}
        shades.append({"type": "rect", "layer": "below", "fillcolor": colour, "line": line} | ends)
        told = era_words(name)
        if x1 - x0 >= _LETTER_SHARE * len(told) * (last - first):
            labels.append(_label(told, _said((x0 + x1) // 2)))
    return shades, labels


def _label(name: str, x: str) -> dict[str, Any]:
    return {
        "text": words(name),
        "x": x,
        "y": 1.0,
        "yref": "paper",
        "xanchor": "center",
        "yanchor": "bottom",
        "showarrow": False,
        "font": {"size": 11, "color": "@soft"},
    }


def _ms(time: datetime) -> int:
    return round(time.timestamp() * 1000)


def _said(ms: int) -> str:
    return str(np.datetime_as_string(np.datetime64(ms, "ms"), unit="m"))
