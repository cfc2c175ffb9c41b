import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.kernels.influence import add_excess, estimate_rows
from tests.kernels import naive_influence

N_ROWS, N_BLOCKS, N_BASELINES, FIRST = 5, 20, 3, 18_000


def market(seed, n_cells=4):
    """Arguments of `add_excess` after the first two: one market, some of its cells empty."""
    rng = np.random.default_rng(seed)
    blocks = [
        np.sort(rng.choice(N_BLOCKS, size, replace=False)) + FIRST
        for size in rng.choice([0, 0, 1, 2, 9, 15], n_cells)
    ]
    offsets = np.cumsum([0, *(b.size for b in blocks)])
    n = int(offsets[-1])
    weight = rng.integers(0, 4, n).astype(np.float64)
    side = np.round(weight * rng.uniform(-1, 1, n))
    total = np.where(weight > 0, rng.normal(0, 1, n), 0.0)
    errors = rng.normal(0, 0.01, (N_BASELINES, N_BLOCKS))
    errors -= errors.mean(axis=1, keepdims=True)
    cells = (rng.normal(0, 0.1, n_cells), rng.integers(0, N_BASELINES, n_cells))
    targets, cluster = rng.integers(0, N_ROWS, n_cells), np.concatenate([*blocks, [0]])[:n]
    sums = (cluster.astype(np.int64), weight, side, total)
    return targets, offsets, *sums, *cells, errors, FIRST


def added(*markets):
    excess, held = np.zeros((2, N_ROWS, N_BLOCKS))
    for given_ in markets:
        add_excess(excess, held, *given_)
    return excess, held


def by_sums(values, blocks):
    """Arguments of `add_excess` for observations of one cell, without a baseline."""
    cluster, place = np.unique(blocks, return_inverse=True)
    n = np.bincount(place).astype(np.float64)
    offsets, zero = np.array([0, cluster.size]), np.zeros(1, np.int64)
    sums = (cluster, n, n, np.bincount(place, values))
    return zero, offsets, *sums, np.zeros(1), zero, np.zeros((1, N_BLOCKS)), 0


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), n_cells=st.integers(0, 8))
def test_excess_is_that_of_the_definition(seed, n_cells):
    given_ = market(seed, n_cells)
    expected = np.zeros((2, N_ROWS, N_BLOCKS))
    naive_influence.add_excess(*expected, *given_)
    np.testing.assert_allclose(added(given_), expected, rtol=1e-12, atol=1e-12)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**31))
def test_markets_add_the_same_in_any_order(seed):
    one, two = market(seed), market(seed + 1)
    np.testing.assert_allclose(added(one, two), added(two, one), rtol=1e-12, atol=1e-12)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_cells_add_the_same_in_any_order(seed):
    targets, offsets, cluster, weight, side, total, mu, baselines, errors, first = market(seed)
    order = np.random.default_rng(seed).permutation(targets.size)
    places = np.concatenate([np.arange(offsets[i], offsets[i + 1]) for i in order])
    moved = (targets[order], np.cumsum([0, *np.diff(offsets)[order]]))
    sums = (cluster[places], weight[places], side[places], total[places])
    permuted = (*moved, *sums, mu[order], baselines[order], errors, first)
    np.testing.assert_allclose(added(permuted), added(market(seed)), rtol=1e-12, atol=1e-12)


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_estimates_are_those_of_the_definition(seed):
    excess, held = added(market(seed), market(seed ^ 1))
    expected = naive_influence.estimate_rows(excess, held)
    for found, wanted in zip(estimate_rows(excess, held), expected, strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-9, atol=1e-12)


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_influence_sums_to_nothing_and_its_squares_to_the_squared_error(seed):
    theta, se, influence = estimate_rows(*added(market(seed)))
    np.testing.assert_allclose(influence.sum(axis=1), 0.0, atol=1e-12)
    tested = np.isfinite(se)
    np.testing.assert_allclose((influence[tested] ** 2).sum(axis=1), se[tested] ** 2, rtol=1e-9)
    assert not influence[~tested].any()
    assert np.isfinite(theta[tested]).all()


@pytest.mark.parametrize("seed", range(5))
def test_without_a_baseline_a_cell_is_a_clustered_regression_on_a_constant(seed):
    from statsmodels.api import OLS

    rng = np.random.default_rng(seed)
    blocks = rng.integers(0, N_BLOCKS, 200)
    values = rng.normal(0.1, 1.0, 200) + rng.normal(0, 1.0, N_BLOCKS)[blocks]
    theta, se, _ = estimate_rows(*added(by_sums(values, blocks)))
    oracle = OLS(values, np.ones(200)).fit(cov_type="cluster", cov_kwds={"groups": blocks})
    np.testing.assert_allclose([theta[0], se[0]], [oracle.params[0], oracle.bse[0]], rtol=1e-12)


@pytest.mark.parametrize("seed", range(3))
def test_against_its_baseline_a_cell_is_a_clustered_regression_on_being_in_it(seed):
    """Bars out of the event estimate the baseline, bars of the event beside them the effect."""
    from statsmodels.api import OLS

    rng = np.random.default_rng(seed)
    blocks = np.repeat(np.arange(N_BLOCKS), 40)
    inside = rng.random(blocks.size) < 0.2
    y = 0.3 * inside + rng.normal(0, 1, blocks.size) + rng.normal(0, 0.5, N_BLOCKS)[blocks]
    mu = y[~inside].mean()
    errors = np.bincount(blocks[~inside], y[~inside] - mu) / (~inside).sum()
    given_ = list(by_sums(y[inside], blocks[inside]))
    given_[6], given_[8] = np.array([mu]), errors[None]
    theta, se, _ = estimate_rows(*added(given_))
    design = np.column_stack([np.ones(blocks.size), inside])
    oracle = OLS(y, design).fit(cov_type="cluster", cov_kwds={"groups": blocks})
    n = blocks.size  # statsmodels also counts the two columns, (n - 1) / (n - 2)
    expected = [oracle.params[1], oracle.bse[1] * np.sqrt((n - 2) / (n - 1))]
    np.testing.assert_allclose([theta[0], se[0]], expected, rtol=1e-10)


def test_a_single_block_has_an_estimate_but_no_error():
    theta, se, influence = estimate_rows(*added(by_sums(np.array([1.0, 3.0]), np.array([4, 4]))))
    assert theta[0] == 2.0
    assert np.isnan(se[0])
    assert not influence.any()


def test_a_cell_without_observations_has_no_estimate_and_no_influence():
    theta, se, influence = estimate_rows(*added())
    assert np.isnan(theta).all()
    assert np.isnan(se).all()
    assert not influence.any()


def test_a_cell_without_weight_adds_nothing_although_its_baseline_is_unknown():
    empty = list(by_sums(np.zeros(2), np.arange(2)))
    empty[3] = empty[4] = np.zeros(2)
    empty[6], empty[8] = np.array([np.nan]), np.full((1, N_BLOCKS), np.nan)
    assert not np.any(added(empty))


def test_the_influence_is_written_over_the_excess():
    excess, held = added(market(3))
    assert np.shares_memory(estimate_rows(excess, held)[2], excess)
