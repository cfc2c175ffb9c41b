"""METRICS of a back-test, from its equity curve and its positions.

Everything of the curve is of days (UTC) with simple returns, flat days counted, the first from the
capital; a year of the calendar has 365 days. What cannot be computed is NaN and the note says why;
nothing is infinite and nothing raises. Ruin, see `metrics_days.days_of`, is a return of -1 on its
day and 0 after it; `profit`, `total_return` and `deepest_drawdown_bars` say what is owed.

With `days_per_year` as their annualisation and days that are whole, the definitions are those of
empyrical-reloaded 0.7.1 for total return, volatility, Sharpe, Sortino (downside over all days),
omega, Calmar and deepest drawdown (there negative). They differ in:

cagr, and Calmar with it
    Years are counted by the clock, from the first bar's open to the last one's close, in years of
    365 days. empyrical and quantstats divide the number of days by the annualisation: another
    number for a day that is not whole, for days without bars, and for any annualisation but 365.
expected_shortfall
    Mean of the worst share of the days, a day that straddles it in part (Acerbi and Tasche).
    empyrical rounds to whole days, which is the same where the share is a whole number of days;
    quantstats takes the mean of the days below the quantile of a normal distribution.
skew, kurtosis
    Moments without correction for small samples, 3 for the normal, as the probabilistic Sharpe
    ratio wants them; quantstats corrects, and subtracts 3.
longest_drawdown_days
    From the day of the peak to the day that reaches it again; quantstats counts the days between.
hit_rate, profit_factor, payoff_ratio
    Of positions and their net result in currency; quantstats takes days for trades.
turnover
    Of TRADES, see `metrics_trades.turnover_per_year`: both ways at the notional of the entry.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from lake.errors import InputError
from lake.schema import EQUITY, METRICS, TRADES
from tasks.backtest.config import MetricsConfig
from tasks.backtest.metrics_curve import (
    certainty_figures,
    drawdown_figures,
    exposure_figures,
    growth_figures,
    ratio_figures,
    shape_figures,
    with_intervals,
)
from tasks.backtest.metrics_days import days_of
from tasks.backtest.metrics_figure import Figure
from tasks.backtest.metrics_trades import (
    cost_figures,
    holding_figures,
    result_figures,
    turnover_per_year,
)
from tasks.bridge.search import Trials

UNITS = {
    "days": "days",
    "profit": "currency",
    "total_return": "share",
    "cagr": "share per year",
    "volatility": "share per year",
    "sharpe": "per year",
    "sortino": "per year",
    "calmar": "per year",
    "omega": "ratio",
    "expected_shortfall": "share per day",
    "skew": "moment",
    "kurtosis": "moment",
    "deepest_drawdown": "share",
    "deepest_drawdown_bars": "share",
    "current_drawdown": "share",
    "longest_drawdown_days": "days",
    "current_drawdown_days": "days",
    "under_water": "share of days",
    "exposure_time": "share of bars",
    "exposure_gross": "share of equity",
    "probabilistic_sharpe": "probability",
    "deflated_sharpe": "probability",
    "deflated_sharpe_effective": "probability",
    "trials": "trials",
    "turnover": "per year",
    "trades": "trades",
    "hit_rate": "share of trades",
    "profit_factor": "ratio",
    "expectancy_bps": "bps",
    "expectancy": "currency",
    "mean_win": "currency",
    "mean_loss": "currency",
    "payoff_ratio": "ratio",
    "largest_win_share": "share of winnings",
    "losing_streak": "trades",
    "mean_holding": "bars",
    "longest_holding": "bars",
    "ambiguous_bars": "bars",
    "gross_bps": "bps",
    "cost_bps": "bps",
    "fee_bps": "bps",
    "slippage_bps": "bps",
    "funding_bps": "bps",
}


def measure(
    equity: pl.DataFrame,
    trades: pl.DataFrame,
    *,
    capital: float,
    timeframe: str,
    config: MetricsConfig,
    trials: Trials | None,
) -> pl.DataFrame:
    """Return METRICS: the same names in the same order, whatever came.

    Parameters
    ----------
    equity : pl.DataFrame
        EQUITY.
    trades : pl.DataFrame
        TRADES of the same run, in any order.
    capital : float
        Of the account at its start, in its currency.
    timeframe : str
        Of the bars.
    config : MetricsConfig
        Hurdle, year, and how intervals are drawn.
    trials : Trials or None
        What was tried before this strategy was chosen; None where that is not known.

    Raises
    ------
    SchemaError
        When a frame is no EQUITY or no TRADES.
    InputError
        When the capital is not a number above 0.
    """
    if not 0 < capital < np.inf:
        raise InputError(f"a capital of {capital}", "a number above 0", "say what it started with")
    curve = EQUITY.conform(equity).sort("time")
    settled = TRADES.conform(trades).sort("exit_time", "entry_time", *TRADES.order)
    figures = result_figures(settled, config)
    figures |= holding_figures(settled, timeframe) | cost_figures(settled)
    reason = _unusable(curve)
    if not reason:
        # What overflows is missing, and says so.
        with np.errstate(over="ignore", invalid="ignore"):
            figures |= _of_curve(curve, settled, capital, timeframe, config, trials)
    return _packed(figures, reason)


def _of_curve(
    equity: pl.DataFrame,
    trades: pl.DataFrame,
    capital: float,
    timeframe: str,
    config: MetricsConfig,
    trials: Trials | None,
) -> dict[str, Figure]:
    days = days_of(equity, capital, timeframe)
    mean_equity = float(np.mean(equity["equity"].to_numpy()))
    figures = growth_figures(equity, capital, days) | ratio_figures(days, config)
    figures |= shape_figures(days) | drawdown_figures(equity, capital, days)
    figures |= exposure_figures(equity) | certainty_figures(days, config, trials)
    figures["turnover"] = turnover_per_year(trades, mean_equity, days.years)
    return with_intervals(figures, days, config)


def _unusable(equity: pl.DataFrame) -> str:
    if equity.is_empty():
        return "no bars"
    known = equity.select(pl.col("equity", "gross").is_finite().all())
    return "" if all(known.row(0)) else "an equity that is not a finite number"


def _packed(figures: dict[str, Figure], reason: str) -> pl.DataFrame:
    """All of UNITS in order; what is not among the figures is missing for this reason."""
    missing = Figure(np.nan, reason)
    found = {name: figures.get(name, missing).finite() for name in UNITS}
    rows = [
        (name, float(figure.value), figure.lower, figure.upper, UNITS[name], figure.note)
        for name, figure in found.items()
    ]
    return pl.DataFrame(rows, schema=METRICS.columns, orient="row")
