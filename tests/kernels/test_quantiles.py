import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.kernels.quantiles import past_quantile, past_quantiles, past_robust_z, walk_quantile
from tests.kernels import naive_quantiles
from tests.kernels.test_rolling import series

CASES = {
    "seed": st.integers(0, 2**32 - 1),
    "n": st.integers(0, 300),
    "window": st.integers(1, 120),
    "min_count": st.integers(0, 6),
    "gap_share": st.sampled_from([0.0, 0.1, 0.7]),
    "n_digits": st.sampled_from([0, 2]),
}


@settings(max_examples=80, deadline=None)
@given(p=st.sampled_from([0.0, 0.01, 1 / 3, 0.5, 0.8, 0.995, 1.0]), **CASES)
def test_quantiles_are_those_of_the_definition(p, seed, n, window, min_count, gap_share, n_digits):
    x = series(seed, n, gap_share).round(n_digits)
    got = past_quantile(x, window, p, min_count)
    wanted = naive_quantiles.past_quantile(x.tolist(), window, p, min_count)
    np.testing.assert_array_equal(got, np.array(wanted, float))


@settings(max_examples=80, deadline=None)
@given(**CASES)
def test_robust_scores_are_those_of_the_definition(seed, n, window, min_count, gap_share, n_digits):
    x = series(seed, n, gap_share).round(n_digits)
    got = past_robust_z(x, window, min_count)
    wanted = naive_quantiles.past_robust_z(x.tolist(), window, min_count)
    np.testing.assert_array_equal(got, np.array(wanted, float))


def test_walking_over_ranks_equals_sorting_each_window():
    x = series(1, 400, 0.2)
    order = np.argsort(x)
    ranks = np.argsort(order)
    ranks[np.isnan(x)] = -1
    got = walk_quantile(x[order], ranks, 50, 0.3, 1)
    wanted = naive_quantiles.walk_quantile(x[order].tolist(), ranks.tolist(), 50, 0.3, 1)
    np.testing.assert_array_equal(got, wanted)


@pytest.mark.parametrize("window", [96, 2880])
def test_quantiles_are_those_of_numpy_bit_for_bit(window):
    x = np.abs(series(2, 6000, 0.0)) + np.random.default_rng(2).random(6000)
    low, high = past_quantiles(x, window, (0.1, 0.99), 1)
    for t in range(window, 6000, 397):
        assert low[t] == np.quantile(x[t - window : t], 0.1)
        assert high[t] == np.quantile(x[t - window : t], 0.99)


@pytest.mark.parametrize(
    "x",
    [
        np.arange(3000.0),
        -np.arange(3000.0),
        np.where(np.arange(3000) % 2, 1.0, -1.0) * np.arange(3000),
        np.zeros(3000),
    ],
    ids=["rising", "falling", "to and fro", "flat"],
)
def test_orderly_series_are_no_exception(x):
    np.testing.assert_array_equal(
        past_quantile(x, 40, 0.9, 1), naive_quantiles.past_quantile(x.tolist(), 40, 0.9, 1)
    )
    np.testing.assert_array_equal(
        past_robust_z(x, 40, 1), naive_quantiles.past_robust_z(x.tolist(), 40, 1)
    )


def test_a_flat_past_has_no_score():
    assert np.isnan(past_robust_z(np.array([1.0, 1.0, 1.0, 9.0]), 3, 1)[-1])
