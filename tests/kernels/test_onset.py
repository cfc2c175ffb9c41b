import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tasks.kernels.onset import first_below, last_true, onset, onset_among
from tests.kernels import naive_onset

FLAGS = st.lists(st.booleans(), max_size=60)


@given(flags=FLAGS, cooldown=st.integers(1, 8))
def test_onsets_are_those_of_the_definition(flags, cooldown):
    array = np.array(flags, dtype=bool)
    assert onset(array, cooldown).tolist() == naive_onset.onset(flags, cooldown)
    assert last_true(array).tolist() == naive_onset.last_true(flags)


@given(flags=FLAGS, counts=FLAGS, cooldown=st.integers(1, 5), more=st.integers(0, 9))
def test_onsets_where_only_some_bars_count_are_those_of_the_definition(
    flags, counts, cooldown, more
):
    seen = np.cumsum([*counts, *[True] * len(flags)][: len(flags)]).astype(np.int64)
    got = onset_among(np.array(flags, dtype=bool), seen, cooldown, cooldown + more)
    wanted = naive_onset.onset_among(flags, seen.tolist(), cooldown, cooldown + more)
    assert got.tolist() == wanted


@given(flags=FLAGS, within=st.integers(1, 9), seed=st.integers(0, 999))
def test_first_hits_are_those_of_the_definition(flags, within, seed):
    rng = np.random.default_rng(seed)
    level, x = rng.integers(0, 4, (2, len(flags))).astype(float)
    x[rng.random(x.size) < 0.1] = np.nan
    got = first_below(np.array(flags, dtype=bool), level, x, within)
    assert got.tolist() == naive_onset.first_below(flags, level.tolist(), x.tolist(), within)


def test_a_condition_that_lasts_stands_once():
    flags = np.array([0, 1, 1, 1, 1, 1, 1, 0, 1, 0, 0, 1], dtype=bool)
    assert np.flatnonzero(onset(flags, 2)).tolist() == [1, 11]
