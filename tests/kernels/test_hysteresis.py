import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tasks.kernels.hysteresis import passes
from tests.kernels import naive_hysteresis

STATES = st.lists(st.sampled_from(["here", "between", "there"]), max_size=40)


@given(states=STATES, memory=st.integers(1, 12))
def test_passages_are_those_of_the_definition(states, memory):
    here, there = [s == "here" for s in states], [s == "there" for s in states]
    got = passes(np.array(here, dtype=bool), np.array(there, dtype=bool), memory)
    assert got.tolist() == naive_hysteresis.passes(here, there, memory)


def test_wandering_in_the_band_is_no_passage():
    x = np.array([0, 4, 5, 9, 5, 9, 5, 4, 5, 1, 9])
    assert np.flatnonzero(passes(x > 8, x < 2, 20)).tolist() == [3, 10]


def test_a_passage_too_slow_is_forgotten():
    x = np.array([0, 5, 5, 5, 9])
    assert passes(x > 8, x < 2, 4)[-1]
    assert not passes(x > 8, x < 2, 3)[-1]
