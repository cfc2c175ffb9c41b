from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.kernels import paths
from tasks.kernels.regression import window_line
from tests.kernels import naive_paths


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    n=st.integers(0, 60),
    window=st.integers(1, 70),
    min_count=st.integers(0, 4),
    gap_share=st.sampled_from([0.0, 0.2]),
)
def test_windows_are_those_of_the_definition(seed, n, window, min_count, gap_share):
    rng = np.random.default_rng(seed)
    steps = np.where(rng.random(n) < gap_share, np.nan, rng.normal(0.0, 1.0, n))
    for name in ("window_slope", "above_mean"):
        wanted = np.array(getattr(naive_paths, name)(steps.tolist(), window, min_count), float)
        got = getattr(paths, name)(steps, window, min_count)
        np.testing.assert_allclose(got, wanted, rtol=1e-9, atol=1e-11, err_msg=name)


@pytest.mark.parametrize("window", [2, 3, 8, 96])
def test_the_slope_is_that_of_least_squares(window):
    y = np.cumsum(np.random.default_rng(4).normal(0.0, 1.0, 300))
    slope = paths.window_slope(np.diff(y, prepend=y[0]), window, 1)
    ages = np.arange(window)
    for t in (window, 150, 299):
        wanted = np.polyfit(ages, y[t - window + 1 : t + 1], 1)[0]
        assert slope[t] == pytest.approx(wanted, rel=1e-9)
    np.testing.assert_allclose(slope[window:], window_line(y, window, 2)[window:], rtol=1e-7)


def test_a_path_that_stands_still_leans_nowhere():
    steps = np.zeros(50)
    assert not paths.window_slope(steps, 12, 1)[12:].any()
    assert not paths.above_mean(steps, 12, 1)[12:].any()


def test_the_last_window_alone_gives_the_same_bits():
    steps = np.random.default_rng(3).normal(0.0, 1.0, 700)
    for window in (2, 7, 96, 257):
        for name in ("window_slope", "above_mean"):
            whole = getattr(paths, name)(steps, window, 1)[-1]
            last = getattr(paths, name)(steps[-window:].copy(), window, 1)[-1]
            assert whole.tobytes() == last.tobytes(), name
