from datetime import timedelta

import numpy as np
import polars as pl
import pytest

from tasks.backtest.metrics_days import days_of
from tests.backtest.metrics_cases import after, curve, metrics_of

FIRST = 19_723  # 2024-01-01, days since 1970


def test_the_bar_that_closes_at_midnight_ends_the_day_before():
    days = days_of(curve(np.arange(1.0, 49.0), "1h"), 0.5, "1h")
    assert days.numbers.tolist() == [FIRST, FIRST + 1]
    assert days.levels.tolist() == [0.5, 24.0, 48.0]
    assert days.years == pytest.approx(2 / 365)


def test_the_first_return_is_from_the_capital():
    assert days_of(curve([110.0, 99.0]), 100.0, "1d").returns == pytest.approx([0.1, -0.1])


def test_a_curve_may_start_and_end_within_a_day():
    late = curve(np.arange(1.0, 31.0), "1h").with_columns(pl.col("time") + timedelta(hours=20))
    days = days_of(late, 1.0, "1h")
    assert days.levels.tolist() == [1.0, 4.0, 28.0, 30.0]
    assert days.years == pytest.approx(30 / 24 / 365)


def test_flat_days_count_and_days_without_bars_do_not():
    sessions = curve([101.0] * 5).filter(pl.col("time") != after(72))
    days = days_of(sessions, 100.0, "1d")
    assert days.numbers.tolist() == [FIRST, FIRST + 1, FIRST + 3, FIRST + 4]
    assert days.returns.tolist() == pytest.approx([0.01, 0, 0, 0])
    assert days.years == pytest.approx(5 / 365)


def test_a_drawdown_lasts_over_days_without_bars():
    levels = curve([100.0, 90.0, 95.0, 96.0, 101.0])
    sessions = levels.filter(~pl.col("time").is_in([after(72), after(96)]))
    assert metrics_of(sessions, capital=100.0)["longest_drawdown_days"] == 4


def test_the_capital_is_a_peak_of_the_day_before_the_first():
    got = metrics_of(curve([90.0, 95.0, 100.0, 99.0]), capital=100.0)
    assert (got["longest_drawdown_days"], got["current_drawdown_days"]) == (3, 1)


def test_an_account_that_is_ruined_within_a_day_does_not_come_back():
    days = days_of(curve([90.0, 80.0, -1.0, 50.0, 60.0, 70.0], "12h"), 100.0, "12h")
    assert days.levels.tolist() == [100.0, 80.0, 0.0, 0.0]
    assert days.returns.tolist() == pytest.approx([-0.2, -1.0, 0.0])
    assert days.ruin == "ruined at 2024-01-02 12:00"


def test_rows_may_come_in_any_order():
    levels = curve([101.0, 99.0, 105.0, 104.0])
    np.testing.assert_equal(metrics_of(levels[::-1]), metrics_of(levels))
