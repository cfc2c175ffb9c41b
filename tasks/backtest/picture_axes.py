"""The panels of the picture."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lake.time import duration_ms
from tasks.backtest.plot_curve import level_range, scale_of
from tasks.backtest.plots import count_results
from tasks.backtest.sheet_curve import Curve, holes, thin
from tasks.backtest.sheet_formats import finite
from tasks.backtest.sheet_groups import era_words
from tasks.backtest.sheet_months import monthly_returns, yearly_returns
from tasks.backtest.sheet_shown import Shown
from tasks.report.formats import interval, signed

INK, SOFT, LINE, AXIS = "#1b1d20", "#5c6168", "#e4e4e1", "#c4c5c3"
BLUE, ORANGE, ALARM = "#2a6fb0", "#bf5f14", "#a6392e"
ERAS = ("#6a6f76", "#85751a", "#8257ad")
MONTHS = "JFMAMJJASOND"
_N_YEARS = 12
_WIDE = 100.0
_LETTER_SHARE = 0.009


def draw_equity(axes: Any, curve: Curve, shown: Shown) -> None:
    """The equity, eras shaded and named."""
    _plain(axes, "Equity")
    x, y = _points(curve, shown, "equity")
    axes.plot(x, y, color=BLUE, lw=1.1, marker="." if len(x) == 1 else "")
    axes.set_yscale(scale_of(curve))
    axes.tick_params(labelbottom=False)
    if level_range(curve):
        axes.set_ylim(*level_range(curve))
    if scale_of(curve) == "linear":
        axes.yaxis.set_major_formatter("{x:,.10g}")
    _shade(axes, curve, shown, named=True)


def draw_depth(axes: Any, curve: Curve, shown: Shown) -> None:
    """The drawdown below its peak."""
    _plain(axes, "")
    x, y = _points(curve, shown, "depth")
    axes.plot(x, -100 * y, color=ORANGE, lw=0.9)
    axes.fill_between(x, -100 * y, 0.0, color=ORANGE, alpha=0.25, lw=0)
    axes.set_ylabel("drawdown, %", size=9, color=SOFT)
    axes.set_ylim(min(-0.01, -105 * float(np.max(curve.depth))), 0.0)
    _shade(axes, curve, shown, named=False)
    _dates(axes)


def draw_months(axes: Any, shown: Shown) -> None:
    """Returns by month and year; of more years than there is room for, the last."""
    known = {(y, m): s for y, m, s in monthly_returns(shown.equity, shown.capital).rows()}
    totals = yearly_returns(shown.equity, shown.capital)
    years, n_all = totals["year"].to_list()[-_N_YEARS:], totals.height
    shares = np.array([[known.get((y, m), math.nan) for m in range(1, 13)] for y in years])
    _heat(axes, 100 * shares)
    for row, total in enumerate(totals["share"].to_list()[-_N_YEARS:]):
        weight = {"weight": "bold", "size": 8.5, "color": INK}
        axes.text(12.9, row, signed(100 * total, 1), va="center", ha="center", **weight)
    more = f", last {_N_YEARS} of {n_all} years" if n_all > _N_YEARS else ""
    axes.set_title(f"Returns by month and year, %{more}", loc="left", size=11, color=INK, pad=20)
    axes.set_xticks([*range(12), 12.9], [*MONTHS, "year"])
    axes.set_yticks(range(len(years)), [str(year) for year in years])
    axes.set_ylim(max(len(years), 4) - 0.5, -0.5)


def _heat(axes: Any, shares: NDArray[np.float64]) -> None:
    from matplotlib.colors import LinearSegmentedColormap

    known = shares[np.isfinite(shares)]
    reach = float(np.max(np.abs(known), initial=0.0)) or 1.0
    colours = LinearSegmentedColormap.from_list("gain", ["#d9924f", "#ffffff", "#7facd6"])
    axes.imshow(shares, cmap=colours, vmin=-reach, vmax=reach, aspect="auto")
    axes.set_xlim(-0.5, 13.5)
    for row, column in np.argwhere(np.isfinite(shares)):
        share = float(shares[row, column])
        told = signed(share, 1 if abs(share) < _WIDE else 0)
        axes.text(column, row, told, ha="center", va="center", size=7.5, color=INK)
    axes.tick_params(length=0, labelsize=9, labelcolor=SOFT, labeltop=True, labelbottom=False)
    for side in axes.spines.values():
        side.set_visible(False)


def draw_distribution(axes: Any, trades: pl.DataFrame, lower: float, upper: float) -> bool:
    """The net results; nothing where there are fewer than two. Says whether it was drawn."""
    net = finite(trades["net_bps"]).to_numpy()
    if len(net) < 2:
        return False
    histogram, mean = count_results(net), float(np.mean(net))
    _plain(axes, "Net result of each trade, bps")
    axes.xaxis.set_major_formatter("{x:,.10g}")
    widths = np.diff(histogram.edges)
    axes.bar(histogram.middles, histogram.counts, widths, color=BLUE, edgecolor="white", lw=0.4)
    known = math.isfinite(lower) and math.isfinite(upper)
    if known:
        axes.axvspan(lower, upper, color=ORANGE, alpha=0.3, lw=0)
    axes.axvline(mean, color=ORANGE, lw=1.4, ls="--")
    said = f", 95 %: {interval(lower, upper)}" if known else ""
    beyond = net.min() < histogram.edges[0] or net.max() > histogram.edges[-1]
    rest = "; the outermost bars hold all beyond" if beyond else ""
    axes.set_xlabel(f"mean {signed(mean)}{said}{rest}", size=9, color=SOFT)
    axes.set_ylabel("trades", size=9, color=SOFT)
    return True


def _plain(axes: Any, title: str) -> None:
    axes.set_title(title, loc="left", size=11, color=INK, pad=20)
    axes.grid(color=LINE, lw=0.7)
    axes.set_axisbelow(True)
    axes.tick_params(labelsize=9, labelcolor=SOFT, color=AXIS)
    for name, side in axes.spines.items():
        side.set_visible(name in ("left", "bottom"))
        side.set_color(AXIS)


def _points(curve: Curve, shown: Shown, field: str) -> tuple[NDArray[Any], NDArray[np.float64]]:
    """What is drawn of the curve, broken where there are no bars."""
    drawn = thin(curve)
    at = holes(drawn.time, duration_ms(shown.timeframe))
    x = np.insert(drawn.time, at + 1, drawn.time[at] + 1).astype("datetime64[ms]")
    return x, np.insert(getattr(drawn, field), at + 1, np.nan)


def _shade(axes: Any, curve: Curve, shown: Shown, *, named: bool) -> None:
    first, last = int(curve.time[0]), int(curve.time[-1])
    room = max(1, (last - first) // 100)
    axes.set_xlim(*_days([first - room, last + room]))
    for place, (name, start, end) in enumerate(shown.eras):
        x0, x1 = (round(time.timestamp() * 1000) for time in (start, end))
        x0, x1 = max(first, x0), min(last, x1)
        if x0 >= x1:
            continue
        edges = _days([x0, (x0 + x1) // 2, x1])
        axes.axvspan(edges[0], edges[2], color=ERAS[place % len(ERAS)], alpha=0.12, lw=0)
        told = era_words(name)
        if named and x1 - x0 >= _LETTER_SHARE * len(told) * (last - first):
            where = {"x": edges[1], "y": 1.015, "transform": axes.get_xaxis_transform()}
            axes.text(s=told, ha="center", size=9, color=SOFT, **where)


def _days(times: Sequence[int]) -> NDArray[Any]:
    return np.array(times, dtype="datetime64[ms]")


def _dates(axes: Any) -> None:
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    locator = AutoDateLocator(minticks=4, maxticks=9)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))
