"""What an equity curve says: growth, risk, their ratios, drawdowns, and how sure they are."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tasks.backtest.bootstrap import draw_figures, percentiles
from tasks.backtest.config import MetricsConfig
from tasks.backtest.drawdown import depths, measure_drawdown
from tasks.backtest.metrics_days import Days
from tasks.backtest.metrics_figure import NO_INTERVAL, Figure
from tasks.backtest.metrics_formulas import (
    divide,
    expected_shortfall,
    growth_per_year,
    omega,
    sharpe,
    sortino,
)
from tasks.bridge.search import Trials
from tasks.bridge.sharpe import Track, best_of_chance, probability_above, track_of, varies

Figures = dict[str, Figure]
DRAWN = ("cagr", "sharpe", "sortino", "calmar", "deepest_drawdown")


def growth_figures(equity: pl.DataFrame, capital: float, days: Days) -> Figures:
    """What was gained."""
    last = float(equity["equity"][-1])
    cagr = growth_per_year(float(days.levels[-1]) / capital, days.years)
    return {
        "days": Figure(len(days.numbers)),
        "profit": Figure(last - capital, days.ruin),
        "total_return": Figure(last / capital - 1, days.ruin),
        "cagr": Figure(cagr, days.ruin),
    }


def ratio_figures(days: Days, config: MetricsConfig) -> Figures:
    """Risk, and what was gained for it."""
    returns = days.returns
    excess = returns - config.hurdle_per_day
    few, steady = _too_few(returns), _steady(returns)
    safe = few or ("" if np.any(excess < 0) else "no day below the hurdle")
    year = config.days_per_year
    deepest = float(np.max(depths(days.levels)))
    cagr = growth_per_year(float(days.levels[-1] / days.levels[0]), days.years)
    spread = float(np.std(returns, ddof=1)) * np.sqrt(year) if not few else np.nan
    shortfall = expected_shortfall(returns, config.shortfall_tail)
    return {
        "volatility": Figure.unless(few, spread),
        "sharpe": Figure.unless(steady, sharpe(excess, year) if not few else np.nan),
        "sortino": Figure.unless(safe, sortino(excess, year)),
        "calmar": Figure.unless(_never_down(deepest), divide(cagr, deepest)),
        "omega": Figure.unless(safe, omega(excess)),
        "expected_shortfall": Figure(shortfall),
    }


def shape_figures(days: Days) -> Figures:
    """Third and fourth standardised moments of the daily returns, 0 and 3 for the normal."""
    steady = _steady(days.returns)
    track = _track(days.returns, 0.0)
    return {
        "skew": Figure.unless(steady, track.skew),
        "kurtosis": Figure.unless(steady, track.kurtosis),
    }


def drawdown_figures(equity: pl.DataFrame, capital: float, days: Days) -> Figures:
    """Drawdowns of the days, and the deepest of the bars."""
    drawdown = measure_drawdown(days.levels, np.append(days.numbers[0] - 1, days.numbers))
    of_bars = float(np.max(depths(np.append(capital, equity["equity"].to_numpy()))))
    return {
        "deepest_drawdown": Figure(drawdown.deepest, days.ruin),
        "deepest_drawdown_bars": Figure(of_bars, days.ruin),
        "current_drawdown": Figure(drawdown.current, days.ruin),
        "longest_drawdown_days": Figure(drawdown.longest),
        "current_drawdown_days": Figure(drawdown.current_length),
        "under_water": Figure(drawdown.under_water),
    }


def exposure_figures(equity: pl.DataFrame) -> Figures:
    """How much was held; bars at whose close the account is ruined do not count for the gross."""
    level, gross = equity["equity"].to_numpy(), equity["gross"].to_numpy()
    alive = level > 0
    never = "" if np.any(alive) else "ruined from the first bar on"
    leverage = float(np.mean(gross[alive] / level[alive])) if not never else np.nan
    held = float(np.mean(equity["n_open"].to_numpy() > 0))
    return {
        "exposure_time": Figure(held),
        "exposure_gross": Figure.unless(never, leverage),
    }


def certainty_figures(days: Days, config: MetricsConfig, trials: Trials | None) -> Figures:
    """How sure it is that the true Sharpe ratio is above the hurdle, and above that of chance."""
    steady = _steady(days.returns)
    track = _track(days.returns, config.hurdle_per_day)
    tried = trials or Trials(0, np.nan, np.nan)
    alone = "" if trials else "the number of trials is not known"
    apart = alone or _unless_finite(tried.variance, "how far the trials' ratios lie apart")
    partly = apart or _unless_finite(tried.n_effective, "the number of independent trials")
    hurdles = [best_of_chance(tried.variance, n) for n in (tried.n, tried.n_effective)]
    deflated, effective = (probability_above(track, hurdle) for hurdle in hurdles)
    return {
        "probabilistic_sharpe": Figure.unless(steady, probability_above(track, 0.0)),
        "deflated_sharpe": Figure.unless(steady or apart, deflated),
        "deflated_sharpe_effective": Figure.unless(steady or partly, effective),
        "trials": Figure.unless(alone, tried.n),
    }


def with_intervals(figures: Figures, days: Days, config: MetricsConfig) -> Figures:
    """The same with intervals for those of DRAWN that have a value, by samples of the days."""
    returns, wanted = days.returns, 2 * config.bootstrap_days
    asked = {name: k for k, name in enumerate(DRAWN) if np.isfinite(figures[name].value)}
    if len(returns) < wanted:
        reason = f"{NO_INTERVAL}{len(returns)} days, at least {wanted} wanted"
        return figures | {name: figures[name].noting(reason) for name in asked}
    draws = draw_figures(returns, lambda drawn: _drawn(drawn, days.years, config), config)
    lower, upper = percentiles(draws, config.confidence)
    return figures | {name: figures[name].within(lower[k], upper[k]) for name, k in asked.items()}


def _drawn(
    returns: NDArray[np.float64], years: float, config: MetricsConfig
) -> NDArray[np.float64]:
    levels = np.append(1.0, np.cumprod(np.maximum(1 + returns, 0.0)))
    excess, year = returns - config.hurdle_per_day, config.days_per_year
    cagr, deepest = growth_per_year(float(levels[-1]), years), float(np.max(depths(levels)))
    return np.array(
        [cagr, sharpe(excess, year), sortino(excess, year), divide(cagr, deepest), deepest]
    )


def _track(returns: NDArray[np.float64], hurdle: float) -> Track:
    if _steady(returns):
        return Track(len(returns), np.nan, np.nan, np.nan)
    return track_of(returns - hurdle)


def _too_few(returns: NDArray[np.float64]) -> str:
    return "" if len(returns) > 1 else "one day: at least two wanted"


def _steady(returns: NDArray[np.float64]) -> str:
    return _too_few(returns) or ("" if varies(returns) else "the daily returns do not vary")


def _never_down(deepest: float) -> str:
    return "" if deepest > 0 else "no drawdown"


def _unless_finite(number: float, name: str) -> str:
    return "" if np.isfinite(number) else f"{name} is not known"
