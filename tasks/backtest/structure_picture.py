"""A market's structure in one picture: phases, candles with zones and trades, volume, the score."""

from __future__ import annotations

import io
from typing import Any

import numpy as np

from tasks.backtest.picture_axes import INK, SOFT
from tasks.backtest.picture_paper import paper
from tasks.backtest.structure_axes import (
    KEYS,
    draw_phases,
    draw_score,
    draw_volume,
    set_dates,
)
from tasks.backtest.structure_marks import draw_candles, draw_decisions, draw_structure
from tasks.backtest.structure_scene import Scene
from tasks.report.formats import DOT, n_of

WIDTH, HEIGHT, DOTS = 1600, 1120, 100
MARKS = (
    "\u25b2\u25bc entered, hollow: refused    \u25cb left    \u00d7 vetoed    "
    "line: a trade, dotted: lost    BOS, CHoCH: a close beyond the last swing"
)


def draw_scene(scene: Scene) -> bytes:
    """Draw a span of a market as PNG.

    The same bytes whenever the argument is the same, on one release of matplotlib.
    """
    with paper():
        return _drawn(scene)


def _drawn(scene: Scene) -> bytes:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH / DOTS, HEIGHT / DOTS), dpi=DOTS, facecolor="white")
    FigureCanvasAgg(figure)
    _head(figure, scene)
    strip, prices, volume, score = _panels(figure)
    if np.isfinite(scene.bars[:4]).any():
        draw_phases(strip, scene)
        draw_structure(prices, scene)
        draw_candles(prices, scene)
        draw_decisions(prices, scene)
        draw_volume(volume, scene)
        draw_score(score, scene)
        set_dates(score, scene)
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=DOTS, metadata={"Software": None})
    return file.getvalue()


def _panels(figure: Any) -> list[Any]:
    grid = figure.add_gridspec(
        4, 1, left=0.045, right=0.94, top=0.905, bottom=0.05, hspace=0.045,
        height_ratios=(0.42, 6.2, 0.75, 2.0),
    )  # fmt: skip
    prices = figure.add_subplot(grid[1])
    strip, volume, score = (figure.add_subplot(grid[k], sharex=prices) for k in (0, 2, 3))
    return [strip, prices, volume, score]


def _head(figure: Any, scene: Scene) -> None:
    first, last = (str(np.datetime64(int(t), "ms"))[:10] for t in scene.times[[0, -1]])
    title = f"{scene.market} {DOT} {scene.engine}"
    n = len(scene.decisions)
    span = f"{first} to {last} {DOT} {n_of(scene.times.size, 'bar')} {DOT} {n_of(n, 'decision')}"
    figure.text(0.045, 0.968, title, size=17, weight="bold", color=INK, va="center")
    figure.text(0.045, 0.938, span, size=10.5, color=SOFT, va="center")
    figure.text(0.94, 0.968, MARKS, size=9.5, color=SOFT, ha="right", va="center")
    x = 0.94
    for colour, alpha, word in reversed(KEYS):
        line = figure.text(x, 0.938, word, size=9.5, color=SOFT, ha="right", va="center")
        width = line.get_window_extent(figure.canvas.get_renderer()).width / WIDTH
        x -= width + 0.005
        figure.text(x, 0.938, "\u25a0", size=11, color=colour, alpha=alpha, ha="right", va="center")
        x -= 0.018
