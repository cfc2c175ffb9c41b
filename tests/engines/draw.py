"""Draw the hand-drawn samples for the docs page: ``python -m tests.engines.draw FOLDER``.

One picture per engine: a chart per sample, the bar at which the event stands marked by a triangle
on its side, and where it just does not, by a cross.
"""

from __future__ import annotations

import sys
from importlib import import_module
from math import ceil
from pathlib import Path
from textwrap import fill

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
from matplotlib.axes import Axes

from tests.engines.sample import Sample

ENGINES = ("wyckoff", "smc", "hob", "momentum")
N_COLUMNS = 3
N_SHOWN = 48
UP, DOWN, INK, PALE, MISS = "#2a9d8f", "#d1495b", "#1f2933", "#9aa5b1", "#b45309"


def samples_of(engine: str) -> tuple[Sample, ...]:
    """The samples of an engine, positives beside their near misses."""
    found: tuple[Sample, ...] = import_module(f"tests.engines.samples_{engine}").SAMPLES
    return tuple(sorted(found, key=lambda s: (_place(found, s.event), not s.is_positive)))


def draw_engine(engine: str, folder: Path) -> Path:
    """Write the engine's picture and return its path."""
    samples = samples_of(engine)
    n_rows = ceil(len(samples) / N_COLUMNS)
    size = (5.2 * N_COLUMNS, 3.3 * n_rows)
    figure, axes = plt.subplots(n_rows, N_COLUMNS, figsize=size, squeeze=False)
    for axis, sample in zip(axes.flat, samples, strict=False):
        draw_sample(axis, sample)
    for axis in axes.flat[len(samples) :]:
        axis.set_axis_off()
    figure.tight_layout(h_pad=2.0, w_pad=1.5)
    path = folder / f"{engine}.png"
    figure.savefig(path, dpi=72, metadata={"Software": None})
    plt.close(figure)
    return path


def draw_sample(axis: Axes, sample: Sample) -> None:
    """Candles, volume below, and the mark."""
    first = max(0, min(len(sample.candles) - N_SHOWN, sample.bar - N_SHOWN + 8))
    shown = list(enumerate(sample.candles))[first : first + N_SHOWN]
    low, high = min(c.low for _, c in shown), max(c.high for _, c in shown)
    height = high - low
    most = max(c.volume for _, c in shown) or 1.0
    for t, candle in shown:
        colour = UP if candle.close >= candle.open else DOWN
        axis.vlines(t, candle.low, candle.high, colors=colour, linewidth=0.8)
        body = max(abs(candle.close - candle.open), 0.004 * height)
        axis.bar(t, body, 0.7, min(candle.open, candle.close), color=colour)
        axis.bar(t, 0.14 * height * candle.volume / most, 0.7, low - 0.3 * height, color=PALE)
    _mark(axis, sample, height)
    axis.set_ylim(low - 0.31 * height, high + 0.16 * height)
    axis.set_title(
        fill(f"{sample.event.upper()}: {sample.caption}", 68), fontsize=8.5, color=INK, loc="left"
    )
    axis.set_xticks([])
    axis.set_yticks([])
    for spine in axis.spines.values():
        spine.set_color(INK if sample.is_positive else MISS)
        spine.set_linewidth(1.2 if sample.is_positive else 0.8)
        spine.set_linestyle("-" if sample.is_positive else "--")


def _mark(axis: Axes, sample: Sample, height: float) -> None:
    candle = sample.candles[sample.bar]
    up = sample.side > 0
    place = candle.low - 0.07 * height if up else candle.high + 0.07 * height
    shape = ("^" if up else "v") if sample.is_positive else "x"
    colour = (UP if up else DOWN) if sample.is_positive else MISS
    axis.scatter(sample.bar, place, marker=shape, s=60, color=colour, zorder=5)


def _place(samples: tuple[Sample, ...], event: str) -> int:
    return next(i for i, sample in enumerate(samples) if sample.event == event)


if __name__ == "__main__":
    target = Path(sys.argv[1])
    target.mkdir(parents=True, exist_ok=True)
    for name in ENGINES:
        sys.stdout.write(f"{draw_engine(name, target)}\n")
