import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.meta_analysis import combine_effects

from tasks.kernels.shrinkage import (
    covary_parents,
    excess_spread,
    paule_mandel,
    pool,
    shrink,
    shrink_tree,
)
from tests.kernels import naive_shrinkage

# Efron and Morris 1975, 1977: hits in the first 45 at bats of 1970, and the James-Stein
# estimates as printed in Scientific American, from Clemente to Alvis; then those of JASA 70,
# from the arcsine of the averages.
HITS = np.array([18, 17, 16, 15, 14, 14, 13, 12, 11, 11, 10, 10, 10, 10, 10, 9, 8, 7])
PRINTED = [0.294, 0.289, 0.285, 0.280, 0.275, 0.275, 0.270, 0.266, 0.261, 0.261]
PRINTED += [0.256] * 5 + [0.252, 0.247, 0.242]
BY_ARCSINE = [0.290, 0.286, 0.281, 0.277, 0.273, 0.273, 0.268, 0.264, 0.259, 0.259]
BY_ARCSINE += [0.254] * 5 + [0.249, 0.244, 0.239]


def _covariances(influence, event):
    """Band of the covariances inside the events."""
    k = len(event)
    matrix = influence @ influence.T * (event[:, None] == event)
    width = max(np.bincount(event).max(initial=0) - 1, 0)
    band = np.zeros((k, width))
    for i in range(k):
        band[i, : k - 1 - i] = matrix[i, i + 1 : i + 1 + width]
    return band


def _tree(seed, n_cells, n_clusters=5, missing=0.0):
    """Cells of two conditions of up to four events of two families, with correlated errors."""
    rng = np.random.default_rng(seed)
    event = np.sort(rng.integers(0, 4, n_cells))
    event = np.unique(event, return_inverse=True)[1].astype(np.int64)
    nodes, condition = np.unique(2 * event + rng.integers(0, 2, n_cells), return_inverse=True)
    n_events = event.max(initial=-1) + 1
    family = np.sort(rng.integers(0, 2, n_events))
    family = np.unique(family, return_inverse=True)[1].astype(np.int64)
    influence = rng.normal(0, 1, (n_cells, n_clusters)) + rng.normal(0, 1, n_clusters)
    variances = (influence**2).sum(axis=1) + rng.exponential(0.5, n_cells)
    band = _covariances(influence, event)
    variances = np.where(rng.random(n_cells) < missing, np.inf, variances)
    effects = rng.normal(0, rng.choice([0.5, 3.0, 10.0]), n_cells)
    return effects, variances, band, condition.astype(np.int64), nodes // 2, family


def _plain(effects, variances):
    k = len(effects)
    return np.asarray(effects), np.asarray(variances), np.zeros((k, 0)), np.zeros(k, np.int64)


def _one_event(effects, variances):
    """Independent cells of one condition of one event."""
    one = np.zeros(1, np.int64)
    return *_plain(effects, variances), one, one


trees = given(
    seed=st.integers(0, 2**32 - 1),
    n_cells=st.integers(0, 14),
    missing=st.sampled_from([0.0, 0.2, 1.0]),
)
quick = settings(max_examples=60, deadline=None)


@quick
@trees
def test_the_tree_is_that_of_the_definition(seed, n_cells, missing):
    tree = _tree(seed, n_cells, missing=missing)
    for got, wanted in zip(shrink_tree(*tree), naive_shrinkage.shrink_tree(*tree), strict=True):
        np.testing.assert_allclose(got, wanted, rtol=1e-6, atol=1e-8)


@quick
@trees
def test_each_level_is_that_of_the_definition(seed, n_cells, missing):
    effects, variances, band, condition, event, _ = _tree(seed, n_cells, missing=missing)
    siblings = (effects, variances, band, condition, event.size)
    for tau2 in (0.0, 2.0):
        got, wanted = pool(*siblings, tau2), naive_shrinkage.pool(*siblings, tau2)
        for mine, theirs in zip(got, wanted, strict=True):
            np.testing.assert_allclose(mine, theirs, atol=1e-12)
        mine = covary_parents(*siblings[1:], tau2)
        theirs = np.array(naive_shrinkage.covary_parents(*siblings[1:], tau2))
        for d in range(1, event.size):
            column = mine[: event.size - d, d - 1] if d <= mine.shape[1] else 0.0
            np.testing.assert_allclose(column, np.diag(theirs, d), atol=1e-12)
    for around_zero in (False, True):
        wanted = naive_shrinkage.excess_spread(*siblings, around_zero, 1.5)
        np.testing.assert_allclose(excess_spread(*siblings, around_zero, 1.5), wanted, atol=1e-10)
        level = paule_mandel(*siblings, around_zero)
        wanted = naive_shrinkage.paule_mandel(*siblings, around_zero)
        np.testing.assert_allclose(level, wanted, rtol=1e-8, atol=1e-9)
        given_ = (effects, variances, effects / 3, np.full(n_cells, 0.1), *level)
        for mine, theirs in zip(shrink(*given_), naive_shrinkage.shrink(*given_), strict=True):
            np.testing.assert_allclose(mine, theirs, rtol=1e-9)


@pytest.mark.parametrize("seed", range(8))
def test_tau2_is_that_of_statsmodels(seed):
    rng = np.random.default_rng(seed)
    variances = rng.exponential(1, 12) + 0.1
    effects = rng.normal(0, np.sqrt(variances + 2))
    oracle = combine_effects(effects, variances, method_re="iterated")
    tau2, spread, expected = paule_mandel(*_plain(effects, variances), 1, False)
    assert tau2 == pytest.approx(oracle.tau2, rel=1e-4)
    assert expected == pytest.approx(11)
    assert spread == pytest.approx(11)


def _around_their_mean(effects, v):
    siblings = _plain(effects, np.full(len(effects), v))
    level = paule_mandel(*siblings, 1, False)
    mean, variance = pool(*siblings, 1, level[0])
    k = len(effects)
    shrunk, _ = shrink(effects, siblings[1], np.repeat(mean, k), np.repeat(variance, k), *level)
    return shrunk, level[0], (shrunk[0] - mean[0]) / (effects[0] - mean[0])


def test_batting_averages_are_those_that_efron_and_morris_printed():
    shrunk, tau2, factor = _around_their_mean(HITS / 45, 0.26543 * (1 - 0.26543) / 45)
    np.testing.assert_array_equal(np.round(shrunk, 3), PRINTED)
    assert tau2 == pytest.approx(0.00051667, rel=1e-4)
    assert factor == pytest.approx(0.21165, abs=1e-5)


def test_batting_averages_by_arcsine_are_those_that_efron_and_morris_printed():
    angles = np.sqrt(45) * np.arcsin(2 * HITS / 45 - 1)
    shrunk, _, factor = _around_their_mean(angles, 1.0)
    averages = (np.sin(shrunk / np.sqrt(45)) + 1) / 2
    np.testing.assert_array_equal(np.round(averages, 3), BY_ARCSINE)
    assert factor == pytest.approx(0.2090, abs=1e-4)


def test_nothing_gives_nothing():
    none, code = np.zeros(0), np.zeros(0, np.int64)
    means, variances, c, vc, tau2 = shrink_tree(none, none, np.zeros((0, 0)), code, code, code)
    assert means.size == variances.size == c.size == vc.size == 0
    assert (tau2 == 0).all()


def test_one_cell_alone_is_drawn_to_zero_and_keeps_some_doubt():
    means, spreads, _, _, tau2 = shrink_tree(*_one_event([6.0], [4.0]))
    # tau2 = y^2 - v = 32 around zero: (1 - 4 / 36) * 6, around a centre known to 36.
    np.testing.assert_allclose(tau2, [0, 0, 0, 32])
    np.testing.assert_allclose(means, [6 * 32 / 36])
    np.testing.assert_allclose(spreads, [4 * 32 / 36 + (4 / 36) ** 2 * 36])


@pytest.mark.parametrize("k", [1, 2, 3])
def test_few_siblings_are_never_left_raw(k):
    tree = _one_event([1.0, -0.5, 0.4][:k], [1.0, 2.0, 0.5][:k])
    means, spreads, *_ = shrink_tree(*tree)
    assert (np.abs(means) < 1e-12).all()
    assert (spreads > 0).all()


def test_siblings_that_sampling_explains_collapse_to_their_centre():
    means, spreads, centre, doubt, tau2 = shrink_tree(
        *_one_event([5.0, 5.2, 4.8, 5.1, 4.9], [1.0] * 5)
    )
    assert tau2[0] == 0
    np.testing.assert_allclose(means, centre[0])
    assert (spreads > 0).all()
    assert doubt[0] > 0


def test_a_cell_that_says_nothing_gets_its_parents_posterior():
    effects, variances = [5.0, 9.0, -3.0, 99.0], [1.0, 1.0, 1.0, np.inf]
    means, spreads, centre, doubt, tau2 = shrink_tree(*_one_event(effects, variances))
    without = shrink_tree(*_one_event(effects[:3], variances[:3]))
    np.testing.assert_allclose(means[:3], without[0])
    assert means[3] == centre[0]
    assert spreads[3] == doubt[0] + tau2[0]
    assert tau2[0] > 0


def test_cells_without_any_variance_have_no_posterior_width():
    means, spreads, *_ = shrink_tree(*_one_event([5.0, 9.0], [np.inf, np.inf]))
    assert (means == 0).all()
    assert np.isinf(spreads).all()


def test_a_huge_sample_keeps_its_own_estimate():
    means, *_ = shrink_tree(*_one_event([50.0, 1.0, -1.0, 0.5], [1e-10, 1.0, 1.0, 1.0]))
    assert means[0] == pytest.approx(50, abs=1e-6)


def test_copies_of_cells_add_no_evidence():
    rng = np.random.default_rng(3)
    influence = rng.normal(0, 1, (6, 9))
    effects, one = rng.normal(0, 3, 6), np.zeros(6, np.int64)

    def parents(copies):
        u, y = np.tile(influence, (copies, 1)), np.tile(effects, copies)
        event, variances = np.tile(one, copies), (u**2).sum(axis=1)
        band = _covariances(u, event)
        level = np.tile(np.repeat([0, 1], 3), copies)
        return *pool(y, variances, band, level, 2, 0.0), covary_parents(
            variances, band, level, 2, 0.0
        )[:, :1]

    for mine, theirs in zip(parents(2), parents(1), strict=True):
        np.testing.assert_allclose(mine, theirs)


def test_errors_that_cancel_do_not_make_a_parent_certain():
    opposite = np.array([[-1.0], [0.0]])
    _, variance = pool(np.array([1.0, 2.0]), np.ones(2), opposite, np.zeros(2, np.int64), 1, 0.0)
    np.testing.assert_allclose(variance, [0.5e-6])


@quick
@given(seed=st.integers(0, 2**32 - 1), n_cells=st.integers(1, 14), scale=st.floats(1e-3, 1e3))
def test_unit_and_sign_do_not_matter(seed, n_cells, scale):
    effects, variances, band, *tree = _tree(seed, n_cells)
    means, spreads, *_ = shrink_tree(effects, variances, band, *tree)
    scaled = shrink_tree(scale * effects, scale**2 * variances, scale**2 * band, *tree)
    np.testing.assert_allclose(scaled[0] / scale, means, rtol=1e-7, atol=1e-8)
    np.testing.assert_allclose(scaled[1] / scale**2, spreads, rtol=1e-7, atol=1e-8)
    turned = shrink_tree(-effects, variances, band, *tree)
    np.testing.assert_allclose(turned[0], -means, rtol=1e-9, atol=1e-10)


@quick
@given(seed=st.integers(0, 2**32 - 1), n_cells=st.integers(1, 12))
def test_order_does_not_matter(seed, n_cells):
    rng = np.random.default_rng(seed)
    influence = rng.normal(0, 1, (n_cells, 20))
    effects, variances = rng.normal(0, 2, n_cells), (influence**2).sum(axis=1)
    condition, one = rng.integers(0, 3, n_cells), np.zeros(1, np.int64)
    three, order = np.zeros(3, np.int64), rng.permutation(n_cells)

    def cells(rows):
        band = _covariances(influence[rows], np.zeros(n_cells, np.int64))
        return shrink_tree(effects[rows], variances[rows], band, condition[rows], three, one)

    straight, moved = cells(np.arange(n_cells)), cells(order)
    np.testing.assert_allclose(moved[0], straight[0][order], rtol=1e-7, atol=1e-8)
    np.testing.assert_allclose(moved[1], straight[1][order], rtol=1e-7, atol=1e-8)


def test_shrunk_effects_are_nearer_to_the_truth_and_cover_it():
    rng = np.random.default_rng(11)
    event = np.repeat(np.arange(57), 5)
    family = np.repeat(np.arange(8), 8)[:57]
    truth = rng.normal(0, 3, 57)[event] + rng.normal(0, 2, 285)
    variances = 2 * 100**2 / np.exp(rng.uniform(np.log(30), np.log(5000), 285))
    effects = rng.normal(truth, np.sqrt(variances))
    own = np.arange(285)
    means, spreads, *_ = shrink_tree(effects, variances, np.zeros((285, 0)), own, event, family)
    rmse = np.sqrt(np.mean((means - truth) ** 2))
    # statistics.md 2.2, dense world: raw 11.4, three-level normal 2.7.
    assert rmse < 3.5 < 9 < np.sqrt(np.mean((effects - truth) ** 2))
    assert 0.9 < np.mean(np.abs(means - truth) < 1.96 * np.sqrt(spreads)) <= 1
