"""What the positions say: how often, how much, how long, and what they cost."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lake.time import duration_ms
from tasks.backtest.bootstrap import draw_figures, percentiles
from tasks.backtest.config import MetricsConfig
from tasks.backtest.metrics_days import DAY_MS
from tasks.backtest.metrics_figure import NO_INTERVAL, Figure
from tasks.backtest.metrics_formulas import divide

Figures = dict[str, Figure]
Reals = NDArray[np.float64]


def result_figures(trades: pl.DataFrame, config: MetricsConfig) -> Figures:
    """Wins and losses, by what the account gained: neither counts a trade that ended at 0."""
    net, idle = trades["net"].to_numpy(), _idle(trades)
    wins, losses = net[net > 0], -net[net < 0]
    no_win = idle or ("" if len(wins) else "no winning trade")
    no_loss = idle or ("" if len(losses) else "no losing trade")
    won, lost, largest = (float(x) for x in (wins.sum(), losses.sum(), wins.max(initial=0.0)))
    mean_win, mean_loss = _mean(wins), _mean(losses)
    return {
        "trades": Figure(len(net)),
        "hit_rate": Figure.unless(idle, _mean(net > 0)),
        "profit_factor": Figure.unless(no_loss, divide(won, lost)),
        "expectancy_bps": _expectancy(trades, config),
        "expectancy": Figure.unless(idle, _mean(net)),
        "mean_win": Figure.unless(no_win, mean_win),
        "mean_loss": Figure.unless(no_loss, -mean_loss),
        "payoff_ratio": Figure.unless(no_win or no_loss, divide(mean_win, mean_loss)),
        "largest_win_share": Figure.unless(no_win, divide(largest, won)),
        "losing_streak": Figure.unless(idle, _longest_run(net < 0)),
    }


def holding_figures(trades: pl.DataFrame, timeframe: str) -> Figures:
    """How long positions were held: bars from that of the entry to that of the exit, both counted.

    TRADES do not say at which moment of its last bar a position was left.
    """
    idle = _idle(trades)
    entry, left = (trades[f"{name}_time"].to_physical().to_numpy() for name in ("entry", "exit"))
    bars = (left - entry) / duration_ms(timeframe) + 1
    longest = float(np.max(bars, initial=0.0))
    return {
        "mean_holding": Figure.unless(idle, _mean(bars)),
        "longest_holding": Figure.unless(idle, longest),
        "ambiguous_bars": Figure(int(trades["n_ambiguous"].sum())),
    }


def cost_figures(trades: pl.DataFrame) -> Figures:
    """What a trade earned before costs and what it cost, means over the trades."""
    idle = _idle(trades)
    return {
        name: Figure.unless(idle, _mean(trades[name].to_numpy()))
        for name in ("gross_bps", "cost_bps", "fee_bps", "slippage_bps", "funding_bps")
    }


def turnover_per_year(trades: pl.DataFrame, mean_equity: float, years: float) -> Figure:
    """Notional of all trades, once in and once out, over mean equity and years.

    The way out counts with the notional of the entry too: TRADES do not say whether a contract is
    linear or inverse, and the difference is the trade's own return. Positions still open at the
    end are no trades.
    """
    ruined = "" if mean_equity > 0 else "the mean equity is not above 0"
    both_ways = 2 * float(trades["notional"].sum())
    return Figure.unless(ruined, divide(both_ways, mean_equity * years))


def _expectancy(trades: pl.DataFrame, config: MetricsConfig) -> Figure:
    """Mean net result, its interval by samples of the days on which trades ended."""
    net, idle = trades["net_bps"].to_numpy(), _idle(trades)
    if idle:
        return Figure(np.nan, idle)
    figure = Figure(_mean(net))
    day = trades["exit_time"].to_physical().to_numpy() // DAY_MS
    _, labels, counts = np.unique(day, return_inverse=True, return_counts=True)
    wanted = 2 * config.bootstrap_days
    if len(counts) < wanted:
        days = f"{len(counts)} days with trades, at least {wanted} wanted"
        return figure.noting(NO_INTERVAL + days)
    sums = np.column_stack([np.bincount(labels, weights=net), counts])
    lower, upper = percentiles(draw_figures(sums, _ratio_of_sums, config), config.confidence)
    return figure.within(lower[0], upper[0])


def _ratio_of_sums(days: Reals) -> Reals:
    total = days.sum(axis=0)
    return total[:1] / total[1]


def _longest_run(flags: NDArray[np.bool_]) -> int:
    # The distance between neighbouring ends of a run is its length and one.
    ends = np.flatnonzero(~np.concatenate(([False], flags, [False])))
    return int(np.max(np.diff(ends))) - 1


def _mean(values: NDArray[np.float64] | NDArray[np.bool_]) -> float:
    return float(np.mean(values)) if len(values) else np.nan


def _idle(trades: pl.DataFrame) -> str:
    """Why nothing can be said of the trades, or nothing."""
    if trades.is_empty():
        return "no trades"
    known = trades.select(pl.col("net", "net_bps", "notional").is_finite().all())
    return "" if all(known.row(0)) else "trades whose result is not a finite number"
