import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import multivariate_normal, norm

from tasks.kernels.eigen import rotate_block
from tasks.kernels.mixture import blend_block, block_densities, mixture_quantile
from tests.kernels import naive_mixture

GRID = np.array([0.0, 0.25, 1.0, 9.0])
quick = settings(max_examples=20, deadline=None)
blocks = given(seed=st.integers(0, 2**32 - 1), m=st.integers(1, 6), copies=st.integers(0, 2))


def _block(seed, m, copies=0):
    """Correlated estimates, the first of them there again."""
    rng = np.random.default_rng(seed)
    influence = rng.normal(0, 0.2, (30, m)) + rng.normal(0, 0.1, (30, 1))
    influence = np.concatenate([influence, *[influence[:, :1]] * copies], axis=1)
    covariance = influence.T @ influence
    effects = rng.normal(0, 2, m)
    effects = np.concatenate([effects, *[effects[:1]] * copies])
    se = np.sqrt(np.diag(covariance))
    basis, values = rotate_block(covariance / np.outer(se, se), se, se, np.inf, 1e-9)
    return basis, values, effects, covariance


def _weights(seed, n=4):
    return np.random.default_rng(seed).dirichlet(np.full(n * n, 0.3)).reshape(n, n)


@quick
@blocks
def test_densities_are_those_of_the_definition(seed, m, copies):
    basis, values, effects, _ = _block(seed, m, copies)
    got = block_densities(basis, values, effects, GRID, GRID[:3])
    wanted = naive_mixture.block_densities(basis, values, effects, GRID, GRID[:3])
    np.testing.assert_allclose(got, wanted, rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("seed", range(5))
def test_densities_are_those_of_the_estimates_themselves(seed):
    basis, values, effects, covariance = _block(seed, 4)
    got = block_densities(basis, values, effects, GRID, GRID)
    for i, a2 in enumerate(GRID):
        for j, b2 in enumerate(GRID):
            total = covariance + a2 + b2 * np.eye(4)
            assert got[i, j] == pytest.approx(multivariate_normal.logpdf(effects, cov=total))


@quick
@blocks
def test_the_posterior_is_that_of_the_definition(seed, m, copies):
    basis, values, effects, _ = _block(seed, m, copies)
    beside = np.column_stack([basis, np.zeros((len(basis), 2))])
    effects, alone = np.append(effects, [0.0, 2.0]), np.append(np.ones(effects.size), [np.inf, 0.7])
    given_ = (beside, values, effects, alone, GRID, GRID, _weights(seed), 0.95)
    np.testing.assert_allclose(
        blend_block(*given_), naive_mixture.blend_block(*given_), rtol=1e-6, atol=1e-6
    )


@pytest.mark.parametrize("seed", range(5))
def test_the_posterior_is_that_of_the_estimates_themselves(seed):
    basis, values, effects, covariance = _block(seed, 3)
    weights = np.zeros((4, 4))
    weights[2, 1] = 1
    mean, sd, lower, upper, sign_rate, null_share = blend_block(
        basis, values, effects, effects, GRID, GRID, weights, 0.95
    )
    prior = GRID[2] + GRID[1] * np.eye(3)
    gain = prior @ np.linalg.inv(prior + covariance)
    np.testing.assert_allclose(mean, gain @ effects)
    np.testing.assert_allclose(sd, np.sqrt(np.diag(prior - gain @ prior)))
    np.testing.assert_allclose(lower, mean + norm.ppf(0.025) * sd)
    np.testing.assert_allclose(upper, mean + norm.ppf(0.975) * sd)
    np.testing.assert_allclose(sign_rate, norm.sf(np.abs(mean) / sd))
    np.testing.assert_array_equal(null_share, 0)


def test_a_cell_beside_the_axes_starts_from_what_its_block_says():
    basis, values, effects, _ = _block(11, 3)
    beside = np.column_stack([basis, np.zeros((3, 2))])
    weights = np.zeros((4, 4))
    weights[2, 1] = 1
    mean, sd, *_ = blend_block(
        beside,
        values,
        np.append(effects, [9.0, 9.0]),
        np.array([1.0, 1, 1, np.inf, 0.5]),
        *(GRID, GRID, weights, 0.95),
    )
    believed = 1 / (1 / sd[3] ** 2 + 1 / 0.5)
    assert mean[4] == pytest.approx(believed * (mean[3] / sd[3] ** 2 + 9 / 0.5))
    assert sd[4] == pytest.approx(np.sqrt(believed))
    assert sd[3] > np.sqrt(GRID[1])


def test_copies_of_a_cell_change_no_posterior_and_no_likelihood():
    basis, values, effects, _ = _block(7, 3)
    with_copies = _block(7, 3, copies=4)[:3]
    once = block_densities(basis, values, effects, GRID, GRID[:1])
    again = block_densities(*with_copies, GRID, GRID[:1])
    # Without deviations of the cells only the scale of the axes differs: a constant.
    np.testing.assert_allclose(again - again[0], once - once[0], atol=1e-8)
    weights = np.zeros((4, 1))
    weights[1:, 0] = 1 / 3
    alone = blend_block(basis, values, effects, effects, GRID, GRID[:1], weights, 0.95)
    twins = blend_block(*with_copies, np.ones(7), GRID, GRID[:1], weights, 0.95)
    np.testing.assert_allclose(twins[:, :3], alone, rtol=1e-6)
    np.testing.assert_allclose(twins[:, 3:], np.repeat(twins[:, :1], 4, axis=1), rtol=1e-6)


def test_a_point_mass_has_no_sign_and_may_hold_an_end_of_the_interval():
    one, eight = np.ones(1), np.array([8.0])
    certain, zero = np.array([[1.0]]), np.zeros(1)
    null = blend_block(certain, one, eight, one, zero, zero, certain, 0.95)
    np.testing.assert_array_equal(null.ravel(), [0, 0, 0, 0, 1, 1])
    half = np.array([[0.5, 0.0], [0.0, 0.5]])
    grids = np.array([0.0, 4.0]), np.zeros(2)
    mean, sd, lower, upper, sign_rate, null_share = blend_block(
        certain, one, eight, one, *grids, half, 0.95
    ).ravel()
    assert (mean, lower) == pytest.approx((3.2, 0))
    assert upper == pytest.approx(6.4 + norm.isf(0.05) * np.sqrt(0.8))
    assert sign_rate == pytest.approx(0.5, abs=1e-6)
    assert sd > np.sqrt(0.4)
    assert null_share == 0.5


@quick
@given(
    seed=st.integers(0, 2**32 - 1),
    n=st.integers(1, 8),
    level=st.sampled_from([1e-4, 0.025, 0.5, 0.975]),
)
def test_quantiles_are_those_of_the_definition(seed, n, level):
    rng = np.random.default_rng(seed)
    share = rng.dirichlet(np.ones(n + 1))
    means = np.concatenate([[0.0], rng.normal(0, 3, n)])
    sds = np.concatenate([[0.0], np.exp(rng.normal(0, 2, n))])
    got = mixture_quantile(share, means, sds, level)
    wanted = naive_mixture.mixture_quantile(share, means, sds, level)
    assert got == pytest.approx(wanted, rel=1e-6, abs=1e-7 * sds.max())


@quick
@blocks
def test_unit_and_sign_do_not_matter(seed, m, copies):
    basis, values, effects, _ = _block(seed, m, copies)
    weights = _weights(seed)
    alone = np.ones(effects.size)
    one = blend_block(basis, values, effects, alone, GRID, GRID, weights, 0.9)
    scaled = blend_block(
        basis, 9 * values, 3 * effects, 9 * alone, 9 * GRID, 9 * GRID, weights, 0.9
    )
    np.testing.assert_allclose(scaled[:4] / 3, one[:4], rtol=1e-7, atol=1e-7)
    np.testing.assert_allclose(scaled[4:], one[4:], atol=1e-7)
    turned = blend_block(basis, values, -effects, alone, GRID, GRID, weights, 0.9)
    np.testing.assert_allclose(turned[[0, 2, 3]], -one[[0, 3, 2]], atol=1e-7)
    np.testing.assert_allclose(turned[[1, 4, 5]], one[[1, 4, 5]], atol=1e-9)
