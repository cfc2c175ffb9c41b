import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.meta_analysis import combine_effects

from tasks.kernels.shrinkage import (
    excess_spread,
    paule_mandel,
    pool,
    shrink,
    shrink_tree,
)
from tests.kernels import naive_shrinkage

# Efron and Morris 1975, 1977: hits in the first 45 at bats of 1970, and the James-Stein
# estimates as printed in Scientific American, from Clemente to Alvis.
HITS = np.array([18, 17, 16, 15, 14, 14, 13, 12, 11, 11, 10, 10, 10, 10, 10, 9, 8, 7])
PRINTED = [0.294, 0.289, 0.285, 0.280, 0.275, 0.275, 0.270, 0.266, 0.261, 0.261]
PRINTED += [0.256] * 5 + [0.252, 0.247, 0.242]


def _tree(seed, n_cells, n_clusters=5, missing=0.0):
    """Cells of up to four events of up to two families, with correlated errors."""
    rng = np.random.default_rng(seed)
    event = np.sort(rng.integers(0, 4, n_cells))
    event = np.unique(event, return_inverse=True)[1].astype(np.int64)
    n_events = event.max(initial=-1) + 1
    family = np.sort(rng.integers(0, 2, n_events))
    family = np.unique(family, return_inverse=True)[1].astype(np.int64)
    influence = rng.normal(0, 1, (n_cells, n_clusters)) + rng.normal(0, 1, n_clusters)
    variances = (influence**2).sum(axis=1) + rng.exponential(0.5, n_cells)
    variances = np.where(rng.random(n_cells) < missing, np.inf, variances)
    effects = rng.normal(0, rng.choice([0.5, 3.0, 10.0]), n_cells)
    return effects, variances, influence, event, family


def _plain(effects, variances):
    k = len(effects)
    return np.asarray(effects), np.asarray(variances), np.zeros((k, 0)), np.zeros(k, np.int64)


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
        np.testing.assert_allclose(got, wanted, rtol=1e-7, atol=1e-9)


@quick
@trees
def test_each_level_is_that_of_the_definition(seed, n_cells, missing):
    effects, variances, influence, event, family = _tree(seed, n_cells, missing=missing)
    siblings = (effects, variances, influence, event, family.size)
    for tau2 in (0.0, 2.0):
        got, wanted = pool(*siblings, tau2), naive_shrinkage.pool(*siblings, tau2)
        for mine, theirs in zip(got, wanted, strict=True):
            np.testing.assert_allclose(mine, np.reshape(theirs, mine.shape), atol=1e-12)
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


def test_batting_averages_are_those_that_efron_and_morris_printed():
    averages, v = HITS / 45, 0.26543 * (1 - 0.26543) / 45
    siblings = _plain(averages, np.full(18, v))
    level = paule_mandel(*siblings, 1, False)
    assert level[0] == pytest.approx(0.00051667, rel=1e-4)
    mean, variance, _ = pool(*siblings, 1, level[0])
    shrunk, _ = shrink(averages, siblings[1], np.repeat(mean, 18), np.repeat(variance, 18), *level)
    np.testing.assert_array_equal(np.round(shrunk, 3), PRINTED)
    assert (shrunk[0] - mean[0]) / (averages[0] - mean[0]) == pytest.approx(0.21165, abs=1e-5)


def test_nothing_gives_nothing():
    none = np.zeros(0)
    code = np.zeros(0, np.int64)
    means, variances, tau2 = shrink_tree(none, none, np.zeros((0, 3)), code, code)
    assert means.size == variances.size == 0
    assert (tau2 == 0).all()


def test_one_cell_alone_is_drawn_to_zero_and_keeps_some_doubt():
    effects, variances, influence, event = _plain([6.0], [4.0])
    means, spreads, tau2 = shrink_tree(effects, variances, influence, event, event)
    # tau2 = y^2 - v = 32 around zero: (1 - 4 / 36) * 6, around a centre known to 36.
    np.testing.assert_allclose(tau2, [0, 0, 32])
    np.testing.assert_allclose(means, [6 * 32 / 36])
    np.testing.assert_allclose(spreads, [4 * 32 / 36 + (4 / 36) ** 2 * 36])


@pytest.mark.parametrize("k", [1, 2, 3])
def test_few_siblings_are_never_left_raw(k):
    effects, variances, influence, event = _plain([1.0, -0.5, 0.4][:k], [1.0, 2.0, 0.5][:k])
    means, spreads, _ = shrink_tree(effects, variances, influence, event, event[:1])
    assert (np.abs(means) < 1e-12).all()
    assert (spreads > 0).all()


def test_siblings_that_sampling_explains_collapse_to_their_centre():
    effects, variances, influence, event = _plain([5.0, 5.2, 4.8, 5.1, 4.9], [1.0] * 5)
    means, spreads, tau2 = shrink_tree(effects, variances, influence, event, event[:1])
    assert tau2[0] == 0
    np.testing.assert_allclose(means, means[0])
    assert (spreads > 0).all()


def test_a_cell_that_says_nothing_gets_its_parents_posterior():
    effects, variances, influence, event = _plain([5.0, 9.0, -3.0, 99.0], [1.0, 1.0, 1.0, np.inf])
    means, spreads, tau2 = shrink_tree(effects, variances, influence, event, event[:1])
    without = shrink_tree(effects[:3], variances[:3], influence[:3], event[:3], event[:1])
    np.testing.assert_allclose(means[:3], without[0])
    assert min(without[0]) < means[3] < max(without[0])
    assert spreads[3] > tau2[0] > 0


def test_cells_without_any_variance_have_no_posterior_width():
    effects, variances, influence, event = _plain([5.0, 9.0], [np.inf, np.inf])
    means, spreads, _ = shrink_tree(effects, variances, influence, event, event[:1])
    assert (means == 0).all()
    assert np.isinf(spreads).all()


def test_a_huge_sample_keeps_its_own_estimate():
    effects, variances, influence, event = _plain([50.0, 1.0, -1.0, 0.5], [1e-10, 1.0, 1.0, 1.0])
    means, _, _ = shrink_tree(effects, variances, influence, event, event[:1])
    assert means[0] == pytest.approx(50, abs=1e-6)


def test_copies_of_a_cell_add_no_evidence():
    effects, variances, influence, event, family = _tree(3, 8)
    variances = (influence**2).sum(axis=1)
    cells = (effects, variances, influence, event)
    once = pool(*cells, family.size, 0.0)
    twice = pool(*(np.repeat(a, 2, axis=0) for a in cells), family.size, 0.0)
    for mine, theirs in zip(twice, once, strict=True):
        np.testing.assert_allclose(mine, theirs)


@quick
@given(seed=st.integers(0, 2**32 - 1), n_cells=st.integers(1, 14), scale=st.floats(1e-3, 1e3))
def test_order_unit_and_sign_do_not_matter(seed, n_cells, scale):
    effects, variances, influence, event, family = _tree(seed, n_cells)
    means, spreads, _ = shrink_tree(effects, variances, influence, event, family)

    order = np.random.default_rng(seed).permutation(n_cells)
    moved = shrink_tree(effects[order], variances[order], influence[order], event[order], family)
    np.testing.assert_allclose(moved[0], means[order], rtol=1e-7, atol=1e-8)
    np.testing.assert_allclose(moved[1], spreads[order], rtol=1e-7, atol=1e-8)

    scaled = shrink_tree(scale * effects, scale**2 * variances, scale * influence, event, family)
    np.testing.assert_allclose(scaled[0] / scale, means, rtol=1e-7, atol=1e-8)
    np.testing.assert_allclose(scaled[1] / scale**2, spreads, rtol=1e-7, atol=1e-8)

    turned = shrink_tree(-effects, variances, -influence, event, family)
    np.testing.assert_allclose(turned[0], -means, rtol=1e-9, atol=1e-10)


def test_shrunk_effects_are_nearer_to_the_truth_and_cover_it():
    rng = np.random.default_rng(11)
    event = np.repeat(np.arange(57), 5)
    family = np.repeat(np.arange(8), 8)[:57]
    truth = rng.normal(0, 3, 57)[event] + rng.normal(0, 2, 285)
    variances = 2 * 100**2 / np.exp(rng.uniform(np.log(30), np.log(5000), 285))
    effects = rng.normal(truth, np.sqrt(variances))
    means, spreads, _ = shrink_tree(effects, variances, np.zeros((285, 0)), event, family)
    rmse = np.sqrt(np.mean((means - truth) ** 2))
    # statistics.md 2.2, dense world: raw 11.4, three-level normal 2.7.
    assert rmse < 3.5 < 9 < np.sqrt(np.mean((effects - truth) ** 2))
    assert 0.9 < np.mean(np.abs(means - truth) < 1.96 * np.sqrt(spreads)) <= 1
