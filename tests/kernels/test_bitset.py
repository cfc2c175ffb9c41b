import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.kernels import bitset
from tests.kernels import naive_bitset

ROOM = 400


def both(members):
    bits, wanted = bitset.no_bits(ROOM), naive_bitset.no_bits(ROOM)
    for member in members:
        bitset.flip(bits, member)
        naive_bitset.flip(wanted, member)
    return bits, wanted


@settings(max_examples=60, deadline=None)
@given(members=st.lists(st.integers(0, ROOM - 1), max_size=300), at=st.integers(0, ROOM - 1))
def test_neighbours_are_those_of_the_definition(members, at):
    bits, wanted = both(members)
    if any(member > at for member in wanted):
        assert bitset.above(bits, at) == naive_bitset.above(wanted, at)
    if any(member < at for member in wanted):
        assert bitset.under(bits, at) == naive_bitset.under(wanted, at)


@settings(max_examples=60, deadline=None)
@given(
    members=st.sets(st.integers(0, ROOM - 1), min_size=1),
    at=st.integers(0, ROOM - 1),
    where=st.floats(0, 1, exclude_max=True),
)
def test_the_nth_member_is_found_from_anywhere(members, at, where):
    bits, wanted = both(members)
    below, n = sum(member < at for member in wanted), int(where * len(wanted))
    assert bitset.seek(bits, at, below, n) == naive_bitset.seek(wanted, at, below, n)


def test_flipping_twice_leaves_nothing():
    bits, _ = both([0, 63, 64, 399, 399, 64, 63, 0])
    assert not bits.any()


def test_full_words_hide_no_bit():
    bits, _ = both(range(ROOM))
    assert [bitset.above(bits, at) for at in range(ROOM - 1)] == list(range(1, ROOM))
    assert [bitset.under(bits, at) for at in range(1, ROOM)] == list(range(ROOM - 1))
    assert np.bitwise_count(bits).sum() == ROOM
