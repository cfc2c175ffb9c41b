import numpy as np
import pytest
from arch.bootstrap import StationaryBootstrap
from hypothesis import given
from hypothesis import strategies as st

from tasks.backtest.bootstrap import draw_figures, percentiles
from tasks.backtest.config import MetricsConfig


def mean_of(days):
    return np.atleast_1d(days.mean())


def autoregression(n, rho, seed):
    rng = np.random.default_rng(seed)
    values, shocks = np.zeros(n), rng.normal(0, 1, n)
    for k in range(1, n):
        values[k] = rho * values[k - 1] + shocks[k]
    return values


def test_bounds_are_the_percentiles_of_arch():
    days = np.random.default_rng(1).normal(0, 1, 200)
    config = MetricsConfig(bootstrap_seed=4)
    lower, upper = percentiles(draw_figures(days, mean_of, config), 0.95)
    theirs = StationaryBootstrap(5, days, seed=4).conf_int(mean_of, 2000, method="percentile")
    assert [lower[0], upper[0]] == pytest.approx(theirs.ravel(), abs=2e-3)


def test_draws_of_independent_days_spread_as_the_standard_error_says():
    days = np.random.default_rng(2).normal(0, 1, 400)
    draws = draw_figures(days, mean_of, MetricsConfig(bootstrap_days=1))
    assert draws.std() == pytest.approx(days.std(ddof=1) / np.sqrt(400), rel=0.05)


def test_blocks_keep_what_days_have_to_do_with_each_other():
    days = autoregression(4000, 0.5, 3)
    alone, blocks = (
        draw_figures(days, mean_of, MetricsConfig(bootstrap_days=n, bootstrap_reps=1000)).std()
        for n in (1, 40)
    )
    # The mean of an AR(1) has the standard error of independent values, times sqrt(3) at .5.
    assert blocks / alone == pytest.approx(np.sqrt(1.5 / 0.5), rel=0.1)


def test_intervals_hold_the_truth_as_often_as_they_say():
    held = []
    for seed in range(300):
        days = np.random.default_rng(seed).normal(0.3, 1, 80)
        config = MetricsConfig(bootstrap_days=1, bootstrap_reps=200, bootstrap_seed=seed)
        lower, upper = percentiles(draw_figures(days, mean_of, config), 0.9)
        held.append(lower[0] <= 0.3 <= upper[0])
    # Binomial error of 300 tries at .9 is .017.
    assert np.mean(held) == pytest.approx(0.9, abs=0.05)


def test_rows_are_drawn_whole():
    days = np.column_stack([np.arange(50.0), -np.arange(50.0)])
    draws = draw_figures(days, lambda rows: rows.sum(axis=0), MetricsConfig(bootstrap_reps=100))
    assert draws.shape == (100, 2)
    assert np.array_equal(draws[:, 0], -draws[:, 1])


def test_nothing_over_nothing_is_nothing_and_a_gain_over_nothing_is_infinite():
    config = MetricsConfig(bootstrap_reps=100)
    draws = draw_figures(np.ones(20), lambda _: np.array([np.nan, np.inf, -np.inf]), config)
    assert np.unique(draws, axis=0).tolist() == [[0.0, np.inf, -np.inf]]


def test_as_many_draws_lie_beyond_either_bound():
    draws = np.arange(1000.0)[::-1, None]
    lower, upper = percentiles(draws, 0.95)
    assert (np.sum(draws < lower), np.sum(draws > upper)) == (25, 25)


def test_a_bound_between_finite_and_infinite_draws_is_one_of_them():
    draws = np.array([[1.0]] * 980 + [[np.inf]] * 20)
    assert percentiles(draws, 0.95)[1] == 1.0
    draws[:10] = np.inf
    assert percentiles(draws, 0.95)[1] == np.inf


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=50), st.floats(0.01, 0.99))
def test_bounds_are_in_order_and_among_the_draws(values, confidence):
    lower, upper = percentiles(np.array(values)[:, None], confidence)
    assert lower[0] <= upper[0]
    assert {lower[0], upper[0]} <= set(values)
