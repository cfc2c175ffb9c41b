from __future__ import annotations

import math

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.kernels.spikes import find_spikes
from tests.kernels import naive_spikes

JUMP, REACH = math.log(3), math.log(30)
prices = st.sampled_from([0.001, 0.9, 1.0, 2.0, 2.9, 4.0, 8.0, 25.0, 40.0, 100.0])
bars = st.lists(st.tuples(prices, prices, prices, prices), max_size=25)


def columns(rows):
    """Four columns of bars whose high and low are the extremes."""
    fixed = [(o, max(o, h, low, c), min(o, h, low, c), c) for o, h, low, c in rows]
    return [np.array(column, dtype=float) for column in zip(*fixed, strict=True)] or [
        np.empty(0)
    ] * 4


def marks(*rows, patience=3):
    return find_spikes(*columns(rows), JUMP, REACH, patience).tolist()


def flat(price):
    return (price, price, price, price)


@settings(max_examples=300, deadline=None)
@given(rows=bars, patience=st.integers(1, 4))
def test_the_kernel_agrees_with_its_definition(rows, patience):
    arrays = columns(rows)
    found = find_spikes(*arrays, JUMP, REACH, patience).tolist()
    assert found == naive_spikes.find_spikes(*arrays, JUMP, REACH, patience)


@settings(max_examples=100, deadline=None)
@given(rows=bars, cut=st.integers(0, 25))
def test_later_bars_change_no_earlier_mark(rows, cut):
    arrays = columns(rows)
    part = find_spikes(*(column[:cut] for column in arrays), JUMP, REACH, 2)
    assert part.tolist() == find_spikes(*arrays, JUMP, REACH, 2)[:cut].tolist()


def test_a_single_absurd_bar_is_marked():
    assert marks(flat(100), flat(1000), flat(101)) == [False, True, False]


def test_a_crash_within_a_bar_is_real():
    assert marks(flat(100), (100, 100, 60, 60), (60, 61, 10, 50), flat(50)) == [False] * 4


def test_a_wick_to_nearly_nothing_is_marked():
    assert marks(flat(4), (4, 4, 0.001, 3.5), flat(3.5)) == [False, True, False]


def test_a_level_that_persists_is_accepted_from_then_on():
    assert marks(flat(1), *[flat(1000)] * 5) == [False, True, True, True, False, False]


def test_absurd_bars_that_do_not_agree_never_make_a_level():
    rows = [flat(1), flat(1000), flat(0.0001), flat(1000), flat(0.0001), flat(1000), flat(1)]
    assert marks(*rows) == [False, True, True, True, True, True, False]


def test_a_first_bar_that_is_absurd_in_itself_is_marked():
    assert marks((1, 1000, 1, 1), flat(1)) == [True, False]


def test_a_first_bar_that_is_absurd_in_itself_sets_no_level():
    assert marks((1, 1000, 1, 8), flat(8), flat(8)) == [True, False, False]
