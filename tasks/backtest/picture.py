"""The tear sheet in one picture: 1600 by 1000 pixels."""

from __future__ import annotations

import io
from typing import Any

import numpy as np

from tasks.backtest.picture_axes import (
    ALARM,
    INK,
    SOFT,
    draw_depth,
    draw_distribution,
    draw_equity,
    draw_months,
)
from tasks.backtest.picture_paper import paper
from tasks.backtest.sheet_curve import curve_of
from tasks.backtest.sheet_headline import NO_BARS, Tile, span_words, tell_headline
from tasks.backtest.sheet_shown import Shown

WIDTH, HEIGHT, DOTS = 1600, 1000, 100
_N_NOTES, _LONGEST = 2, 400


def draw_picture(shown: Shown) -> bytes:
    """Draw headline figures, equity, drawdown, months and distribution as PNG.

    The same bytes whenever the argument is the same, on one release of matplotlib.
    """
    with paper():
        return _drawn(shown)


def _drawn(shown: Shown) -> bytes:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH / DOTS, HEIGHT / DOTS), dpi=DOTS, facecolor="white")
    FigureCanvasAgg(figure)
    _head(figure, shown)
    _body(figure, shown)
    file = io.BytesIO()
    # Without its own metadata: matplotlib would write its version.
    figure.savefig(file, format="png", dpi=DOTS, metadata={"Software": None})
    return file.getvalue()


def _head(figure: Any, shown: Shown) -> None:
    told = tell_headline(shown)
    _write(figure, (0.03, 0.965), told["title"], 0.94, size=20, weight="bold", color=INK)
    _write(figure, (0.03, 0.928), span_words(shown), 0.6, size=11, color=SOFT)
    _write(figure, (0.97, 0.928), shown.name, 0.32, size=9, color=SOFT, ha="right")
    for place, tile in enumerate(told["tiles"]):
        _tile(figure, place, tile)
    lines = [(note, ALARM, "bold") for note in told["alarms"]]
    lines += [(note, SOFT, "normal") for note in shown.notes]
    more = len(lines) - _N_NOTES
    for place, (note, colour, weight) in enumerate(lines[:_N_NOTES]):
        last = f" (and {more} more on the page)" if more > 0 and place == _N_NOTES - 1 else ""
        at = (0.03, 0.042 - 0.022 * place)
        _write(figure, at, note, 0.94, last, size=9.5, color=colour, weight=weight)


def _tile(figure: Any, place: int, tile: Tile) -> None:
    """A figure of the headline: five in a row."""
    x, y = 0.03 + 0.19 * (place % 5), 0.885 - 0.08 * (place // 5)
    told = f"{tile.value} {tile.unit}".strip()
    below = f"95 %: {tile.interval}" if tile.interval else tile.note
    _write(figure, (x, y), tile.label, 0.18, size=9.5, color=SOFT)
    _write(figure, (x, y - 0.026), told, 0.18, size=15, weight="bold", color=INK)
    _write(figure, (x, y - 0.05), below, 0.18, size=8.5, color=SOFT)


def _write(
    figure: Any, at: tuple[float, float], text: str, share: float, last: str = "", **style: Any
) -> None:
    """One line of at most a share of the width: what does not fit is cut off, with a sign of it."""
    told = " ".join(text.split())[:_LONGEST]
    line = figure.text(*at, told + last, va="center", **style)
    renderer = figure.canvas.get_renderer()
    while told and line.get_window_extent(renderer).width > share * WIDTH:
        told = told[: len(told) - 1 - len(told) // 20]
        line.set_text(f"{told.rstrip()} \u2026{last}")


def _body(figure: Any, shown: Shown) -> None:
    grid = figure.add_gridspec(
        2, 2, left=0.07, right=0.975, top=0.685, bottom=0.115, width_ratios=(1.55, 1),
        height_ratios=(1, 1), wspace=0.14, hspace=0.4,
    )  # fmt: skip
    left = grid[:, 0].subgridspec(2, 1, height_ratios=(2.1, 1), hspace=0.08)
    upper = figure.add_subplot(left[0])
    lower = figure.add_subplot(left[1], sharex=upper)
    months, results = figure.add_subplot(grid[0, 1]), figure.add_subplot(grid[1, 1])
    curve = curve_of(shown.equity, shown.capital)
    if np.size(curve.time):
        draw_equity(upper, curve, shown)
        draw_depth(lower, curve, shown)
    else:
        _nothing(upper, NO_BARS)
        _nothing(lower, "")
    draw_months(months, shown) if np.size(curve.time) else _nothing(months, NO_BARS)
    expected = shown.metric("expectancy_bps")
    if not draw_distribution(results, shown.trades, expected["lower"], expected["upper"]):
        _nothing(results, _few(shown))


def _few(shown: Shown) -> str:
    n = shown.trades.height
    return "One trade: a distribution needs more." if n else "No trades: nothing to show."


def _nothing(axes: Any, told: str) -> None:
    axes.set_axis_off()
    axes.text(0.5, 0.5, told, size=12, color=SOFT, ha="center", transform=axes.transAxes)
