from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm, t

from tasks.discovery import posterior
from tasks.discovery.config import DiscoveryConfig
from tasks.discovery.posterior import Cells, moderate_variances, shrink_horizon, widen

CONFIG = DiscoveryConfig()
MANY = 100_000.0
quick = settings(max_examples=15, deadline=None)
BY_CELL = ("mean", "sd", "lower", "upper", "sign_rate", "null_share", "tree_mean", "tree_sd")
BY_CELL += ("james_stein", "prior_dependent")


def _independent(effect, se, n, n_clusters, n_events=1):
    """Cells of single markets, each its own condition."""
    k = len(effect)
    with np.errstate(invalid="ignore"):
        variance = np.square(np.array(se, float)).reshape(n_events, -1)
    return Cells(
        effect=np.array(effect, float),
        n=np.array(n, float),
        n_clusters=np.array(n_clusters, float),
        covariance=[np.diag(v) for v in variance],
        condition=np.tile(np.arange(k // n_events), n_events),
        is_pooled=np.zeros(k, bool),
        family=np.zeros(n_events, np.int64),
    )


def _sparse_world(seed):
    """Statistics.md 2.2: 57 events of 5 conditions, a tenth of the events active; bps."""
    rng = np.random.default_rng(seed)
    event, n = np.repeat(np.arange(57), 5), np.exp(rng.uniform(np.log(30), np.log(5000), 285))
    active = rng.random(57) < 0.1
    truth = np.where(active, rng.normal(0, 12, 57), 0)[event]
    truth += np.where(active[event], rng.normal(0, 4, 285), 0)
    se = np.sqrt(2 * 100**2 / n)
    cells = _independent(rng.normal(truth, se), se, n, np.full(285, MANY), 57)
    return replace(cells, family=np.repeat(np.arange(8), 8)[:57]), truth, se


def _event(rng, effect, n_clusters=300):
    """Two markets and both pooled, in all bars and in two regimes that part them."""
    n = rng.integers(1, 4, (n_clusters, 2, 2)).astype(float)  # by block, market, regime
    shock = rng.normal(0, 1, (n_clusters, 1, 2)) + rng.normal(0, 0.5, (n_clusters, 2, 2))
    total = n * effect + np.sqrt(n) * shock
    sums, held, condition, pooled = [], [], [], []
    for code, regimes in enumerate([(0, 1), (0,), (1,)]):
        for markets in [(0,), (1,), (0, 1)]:
            taken = np.ix_(range(n_clusters), markets, regimes)
            held.append(n[taken].sum(axis=(1, 2)))
            sums.append(total[taken].sum(axis=(1, 2)))
            condition.append(code)
            pooled.append(len(markets) > 1)
    w, s = np.array(held), np.array(sums)
    estimate = s.sum(axis=1) / w.sum(axis=1)
    influence = (s - w * estimate[:, None]) / w.sum(axis=1)[:, None]
    influence *= np.sqrt(n_clusters / (n_clusters - 1))
    return estimate, w.sum(axis=1), influence @ influence.T, condition, pooled


def _nested_world(seed, effects):
    rng = np.random.default_rng(seed)
    n_events = len(effects)
    events = [_event(rng, effect) for effect in effects]
    estimate, n, covariance, condition, pooled = zip(*events, strict=True)
    cells = Cells(
        effect=np.concatenate(estimate),
        n=np.concatenate(n),
        n_clusters=np.full(9 * n_events, 300.0),
        covariance=list(covariance),
        condition=np.concatenate(condition),
        is_pooled=np.concatenate(pooled),
        family=np.arange(n_events) % 3,
    )
    return cells, np.repeat(effects, 9)


def _same(one, other, rows=slice(None), **tolerance):
    for name in BY_CELL:
        np.testing.assert_allclose(
            getattr(one, name), getattr(other, name)[rows], err_msg=name, **tolerance
        )


def test_variances_are_moderated_as_limma_does():
    cells = _independent([0, 0, 0], [2.0, 1.0, 1.0], [100, 100, 400], [11, 21, 41])
    # n v: 400, 100, 400, so v0 = 400 / n.
    wanted = [(4 * 4 + 10 * 4) / 14, (4 * 4 + 20 * 1) / 24, (4 * 1 + 40 * 1) / 44]
    np.testing.assert_allclose(moderate_variances(cells, CONFIG), wanted)


def test_one_event_or_constant_returns_are_not_certain():
    cells = _independent([0, 0, 5, 5], [2.0, 1.0, np.nan, 0.0], [100, 100, 1, 50], [30, 30, 1, 30])
    moderated = moderate_variances(cells, CONFIG)
    assert moderated[2] == pytest.approx(250)
    assert moderated[3] == pytest.approx(4 * 5 / 33)


def test_what_cannot_be_used_is_left_out():
    cells = _independent([1, np.nan, 1, 1], [1.0, 1.0, np.inf, 1.0], [9, 9, 9, 0], [5, 5, 5, 5])
    np.testing.assert_array_equal(
        np.isfinite(moderate_variances(cells, CONFIG)), [True, False, False, False]
    )


def test_a_t_statistic_is_widened_to_the_normal_one_of_the_same_p():
    effects, variances = np.array([3.0, -3.0, 0.0, 0.1]), np.ones(4)
    wide = widen(effects, variances, np.array([5.0, 5.0, 5.0, 1e6]))
    z = norm.isf(t.sf(3, 5))
    np.testing.assert_allclose(wide, [(3 / z) ** 2, (3 / z) ** 2, 1, 1], rtol=1e-5)


def test_few_blocks_are_shrunk_more_than_many():
    few = _independent([9.0, 1, -1, 2, 0], [2.0] * 5, [50] * 5, [4] * 5, 5)
    many = _independent([9.0, 1, -1, 2, 0], [2.0] * 5, [50] * 5, [400] * 5, 5)
    for name in ("mean", "tree_mean"):
        one, other = shrink_horizon(few, CONFIG), shrink_horizon(many, CONFIG)
        assert getattr(one, name)[0] < getattr(other, name)[0]


def test_nothing_gives_nothing():
    none = Cells(*[np.zeros(0)] * 3, [], np.zeros(0, int), np.zeros(0, bool), np.zeros(0, int))
    shrunk = shrink_horizon(none, CONFIG)
    assert all(getattr(shrunk, name).size == 0 for name in BY_CELL)


def test_with_no_standard_error_at_all_nothing_is_known():
    shrunk = shrink_horizon(_independent([3.0, 4.0], [np.nan] * 2, [1, 2], [1, 1]), CONFIG)
    for name in ("mean", "tree_mean", "james_stein", "prior_dependent"):
        assert (getattr(shrunk, name) == 0).all()
    for name in ("sd", "lower", "upper", "sign_rate", "null_share", "tree_sd"):
        assert np.isnan(getattr(shrunk, name)).all()


@pytest.mark.parametrize("k", [1, 2, 3])
def test_few_cells_are_never_left_raw(k):
    cells = _independent([3.0, 2.5, 2.0][:k], [1.0] * k, [100] * k, [MANY] * k, k)
    shrunk = shrink_horizon(cells, CONFIG)
    assert (np.abs(shrunk.mean) < 0.7 * cells.effect).all()
    assert shrunk.tree_mean.sum() < 0.97 * cells.effect.sum()
    assert np.ptp(shrunk.tree_mean) < 1e-9
    assert (shrunk.tree_sd > 0).all()


def test_a_cell_that_says_nothing_gets_what_is_believed_of_a_new_one():
    cells, _ = _nested_world(2, np.repeat([0.0, 0.8], [20, 4]))
    effect = cells.effect.copy()
    mute = np.array([22 * 9 + 1])
    effect[mute] = np.nan
    shrunk = shrink_horizon(replace(cells, effect=effect), CONFIG)
    event = slice(22 * 9, 23 * 9)
    heard = np.setdiff1d(np.arange(22 * 9, 23 * 9), mute)
    assert np.isfinite(np.concatenate([getattr(shrunk, n)[event] for n in BY_CELL])).all()
    assert 0.3 < shrunk.mean[mute][0] < 1.2
    assert shrunk.sd[mute][0] >= shrunk.sd[heard].min()
    assert shrunk.tree_mean[mute][0] == pytest.approx(
        shrunk.tree_mean[22 * 9 + 2]
    )  # both markets pooled: the condition itself
    assert shrunk.james_stein[mute][0] == 0


def test_a_huge_sample_keeps_its_own_estimate():
    rng = np.random.default_rng(0)
    effect, se, n = np.append(rng.normal(0, 1, 30), 5.0), np.ones(31), np.full(31, 100.0)
    se[-1], n[-1] = 1e-4, 1e10
    shrunk = shrink_horizon(_independent(effect, se, n, np.full(31, MANY), 31), CONFIG)
    assert shrunk.mean[-1] == pytest.approx(5, abs=1e-3)
    assert shrunk.tree_mean[-1] == pytest.approx(5, abs=1e-3)


def test_pooled_cells_are_their_condition_in_the_tree_and_no_leaf():
    cells, _ = _nested_world(5, np.random.default_rng(0).normal(0, 0.3, 30))
    keep = ~cells.is_pooled
    without = Cells(
        cells.effect[keep],
        cells.n[keep],
        cells.n_clusters[keep],
        [v[np.ix_(keep[:9], keep[:9])] for v in cells.covariance],
        cells.condition[keep],
        cells.is_pooled[keep],
        cells.family,
    )
    full, markets = shrink_horizon(cells, CONFIG), shrink_horizon(without, CONFIG)
    np.testing.assert_allclose(full.tree_mean[keep], markets.tree_mean, rtol=0.01, atol=1e-3)
    np.testing.assert_allclose(full.tree_sd[keep], markets.tree_sd, rtol=0.01)


def test_nested_cells_obey_their_identities_and_hide_no_deviation():
    """Averages of other cells are noise-free contrasts; the prior must not take them for news."""
    active = np.random.default_rng(1).normal(0, 0.5, 30)
    cells, truth = _nested_world(1, active)
    shrunk = shrink_horizon(cells, CONFIG)
    assert np.sqrt(np.mean((shrunk.mean - truth) ** 2)) < 0.06
    n, by_cell = cells.n.reshape(-1, 3, 3), shrunk.mean.reshape(-1, 3, 3)
    share = n[:, :, 0] / n[:, :, 2]
    mixed = share * by_cell[:, :, 0] + (1 - share) * by_cell[:, :, 1]
    np.testing.assert_allclose(by_cell[:, :, 2], mixed, atol=5e-3)


@pytest.mark.parametrize("seed", range(3))
def test_nested_cells_without_effect_are_called_null(seed):
    cells, _ = _nested_world(seed, np.zeros(30))
    shrunk = shrink_horizon(cells, CONFIG)
    assert shrunk.weights[0, 0] > 0.7
    assert np.sqrt(np.mean(shrunk.mean**2)) < 0.3 * np.sqrt(np.mean(cells.effect**2))
    assert ((shrunk.lower <= 0) & (shrunk.upper >= 0)).mean() > 0.98


def test_cells_in_few_blocks_are_never_sure_of_their_sign():
    """Errors of nested cells in few blocks cancel by accident, which would look like precision."""
    rng = np.random.default_rng(8)
    rare = [_event(rng, 0.0, n_clusters) for n_clusters in np.repeat([3, 5, 8, 14], 10)]
    usual = [_event(rng, 0.0) for _ in range(20)]
    estimate, n, covariance, condition, pooled = zip(*rare, *usual, strict=True)
    clusters = np.repeat([3.0, 5.0, 8.0, 14.0, 300.0], [90, 90, 90, 90, 180])
    cells = Cells(
        *(np.concatenate(estimate), np.concatenate(n), clusters, list(covariance)),
        *(np.concatenate(condition), np.concatenate(pooled), np.arange(60) % 3),
    )
    shrunk = shrink_horizon(cells, CONFIG)
    assert (shrunk.sign_rate > 0.05).all()
    assert shrunk.weights[0, 0] > 0.7
    few = shrink_horizon(replace(cells, n_clusters=np.minimum(clusters, 19.0)), CONFIG)
    assert np.isfinite(few.mean).all()
    assert (few.sd > 0).all()


def test_selected_effects_of_a_sparse_world_are_unbiased_and_covered():
    """Statistics.md 2.2: raw +9.3, block ash +0.1; RMSE 11.5 and 1.7; coverage .68 and .92."""
    raw_bias, bias, covered, rmse = [], [], [], []
    for seed in range(12):
        cells, truth, se = _sparse_world(seed)
        shrunk = shrink_horizon(cells, CONFIG)
        top, sign = np.argsort(-np.abs(cells.effect / se))[:10], np.sign(cells.effect)
        raw_bias.append((sign * (cells.effect - truth))[top].mean())
        bias.append((sign * (shrunk.mean - truth))[top].mean())
        covered.append(((shrunk.lower <= truth) & (truth <= shrunk.upper))[top].mean())
        rmse.append(np.mean((shrunk.mean - truth) ** 2))
    assert np.mean(raw_bias) > 6
    assert abs(np.mean(bias)) < 1.5
    assert np.mean(covered) > 0.85
    assert np.sqrt(np.mean(rmse)) < 2.5


def test_disagreement_of_the_two_priors_is_flagged():
    cells, _, _ = _sparse_world(3)
    shrunk = shrink_horizon(cells, CONFIG)
    apart = np.abs(shrunk.mean - shrunk.tree_mean) > np.maximum(shrunk.sd, shrunk.tree_sd)
    assert shrunk.prior_dependent[apart].all()
    near = np.abs(shrunk.mean - shrunk.tree_mean) < 0.01 * shrunk.tree_sd
    assert not shrunk.prior_dependent[near & (np.abs(shrunk.mean) < 0.5 * shrunk.sd)].any()


def test_weights_are_a_distribution_and_probabilities_agree():
    shrunk = shrink_horizon(_sparse_world(4)[0], CONFIG)
    assert shrunk.weights.sum() == pytest.approx(1)
    assert shrunk.weights.shape == (shrunk.scales.size,) * 2
    assert shrunk.scales[0] == 0
    assert (shrunk.sign_rate >= shrunk.null_share - 1e-6).all()
    assert (shrunk.lower <= shrunk.upper).all()
    assert (shrunk.sd >= 0).all()


def test_an_event_of_very_many_cells_falls_apart_into_its_conditions(monkeypatch):
    cells, _ = _nested_world(6, np.zeros(8))
    whole = shrink_horizon(cells, CONFIG)
    monkeypatch.setattr(posterior, "MOST_CELLS", 5)
    parts = shrink_horizon(cells, CONFIG)
    first = whole.null_share.reshape(-1, 9)
    assert (np.ptp(first, axis=1) == 0).all()
    by_condition = parts.null_share.reshape(-1, 3, 3)
    assert (np.ptp(by_condition, axis=2) == 0).all()
    assert (np.ptp(by_condition[:, :, 0], axis=1) > 0).any()


@quick
@given(seed=st.integers(0, 2**32 - 1), scale=st.sampled_from([1e-4, 3.0, 1e4]))
def test_order_unit_and_sign_do_not_matter(seed, scale):
    rng = np.random.default_rng(seed)
    cells, _ = _nested_world(seed, rng.normal(0, 0.5, 8) * rng.integers(0, 2, 8))
    shrunk = shrink_horizon(cells, CONFIG)

    events = rng.permutation(8)
    inside = [9 * event + rng.permutation(9) for event in events]
    rows = np.concatenate(inside)
    moved = Cells(
        cells.effect[rows],
        cells.n[rows],
        cells.n_clusters[rows],
        [
            cells.covariance[e][np.ix_(i - 9 * e, i - 9 * e)]
            for e, i in zip(events, inside, strict=True)
        ],
        cells.condition[rows],
        cells.is_pooled[rows],
        cells.family[events],
    )
    _same(shrink_horizon(moved, CONFIG), shrunk, rows, rtol=1e-4, atol=1e-6)

    covariance = [scale**2 * v for v in cells.covariance]
    scaled = shrink_horizon(
        replace(cells, effect=scale * cells.effect, covariance=covariance), CONFIG
    )
    for name in ("mean", "sd", "lower", "upper", "tree_mean", "tree_sd", "james_stein"):
        got = getattr(scaled, name) / scale
        np.testing.assert_allclose(got, getattr(shrunk, name), rtol=1e-4, atol=1e-6)

    turned = shrink_horizon(replace(cells, effect=-cells.effect), CONFIG)
    ends = {"lower": "upper", "upper": "lower"}
    for name in ("mean", "lower", "upper", "tree_mean", "james_stein"):
        wanted = -getattr(shrunk, ends.get(name, name))
        np.testing.assert_allclose(getattr(turned, name), wanted, rtol=1e-4, atol=1e-6)


def test_threads_change_no_byte():
    cells, _ = _nested_world(9, np.linspace(-1, 1, 12))

    def everything(_):
        shrunk = shrink_horizon(cells, CONFIG)
        return b"".join(getattr(shrunk, f.name).tobytes() for f in fields(shrunk))

    alone = everything(0)
    with ThreadPoolExecutor(4) as threads:
        assert set(threads.map(everything, range(8))) == {alone}
