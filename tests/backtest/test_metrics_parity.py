"""Against empyrical-reloaded where definitions agree; by arithmetic where they do not."""

import empyrical
import numpy as np
import pytest
from arch.bootstrap import StationaryBootstrap
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from tasks.backtest.config import MetricsConfig
from tests.backtest.metrics_cases import QUICK, compounded, curve, metrics_of

seeds = st.integers(0, 2**32 - 1)
AGREED = {
    "total_return": lambda r, hurdle: empyrical.cum_returns_final(r),
    "cagr": lambda r, hurdle: empyrical.annual_return(r, annualization=365),
    "volatility": lambda r, hurdle: empyrical.annual_volatility(r, annualization=365),
    "sharpe": lambda r, hurdle: empyrical.sharpe_ratio(r, hurdle, annualization=365),
    "sortino": lambda r, hurdle: empyrical.sortino_ratio(r, hurdle, annualization=365),
    "calmar": lambda r, hurdle: empyrical.calmar_ratio(r, annualization=365),
    "deepest_drawdown": lambda r, hurdle: -empyrical.max_drawdown(r),
    "skew": lambda r, hurdle: stats.skew(r),
    "kurtosis": lambda r, hurdle: stats.kurtosis(r, fisher=False),
}


def market(seed, n):
    rng = np.random.default_rng(seed)
    return np.clip(rng.standard_t(4, n) * 0.01 + rng.normal(0, 0.003), -0.6, 2.0)


@settings(max_examples=40)
@given(seeds, st.integers(40, 400), st.sampled_from([0.0, 0.1, -0.05]))
def test_where_definitions_agree_the_numbers_are_empyricals(seed, n, hurdle):
    returns = market(seed, n)
    config = QUICK.model_copy(update={"hurdle_per_year": hurdle})
    got = metrics_of(curve(compounded(returns)), config=config)
    per_day = (1 + hurdle) ** (1 / 365) - 1
    theirs = {name: reference(returns, per_day) for name, reference in AGREED.items()}
    assert {name: got[name] for name in AGREED} == pytest.approx(theirs, rel=1e-8, abs=1e-10)
    omega = empyrical.omega_ratio(returns, required_return=hurdle, annualization=365)
    assert got["omega"] == pytest.approx(omega, rel=1e-8)


def test_intervals_are_empyricals_figures_of_the_days_that_arch_draws():
    returns = market(11, 200)
    config = MetricsConfig(bootstrap_reps=1000, bootstrap_seed=9, hurdle_per_year=0.2)
    equity = curve(compounded(returns))
    bounds = [metrics_of(equity, config=config, column=name) for name in ("lower", "upper")]
    per_day = 1.2 ** (1 / 365) - 1
    names = ("cagr", "sharpe", "sortino", "calmar", "deepest_drawdown")
    theirs = StationaryBootstrap(5, returns, seed=9).conf_int(
        lambda drawn: np.array([AGREED[name](drawn, per_day) for name in names]),
        1000,
        method="percentile",
    )
    # Theirs lie between the draws next to ours.
    for bound, reference in zip(bounds, theirs, strict=True):
        assert [bound[name] for name in names] == pytest.approx(reference, rel=0.05)


@settings(max_examples=20)
@given(seeds, st.integers(1, 15))
def test_the_shortfall_is_empyricals_where_the_tail_is_a_number_of_days(seed, twenties):
    returns = market(seed, 20 * twenties)
    got = metrics_of(curve(compounded(returns)))
    theirs = empyrical.conditional_value_at_risk(returns, cutoff=0.05)
    assert got["expected_shortfall"] == pytest.approx(theirs, rel=1e-9)


def test_a_day_that_straddles_the_tail_counts_in_part_and_not_as_empyricals():
    returns = np.zeros(30)
    returns[[3, 9]] = -0.06, -0.03
    got = metrics_of(curve(compounded(returns)))["expected_shortfall"]
    # 5 % of 30 days are one day and half of the next.
    assert got == pytest.approx(-(0.06 + 0.03 / 2) / 1.5)
    # empyrical takes int(29 * .05) + 1 = 2 days.
    assert empyrical.conditional_value_at_risk(returns) == pytest.approx(-(0.06 + 0.03) / 2)


def test_years_are_counted_by_the_clock_and_not_in_days_of_an_annualisation():
    levels = compounded([0.01, -0.005, 0.02])
    sessions = metrics_of(curve(levels), config=MetricsConfig(days_per_year=252))
    growth = levels[-1] / 1000
    assert sessions["cagr"] == pytest.approx(growth ** (365 / 3) - 1)
    theirs = empyrical.annual_return(np.array([0.01, -0.005, 0.02]), annualization=252)
    assert theirs == pytest.approx(growth ** (252 / 3) - 1)


def test_a_day_that_is_not_whole_is_a_day_but_not_a_day_of_the_clock():
    returns = np.array([0.01, 0.02, -0.01])
    # The last day ends at noon: 2.5 days of the clock, 3 returns.
    levels = np.repeat(compounded(returns), 2)[:5]
    got = metrics_of(curve(levels, timeframe="12h"), timeframe="12h")
    assert got["days"] == 3
    assert got["cagr"] == pytest.approx((levels[-1] / 1000) ** (365 / 2.5) - 1)
    assert got["volatility"] == pytest.approx(np.std(returns, ddof=1) * np.sqrt(365))


def test_the_downside_is_of_all_days_and_not_of_the_losing_ones():
    returns = np.array([0.03, -0.01, 0.02, -0.02, 0.0, 0.01])
    got = metrics_of(curve(compounded(returns)))["sortino"]
    assert got == pytest.approx(0.005 / np.sqrt(0.0005 / 6) * np.sqrt(365))
    losing = np.std([-0.01, -0.02], ddof=1)
    assert abs(got - 0.005 / losing * np.sqrt(365)) > 1
