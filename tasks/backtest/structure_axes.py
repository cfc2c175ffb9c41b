"""The panels around the candles: phases above, volume and score below."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from tasks.backtest.picture_axes import AXIS, BLUE, INK, LINE, ORANGE, SOFT
from tasks.backtest.structure_scene import Phase, Scene
from tasks.kernels.fusion_memory import MEMBERS

SIDES = {1: BLUE, -1: ORANGE, 0: SOFT}
COLOURS = ("#7a4fa3", "#b79bd1", "#2f8f83", "#c79a1e", "#8a8f96")
KEYS = (
    (BLUE, 0.9, "long, demand, accumulation"),
    (ORANGE, 0.9, "short, supply, distribution"),
    (SOFT, 0.35, "filled box: block"),
    (SOFT, 0.15, "pale box: gap"),
)
LEAST_LETTER_SHARE = 0.008
MOST_DATES = 12


def draw_phases(axes: Any, scene: Scene) -> None:
    """A row of coloured stretches per timeframe that is read by Wyckoff's rules, with letters."""
    n, names = scene.times.size, list(scene.phases)
    for row, phases in enumerate(scene.phases.values()):
        for phase in phases:
            _stretch(axes, phase, -row, n)
    axes.set_ylim(-len(names) + 0.5, 0.5)
    axes.set_yticks([-row for row in range(len(names))], names)
    axes.tick_params(length=0, labelsize=8.5, labelcolor=SOFT, labelbottom=False)
    axes.set_xlim(-1, n)
    for side in axes.spines.values():
        side.set_visible(False)
    axes.text(1.005, 0.5, "Wyckoff", size=8.5, color=SOFT, va="center", transform=axes.transAxes)


def _stretch(axes: Any, phase: Phase, y: float, n: int) -> None:
    end = min(phase.end, n - 0.5)
    width = end - phase.start
    shade = 0.2 + 0.12 * (ord(phase.letter) - ord("A"))
    axes.barh(y, width, 0.8, phase.start, color=SIDES[phase.side], alpha=min(shade, 0.75), lw=0)
    if width > LEAST_LETTER_SHARE * n:
        middle = phase.start + width / 2
        weight = {"size": 8.5, "weight": "bold", "color": INK}
        axes.text(middle, y, phase.letter, ha="center", va="center", **weight)


def draw_volume(axes: Any, scene: Scene) -> None:
    """Volume by bar, as dark as the bar's candle."""
    volume = np.nan_to_num(scene.bars[4])
    rising = scene.bars[3] >= scene.bars[0]
    x = np.arange(volume.size)
    width = 0.72 * dots_per_bar(axes, volume.size)
    for which, colour in ((rising, "#b9bec4"), (~rising, "#6d737a")):
        axes.vlines(x[which], 0.0, volume[which], color=colour, lw=width)
    axes.set_ylim(0.0, 1.05 * float(volume.max()) or 1.0)
    plain(axes)
    axes.set_yticks([])
    axes.set_ylabel("volume", size=8.5, color=SOFT)
    if not volume.any():
        axes.text(0.5, 0.4, "no volume", size=9, color=SOFT, ha="center", transform=axes.transAxes)


def draw_score(axes: Any, scene: Scene) -> None:
    """Contributions on top of each other, the score as a line, what it must pass."""
    x = np.arange(scene.times.size)
    shade_stance(axes, scene)
    for sign in (1, -1):
        base = np.zeros(x.size)
        for name, colour, part in zip(MEMBERS, COLOURS, scene.contributions, strict=True):
            size = np.maximum(sign * part, 0.0)
            label = name.replace("_", " ") if sign > 0 else None
            style = {"color": colour, "alpha": 0.85, "lw": 0, "step": "mid", "label": label}
            axes.fill_between(x, base, base + sign * size, **style)
            base += sign * size
    axes.plot(x, scene.score, color=INK, lw=1.1, label="score", drawstyle="steps-mid")
    for level, dashes in ((scene.enter, (5, 3)), (scene.leave, (1, 2))):
        for sign in (1, -1):
            axes.axhline(sign * level, color=SIDES[sign], lw=0.9, dashes=dashes)
    axes.axhline(0.0, color=AXIS, lw=0.8)
    plain(axes)
    most = float(np.max(np.abs(scene.contributions).sum(axis=0)))
    axes.set_ylim(-1.08 * max(scene.enter, most), 1.3 * max(scene.enter, most))
    ticks = [-scene.enter, -scene.leave, scene.leave, scene.enter]
    axes.set_yticks(ticks, [f"{tick:+.2f}" for tick in ticks])
    axes.set_ylabel("score", size=8.5, color=SOFT)
    axes.legend(
        loc="upper left", ncols=6, fontsize=8, frameon=True, framealpha=0.8, edgecolor="none",
        handlelength=1.2, columnspacing=1.4, borderpad=0.2, labelcolor=SOFT,
    )  # fmt: skip


def shade_stance(axes: Any, scene: Scene) -> None:
    """A faint ground where the engine wants to be long or short."""
    stance = np.concatenate([[0], scene.stance, [0]])
    edges = np.flatnonzero(np.diff(stance))
    for start, end in pairwise(edges.tolist()):
        if stance[start + 1]:
            colour = SIDES[int(stance[start + 1])]
            axes.axvspan(start + 0.5, end + 0.5, color=colour, alpha=0.07, lw=0)


def dots_per_bar(axes: Any, n: int) -> float:
    """Points of a line as wide as a bar's place."""
    return float(axes.get_window_extent().width / (n + 1) * 72 / axes.figure.dpi)


def plain(axes: Any) -> None:
    """The house's axes: no frame but below and on the left, faint grid."""
    axes.grid(color=LINE, lw=0.6)
    axes.set_axisbelow(True)
    axes.tick_params(labelsize=8.5, labelcolor=SOFT, color=AXIS, labelbottom=False)
    for name, side in axes.spines.items():
        side.set_visible(name in ("left", "bottom"))
        side.set_color(AXIS)


def set_dates(axes: Any, scene: Scene) -> None:
    """Days, or every so many of them, below the last panel."""
    days = scene.times // 86_400_000
    starts = np.flatnonzero(np.diff(days, prepend=days[0] - 1))
    kept = starts[:: -(-len(starts) // MOST_DATES)]
    words = [str(np.datetime64(int(t), "ms"))[5:10] for t in scene.times[kept]]
    axes.set_xticks(kept, words)
    axes.tick_params(labelbottom=True)
