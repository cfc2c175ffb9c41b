import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.kernels import ewm, rolling
from tasks.kernels.doubling import PIECE
from tests.kernels import naive_rolling

WINDOWED = ["window_sum", "window_mean", "window_max", "window_min", "window_std"]


def series(seed, n, gap_share, level=0.0):
    rng = np.random.default_rng(seed)
    x = level + rng.normal(0, 1, n).round(2)
    return np.where(rng.random(n) < gap_share, np.nan, x)


@pytest.mark.parametrize("name", WINDOWED)
@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    n=st.integers(0, 80),
    window=st.integers(1, 90),
    min_count=st.integers(0, 5),
    gap_share=st.sampled_from([0.0, 0.1, 0.6]),
    level=st.sampled_from([0.0, 1e6]),
)
def test_windows_are_those_of_the_definition(name, seed, n, window, min_count, gap_share, level):
    x = series(seed, n, gap_share, level)
    wanted = getattr(naive_rolling, name)(x.tolist(), window, min_count)
    got = getattr(rolling, name)(x, window, min_count)
    np.testing.assert_allclose(got, np.array(wanted, float), rtol=1e-9, atol=1e-8)


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    n=st.integers(0, 60),
    window=st.integers(1, 70),
    decay=st.sampled_from([0.5, 0.9, 1.0]),
    gap_share=st.sampled_from([0.0, 0.3]),
)
def test_decayed_means_are_those_of_the_definition(seed, n, window, decay, gap_share):
    x = series(seed, n, gap_share)
    got = ewm.weighted_mean(x, decay, window, 2)
    wanted = naive_rolling.weighted_mean(x.tolist(), decay, window, 2)
    np.testing.assert_allclose(got, np.array(wanted, float), rtol=1e-9, atol=1e-12)
    filled = np.nan_to_num(x)
    sums = naive_rolling.decayed_sum(filled.tolist(), window, decay)
    np.testing.assert_allclose(
        rolling.decayed_sum(filled, window, decay), np.array(sums, float), rtol=1e-9, atol=1e-12
    )


@pytest.mark.parametrize("window", [1, 2, 100, PIECE + 5])
@pytest.mark.parametrize("gap_share", [0.0, 0.0001, 0.3])
def test_it_does_not_matter_where_the_series_is_cut(window, gap_share):
    """The maths goes over pieces of the series; starting later moves every cut."""
    x = series(8, 2 * PIECE + 100, gap_share, level=3.0)
    for start in (1, 777):
        later = slice(start + window - 1, None)
        for name in WINDOWED:
            whole = getattr(rolling, name)(x, window, 1)[later]
            part = getattr(rolling, name)(x[start:], window, 1)[window - 1 :]
            assert whole.tobytes() == part.tobytes(), name
        whole = ewm.weighted_mean(x, 0.999, window, 1)[later]
        part = ewm.weighted_mean(x[start:], 0.999, window, 1)[window - 1 :]
        assert whole.tobytes() == part.tobytes()


@pytest.mark.parametrize("name", WINDOWED)
def test_long_series_are_those_of_pandas(name):
    x = series(9, 2 * PIECE + 100, 0.01)
    x[PIECE - 50 : PIECE + 900] = np.nan
    wanted = getattr(pd.Series(x).rolling(700, min_periods=200), name.removeprefix("window_"))()
    got = getattr(rolling, name)(x, 700, 200)
    np.testing.assert_allclose(got, wanted.to_numpy(), rtol=1e-9, atol=1e-9)


def test_counts_are_of_finite_values():
    x = np.array([1.0, np.nan, 2.0, np.inf, 3.0])
    np.testing.assert_array_equal(rolling.window_count(x, 3), [1, 1, 2, 1, 2])


def test_views_and_whole_numbers_are_taken():
    x = np.arange(80).reshape(40, 2)
    for name in WINDOWED:
        wanted = getattr(rolling, name)(x[:, 0].astype(float), 5, 1)
        np.testing.assert_array_equal(getattr(rolling, name)(x[:, 0], 5, 1), wanted)


@pytest.mark.parametrize("window", [1, 7, 96, 255, 256])
def test_the_last_window_alone_gives_the_same_bits(window):
    x = series(3, 700, 0.05, level=10.0)
    for name in WINDOWED:
        whole = getattr(rolling, name)(x, window, 1)
        last = getattr(rolling, name)(x[-window:].copy(), window, 1)
        assert whole[-1].tobytes() == last[-1].tobytes(), name
    whole = ewm.weighted_mean(x, 0.97, window, 1)
    assert (
        whole[-1].tobytes() == ewm.weighted_mean(x[-window:].copy(), 0.97, window, 1)[-1].tobytes()
    )


def test_what_was_long_ago_leaves_no_rounding_behind():
    x = np.concatenate([np.full(50, 1e17), np.full(50, 0.1)])
    assert rolling.window_sum(x, 10, 1)[-1] == pytest.approx(1.0, rel=1e-15)


def test_the_exponential_mean_is_that_of_pandas():
    x = series(5, 600, 0.1)
    wanted = pd.Series(x).ewm(halflife=12, adjust=True, ignore_na=False).mean().to_numpy()
    got = ewm.weighted_mean(x, ewm.half_life_decay(12), 600, 1)
    np.testing.assert_allclose(got, wanted, rtol=1e-12)


def test_ten_half_lives_leave_out_a_thousandth():
    decay = ewm.half_life_decay(20)
    kept = rolling.decayed_sum(np.ones(5000), 200, decay)[-1]
    assert 1 - kept * (1 - decay) == pytest.approx(2**-10)


def test_before_moves_to_later_bars():
    np.testing.assert_array_equal(rolling.before(np.array([1.0, 2.0, 3.0])), [np.nan, 1.0, 2.0])
    np.testing.assert_array_equal(rolling.before(np.array([1.0]), 3), [np.nan])


def test_a_third_is_rounded_up():
    assert [rolling.third(n) for n in (1, 2, 3, 4, 96)] == [1, 1, 1, 2, 32]
