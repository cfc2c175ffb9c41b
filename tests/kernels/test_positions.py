import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.kernels.positions import take_positions
from tests.kernels import naive_positions


@st.composite
def markets(draw):
    is_gap = np.array(draw(st.lists(st.booleans(), min_size=1, max_size=40)))
    is_gap &= np.array(draw(st.lists(st.booleans(), min_size=len(is_gap), max_size=len(is_gap))))
    n_bars = len(is_gap)
    bars = draw(st.lists(st.integers(0, n_bars - 1), max_size=30))
    end = draw(st.integers(0, n_bars))
    first = draw(st.integers(0, n_bars))
    return np.array(sorted(bars), dtype=np.int64), is_gap, draw(st.integers(1, 6)), first, end


@given(markets())
@settings(max_examples=300, deadline=None)
def test_the_kernel_takes_what_the_definition_takes(market):
    got = take_positions(*market)
    wanted = naive_positions.take_positions(*market)
    for mine, theirs in zip(got, wanted, strict=True):
        np.testing.assert_array_equal(mine, theirs)


@given(markets())
@settings(max_examples=200, deadline=None)
def test_positions_never_overlap_nor_leave_their_span(market):
    event_bars, _, horizon_bars, first, end = market
    taken, entry, exit_ = take_positions(*market)
    assert np.all(entry[1:] > exit_[:-1])
    assert np.all(entry - 1 >= first)
    assert np.all(exit_ < end)
    np.testing.assert_array_equal(exit_ - entry + 1, np.full(len(taken), horizon_bars))
    np.testing.assert_array_equal(entry - 1, event_bars[taken])


def test_an_event_at_the_exit_bar_opens_the_next_position():
    is_gap = np.zeros(12, dtype=bool)
    taken, entry, exit_ = take_positions(np.array([1, 2, 3, 4, 6]), is_gap, 3, 0, 12)
    assert taken.tolist() == [0, 3]
    assert entry.tolist() == [2, 5]
    assert exit_.tolist() == [4, 7]


def test_a_gap_on_the_way_or_at_the_event_forbids_the_position():
    is_gap = np.zeros(10, dtype=bool)
    is_gap[4] = True
    taken, _, _ = take_positions(np.array([1, 2, 4, 5]), is_gap, 2, 0, 10)
    assert taken.tolist() == [0, 3]
