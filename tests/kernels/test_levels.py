from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.kernels.levels import level_breaks
from tasks.kernels.swings import confirmed_highs
from tests.kernels import naive_levels


@settings(max_examples=150, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    n=st.integers(0, 120),
    reach=st.integers(1, 3),
    window=st.integers(1, 60),
    touches=st.integers(1, 4),
    side=st.sampled_from([1, -1]),
)
def test_breaks_are_those_of_the_definition(seed, n, reach, window, touches, side):
    rng = np.random.default_rng(seed)
    close = 100.0 + np.cumsum(rng.integers(-2, 3, n)).astype(float)
    high = side * (close + side * rng.integers(0, 3, n))
    margin = rng.choice([0.0, 0.005, 0.02, np.nan], n)
    close = np.where(rng.random(n) < 0.05, np.nan, side * close)
    known = confirmed_highs(np.where(np.isnan(close), np.nan, high), reach)
    level, first = level_breaks(known, high, close, margin, reach, window, touches)
    wanted = naive_levels.level_breaks(
        known.tolist(), high.tolist(), close.tolist(), margin.tolist(), reach, window, touches
    )
    np.testing.assert_array_equal(level, np.array(wanted[0], float))
    assert first.tolist() == wanted[1]


UP = [1.0, 3.0, 1.0] * 3


@pytest.mark.parametrize(
    ("closes", "window", "touches", "broken"),
    [
        ([2.0, 4.0], 20, 3, 3.0),
        ([2.0, 3.0], 20, 3, None),
        ([2.0, 4.0], 20, 4, None),
        ([2.0, 4.0], 8, 3, None),
        ([3.5, 4.0], 20, 3, None),
    ],
    ids=["broken", "only reached", "touched too seldom", "too long ago", "broken before"],
)
def test_a_level_breaks_once_it_was_touched_often_enough(closes, window, touches, broken):
    close = np.array([*([1.0] * 9), *closes])
    high = np.array([*UP, *closes])
    known = np.zeros(11, dtype=bool)
    known[[2, 5, 8]] = True
    level, first = level_breaks(known, high, close, np.full(11, 0.01), 1, window, touches)
    assert np.isnan(level[:10]).all() or closes[0] > 3
    assert (level[10], first[10]) == (broken, 1) if broken else np.isnan(level[10])


def test_the_last_window_alone_gives_the_same_bits():
    rng = np.random.default_rng(2)
    close = np.exp(np.cumsum(rng.normal(0.0, 0.01, 3000)))
    known, margin = confirmed_highs(close, 2), np.full(3000, 0.004)
    whole = level_breaks(known, close, close, margin, 2, 200, 3)
    broken = np.flatnonzero(np.isfinite(whole[0]))
    assert broken.size > 20
    for t in broken[broken > 300]:
        part = slice(t - 206, t + 1)
        known_there = confirmed_highs(close[part], 2)
        last = level_breaks(known_there, close[part], close[part], margin[part], 2, 200, 3)
        assert (last[0][-1], last[1][-1] + t - 206) == (whole[0][t], whole[1][t])
