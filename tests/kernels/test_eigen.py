import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.kernels.eigen import rotate_block, symmetric_eigen
from tests.kernels import naive_eigen

LEAST, KNOWN = 0.05, np.inf
quick = settings(max_examples=30, deadline=None)
sizes = given(seed=st.integers(0, 2**32 - 1), m=st.integers(1, 40), rank=st.integers(1, 60))


def _covariance(seed, m, rank):
    rng = np.random.default_rng(seed)
    influence = rng.normal(size=(rank, m)) * np.exp(rng.normal(0, 1, m))
    return influence.T @ influence


def _nested(seed, n_parts=3):
    """Parts of a sample and, first, the whole: their average by counts."""
    rng = np.random.default_rng(seed)
    parts = rng.normal(size=(80, n_parts)) * np.exp(rng.normal(0, 0.5, n_parts))
    share = rng.dirichlet(np.full(n_parts, 5.0))
    influence = np.column_stack([parts @ share, parts])
    return influence.T @ influence, share


def _scaled(covariance):
    se = np.sqrt(np.diag(covariance))
    return covariance / np.outer(se, se), se


@quick
@sizes
def test_axes_and_values_are_those_of_lapack(seed, m, rank):
    matrix = _covariance(seed, m, rank)
    values, vectors = symmetric_eigen(matrix)
    wanted, _ = naive_eigen.symmetric_eigen(matrix)
    far = wanted[-1]
    np.testing.assert_allclose(values, wanted, atol=1e-13 * far)
    np.testing.assert_allclose(vectors @ vectors.T, np.eye(m), atol=1e-12)
    np.testing.assert_allclose((vectors.T * values) @ vectors, matrix, atol=1e-12 * far)


@pytest.mark.parametrize(
    "matrix",
    [np.zeros((0, 0)), np.zeros((3, 3)), np.ones((4, 4)), np.eye(3), np.diag([3.0, 1e-300])],
)
def test_degenerate_matrices_have_axes_too(matrix):
    values, vectors = symmetric_eigen(matrix)
    np.testing.assert_allclose(values, np.linalg.eigvalsh(matrix), atol=1e-14)
    np.testing.assert_allclose(vectors @ vectors.T, np.eye(len(matrix)), atol=1e-14)


@quick
@sizes
def test_a_block_is_seen_in_the_axes_of_its_own_errors(seed, m, rank):
    correlation, raw = _scaled(_covariance(seed, m, rank + 1))
    scale = raw * np.random.default_rng(seed).uniform(1, 1.2, m)
    for freedom in (rank, KNOWN):
        block = correlation, raw, scale, freedom, LEAST
        basis, values = rotate_block(*block)
        wanted, wanted_values = naive_eigen.rotate_block(*block)
        assert basis.shape == wanted.shape
        np.testing.assert_allclose(basis.T @ basis, wanted.T @ wanted, atol=1e-6)
        np.testing.assert_allclose(values, wanted_values, rtol=1e-5)
        inside = basis.T @ np.diag(values) @ basis
        outside = wanted.T @ np.diag(wanted_values) @ wanted
        np.testing.assert_allclose(inside, outside, atol=1e-6 * values.max())


@pytest.mark.parametrize("n_clusters", [12, 20, 60])
def test_errors_from_few_clusters_do_not_look_smaller_than_they_are(n_clusters):
    """Ten independent cells: what is seen along the axes has variance 1, whatever they are."""
    rng = np.random.default_rng(n_clusters)
    raw, moderated = [], []
    for _ in range(200):
        seen = rng.normal(0, 1, (n_clusters, 10))
        correlation, se = _scaled(seen.T @ seen)
        y, ones = rng.normal(0, 1, 10), np.ones(10)
        for freedom, fits in ((KNOWN, raw), (n_clusters - 1.0, moderated)):
            basis, values = rotate_block(correlation, se, ones, freedom, 1e-3)
            fits.append(np.mean((basis @ y) ** 2 / values))
    assert np.mean(moderated) < 1.1 < np.mean(raw)


@pytest.mark.parametrize("seed", range(5))
def test_the_average_of_other_cells_is_an_identity_in_the_errors_as_estimated(seed):
    covariance, share = _nested(seed)
    correlation, raw = _scaled(covariance)
    moderated = raw * [1.3, 1.0, 1.1, 0.9]
    basis, values = rotate_block(correlation, raw, moderated, KNOWN, 1e-6)
    assert basis.shape == (3, 4)
    assert (values > 0).all()
    np.testing.assert_allclose(basis @ np.concatenate([[-1.0], share]), 0, atol=1e-6)
    # A common effect of all cells obeys the identity, so the axes can still tell it.
    np.testing.assert_allclose(basis.T @ basis @ np.ones(4), 1, atol=1e-6)


def test_copies_of_a_cell_take_no_axis():
    basis, values = rotate_block(np.ones((3, 3)), np.full(3, 2.0), np.full(3, 2.0), 9.0, LEAST)
    np.testing.assert_allclose(np.abs(basis), [[3**-0.5] * 3])
    np.testing.assert_allclose(values, [12])


def test_errors_that_cancel_never_hide_a_common_effect():
    # (2, -1) is free of noise, but no identity: a common effect would show in it.
    se = np.array([1.0, 2.0])
    basis, values = rotate_block(np.ones((2, 2)), se, se, KNOWN, LEAST)
    assert basis.shape == (2, 2)
    np.testing.assert_allclose(values, [5, 5])


def test_the_order_of_the_cells_turns_the_axes_with_it():
    covariance, _ = _nested(3, n_parts=6)
    correlation, raw = _scaled(covariance)
    order = np.random.default_rng(0).permutation(7)
    basis, values = rotate_block(correlation, raw, raw, 79.0, LEAST)
    moved = correlation[np.ix_(order, order)]
    turned, same = rotate_block(moved, raw[order], raw[order], 79.0, LEAST)
    np.testing.assert_allclose(same, values, rtol=1e-9)
    np.testing.assert_allclose(
        turned.T @ turned, (basis.T @ basis)[np.ix_(order, order)], atol=1e-9
    )
