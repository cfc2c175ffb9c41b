from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.kernels import swings
from tests.kernels import naive_swings

highs = st.lists(st.sampled_from([1.0, 2.0, 3.0, 4.0, 5.0, np.nan]), max_size=40)


@settings(max_examples=150, deadline=None)
@given(x=highs, reach=st.integers(1, 4), within=st.integers(0, 20))
def test_swings_are_those_of_the_definition(x, reach, within):
    known = swings.confirmed_highs(np.array(x, float), reach)
    assert known.tolist() == naive_swings.confirmed_highs(x, reach)
    last = swings.last_swing(known, reach, within)
    assert last.tolist() == naive_swings.last_swing(known.tolist(), reach, within)


@settings(max_examples=150, deadline=None)
@given(x=highs, reach=st.integers(1, 3), within=st.integers(0, 20))
def test_legs_are_those_of_the_definition(x, reach, within):
    x = np.array(x, float)
    top, bottom = (
        swings.last_swing(swings.confirmed_highs(side * x, reach), reach, 12) for side in (1, -1)
    )
    start, end = swings.last_leg(top, bottom, reach, within)
    wanted = naive_swings.last_leg(top.tolist(), bottom.tolist(), reach, within)
    assert (start.tolist(), end.tolist()) == wanted


@settings(max_examples=150, deadline=None)
@given(x=highs, seed=st.integers(0, 2**32 - 1))
def test_the_highest_since_is_that_of_the_definition(x, seed):
    rng = np.random.default_rng(seed)
    start = np.array([rng.integers(-1, t) for t in range(len(x))], dtype=np.int64)
    start = np.where(rng.random(len(x)) < 0.7, np.maximum.accumulate(start), start)
    got = swings.highest_since(np.array(x, float), start)
    assert got.tolist() == naive_swings.highest_since(x, start.tolist())


def test_a_swing_is_known_only_after_its_neighbours():
    x = np.array([1.0, 2.0, 5.0, 3.0, 4.0, 1.0])
    assert np.flatnonzero(swings.confirmed_highs(x, 2)).tolist() == [4]
    assert np.flatnonzero(swings.confirmed_highs(x, 1)).tolist() == [3, 5]


def test_a_flat_top_is_no_swing():
    x = np.array([1.0, 2.0, 5.0, 5.0, 2.0, 1.0])
    assert not swings.confirmed_highs(x, 2).any()


def test_a_swing_is_forgotten():
    x = np.array([1.0, 5.0, 1.0, 1.0, 1.0, 1.0])
    last = swings.last_swing(swings.confirmed_highs(x, 1), 1, 3)
    assert last.tolist() == [-1, -1, 1, 1, 1, -1]
