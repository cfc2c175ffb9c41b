import warnings

import numpy as np
import pytest

from tasks.backtest.metrics_formulas import (
    divide,
    expected_shortfall,
    growth_per_year,
    omega,
    sharpe,
    sortino,
)


def test_a_gain_over_nothing_is_infinite_and_nothing_over_nothing_is_nothing():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert (divide(1, 0), divide(-1, 0)) == (np.inf, -np.inf)
        assert np.isnan(divide(0, 0))
        # The standard deviation of equal numbers is a rounding error, not a risk.
        assert sharpe(np.full(7, 0.1), 365) == np.inf
        assert sharpe(np.full(7, -0.1), 365) == -np.inf
        assert np.isnan(sharpe(np.zeros(10), 365))
        assert sortino(np.array([0.0, 0.1]), 365) == np.inf
        assert omega(np.array([0.0, 0.1])) == np.inf


def test_growth_compounds_over_the_years():
    assert growth_per_year(1.21, 2) == pytest.approx(0.1)
    assert growth_per_year(1.1, 0.5) == pytest.approx(0.21)
    assert growth_per_year(0.0, 3) == -1.0
    assert growth_per_year(-0.2, 3) == -1.0
    assert growth_per_year(2.0, 1e-6) == np.inf


def test_the_shortfall_of_a_tail_of_less_than_a_day_is_the_worst_day():
    returns = np.array([0.01, -0.02, 0.03])
    assert expected_shortfall(returns, 0.05) == -0.02
    assert expected_shortfall(returns, 0.5) == pytest.approx((-0.02 + 0.5 * 0.01) / 1.5)
    assert expected_shortfall(returns, 1 - 1e-12) == pytest.approx(returns.mean())
