"""Charts of the trades: costs, distribution of the results, excursions."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tasks.backtest.sheet_formats import finite
from tasks.report.chart import Chart, axis, layout, legend, numbers, rule, titled
from tasks.report.formats import count, interval, signed

Reals = NDArray[np.float64]
_HEIGHT = 300
_MOST_BINS, _TAIL = 60, 0.005
_MOST_POINTS = 3000


@dataclass(frozen=True, eq=False)
class Histogram:
    """Counts of results; the outer bins hold all that lies beyond.

    Attributes
    ----------
    edges : (k + 1,) float64
    counts : (k,) int64
    """

    edges: Reals
    counts: NDArray[np.int64]

    @property
    def middles(self) -> Reals:
        """(k,) middles of the bins."""
        return 0.5 * (self.edges[1:] + self.edges[:-1])


def count_results(net: Reals) -> Histogram:
    """Bins of one width over all but the utmost results, each of which is counted.

    The width is twice the interquartile range over the cube root of n (Freedman and Diaconis, On
    the histogram as a density estimator, 1981), unless that makes too many bins.
    """
    low, high = np.quantile(net, [_TAIL, 1 - _TAIL])
    first, third = np.quantile(net, [0.25, 0.75])
    width = 2 * (third - first) / len(net) ** (1 / 3)
    wanted = math.ceil((high - low) / width) if width > 0 else 1
    n_bins = min(_MOST_BINS, max(1, wanted))
    edges = np.linspace(low, high, n_bins + 1) if high > low else np.array([low - 0.5, low + 0.5])
    counts, _ = np.histogram(np.clip(net, edges[0], edges[-1]), edges)
    return Histogram(edges, counts)


def plot_distribution(trades: pl.DataFrame, lower: float, upper: float) -> Chart:
    """Net results, with their mean and its interval from `lower` to `upper` where it is known."""
    net = finite(trades["net_bps"]).to_numpy()
    histogram, mean = count_results(net), float(np.mean(net))
    bars = {
        "type": "bar",
        "x": numbers(histogram.middles),
        "y": histogram.counts.tolist(),
        "width": numbers(np.diff(histogram.edges)),
        "marker": {"color": "@accent", "line": {"width": 0.5, "color": "@paper"}},
        "hovertemplate": "about %{x:.1f} bps: %{y} trades<extra></extra>",
    }
    band = _band(lower, upper) if math.isfinite(lower) and math.isfinite(upper) else []
    shape = layout(
        axis(title=titled("net result, bps"), showgrid=False),
        axis(title=titled("trades")),
        [rule(x=0), *band, rule(x=mean, colour="@s2", dash="dash") | {"layer": "above"}],
        bargap=0,
    )
    said = interval(lower, upper) if band else "not known"
    note = f"Dashed: the mean, {signed(mean)} bps; its 95 % interval: {said}."
    if net.min() < histogram.edges[0] or net.max() > histogram.edges[-1]:
        note += " The outermost bars hold all that lies beyond them."
    label = "Distribution of the net results of the trades"
    return Chart("chart-distribution", label, _HEIGHT, (bars,), shape, note)


def _band(lower: float, upper: float) -> list[dict[str, Any]]:
    ends = {"x0": lower, "x1": upper, "y0": 0, "y1": 1, "yref": "paper"}
    shade = {"fillcolor": "@s2/0.25", "line": {"width": 0}, "layer": "above"}
    return [{"type": "rect"} | shade | ends]


def plot_waterfall(trades: pl.DataFrame) -> Chart:
    """From the gross to the net result, means over the trades."""
    fields = ("gross_bps", "fee_bps", "slippage_bps", "funding_bps")
    gross, *costs = numbers(trades[name].mean() for name in fields)  # type: ignore[misc]
    steps = [gross, *(None if cost is None else -cost for cost in costs)]
    (net,) = numbers([trades["net_bps"].mean()])  # type: ignore[list-item]
    trace = {
        "type": "waterfall",
        "x": ["gross", "fees", "slippage", "funding", "net"],
        "measure": ["absolute", "relative", "relative", "relative", "total"],
        "y": [*steps, net],
        "text": [signed(value, 2) for value in (*steps, net)],
        "textposition": "outside",
        "cliponaxis": False,
        "increasing": {"marker": {"color": "@s1"}},
        "decreasing": {"marker": {"color": "@s2"}},
        "totals": {"marker": {"color": "@s8"}},
        "connector": {"line": {"color": "@axis", "width": 1}},
        "hovertemplate": "%{x}: %{text} bps<extra></extra>",
    }
    upright = axis(title=titled("bps per trade, mean"), range=_reach([*steps, net]))
    shape = layout(axis(showgrid=False), upright, [rule(y=0)])
    label = "What a trade earns before costs, what each cost takes, what is left"
    return Chart("chart-costs", label, _HEIGHT, (trace,), shape)


def _reach(steps: list[float | None]) -> list[float]:
    """Range of all levels that the bars pass, with room for their numbers."""
    known = [step or 0.0 for step in steps]
    levels = [0.0, *np.cumsum(known[:-1]).tolist(), known[-1]]
    room = 0.12 * (max(levels) - min(levels)) or 1.0
    return [min(levels) - room, max(levels) + room]


def plot_excursions(trades: pl.DataFrame) -> list[Chart]:
    """Worst and best price on the way against the result, a point per trade."""
    return [
        _excursion("worst", "worst price on the way, bps", trades),
        _excursion("best", "best price on the way, bps", trades),
    ]


def _excursion(name: str, title: str, trades: pl.DataFrame) -> Chart:
    field = f"{name}_bps"
    known = trades.filter(pl.all_horizontal(pl.col(field, "net_bps").is_finite()))
    drawn = known[choose_points(known.select(field, "net_bps").to_numpy())]
    won = pl.col("net_bps") > 0
    traces = (
        _points("won", drawn.filter(won), field, "@s1", "circle"),
        _points("lost", drawn.filter(~won), field, "@s2", "x"),
    )
    note = (
        f"{count(drawn.height)} of {count(known.height)} trades are drawn, the utmost among them."
    )
    shape = layout(
        axis(title=titled(title)),
        axis(title=titled("net result, bps")),
        [rule(y=0), rule(x=0)],
        showlegend=True,
        legend=legend(),
    )
    told = note if drawn.height < known.height else ""
    label = f"The {name} price on the way against the net result of each trade"
    return Chart(f"chart-{name}", label, _HEIGHT + 20, traces, shape, told)


def choose_points(values: Reals, most: int = _MOST_POINTS) -> NDArray[np.int64]:
    """Rows to draw of (n, 2) values: all, or evenly spaced ones and the extremes of both."""
    n = len(values)
    if n <= most:
        return np.arange(n)
    even = np.linspace(0, n - 1, most).astype(np.int64)
    utmost = np.concatenate([values.argmin(axis=0), values.argmax(axis=0)])
    return np.unique(np.concatenate([even, utmost]))


def _points(
    name: str, trades: pl.DataFrame, field: str, colour: str, symbol: str
) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "markers",
        "name": name,
        "x": numbers(trades[field]),
        "y": numbers(trades["net_bps"]),
        "marker": {"color": colour, "symbol": symbol, "size": 5, "opacity": 0.55},
        "hovertemplate": "%{x:.1f} on the way, %{y:.1f} bps net<extra></extra>",
    }
