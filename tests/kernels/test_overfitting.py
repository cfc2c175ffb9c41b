from itertools import combinations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import rankdata

from tasks.kernels.overfitting import rank_winners
from tests.kernels import naive_overfitting


def halves_of(n_blocks):
    chosen = combinations(range(n_blocks), n_blocks // 2)
    return np.array([[b in inside for b in range(n_blocks)] for inside in chosen])


def blocks_of(returns, n_blocks):
    parts = np.array_split(returns, n_blocks)
    sums = np.array([part.sum(0) for part in parts])
    squares = np.array([(part**2).sum(0) for part in parts])
    return sums, squares, np.array([len(part) for part in parts])


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    n_days=st.integers(12, 40),
    n=st.integers(1, 8),
    n_blocks=st.sampled_from([2, 4, 6]),
    idle=st.floats(0, 0.9),
)
def test_ranks_are_those_of_the_definition(seed, n_days, n, n_blocks, idle):
    rng = np.random.default_rng(seed)
    returns = rng.normal(0, 1, (n_days, n)) * (rng.random((n_days, n)) >= idle)
    given_ = (*blocks_of(returns, n_blocks), halves_of(n_blocks))
    np.testing.assert_allclose(
        rank_winners(*given_), naive_overfitting.rank_winners(*given_), rtol=1e-12
    )


def test_ranks_are_those_of_the_returns_themselves():
    rng = np.random.default_rng(11)
    returns = rng.normal(0.05, 1, (50, 9))
    days = np.array_split(np.arange(50), 6)
    expected = []
    for half in halves_of(6):
        inside, outside = (
            np.concatenate([days[b] for b in np.flatnonzero(h)]) for h in (half, ~half)
        )
        before, after = (r.mean(0) / r.std(0, ddof=1) for r in (returns[inside], returns[outside]))
        expected.append(rankdata(after)[np.argmax(before)] / 10)
    got = rank_winners(*blocks_of(returns, 6), halves_of(6))
    np.testing.assert_allclose(got, expected, rtol=1e-12)


def test_twins_share_the_middle_of_their_ranks():
    returns = np.random.default_rng(2).normal(0, 1, (40, 1)) * np.ones((1, 4))
    got = rank_winners(*blocks_of(returns, 4), halves_of(4))
    assert got.tolist() == [0.5] * 6


def test_whoever_earned_on_one_day_earned_as_well_as_any_other():
    days = np.zeros((40, 3))
    days[3], days[7] = [1, 0, 0], [0, 5, 0.1]
    days[33], days[37] = [0, 3, 0.7], [11, 0, 0]
    got = rank_winners(*blocks_of(days, 2), halves_of(2))
    assert got.tolist() == [0.5, 0.5]


def test_returns_that_do_not_vary_are_no_reason_to_win():
    returns = np.column_stack([np.full(40, 0.1), np.random.default_rng(3).normal(2, 1, 40)])
    got = rank_winners(*blocks_of(returns, 4), halves_of(4))
    assert got.tolist() == [2 / 3] * 6
