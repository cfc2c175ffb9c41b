import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import linregress

from tasks.kernels.doubling import PIECE
from tasks.kernels.regression import window_line, window_pair
from tests.kernels import naive_regression
from tests.kernels.test_rolling import series

CASES = {
    "seed": st.integers(0, 2**32 - 1),
    "n": st.integers(0, 80),
    "window": st.integers(1, 90),
    "min_count": st.integers(0, 5),
    "gap_share": st.sampled_from([0.0, 0.1, 0.6]),
}


def noisy_pair(seed, n, gap_share):
    """Returns of a leader and of one that follows it; no ties, so that each window varies."""
    rng = np.random.default_rng(seed)
    x = rng.normal(0, 1, n)
    y = 0.7 * x + rng.normal(0, 1, n)
    gone = rng.random((2, n)) < gap_share
    return np.where(gone[0], np.nan, x), np.where(gone[1], np.nan, y)


@settings(max_examples=60, deadline=None)
@given(**CASES)
def test_pairs_are_those_of_the_definition(seed, n, window, min_count, gap_share):
    x, y = noisy_pair(seed, n, gap_share)
    wanted = naive_regression.window_pair(x.tolist(), y.tolist(), window, min_count)
    for got, want in zip(window_pair(x, y, window, min_count), wanted, strict=True):
        np.testing.assert_allclose(got, np.array(want, float), rtol=1e-5, atol=1e-6)


@settings(max_examples=60, deadline=None)
@given(**CASES)
def test_lines_are_those_of_the_definition(seed, n, window, min_count, gap_share):
    y = series(seed, n, gap_share)
    wanted = naive_regression.window_line(y.tolist(), window, min_count)
    np.testing.assert_allclose(
        window_line(y, window, min_count), np.array(wanted, float), rtol=1e-9, atol=1e-9
    )


def test_slope_and_correlation_are_those_of_scipy():
    x, y = noisy_pair(1, 3000, 0.05)
    slope, correlation = window_pair(x, y, 288, 3)
    for t in range(300, 3000, 271):
        held = np.isfinite(x[t - 287 : t + 1]) & np.isfinite(y[t - 287 : t + 1])
        wanted = linregress(x[t - 287 : t + 1][held], y[t - 287 : t + 1][held])
        assert slope[t] == pytest.approx(wanted.slope, rel=1e-10)
        assert correlation[t] == pytest.approx(wanted.rvalue, rel=1e-10)


@pytest.mark.parametrize("window", [2, 96, 2880])
def test_the_line_is_that_of_polyfit(window):
    y = np.cumsum(series(2, 7000, 0.0)) * 1e-3
    got = window_line(y, window, 2)
    for t in range(window - 1, 7000, 997):
        wanted = np.polyfit(np.arange(window), y[t - window + 1 : t + 1], 1)[0]
        assert got[t] == pytest.approx(wanted, rel=1e-8, abs=1e-12)


def test_a_straight_line_has_its_slope_despite_gaps():
    y = np.where(np.arange(500) % 3 == 1, np.nan, 0.25 * np.arange(500))
    np.testing.assert_allclose(window_line(y, 40, 5)[10:], 0.25, rtol=1e-12)


def test_what_does_not_vary_has_neither_slope_nor_correlation():
    flat, other = np.zeros(50), series(3, 50, 0.0)
    slope, correlation = window_pair(flat, other, 10, 3)
    assert np.isnan(slope).all()
    assert np.isnan(correlation).all()
    slope, correlation = window_pair(other, flat, 10, 3)
    assert (slope[9:] == 0.0).all()
    assert np.isnan(correlation).all()


def test_correlation_stays_within_one():
    x = series(4, 4000, 0.0)
    correlation = window_pair(x, -3.0 * x, 20, 3)[1]
    np.testing.assert_allclose(correlation[20:], -1.0, rtol=1e-12)
    assert (np.abs(correlation[20:]) <= 1.0).all()


@pytest.mark.parametrize("window", [1, 7, 96, 255, 256])
def test_the_last_window_alone_gives_the_same_bits(window):
    x, y = noisy_pair(5, 700, 0.05)
    wholes = (*window_pair(x, y, window, 3), window_line(y, window, 2))
    x, y = x[-window:].copy(), y[-window:].copy()
    for whole, last in zip(
        wholes, (*window_pair(x, y, window, 3), window_line(y, window, 2)), strict=True
    ):
        assert whole[-1].tobytes() == last[-1].tobytes()


@pytest.mark.parametrize("window", [3, 100, PIECE + 5])
def test_it_does_not_matter_where_the_series_is_cut(window):
    x, y = noisy_pair(6, 2 * PIECE + 100, 0.001)
    wholes = (*window_pair(x, y, window, 3), window_line(y, window, 2))
    parts = (*window_pair(x[777:], y[777:], window, 3), window_line(y[777:], window, 2))
    for whole, part in zip(wholes, parts, strict=True):
        assert whole[777 + window - 1 :].tobytes() == part[window - 1 :].tobytes()
