"""The tear sheet of a back-test: one page that opens offline and loads nothing."""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import polars as pl
from markupsafe import Markup

from tasks.backtest.engine_sheet import SECTIONS, tell_engine
from tasks.backtest.plot_curve import plot_equity, plot_exposure
from tasks.backtest.plots import plot_distribution, plot_excursions, plot_waterfall
from tasks.backtest.sheet_curve import curve_of
from tasks.backtest.sheet_formats import finite
from tasks.backtest.sheet_groups import IN_SAMPLE, tell_costs, tell_fills, tell_groups
from tasks.backtest.sheet_headline import NO_BARS, NO_TRADES, tell_headline
from tasks.backtest.sheet_months import monthly_returns, yearly_returns
from tasks.backtest.sheet_orders import (
    tell_bars,
    tell_eras,
    tell_exposure,
    tell_metrics,
    tell_orders,
)
from tasks.backtest.sheet_shown import Shown
from tasks.backtest.sheet_trades import tell_trades
from tasks.backtest.templates import SHEET, SHEET_STYLE
from tasks.report.formats import DOT, MISSING, decimal, signed
from tasks.report.markdown import set_card
from tasks.report.templates import SCRIPT, STYLE
from tasks.report.templates.macros import MACROS

__all__ = ["Shown", "draw_sheet"]

CONTENTS = (
    ("headline", "Summary"),
    ("equity", "Equity"),
    ("months", "Months"),
    ("results", "Trades"),
    ("excursions", "On the way"),
    ("held", "Exposure"),
    ("orders", "Orders"),
    ("metrics", "Metrics"),
    ("card", "Blueprint"),
)
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
N_SHADES = 5


def draw_sheet(shown: Shown) -> str:
    """Draw the tear sheet: the same bytes whenever the argument is the same.

    Everything that came from outside is escaped; nothing is loaded from anywhere.
    """
    ours = {
        "style": Markup(STYLE + SHEET_STYLE),  # noqa: S704 - our own constants
        "script": Markup(SCRIPT),  # noqa: S704 - our own constant
        "plotly": Markup(_plotly()),  # noqa: S704 - plotly's own file
    }
    return str(_template().render(**tell(shown), **ours))


def tell(shown: Shown) -> dict[str, Any]:
    """What each section says, before it is set."""
    return {
        "contents": _contents(shown),
        "engine": tell_engine(shown.engine) if shown.engine else None,
        "headline": tell_headline(shown),
        "equity": _tell_equity(shown),
        "months": _tell_months(shown),
        "no_trades": NO_TRADES if shown.trades.is_empty() else "",
        "trades": _tell_results(shown),
        "exposure": _tell_held(shown),
        "orders": tell_orders(shown),
        "fills": tell_fills(shown),
        "bars": tell_bars(shown),
        "metrics": tell_metrics(shown),
        "card": set_card(shown.card),
    }


def _contents(shown: Shown) -> tuple[tuple[str, str], ...]:
    if shown.engine is None:
        return CONTENTS
    headline, equity, *rest, card = CONTENTS
    return (headline, equity, *SECTIONS, *rest, (card[0], "Engine"))


def _tell_equity(shown: Shown) -> dict[str, Any]:
    curve = curve_of(shown.equity, shown.capital)
    drawn = plot_equity(curve, shown.eras, shown.timeframe) if len(curve.time) else None
    return {
        "chart": drawn,
        "sentence": NO_BARS,
        "eras": tell_eras(shown),
        "in_sample": any(name == IN_SAMPLE for name, *_ in shown.eras),
    }


def _tell_held(shown: Shown) -> dict[str, Any]:
    curve = curve_of(shown.equity, shown.capital)
    held = bool((curve.exposure > 0).any())
    return {
        "table": tell_exposure(shown),
        "chart": plot_exposure(curve, shown.timeframe) if held else None,
    }


def _tell_months(shown: Shown) -> dict[str, Any]:
    months = monthly_returns(shown.equity, shown.capital)
    totals = dict(yearly_returns(shown.equity, shown.capital).select("year", "share").rows())
    known = {(year, month): share for year, month, share in months.rows()}
    largest = max((abs(s) for s in known.values() if math.isfinite(s)), default=0.0)
    rows = [
        {
            "year": year,
            "cells": [_cell(known.get((year, month)), largest) for month in range(1, 13)],
            "total": _percent(total),
        }
        for year, total in totals.items()
    ]
    return {"names": MONTHS, "rows": rows}


def _cell(share: float | None, largest: float) -> tuple[str, str]:
    """Text and shade of a month."""
    if share is None or not math.isfinite(share) or share == 0:
        return _percent(share), ""
    depth = max(1, math.ceil(N_SHADES * abs(share) / largest))
    return _percent(share), f"heat-{'up' if share > 0 else 'down'}{depth}"


def _percent(share: float | None) -> str:
    return MISSING if share is None else signed(100 * share, 2)


def _tell_results(shown: Shown) -> dict[str, Any]:
    if shown.trades.is_empty():
        return {}
    expected = shown.metric("expectancy_bps")
    n_known = len(finite(shown.trades["net_bps"]))
    spread = n_known > 1
    return {
        "distribution": plot_distribution(shown.trades, expected["lower"], expected["upper"])
        if spread
        else None,
        "single": _single(shown.trades),
        "waterfall": plot_waterfall(shown.trades) if n_known else None,
        "costs": tell_costs(shown),
        "groups": tell_groups(shown),
        "listed": tell_trades(shown),
        "excursions": plot_excursions(shown.trades),
    }


def _single(trades: pl.DataFrame) -> str:
    return f"One trade, {decimal(trades['net_bps'][0], 1)} bps net: a distribution needs more."


@cache
def _template() -> Any:
    from jinja2 import DictLoader, Environment, StrictUndefined

    loader = DictLoader({"macros": MACROS, "sheet": SHEET})
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined)
    environment.globals |= {"dot": DOT, "missing": MISSING}
    return environment.get_template("sheet")


@cache
def _plotly() -> str:
    from plotly.offline import get_plotlyjs

    return str(get_plotlyjs())
