from itertools import combinations

import numpy as np
import pytest
from arch.bootstrap import SPA, StepM
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import rankdata

from tasks.bridge.config import BridgeConfig
from tasks.bridge.snooping import overfit_probability, superior_to_nothing

CONFIG = BridgeConfig(bootstrap_reps=199)
N_DAYS = 120


def results(seed, k, n_days=N_DAYS):
    return np.random.default_rng(seed).normal(0, 1, (n_days, k))


def standardised(net):
    return (net - net.mean(0)) / net.std(0)


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), k=st.integers(1, 6))
def test_p_is_that_of_arch_on_results_of_equal_spread(seed, k):
    net = results(seed, k) * np.arange(1, k + 1)
    whole = SPA(
        np.zeros(N_DAYS),
        -net / net.std(0),
        block_size=CONFIG.bootstrap_days,
        reps=CONFIG.bootstrap_reps,
        seed=CONFIG.bootstrap_seed,
    )
    whole.compute()
    p, _ = superior_to_nothing(net, CONFIG)
    assert p == pytest.approx((whole.pvalues["consistent"] * 199 + 1) / 200)


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), scale=st.floats(1e-3, 1e3))
def test_what_a_strategy_stakes_changes_nothing(seed, scale):
    net = results(seed, 3) + np.array([0.3, 0, 0])
    p, superior = superior_to_nothing(net, CONFIG)
    scaled_p, scaled_superior = superior_to_nothing(net * [1, scale, 1], CONFIG)
    assert scaled_superior == superior
    # A resample that ties with the sample may fall to either side of it.
    assert scaled_p == pytest.approx(p, abs=1.5 / 200)


def test_strategies_that_earn_are_told_from_those_that_do_not():
    net = standardised(results(1, 8))
    net[:, [2, 5]] += 0.5
    p, superior = superior_to_nothing(net, CONFIG)
    assert superior == [2, 5]
    assert p == 1 / 200


def test_it_may_be_all_of_them():
    net = standardised(results(3, 2)) + np.array([0.9, 0.25])
    with pytest.raises(ValueError, match="zero-size"):  # arch alone, where the last is found last
        StepM(np.zeros(N_DAYS), -net * [10, 1], block_size=5, reps=199, seed=1).compute()
    assert superior_to_nothing(net * [10, 1], CONFIG)[1] == [0, 1]


def test_losers_are_no_better_than_nothing():
    p, superior = superior_to_nothing(standardised(results(2, 4)) - 0.3, CONFIG)
    assert superior == []
    assert p > 0.5


def test_the_same_results_have_the_same_p():
    net = results(9, 5)
    assert superior_to_nothing(net, CONFIG) == superior_to_nothing(net.copy(), CONFIG)


def naive_overfit_probability(net, n_blocks):
    days = np.array_split(np.arange(len(net)), n_blocks)
    n_bad = n_splits = 0
    for inside in combinations(range(n_blocks), n_blocks // 2):
        before = net[np.concatenate([days[b] for b in inside])]
        after = net[np.concatenate([days[b] for b in range(n_blocks) if b not in inside])]
        best = np.argmax(before.mean(0) / before.std(0, ddof=1))
        rank = rankdata(after.mean(0) / after.std(0, ddof=1))[best] / (net.shape[1] + 1)
        n_splits += 1
        n_bad += np.log(rank / (1 - rank)) <= 0
    return n_bad / n_splits


@settings(max_examples=15, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    k=st.integers(2, 7),
    n_blocks=st.sampled_from([2, 4, 6, 8]),
    n_days=st.integers(16, 60),
)
def test_the_share_of_splits_is_that_of_the_definition(seed, k, n_blocks, n_days):
    net = results(seed, k, n_days)
    assert overfit_probability(net, n_blocks) == naive_overfit_probability(net, n_blocks)


def test_without_skill_the_best_of_one_half_is_a_coin_toss_in_the_other():
    found = [overfit_probability(results(seed, 50, 320), 16) for seed in range(30)]
    # Single panels scatter widely (sd .15): the splits of one panel are not independent.
    assert np.mean(found) == pytest.approx(0.5, abs=3 * np.std(found) / np.sqrt(30))


def test_one_that_earns_among_a_hundred_keeps_earning():
    net = results(1, 100, 1000)
    net[:, 0] += 0.15
    # purgedcv 0.1.11, probability_of_backtest_overfitting(net.T, n_splits=16)
    assert overfit_probability(net, 16) == pytest.approx(0.025097125097125098, abs=1e-12)
    net[:, 0] += 0.15
    assert overfit_probability(net, 16) == 0.0
