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


@pytest.mark.parametrize("start", [0, 20, 50])
@pytest.mark.parametrize("p", [0.0, 0.3, 1.0])
def test_walking_over_ranks_equals_sorting_each_window(p, start):
    x = series(1, 400, 0.2)
    order = np.argsort(x)
    ranks = np.argsort(order)
    ranks[np.isnan(x)] = -1
    got = walk_quantile(x[order], ranks, 50, p, 1, start)
    wanted = naive_quantiles.walk_quantile(x[order].tolist(), ranks.tolist(), 50, p, 1, start)
    np.testing.assert_array_equal(got, wanted)


@pytest.mark.parametrize("window", [1, 2, 40, 300])
def test_it_does_not_matter_where_the_series_is_cut(window):
    """Block lengths are some hundreds of bars: starting later moves every cut."""
    x = series(4, 4000, 0.1)
    whole = past_quantiles(x, window, (0.0, 0.4, 1.0), 1)
    scores = past_robust_z(x, window, 1)
    for start in (1, 17, 1111, 3999 - window):
        later = past_quantiles(x[start:], window, (0.0, 0.4, 1.0), 1)
        assert whole[:, start + window :].tobytes() == later[:, window:].tobytes()
        assert (
            scores[start + window :].tobytes()
            == past_robust_z(x[start:], window, 1)[window:].tobytes()
        )


def test_zeros_of_both_signs_are_one_zero():
    x = np.where(np.arange(600) % 3, 0.0, -0.0)
    assert not np.signbit(past_quantiles(x, 7, (0.0, 0.3, 1.0), 1)[:, 1:]).any()


@pytest.mark.parametrize("gone", [slice(0, 900), slice(500, 1700), slice(2000, 3000)])
def test_long_gaps_are_no_exception(gone):
    x = series(6, 3000, 0.0)
    x[gone] = np.nan
    for p in (0.0, 0.5, 0.99):
        wanted = naive_quantiles.past_quantile(x.tolist(), 150, p, 5)
        np.testing.assert_array_equal(past_quantile(x, 150, p, 5), wanted)
    wanted = naive_quantiles.past_robust_z(x.tolist(), 150, 5)
    np.testing.assert_array_equal(past_robust_z(x, 150, 5), wanted)


def test_views_and_whole_numbers_are_taken():
    x = np.arange(80).reshape(40, 2)
    wanted = past_quantile(x[:, 0].astype(float), 5, 0.5, 1)
    np.testing.assert_array_equal(past_quantile(x[:, 0], 5, 0.5, 1), wanted)


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


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    n=st.integers(0, 400),
    window=st.integers(2, 90),
    gap_share=st.sampled_from([0.0, 0.2]),
    n_digits=st.sampled_from([0, 1, 9]),
    least=st.sampled_from([-1.0, 0.0, 0.5, 2.0, 4.0]),
)
def test_scores_that_are_asked_for_are_the_same(seed, n, window, gap_share, n_digits, least):
    x = np.random.default_rng(seed).standard_t(2, n).round(n_digits)
    x[np.random.default_rng(seed + 1).random(n) < gap_share] = np.nan
    every, some = past_robust_z(x, window, 2), past_robust_z(x, window, 2, least)
    asked = np.abs(every) >= least
    np.testing.assert_array_equal(some[asked], every[asked])
    assert (np.isnan(some[~asked]) | (some[~asked] == every[~asked])).all()
