import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, cauchy, false_discovery_control, norm, t, ttest_1samp
from statsmodels.stats.multitest import multipletests

from tasks.discovery import multiplicity
from tasks.discovery.multiplicity import (
    Scores,
    adjust_by,
    adjust_two_levels,
    clustered_p,
    combine_p,
    effective_trials,
    empirical_null,
    romano_wolf,
)

quick = settings(max_examples=60, deadline=None)
triples = st.lists(st.floats(1e-12, 0.99), min_size=3, max_size=3)
UP = np.ones((1, 3))


def combined(*p, effects=UP):
    return combine_p(np.array([p]), np.asarray(effects, float).reshape(1, 3))[0].item()


@quick
@given(triples)
def test_three_p_are_combined_by_the_mean_of_cauchy_quantiles(p):
    assert combined(*p) == pytest.approx(cauchy.sf(np.mean(cauchy.isf(p))), rel=1e-6)


@quick
@given(triples, st.integers(0, 2), st.floats(0, 1))
def test_less_evidence_in_one_estimate_is_never_more_evidence_in_all(p, which, share):
    weaker = list(p)
    weaker[which] += share * (1 - p[which])
    assert combined(*weaker) >= combined(*p) * (1 - 1e-9)


@pytest.mark.parametrize("p", [1e-300, 1e-200, 1e-20, 1e-3, 0.5, 0.9])
def test_three_equal_p_combine_to_the_same(p):
    assert combined(p, p, p) == pytest.approx(p, rel=1e-9)


def test_one_tiny_p_counts_three_times():
    assert combined(1e-300, 0.5, 0.5) == pytest.approx(3e-300, rel=1e-9)


def test_a_p_of_nought_and_a_p_of_one_are_combined():
    assert 0 < combined(0.0, 0.5, 0.5) < 1e-299
    assert combined(1e-8, 1e-8, 1.0) < 2e-8
    assert 0.99 < combined(1.0, 1.0, 1.0) <= 1


def test_telling_estimates_that_disagree_in_sign_tell_nothing():
    p = np.array([[1e-6, 0.09, 0.5], [1e-6, 0.11, 0.5], [1e-6, 1e-6, 0.01]])
    found, disagree = combine_p(p, np.array([[1.0, -1, 1], [1, -1, 1], [-1, -1, -1]]))
    assert disagree.tolist() == [True, False, False]
    assert found[0] == 1
    assert (found[1:] < 1e-5).all()


def test_what_lacks_one_p_has_none_and_does_not_disagree():
    found, disagree = combine_p(np.array([[1e-6, 1e-6, np.nan]]), np.array([[1.0, -1.0, 1.0]]))
    assert np.isnan(found).all()
    assert not disagree.any()


def test_p_of_equal_blocks_is_that_of_the_t_test():
    blocks = np.random.default_rng(0).normal(0.3, 1, (40, 25))
    p = clustered_p(
        blocks.mean(axis=1), blocks.std(axis=1, ddof=1) / np.sqrt(25), np.full(40, 25.0)
    )
    np.testing.assert_allclose(p, ttest_1samp(blocks, 0, axis=1).pvalue, rtol=1e-10)


def test_without_an_error_or_a_second_block_there_is_no_p():
    se, blocks = np.array([0.0, np.nan, 1.0, 1.0, 1.0]), np.array([30.0, 30.0, 1.0, 0.0, 30.0])
    p = clustered_p(np.array([1.0, 1.0, 1.0, 1.0, np.nan]), se, blocks)
    assert np.isnan(p).all()


def select_by_hand(p, event, level):
    """Benjamini and Bogomolov's two levels, word for word, by ranks."""

    def step_up(values, q):
        ranked = sorted(values)
        m = len(ranked)
        passed = [i for i in range(m) if ranked[i] <= q * (i + 1) / m]
        return ranked[passed[-1]] if passed else -1.0

    families = {e: sorted(p[(event == e) & ~np.isnan(p)].tolist()) for e in set(event.tolist())}
    families = {e: v for e, v in families.items() if v}
    simes = {e: min(len(v) * x / (i + 1) for i, x in enumerate(v)) for e, v in families.items()}
    threshold = step_up(list(simes.values()), level)
    chosen = {e for e in simes if simes[e] <= threshold}
    cut = {e: step_up(families[e], level * len(chosen) / len(simes)) for e in chosen}
    return [e in chosen and x <= cut[e] for e, x in zip(event.tolist(), p, strict=True)]


@quick
@given(
    seed=st.integers(0, 2**32 - 1),
    n=st.integers(1, 40),
    n_events=st.integers(1, 8),
    level=st.sampled_from([0.01, 0.05, 0.2]),
    missing=st.sampled_from([0.0, 0.3]),
)
def test_two_levels_select_what_the_procedure_selects(seed, n, n_events, level, missing):
    rng = np.random.default_rng(seed)
    p = rng.random(n) ** rng.choice([1, 4, 12])
    p[rng.random(n) < missing] = np.nan
    event = rng.integers(0, n_events, n)
    q, q_event = adjust_two_levels(p, event, level)
    assert (q <= level).tolist() == select_by_hand(p, event, level)
    assert np.array_equal(np.isnan(q), np.isnan(p))
    assert all(len(set(q_event[(event == e) & ~np.isnan(p)])) <= 1 for e in range(n_events))
    assert (q >= q_event)[~np.isnan(p)].all()


def test_one_event_is_adjusted_as_benjamini_and_hochberg_do():
    p = np.random.default_rng(3).random(30) ** 3
    q, q_event = adjust_two_levels(p, np.full(30, 7), 0.05)
    np.testing.assert_allclose(q, false_discovery_control(p))
    np.testing.assert_allclose(q_event, false_discovery_control(p).min())


def test_events_of_which_nothing_is_tested_do_not_count():
    p, event = np.array([0.04, np.nan, np.nan]), np.array([0, 1, 2])
    q, q_event = adjust_two_levels(p, event, 0.05)
    np.testing.assert_array_equal(q, [0.04, np.nan, np.nan])
    np.testing.assert_array_equal(q_event, [0.04, np.nan, np.nan])


def test_nothing_tested_is_nothing_adjusted():
    assert adjust_two_levels(np.empty(0), np.empty(0, np.int64), 0.05)[0].size == 0
    assert np.isnan(adjust_two_levels(np.full(3, np.nan), np.arange(3), 0.05)).all()
    assert np.isnan(adjust_by(np.full(3, np.nan))).all()


def test_benjamini_and_yekutieli_leave_out_what_is_not_tested():
    p = np.random.default_rng(4).random(50) ** 4
    expected = multipletests(p, method="fdr_by")[1]
    found = adjust_by(np.r_[np.nan, p, np.nan])
    np.testing.assert_allclose(found[1:-1], expected)
    assert np.isnan(found[[0, -1]]).all()


def scores_of(values, days=None):
    values = np.asarray(values, float)
    days = np.arange(values.shape[1]) + 18_000 if days is None else np.asarray(days)
    return Scores(values, (values != 0).sum(axis=1).astype(float), days)


def step_down_by_hand(parts, n_draws, seed):
    """Romano and Wolf's stepdown, hypothesis by hypothesis, by scipy's t and normal tails."""

    def z(sums, square, n):
        statistic = sums / np.sqrt(n / (n - 1) * (square - sums**2 / n))
        return norm.isf(t.sf(np.abs(statistic), n - 1))

    first = min(part.days.min() for part in parts)
    n_days = max(part.days.max() for part in parts) - first + 1
    signs = np.random.default_rng(seed).integers(0, 2, (n_draws, n_days), dtype=np.int8) * 2.0 - 1
    observed, drawn = [], []
    for part in parts:
        for row, n in zip(part.scores, part.n_clusters, strict=True):
            observed.append(z(row.sum(), (row**2).sum(), n))
            drawn.append(z(signs[:, part.days - first] @ row, (row**2).sum(), n))
    observed, drawn = np.array(observed), np.array(drawn)
    p, highest = np.empty(observed.size), 0.0
    for k in np.argsort(-observed):
        maximum = drawn[observed <= observed[k]].max(axis=0)
        highest = max(highest, (1 + (maximum >= observed[k]).sum()) / (n_draws + 1))
        p[k] = highest
    return p


def test_stepdown_is_that_of_the_definition():
    rng = np.random.default_rng(5)
    daily = rng.standard_t(4, (12, 60)) + rng.normal(0, 1, 60)
    daily[:3] += 1.2
    weekly = np.where(rng.random((5, 12)) < 0.9, rng.normal(0.2, 1, (5, 12)), 0.0)
    parts = [scores_of(daily), scores_of(weekly, 18_000 + 5 * np.arange(12))]
    found = np.concatenate(romano_wolf(parts, 400, 9))
    np.testing.assert_allclose(found, step_down_by_hand(parts, 400, 9), atol=2 / 401)
    assert found.min() < 0.1


def test_independent_hypotheses_cost_what_sidak_says():
    values = np.random.default_rng(6).normal(0, 1, (20, 150))
    values[0] += 0.2
    alone = ttest_1samp(values, 0, axis=1).pvalue.min()
    found = romano_wolf([scores_of(values)], 1999, 1)[0].min()
    assert found == pytest.approx(1 - (1 - alone) ** 20, abs=0.03)


def test_copies_in_any_part_cost_nothing():
    row = np.random.default_rng(7).normal(0.25, 1, (1, 60))
    alone = romano_wolf([scores_of(row)], 299, 2)[0].item()
    parts = [scores_of(np.repeat(row, 3, axis=0)), scores_of(row * 1e-5), scores_of(-row)]
    assert np.concatenate(romano_wolf(parts, 299, 2)).tolist() == [alone] * 5
    assert 0.004 < alone < 0.9


def test_a_block_of_several_days_takes_the_sign_of_its_first():
    row = np.random.default_rng(8).normal(0.25, 1, 12)
    daily = np.zeros((1, 60))
    daily[0, ::5] = row
    parts = [scores_of(daily), scores_of(row[None, :], 18_000 + 5 * np.arange(12))]
    one, other = romano_wolf(parts, 299, 2)
    assert one == other == romano_wolf(parts[:1], 299, 2)[0]


def test_order_of_hypotheses_and_blocks_and_size_of_pieces_change_no_bit(monkeypatch):
    rng = np.random.default_rng(9)
    values, days = rng.standard_t(3, (40, 50)), 18_000 + np.arange(50)
    expected = romano_wolf([scores_of(values, days)], 200, 3)[0]
    rows, blocks = rng.permutation(40), rng.permutation(50)
    turned = romano_wolf([scores_of(values[rows][:, blocks], days[blocks])], 200, 3)[0]
    assert turned.tobytes() == expected[rows].tobytes()
    monkeypatch.setattr(multiplicity, "SUMS_AT_ONCE", 1)
    monkeypatch.setattr(multiplicity, "ROWS_AT_ONCE", 7)
    assert romano_wolf([scores_of(values, days)], 200, 3)[0].tobytes() == expected.tobytes()


def test_a_strong_effect_reaches_the_floor_and_one_without_variation_never_counts():
    values = np.random.default_rng(10).normal(0, 1, (4, 100))
    values[1] += 2
    values[3] = 0
    found = romano_wolf([Scores(values, np.full(4, 100.0), np.arange(100))], 99, 4)[0]
    assert found[1] == 0.01
    assert found[3] == 1


def test_parts_may_be_empty():
    assert romano_wolf([], 99, 0) == []
    empty, full = scores_of(np.empty((0, 30))), scores_of(np.ones((2, 30)))
    assert romano_wolf([empty], 99, 0)[0].size == 0
    assert [p.size for p in romano_wolf([empty, full, empty], 99, 0)] == [0, 2, 0]


def test_families_without_any_effect_have_a_false_finding_as_often_as_said():
    rng = np.random.default_rng(11)
    n_worlds, n_false = 300, 0
    for world in range(n_worlds):
        shared = rng.standard_t(4, 50) * np.exp(rng.normal(0, 0.7, 50))
        values = np.where(rng.random((12, 50)) < 0.6, shared + rng.standard_t(4, (12, 50)), 0.0)
        n_false += romano_wolf([scores_of(values)], 99, world)[0].min() <= 0.05
    assert binom.ppf(0.001, n_worlds, 0.05) <= n_false <= binom.ppf(0.999, n_worlds, 0.05)


@pytest.fixture(scope="module")
def null_z():
    return np.random.default_rng(12).normal(0, 1, 4000)


def test_the_null_is_found_under_a_tenth_of_effects(null_z):
    z = null_z.copy()
    z[:400] += 5
    fit = empirical_null(np.r_[z, np.nan, np.inf])
    assert fit.centre == pytest.approx(0, abs=0.08)
    assert fit.sd == pytest.approx(1, abs=0.08)
    assert fit.share == pytest.approx(0.9, abs=0.03)
    assert not fit.alarm


@pytest.mark.parametrize(("sd", "alarm"), [(0.7, True), (0.95, False), (1.1, False), (1.5, True)])
def test_errors_of_the_wrong_size_alarm(null_z, sd, alarm):
    fit = empirical_null(sd * null_z)
    assert fit.sd == pytest.approx(sd, rel=0.15)
    assert fit.alarm == alarm


def test_few_scores_say_nothing_and_none_near_zero_alarm():
    assert np.isnan(empirical_null(np.full(50, 9.0)).sd)
    assert not empirical_null(np.full(50, 9.0)).alarm
    assert empirical_null(np.full(500, 9.0)).alarm
    assert empirical_null(np.zeros(500)).alarm


def test_effective_trials_are_those_of_the_eigenvalues():
    rng = np.random.default_rng(13)
    for shape in ((8, 30), (30, 8)):
        influence = rng.normal(0, 1, shape) + rng.normal(0, 1, shape[1])
        unit = influence / np.linalg.norm(influence, axis=1, keepdims=True)
        eigenvalues = np.linalg.eigvalsh(unit @ unit.T)
        expected = eigenvalues.sum() ** 2 / (eigenvalues**2).sum()
        assert effective_trials(influence) == pytest.approx(expected)


def test_independent_trials_count_each_and_copies_once():
    independent = np.diag([1.0, 20.0, 1e-6, 3.0])
    assert effective_trials(independent) == pytest.approx(4)
    assert effective_trials(np.repeat(independent, 3, axis=0)) == pytest.approx(4)
    assert effective_trials(np.outer([1.0, -2.0, 5.0, 0.0], [1.0, 3.0])) == pytest.approx(1)
    assert effective_trials(np.zeros((2, 5))) == 0
