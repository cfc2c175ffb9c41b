import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm, t

from tasks.kernels.stepdown import count_reached, square_normal_scores
from tests.kernels import naive_stepdown

worlds = given(
    seed=st.integers(0, 2**32 - 1),
    n_draws=st.integers(0, 12),
    n_hypotheses=st.integers(0, 9),
    n_clusters=st.sampled_from([(1, 3), (2, 30), (20, 800)]),
)
quick = settings(max_examples=60, deadline=None)


def _world(seed, n_draws, n_hypotheses, n_clusters):
    rng = np.random.default_rng(seed)
    n = rng.integers(*n_clusters, n_hypotheses).astype(float)
    sums = rng.normal(0, 1.5, (n_draws, n_hypotheses)).astype(np.float32)
    levels = square_normal_scores(rng.normal(0, 1.5, n_hypotheses).astype(np.float32), n)
    return sums, n, levels, np.argsort(levels, kind="stable")


@quick
@worlds
def test_scores_are_those_of_the_t_statistic(seed, n_draws, n_hypotheses, n_clusters):
    sums, n, _, _ = _world(seed, n_draws, n_hypotheses, n_clusters)
    for draw in sums:
        expected = naive_stepdown.square_normal_scores(draw, n)
        np.testing.assert_allclose(square_normal_scores(draw, n), expected, rtol=1e-6, atol=1e-12)


@quick
@worlds
def test_counts_are_those_of_explicit_maxima(seed, n_draws, n_hypotheses, n_clusters):
    world = _world(seed, n_draws, n_hypotheses, n_clusters)
    assert count_reached(*world).tolist() == naive_stepdown.count_reached(*world)


@pytest.mark.parametrize("n", [20, 60, 700])
def test_scores_have_the_tail_of_a_normal_distribution(n):
    sums = np.linspace(0.1, 4.0, 20, dtype=np.float32)
    statistic = sums / np.sqrt(n / (n - 1) * (1 - sums.astype(float) ** 2 / n))
    found = np.sqrt(square_normal_scores(sums, np.full(20, float(n))))
    np.testing.assert_allclose(found, norm.isf(t.sf(statistic, n - 1)), rtol=2e-3)


def test_the_sample_reaches_its_own_levels():
    rng = np.random.default_rng(1)
    sums, n = rng.normal(0, 1, 500).astype(np.float32), rng.integers(2, 700, 500).astype(float)
    levels = square_normal_scores(sums, n)
    counts = count_reached(sums[None, :], n, levels, np.argsort(levels, kind="stable"))
    assert (counts == 1).all()


def test_a_sum_that_leaves_no_variance_counts_as_finite():
    assert np.isfinite(square_normal_scores(np.array([5.0], np.float32), np.array([25.0]))).all()
