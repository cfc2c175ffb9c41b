import numpy as np
import polars as pl
import pytest
import statsmodels.api as sm
from hypothesis import given
from hypothesis import strategies as st

from tasks.backtest.config import MetricsConfig
from tasks.backtest.metrics_trades import result_figures, turnover_per_year
from tests.backtest.metrics_cases import QUICK, traded


def crowded(seed, n_days=150, per_day=6):
    """Trades of which those of a day share most of their luck."""
    rng = np.random.default_rng(seed)
    shared = np.repeat(rng.normal(0, 1, n_days), per_day)
    return 0.3 + shared + rng.normal(0, 0.3, n_days * per_day), np.repeat(
        np.arange(n_days), per_day
    )


def test_trades_of_a_day_are_drawn_together():
    net, day = crowded(1)
    trades = traded(net, day * 24, day * 24 + np.arange(len(net)) % 6)
    config = MetricsConfig(bootstrap_days=1)
    got = result_figures(trades, config)["expectancy_bps"]
    clustered = sm.OLS(net * 100, np.ones(len(net))).fit(
        cov_type="cluster", cov_kwds={"groups": day}
    )
    error = float(clustered.bse[0])
    assert got.value == pytest.approx(float(clustered.params[0]))
    assert (got.upper - got.lower) / (2 * 1.96) == pytest.approx(error, rel=0.08)
    naive = np.std(net * 100) / np.sqrt(len(net))
    assert error > 2 * naive


def test_a_day_counts_by_its_trades():
    # Nine trades at 1 and one at -9 on alternate days: trades earn nothing, days lose 4.
    net = np.array(([1] * 9 + [-9]) * 40)
    day = np.cumsum(np.array(([1] + [0] * 8 + [1]) * 40))
    got = result_figures(traded(net, day * 24), QUICK)["expectancy_bps"]
    assert got.value == 0.0
    assert -400 < got.lower < 0 < got.upper < 400


def test_trades_of_few_days_have_no_interval_and_say_so():
    net, day = crowded(2, n_days=9)
    figure = result_figures(traded(net, day * 24), QUICK)["expectancy_bps"]
    assert np.isfinite(figure.value)
    assert np.isnan(figure.lower)
    assert figure.note == "no interval: 9 days with trades, at least 10 wanted"
    net, day = crowded(2, n_days=10)
    assert np.isfinite(result_figures(traded(net, day * 24), QUICK)["expectancy_bps"].lower)


def test_a_streak_is_in_the_order_of_the_exits():
    # Entered W L W L L, left L L L W W: three in a row.
    trades = traded([1, -1, 1, -1, -1], [0, 1, 2, 3, 4], [50, 10, 60, 11, 12]).sort("exit_time")
    assert result_figures(trades, QUICK)["losing_streak"].value == 3


@given(st.lists(st.sampled_from([-2.0, -1.0, 0.0, 3.0]), min_size=1, max_size=40))
def test_the_longest_streak_is_that_of_a_walk_over_the_trades(net):
    longest = run = 0
    for x in net:
        run = run + 1 if x < 0 else 0
        longest = max(longest, run)
    assert result_figures(traded(net), QUICK)["losing_streak"].value == longest


@given(st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=40))
def test_expectancy_is_what_wins_bring_less_what_losses_cost(net):
    got = {name: figure.value for name, figure in result_figures(traded(net), QUICK).items()}
    share_lost = np.mean(np.array(net) < 0)
    won = 0.0 if np.isnan(got["mean_win"]) else got["hit_rate"] * got["mean_win"]
    lost = 0.0 if np.isnan(got["mean_loss"]) else share_lost * got["mean_loss"]
    assert got["expectancy"] == pytest.approx(won + lost, abs=1e-9)
    assert np.isnan(got["largest_win_share"]) or 0 < got["largest_win_share"] <= 1


def test_turnover_counts_both_ways_and_is_per_year_of_the_mean_equity():
    trades = traded([1, 2], notional=[300.0, 700.0])
    assert turnover_per_year(trades, 500.0, 0.5).value == pytest.approx(2 * 1000 / 500 / 0.5)
    assert turnover_per_year(trades[:0], 500.0, 0.5).value == 0.0
    assert np.isnan(turnover_per_year(trades, -1.0, 0.5).value)


def test_a_trade_that_ends_at_nothing_is_neither_won_nor_lost():
    trades = traded([5, 0, -5, 0]).with_columns(pl.col("net"))
    got = {name: figure.value for name, figure in result_figures(trades, QUICK).items()}
    assert (got["hit_rate"], got["profit_factor"], got["losing_streak"]) == (0.25, 1.0, 1)
