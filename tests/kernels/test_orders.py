import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.kernels import orders
from tasks.kernels.orders import ranked_blocks
from tests.kernels.test_rolling import series

ONE_ULP = np.finfo(float).eps


def kinds(seed, n):
    """Series that sort easily and series that do not."""
    rng = np.random.default_rng(seed)
    return {
        "plain": series(seed, n, 0.0),
        "gaps": series(seed, n, 0.3),
        "ties": rng.integers(-1, 2, n) * 1.0,
        "infinite": rng.choice([-np.inf, 0.0, np.inf], n),
        "two zeros": rng.choice([-0.0, 0.0], n),
        "nearly one": 1.0 + ONE_ULP * rng.integers(0, 9_000, n),
        "a step in the last digits": 1.0 + ONE_ULP * np.arange(n, 0, -1),
        "nothing": np.full(n, np.nan),
    }


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    n=st.integers(0, 900),
    window=st.integers(1, 200),
    kind=st.sampled_from(list(kinds(0, 1))),
)
def test_a_blocks_ranks_are_those_of_its_sorted_values(seed, n, window, kind):
    x = kinds(seed, n)[kind]
    lead, reached = min(window, n), 0
    for start, ranks, ascending in ranked_blocks(x, window):
        assert start == reached
        for rank, values in zip(ranks, ascending, strict=True):
            padded = np.concatenate([np.full(lead, np.nan), x, np.full(rank.size, np.nan)])
            here = padded[reached : reached + rank.size]
            there = ~np.isnan(here)
            np.testing.assert_array_equal(values, np.sort(here))
            np.testing.assert_array_equal(values[rank[there]], here[there])
            assert sorted(rank[there]) == list(range(there.sum()))
            assert (rank[~there] == -1).all()
            reached += rank.size - lead
    assert reached >= n


@pytest.mark.parametrize("kind", ["nearly one", "a step in the last digits"])
def test_what_the_high_bits_leave_open_is_sorted_too(kind, monkeypatch):
    x = kinds(3, 3_000)[kind]
    for at_once in (1, 10**6):
        monkeypatch.setattr(orders, "AT_ONCE", at_once)
        for _, ranks, ascending in ranked_blocks(x, 200):
            known = ascending[:, : (ranks[0] >= 0).sum()]
            assert (np.diff(known[0]) >= 0.0).all()


def test_only_the_sign_of_zero_is_lost():
    _, _, ascending = next(iter(ranked_blocks(np.array([-0.0, 0.0, -0.0]), 2)))
    assert not np.signbit(ascending[np.isfinite(ascending)]).any()
