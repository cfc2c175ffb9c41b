import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.kernels.shrinkage import paule_mandel, pool, shrink
from tasks.kernels.stein import james_stein, shrink_normal
from tests.kernels import naive_stein

quick = settings(max_examples=60, deadline=None)
samples = given(
    seed=st.integers(0, 2**32 - 1), k=st.integers(6, 30), spread=st.sampled_from([0.0, 0.5, 5.0])
)


def _sample(seed, k, spread):
    rng = np.random.default_rng(seed)
    variances = rng.exponential(1, k) + 0.05
    return rng.normal(1, np.sqrt(variances + spread)), variances


@quick
@samples
def test_both_rules_are_those_of_the_definition(seed, k, spread):
    effects, variances = _sample(seed, k, spread)
    np.testing.assert_allclose(
        james_stein(effects, variances), naive_stein.james_stein(effects, variances)
    )
    got, wanted = shrink_normal(effects, variances), naive_stein.shrink_normal(effects, variances)
    for mine, theirs in zip(got, wanted, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-6, atol=1e-8)


@quick
@samples
def test_with_equal_variances_the_normal_hierarchy_is_the_closed_form(seed, k, spread):
    effects, _ = _sample(seed, k, spread)
    variances, zeros = np.full(k, 1.3), np.zeros(k)
    level = paule_mandel(effects, variances, np.zeros((k, 0)), np.zeros(k, np.int64), 1, True)
    means, _ = shrink(effects, variances, zeros, zeros, *level)
    np.testing.assert_allclose(means, james_stein(effects, variances), atol=1e-9)


@quick
@samples
def test_the_single_level_is_that_of_the_tree(seed, k, spread):
    effects, variances = _sample(seed, k, spread)
    apart, root = np.zeros((k, 0)), np.zeros(k, np.int64)
    level = paule_mandel(effects, variances, apart, root, 1, False)
    centre, doubt = pool(effects, variances, apart, root, 1, level[0])
    wanted = shrink(effects, variances, centre[root], doubt[root], *level)
    for mine, theirs in zip(shrink_normal(effects, variances), wanted, strict=False):
        np.testing.assert_allclose(mine, theirs, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("variances", [[], [np.inf, np.inf], [2.0], [1.0, 1.0]])
def test_next_to_nothing_is_drawn_to_its_mean(variances):
    effects = np.array([1.0, 1.2])[: len(variances)]
    means, _, tau2 = shrink_normal(effects, np.array(variances, float))
    assert tau2 == 0
    if np.isfinite(variances).any():
        np.testing.assert_allclose(means, effects.mean())


@pytest.mark.parametrize("k", [0, 1, 2])
def test_the_closed_form_has_nothing_to_learn_from_two(k):
    effects = np.array([3.0, -1.0])[:k]
    np.testing.assert_array_equal(james_stein(effects, np.ones(k)), effects)


def test_effects_that_sampling_explains_become_zero():
    np.testing.assert_array_equal(james_stein(np.array([0.1, -0.2, 0.1, 0.0]), np.ones(4)), 0)
    np.testing.assert_array_equal(james_stein(np.zeros(4), np.ones(4)), 0)


def test_an_estimate_without_a_variance_is_left_out():
    effects, variances = _sample(1, 12, 5.0)
    more = np.concatenate([effects, [99.0]]), np.concatenate([variances, [np.inf]])
    np.testing.assert_array_equal(james_stein(*more)[:-1], james_stein(effects, variances))
    assert james_stein(*more)[-1] == 0
    np.testing.assert_allclose(shrink_normal(*more)[0][:-1], shrink_normal(effects, variances)[0])
    assert effects.min() < shrink_normal(*more)[0][-1] < effects.max()


@quick
@samples
def test_unit_sign_and_order_do_not_matter(seed, k, spread):
    effects, variances = _sample(seed, k, spread)
    order = np.random.default_rng(seed).permutation(k)
    for rule in (james_stein, lambda y, v: shrink_normal(y, v)[0]):
        straight = rule(effects, variances)
        same = {"rtol": 1e-7, "atol": 1e-9}
        np.testing.assert_allclose(rule(7 * effects, 49 * variances) / 7, straight, **same)
        np.testing.assert_allclose(rule(-effects, variances), -straight, **same)
        np.testing.assert_allclose(rule(effects[order], variances[order]), straight[order], **same)


def test_one_factor_for_all_keeps_the_noise_of_small_samples():
    rng = np.random.default_rng(5)
    truth = rng.normal(0, 3, 2000)
    variances = 2 * 100**2 / np.exp(rng.uniform(np.log(30), np.log(5000), 2000))
    effects = rng.normal(truth, np.sqrt(variances))

    def rmse(means):
        return np.sqrt(np.mean((means - truth) ** 2))

    # statistics.md 2.2, dense world: raw 11.4, one factor 6.2, normal 3.7.
    assert rmse(shrink_normal(effects, variances)[0]) < 0.7 * rmse(james_stein(effects, variances))
    assert rmse(james_stein(effects, variances)) < 0.7 * rmse(effects)
