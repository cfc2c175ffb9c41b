import numpy as np
import polars as pl
import pytest
from scipy.stats import false_discovery_control, t
from statsmodels.stats.multitest import multipletests

from tasks.discovery.config import DiscoveryConfig
from tasks.discovery.verdicts import pass_verdicts

CONFIG = DiscoveryConfig()


def _effects(effect, testable=None, n=500, n_clusters=100, effective=80.0, se=1.0):
    k = len(effect)
    return pl.DataFrame(
        {
            "n": [n] * k,
            "n_clusters": [n_clusters] * k,
            "effective_clusters": [effective] * k,
            "effect_bps": np.array(effect, float),
            "se_bps": [se] * k,
            "testable": [True] * k if testable is None else testable,
        }
    )


def test_q_is_benjamini_and_hochbergs_over_what_is_testable():
    effect = np.random.default_rng(0).normal(0, 2, 40)
    testable = [i % 4 > 0 for i in range(40)]
    passed = pass_verdicts(_effects(effect, testable), CONFIG)
    chosen = passed.filter("testable")
    p = 2 * t.sf(np.abs(effect[testable]), 99)
    np.testing.assert_allclose(chosen["p"], p)
    np.testing.assert_allclose(chosen["q"], multipletests(p, method="fdr_bh")[1])
    assert passed.filter(~pl.col("testable")).select(pl.col("t", "p", "q").is_nan().all()).row(
        0
    ) == (True, True, True)


def test_verdicts_say_their_numbers():
    passed = pass_verdicts(_effects([6.0, 0.5, -0.1]), CONFIG)
    q = false_discovery_control(2 * t.sf([6.0, 0.5, 0.1], 99))
    assert passed["verdict"].to_list() == ["finding", "no finding", "no finding"]
    assert passed["reason"][0] == f"q {q[0]:.2g} within 0.05"
    assert passed["reason"][1] == f"q {q[1]:.2g} above 0.05"


def test_what_is_missing_is_named_with_what_is_wanted():
    small = _effects([50.0], [False], n=12, n_clusters=8, effective=6.44)
    passed = pass_verdicts(small, CONFIG)
    assert passed["verdict"].to_list() == ["insufficient evidence"]
    assert passed["reason"][0] == (
        "12 events, 30 wanted; 8 calendar blocks, 20 wanted; 6.4 effective blocks, 15 wanted"
    )
    still = pass_verdicts(_effects([0.0], [False], se=0.0), CONFIG)
    assert still["reason"][0] == "returns that do not vary cannot be tested"


def test_a_detectable_effect_is_found_with_the_power_it_promises():
    k = 50
    passed = pass_verdicts(_effects([0.0] * k, n_clusters=1000), CONFIG)
    detectable = passed["detectable_bps"][0]
    draws = np.random.default_rng(0).normal(detectable, 1, 20000)
    found = 2 * t.sf(np.abs(draws), 999) <= CONFIG.fdr_q / k
    assert np.mean(found) == pytest.approx(0.8, abs=0.01)


def test_more_findings_make_smaller_effects_detectable():
    none = pass_verdicts(_effects([0.0] * 10), CONFIG)["detectable_bps"][0]
    many = pass_verdicts(_effects([0.0] * 5 + [9.0] * 5), CONFIG)["detectable_bps"][0]
    assert many < none


def test_without_anything_testable_there_is_no_verdict_from_nan():
    passed = pass_verdicts(_effects([1.0, 2.0], [False, False], n=3, se=np.nan), CONFIG)
    assert set(passed["verdict"]) == {"insufficient evidence"}
