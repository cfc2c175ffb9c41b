from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from scipy.stats import t

from tasks.discovery.cells import Estimates
from tasks.discovery.config import DiscoveryConfig
from tasks.discovery.verdicts import find_testable, pass_verdicts

CONFIG = DiscoveryConfig()
K = 4


def hypotheses(**columns):
    """What has been tested, K times, but for `columns`."""
    usual = {
        "horizon": "1h",
        "n": 500,
        "n_clusters": 100,
        "effective_clusters": 80.0,
        "scaled_bps": 5.0,
        "scaled_se_bps": 1.0,
        "effect_bps": 4.0,
        "weighted_bps": 6.0,
        "p_scaled": 1e-5,
        "p_mean": 1e-4,
        "p_weighted": 1e-5,
        "p": 1e-5,
        "q": 1e-3,
        "p_permutation": np.nan,
        "testable": True,
    }
    return pl.DataFrame({name: [value] * K for name, value in usual.items()}).with_columns(
        **{name: pl.Series(np.broadcast_to(value, K)) for name, value in columns.items()}
    )


def answers(**columns):
    told = pass_verdicts(hypotheses(**columns), CONFIG)
    return told.select("verdict", "reason", "n_wanted").rows()


def estimates(**columns):
    ones = np.ones(K)
    fine = Estimates(
        n=500 * ones,
        n_clusters=100 * ones,
        effective_clusters=80 * ones,
        sigma=0.01 * ones,
        mean=0.001 * ones,
        naive_t=ones,
        theta=np.full((K, 4), 0.1),
        se=np.full((K, 4), 0.05),
        plain_theta=np.full((K, 3), 0.1),
        plain_se=np.full((K, 3), 0.05),
    )
    return replace(
        fine, **{n: np.broadcast_to(v, getattr(fine, n).shape) for n, v in columns.items()}
    )


def test_what_passes_is_a_finding_and_what_does_not_is_none():
    q = [1e-3, 0.05, 0.0501, 1.0]
    verdicts = answers(q=q)
    assert [row[0] for row in verdicts] == ["finding"] * 2 + ["no finding"] * 2
    assert verdicts[0] == ("finding", "q 0.001 within 0.05", None)
    assert verdicts[2] == ("no finding", "q 0.05 above 0.05", None)


def test_a_finding_that_shifted_events_match_is_none():
    verdicts = answers(p_permutation=[0.0005, 0.02, 0.03, np.nan])
    assert [row[0] for row in verdicts] == ["finding", "finding", "no finding", "finding"]
    assert verdicts[2][1] == "q 0.001, but shifted events do as well: p 0.03 above 0.02"
    # What q stops is stopped by q, whatever the shifts say.
    assert answers(q=0.5, p_permutation=0.9)[0][1] == "q 0.5 above 0.05"


def test_estimates_that_disagree_in_sign_are_no_finding_for_that_reason():
    row = answers(p=1.0, q=1.0, scaled_bps=5.0, effect_bps=-40.0, weighted_bps=0.25)[0]
    assert row[0] == "no finding"
    assert row[1] == "the three estimates disagree in sign: +5, -40, +0.25 bps"
    # A p of 1 of each of the three is no disagreement.
    ones = dict.fromkeys(("p", "q", "p_scaled", "p_mean", "p_weighted"), 1.0)
    assert answers(**ones)[0][1] == "q 1 above 0.05"


def test_what_is_missing_is_named_with_what_is_wanted():
    row = answers(testable=False, n=12, n_clusters=8, effective_clusters=6.44, q=np.nan)[0]
    assert row[:2] == (
        "insufficient evidence",
        "12 events, 30 wanted; 8 calendar blocks, 20 wanted; 6.4 effective blocks, 15 wanted",
    )
    # Spread over blocks as these are, 12 * max(30 / 12, 20 / 8, 15 / 6.44) would do.
    assert row[2] == 30
    assert answers(testable=False, n=100, n_clusters=8, effective_clusters=3.0)[0][2] == 500
    still = answers(testable=False, q=np.nan)[0]
    assert still == ("insufficient evidence", "what follows does not vary about its baseline", None)


def test_nothing_observed_says_so_and_wants_the_least():
    row = answers(testable=False, n=0, n_clusters=0, effective_clusters=np.nan, q=np.nan)[0]
    assert row[1] == "no occurrence has a volatility and an outcome 1h later in the era"
    assert row[2] == CONFIG.min_events


@pytest.mark.parametrize(
    ("name", "least"), [("n", 30), ("n_clusters", 20), ("effective_clusters", 15)]
)
def test_less_than_the_least_is_not_tested(name, least):
    found = find_testable(estimates(**{name: [least - 0.5, least, least + 1, np.nan]}), CONFIG)
    assert found.tolist() == [False, True, True, False]


@pytest.mark.parametrize("estimator", range(3))
def test_without_an_error_of_each_of_the_three_estimates_it_is_not_tested(estimator):
    for error in (0.0, np.nan, 1e-17):
        se = np.full((K, 4), 0.05)
        se[0, estimator] = error
        assert find_testable(estimates(se=se), CONFIG).tolist() == [False, True, True, True]


def test_an_error_of_rounding_is_none_however_small_the_effect():
    assert not find_testable(estimates(theta=1e-17, se=1e-17), CONFIG).any()
    assert find_testable(estimates(theta=1e-17, se=1e-4), CONFIG).all()


def test_a_rank_score_that_does_not_vary_leaves_the_test_alone():
    se = np.full((K, 4), 0.05)
    se[:, 3] = 0.0
    assert find_testable(estimates(se=se), CONFIG).all()


def test_a_detectable_effect_is_found_with_the_power_it_promises():
    told = pass_verdicts(hypotheses(n_clusters=1000, q=1.0), CONFIG)
    detectable = told["detectable_bps"][0]
    draws = np.random.default_rng(0).normal(detectable, 1, 20000)
    found = 2 * t.sf(np.abs(draws), 999) <= CONFIG.fdr_q / K
    assert np.mean(found) == pytest.approx(CONFIG.power, abs=0.01)


def test_more_findings_make_smaller_effects_detectable():
    none, many = (
        pass_verdicts(hypotheses(q=q), CONFIG)["detectable_bps"][0]
        for q in (1.0, [0.01, 0.01, 1, 1])
    )
    assert many < none


def test_verdicts_can_be_passed_again():
    once = pass_verdicts(hypotheses(), CONFIG)
    again = pass_verdicts(once.with_columns(testable=pl.lit(True)), CONFIG)
    assert again.select(once.columns).equals(once)
