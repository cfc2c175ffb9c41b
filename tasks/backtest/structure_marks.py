"""What stands among the candles: zones, levels, swings and breaks, decisions and trades."""

from __future__ import annotations

from typing import Any

import numpy as np

from tasks.backtest.picture_axes import INK, SOFT
from tasks.backtest.structure_axes import SIDES, plain, shade_stance
from tasks.backtest.structure_scene import Box, Link, Mark, Scene

RISING, FALLING, WICK = "#ffffff", "#4a4f55", "#4a4f55"
ROOM = 0.05
AWAY = 0.018
HALF = 0.36
LEAST_BODY = 0.0006
NEAR = 3
LEAST_LABELLED = 0.03


def draw_candles(axes: Any, scene: Scene) -> None:
    """Candles: hollow where the price rose, full where it fell; none in a gap."""
    from matplotlib.collections import LineCollection, PolyCollection

    bars = scene.bars[:4, np.isfinite(scene.bars[3])]
    x = np.flatnonzero(np.isfinite(scene.bars[3]))
    open_, high, low, close = bars
    least = LEAST_BODY * float(np.max(high) - np.min(low))
    bottom, top = np.minimum(open_, close), np.maximum(open_, close)
    top = np.maximum(top, bottom + least)
    wicks: Any = np.array([[x, low], [x, high]]).transpose(2, 0, 1)
    left, right = x - HALF, x + HALF
    corners = [[left, bottom], [left, top], [right, top], [right, bottom]]
    bodies: Any = np.array(corners).transpose(2, 0, 1)
    fill = [RISING if rose else FALLING for rose in close >= open_]
    axes.add_collection(LineCollection(wicks, colors=WICK, linewidths=0.7, zorder=3))
    style: dict[str, Any] = {
        "facecolors": fill,
        "edgecolors": WICK,
        "linewidths": 0.6,
        "zorder": 3.2,
    }
    axes.add_collection(PolyCollection(bodies, **style))


def draw_structure(axes: Any, scene: Scene) -> None:
    """Everything that lies below the candles."""
    low, high = _reach(scene)
    plain(axes)
    axes.set_xlim(-1, scene.times.size)
    axes.set_ylim(low, high)
    axes.yaxis.set_major_formatter("{x:,.10g}")
    axes.yaxis.tick_right()
    axes.spines["left"].set_visible(False)
    axes.spines["right"].set_visible(True)
    axes.spines["right"].set_color("#c4c5c3")
    shade_stance(axes, scene)
    _ranges(axes, scene)
    for box in scene.boxes:
        _level(axes, box, scene) if box.kind == "level" else _box(axes, box)
    for link in scene.breaks:
        _break(axes, link, high - low)
    _swings(axes, scene, high - low)


def _reach(scene: Scene) -> tuple[float, float]:
    low, high = float(np.nanmin(scene.bars[2])), float(np.nanmax(scene.bars[1]))
    room = ROOM * (high - low) or 0.01 * abs(high)
    return low - room, high + room


def _ranges(axes: Any, scene: Scene) -> None:
    """Edges of Wyckoff's structure of the shorter timeframe."""
    for phase in next(iter(scene.phases.values()), ()):
        span = {"xmin": phase.start, "xmax": min(phase.end, scene.times.size)}
        for edge in (phase.bottom, phase.top):
            if np.isfinite(edge):
                axes.hlines(edge, **span, color=SIDES[phase.side], lw=1.6, alpha=0.35, zorder=1.2)


def _box(axes: Any, box: Box) -> None:
    from matplotlib.patches import Rectangle

    is_block = box.kind == "block"
    axes.add_patch(
        Rectangle(
            (box.start, box.bottom), box.end - box.start, box.top - box.bottom,
            facecolor=SIDES[box.side], alpha=0.22 if is_block else 0.1, lw=0, zorder=1.0,
        )
    )  # fmt: skip
    if is_block:
        axes.plot([box.start] * 2, [box.bottom, box.top], color=SIDES[box.side], lw=1.6, zorder=1.4)


def _level(axes: Any, box: Box, scene: Scene) -> None:
    """A line with its quality: at the right end of one that lives, else where it began."""
    middle = 0.5 * (box.bottom + box.top)
    colour, n = SIDES[box.side], scene.times.size
    axes.hlines(middle, box.start, box.end, color=colour, lw=1.1, alpha=0.8, zorder=1.5)
    low, high = axes.get_ylim()
    if low < middle < high and box.end - max(box.start, 0.0) > LEAST_LABELLED * n:
        at, ha = (n - 1.0, "right") if box.lives else (max(box.start, 0.0) + 0.5, "left")
        style = {"size": 6.5, "color": colour, "ha": ha, "va": "bottom", "zorder": 1.6}
        axes.text(at, middle, f"{box.value:.2f}", clip_on=True, **style)


def _break(axes: Any, link: Link, reach: float) -> None:
    """The swing's level up to the bar that closed beyond it."""
    style = {"color": SOFT, "lw": 0.9, "alpha": 0.9, "zorder": 2.0}
    axes.plot([max(link.start, -1), link.end], [link.first, link.last], dashes=(3, 2), **style)
    at = max(link.start, 0.0) * 0.5 + link.end * 0.5
    y = link.first + link.side * AWAY * 0.35 * reach
    va = "bottom" if link.side > 0 else "top"
    axes.text(at, y, link.word, size=6.5, color=SOFT, ha="center", va=va, zorder=4, clip_on=True)


def _swings(axes: Any, scene: Scene, reach: float) -> None:
    for swing in scene.swings:
        y = swing.price + swing.side * AWAY * reach
        va = "bottom" if swing.side > 0 else "top"
        style = {"size": 7.5, "color": INK, "weight": "bold", "ha": "center", "va": va}
        axes.text(swing.at, y, swing.word, zorder=4, clip_on=True, **style)
        axes.plot(swing.at, swing.price, marker="_", color=INK, ms=7, mew=1.4, zorder=4)


def draw_decisions(axes: Any, scene: Scene) -> None:
    """Triangles where is entered, hollow ones where that was refused; rings, vetoes and trades."""
    low, high = axes.get_ylim()
    for link in scene.trades:
        won = link.side * (link.last - link.first) > 0
        ends = [link.start, link.end], [link.first, link.last]
        axes.plot(*ends, color=INK, lw=1.3, ls="-" if won else (0, (2, 1.5)), zorder=4.5)
        axes.plot(link.end, link.last, marker="x", color=INK, ms=5, mew=1.3, zorder=4.6)
    for mark in scene.decisions:
        y = _beyond(scene, mark, AWAY * (high - low))
        axes.plot(mark.at, y, ls="", **_shape(mark))


def _shape(mark: Mark) -> dict[str, Any]:
    colour = SIDES[mark.side]
    if mark.word == "leave":
        return {"marker": "o", "ms": 6, "mfc": "white", "mec": colour, "mew": 1.5, "zorder": 5}
    if mark.word == "vetoed":
        return {"marker": "x", "ms": 5.5, "mec": colour, "mew": 1.3, "alpha": 0.8, "zorder": 4.9}
    shape = {"marker": "^" if mark.side > 0 else "v", "ms": 10, "zorder": 5}
    if mark.fate in ("taken", ""):
        return shape | {"color": colour, "mec": "white", "mew": 0.8}
    return shape | {"ms": 8, "mfc": "white", "mec": colour, "mew": 1.5}


def _beyond(scene: Scene, mark: Mark, room: float) -> float:
    """Where a decision stands: beyond its bar, and beyond the name of a swing that is near."""
    near = [
        swing.price
        for swing in scene.swings
        if abs(swing.at - mark.at) <= NEAR and swing.side == -mark.side
    ]
    farthest = max(-mark.side * price for price in (*near, mark.price))
    return -mark.side * (farthest + (3.2 if near else 1.9) * room)
