"""Thinning a curve without losing what an eye would see."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lake.schema import EQUITY
from tasks.backtest.sheet_curve import curve_of, holes, thin
from tests.backtest.sample import FIRST, HOUR_MS, stamps


def equity_of(levels, gross=None):
    n = len(levels)
    times = stamps(int(FIRST.timestamp() * 1000) + HOUR_MS * np.arange(1, n + 1))
    held = np.zeros(n) if gross is None else np.asarray(gross, float)
    columns = {"equity": np.asarray(levels, float), "cash": held, "gross": held}
    n_open = pl.Series(np.zeros(n, np.int64))
    return EQUITY.conform(pl.DataFrame({"time": times, **columns, "n_open": n_open}))


def test_the_drawdown_is_from_the_capital_on():
    curve = curve_of(equity_of([90.0, 120.0, 60.0]), 100.0)
    assert curve.depth == pytest.approx([0.1, 0.0, 0.5])


def test_exposure_is_missing_where_nothing_is_left():
    curve = curve_of(equity_of([100.0, 0.0, -5.0], [50.0, 50.0, 50.0]), 100.0)
    assert curve.exposure[0] == 0.5
    assert np.isnan(curve.exposure[1:]).all()


def test_bars_without_a_number_are_left_out():
    assert len(curve_of(equity_of([100.0, np.nan, 101.0]), 100.0).time) == 2


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 2**32), st.integers(1, 400), st.integers(1, 30))
def test_no_run_of_bars_loses_an_extreme(seed, n_bars, n_buckets):
    steps = np.random.default_rng(seed).normal(0, 3, n_bars)
    levels = 1000 + np.cumsum(steps)
    curve = curve_of(equity_of(levels, np.abs(steps)), 100.0)
    thinned = thin(curve, n_buckets)
    n = len(curve.time)
    assert len(thinned.time) <= 8 * n_buckets
    assert {curve.time[0], curve.time[-1]} <= set(thinned.time)
    rows = np.searchsorted(curve.time, thinned.time)
    for field in ("equity", "depth", "exposure"):
        whole, kept = getattr(curve, field), getattr(thinned, field)
        assert np.array_equal(whole[rows], kept, equal_nan=True)
    width = 1 if n <= 4 * n_buckets else -(-n // n_buckets)
    for start in range(0, n, width):
        run = slice(start, start + width)
        inside = rows[(rows >= start) & (rows < start + width)]
        for values in (curve.equity, curve.depth):
            assert values[inside].min() == values[run].min()
            assert values[inside].max() == values[run].max()


def test_a_short_curve_stays_whole():
    curve = curve_of(equity_of(np.arange(1.0, 41.0)), 1.0)
    assert thin(curve, 10) is curve


def test_a_break_is_where_bars_are_missing_for_long_enough_to_be_seen():
    time = np.array([0, 1, 2, 3, 60, 61, 62, 64, 1000]) * HOUR_MS
    assert holes(time, HOUR_MS).tolist() == [3, 7]
    assert holes(time[:4], HOUR_MS).size == 0
    assert holes(np.array([0, 1, 2, 4]) * HOUR_MS, HOUR_MS).tolist() == [2]
    assert holes(time[:1], HOUR_MS).size == 0
