import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.kernels.clusters import INVERSE, MEAN, SIDE, SQUARE, N, sum_by_cell, sum_paths
from tests.kernels import naive_clusters

N_BARS, SHAPE = 30, (3, 5)


def observations(seed, n, n_horizons=2):
    """Arguments of `sum_by_cell`: unknown and infinite values, bars without a condition."""
    rng = np.random.default_rng(seed)
    codes, rows = np.divmod(np.sort(rng.integers(0, SHAPE[0] * N_BARS, n)), N_BARS)
    shape = (N_BARS, n_horizons)
    bad = rng.choice([np.nan, np.inf, -np.inf], shape)
    returns = np.where(rng.random(shape) < 0.2, bad, rng.normal(0, 0.01, shape))
    scores = np.where(np.isfinite(returns), rng.uniform(-1, 1, shape), np.nan)
    dull = rng.choice([np.nan, np.inf, 0.0, -1.0], N_BARS)
    inverse = np.where(rng.random(N_BARS) < 0.2, dull, rng.uniform(50, 200, N_BARS))
    weights = np.where(np.isfinite(inverse), inverse**2, np.nan)
    # Regimes own disjoint conditions: 0 to 2 and 3 to 4.
    conditions = np.column_stack([rng.integers(-1, 3, N_BARS), rng.integers(3, 5, N_BARS)])
    clusters = 18_000 + np.sort(rng.integers(0, 8, N_BARS))
    roots = np.sqrt(rng.integers(1, 300, n_horizons))
    known = (returns, scores, inverse, weights, roots, conditions, clusters)
    return rows, codes, rng.choice([-1, 1], n), *known, SHAPE


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), n=st.integers(0, 70), n_horizons=st.integers(1, 4))
def test_sums_by_cell_are_those_of_the_definition(seed, n, n_horizons):
    given_ = observations(seed, n, n_horizons)
    expected = naive_clusters.sum_by_cell(*given_)
    shapes = ((16,), (expected[0][-1],), (8, expected[0][-1], n_horizons), (2, 15, n_horizons))
    for found, wanted, shape in zip(sum_by_cell(*given_), expected, shapes, strict=True):
        np.testing.assert_allclose(found, np.reshape(wanted, shape), rtol=1e-9, atol=1e-15)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_an_observation_whose_outcome_is_unknown_is_as_if_it_were_not(seed):
    rows, codes, sides, returns, *rest = observations(seed, 40)
    gone = np.random.default_rng(seed).random(N_BARS) < 0.3
    blind = np.where(gone[:, None], np.nan, returns)
    seen = ~gone[rows]
    left_out = sum_by_cell(rows[seen], codes[seen], sides[seen], returns, *rest)
    for found, wanted in zip(sum_by_cell(rows, codes, sides, blind, *rest), left_out, strict=True):
        np.testing.assert_array_equal(found, wanted)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_a_horizon_has_the_same_sums_alone_and_beside_others(seed):
    *marks, returns, scores, inverse, weights, roots, conditions, clusters, shape = observations(
        seed, 60, n_horizons=3
    )
    rest = (conditions, clusters, shape)
    together = sum_by_cell(*marks, returns, scores, inverse, weights, roots, *rest)
    alone = sum_by_cell(
        *marks, returns[:, 1:2], scores[:, 1:2], inverse, weights, roots[1:2], *rest
    )
    present = together[2][N, :, 1] > 0
    np.testing.assert_array_equal(together[1][present], alone[1])
    np.testing.assert_array_equal(together[2][:, present, 1], alone[2][:, :, 0])
    np.testing.assert_array_equal(together[3][:, :, 1], alone[3][:, :, 0])


def test_turning_every_side_round_turns_only_the_signed_sums_round():
    rows, codes, sides, *rest = observations(seed=5, n=60)
    there, back = (sum_by_cell(rows, codes, s, *rest) for s in (sides, -sides))
    np.testing.assert_array_equal(there[2][N], back[2][N])
    np.testing.assert_array_equal(there[2][SIDE], -back[2][SIDE])
    np.testing.assert_array_equal(there[2][MEAN], -back[2][MEAN])
    np.testing.assert_array_equal(there[3], back[3])


def test_observations_of_nothing_have_no_blocks():
    given_ = observations(seed=1, n=0)
    offsets, cluster, sums, totals = sum_by_cell(*given_)
    assert not offsets.any()
    assert cluster.size == 0
    assert sums.shape == (8, 0, 2)
    assert totals.shape == (2, 15, 2)
    assert not totals.any()


@pytest.mark.parametrize("unknown", [np.nan, np.inf, -np.inf])
def test_where_no_outcome_is_known_there_are_no_blocks(unknown):
    rows, codes, sides, returns, *rest = observations(seed=1, n=50)
    offsets, *_, totals = sum_by_cell(rows, codes, sides, np.full_like(returns, unknown), *rest)
    assert not offsets.any()
    assert not totals[INVERSE].any()
    assert not totals[SQUARE].any()


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    n=st.integers(12, 40),
    before=st.integers(0, 5),
    after=st.integers(1, 5),
    n_rows=st.integers(0, 20),
)
def test_sums_of_paths_are_those_of_the_definition(seed, n, before, after, n_rows):
    rng = np.random.default_rng(seed)
    close = np.exp(rng.normal(0, 0.01, n).cumsum())
    rows = rng.integers(before, n - after, n_rows)
    sides, clusters = rng.choice([-1, 1], n_rows), rng.integers(0, 3, n_rows)
    given_ = (close * 1.001, close, rows, sides, clusters, 3, before, after)
    np.testing.assert_allclose(
        sum_paths(*given_), naive_clusters.sum_paths(*given_), rtol=1e-12, atol=1e-15
    )
