import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.kernels.leadlag import forecast, lagged_regression
from tests.kernels import naive_leadlag
from tests.kernels.test_rolling import series


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    n=st.integers(0, 90),
    window=st.integers(9, 40),
    share=st.floats(0.0, 0.99),
    min_count=st.integers(9, 12),
    gap_share=st.sampled_from([0.0, 0.1, 0.4]),
)
def test_the_regression_is_that_of_the_definition(seed, n, window, share, min_count, gap_share):
    y, x = series(seed, n, gap_share), series(seed + 1, n, gap_share / 2)
    phase = int(share * window)
    got = lagged_regression(y, x, window, phase, min_count)
    wanted = naive_leadlag.lagged_regression(y.tolist(), x.tolist(), window, phase, min_count)
    np.testing.assert_allclose(got[0], wanted[0], rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(got[1], np.array(wanted[1], float), rtol=1e-6)


def test_the_t_statistic_is_that_of_statsmodels():
    x = series(1, 500, 0.0)
    y = 0.3 * np.roll(x, 2) + series(2, 500, 0.0)
    coefficients, t = lagged_regression(y, x, 400, 0, 100)
    design = sm.add_constant(np.column_stack([np.roll(x, k)[100:] for k in (1, 2, 3)]))
    fit = sm.OLS(y[100:], design).fit()
    np.testing.assert_allclose(coefficients[:, -1], fit.params, rtol=1e-9)
    assert t[-1] == pytest.approx(np.abs(fit.tvalues[1:]).max(), rel=1e-9)
    assert np.abs(fit.tvalues[1:]).argmax() == 1


@pytest.mark.parametrize("n_left_out", [0, 1, 37, 296])
def test_the_last_window_alone_gives_the_same_bits(n_left_out):
    y, x = series(3, 400, 0.05), series(4, 400, 0.05)
    whole = lagged_regression(y, x, 101, 5, 10)
    last = lagged_regression(y[n_left_out:], x[n_left_out:], 101, (5 + n_left_out) % 101, 10)
    assert whole[0][:, -1].tobytes() == last[0][:, -1].tobytes()
    assert whole[1][-1].tobytes() == last[1][-1].tobytes()


@pytest.mark.parametrize("x", [np.zeros(50), np.full(50, 0.1), np.array([0.1, -0.1] * 25)])
def test_a_leader_without_news_of_its_own_explains_nothing(x):
    coefficients, t = lagged_regression(series(5, 50, 0.0), x, 20, 0, 5)
    assert np.isnan(coefficients).all()
    assert np.isnan(t).all()


def test_an_exact_relation_leaves_nothing():
    x = series(6, 60, 0.0)
    y = np.append(np.nan, x[:-1])
    coefficients, t = lagged_regression(y, x, 30, 0, 5)
    np.testing.assert_allclose(coefficients[:, -1], [0.0, 1.0, 0.0, 0.0], atol=1e-12)
    assert t[-1] > 1e6


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), n=st.integers(0, 40), gap_share=st.sampled_from([0.0, 0.2]))
def test_forecasts_are_those_of_the_definition(seed, n, gap_share):
    x, coefficients = series(seed, n, gap_share), series(seed + 1, 4 * n, 0.1).reshape(4, n)
    wanted = naive_leadlag.forecast(coefficients.tolist(), x.tolist())
    np.testing.assert_allclose(forecast(coefficients, x), np.array(wanted, float), atol=1e-12)


def test_a_forecast_is_made_of_what_was_known_the_bar_before():
    coefficients = np.array([[1.0, 2.0], [3.0, 0.0], [0.0, 5.0], [7.0, 0.0]]).repeat(2, axis=1)
    assert forecast(coefficients, np.array([1.0, 10.0, 100.0, 1e9]))[3] == 2.0 + 5.0 * 10.0
