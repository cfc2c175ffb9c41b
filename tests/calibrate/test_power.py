import numpy as np
import pytest
from scipy.stats import t

from tasks.calibrate.config import CalibrateConfig
from tasks.calibrate.power import (
    accuracy_of,
    after_selection,
    bias_of,
    coverage_of,
    power_by_n,
    power_of,
)
from tests.calibrate.rows import rows_of

CONFIG = CalibrateConfig()
PLANTED = {"world": "planted", "planted_bps": 20.0}
RIGHT = {"truth_scaled_bps": 18.0, "scaled_bps": 22.0, "verdict": "finding"}


def planted(*said):
    return rows_of(*(PLANTED | row for row in said))


def test_a_finding_is_right_with_the_sign_and_half_the_size_of_the_planted():
    rows = planted(
        {"number": 0, **RIGHT},
        {"number": 1, **RIGHT, "truth_scaled_bps": 9.0},
        {"number": 2, **RIGHT, "scaled_bps": -22.0},
        {"number": 3, **RIGHT, "verdict": "no finding"},
    )
    told = power_of(rows, 4, CONFIG)
    assert told["any_right"]["value"] == 0.25
    assert told["planted_found"]["value"] == 0.75
    assert told["findings"] == 3
    assert told["wrong_sign"]["value"] == pytest.approx(1 / 3)


def test_another_event_may_be_right_without_being_the_planted_one():
    told = power_of(planted({**RIGHT, "event": "vol_shock", "promoted": True}), 1, CONFIG)
    assert (told["any_right"]["value"], told["planted_found"]["value"]) == (1.0, 0.0)
    assert told["promoted_right"]["value"] == 1.0


def test_a_finding_of_what_is_hardly_there_is_false():
    rows = planted({**RIGHT, "truth_scaled_bps": 0.3}, RIGHT)
    assert power_of(rows, 1, CONFIG)["false_share"]["value"] == 0.5


def test_the_planted_event_ranks_first_where_its_p_is_least():
    rows = planted(
        {"number": 0, "p": 1e-9},
        {"number": 0, "p": 1e-6, "event": "vol_shock"},
        {"number": 1, "p": 1e-6},
        {"number": 1, "p": 1e-9, "event": "vol_shock"},
        {"number": 2, "p": float("nan")},
    )
    assert power_of(rows, 3, CONFIG)["planted_first"]["value"] == pytest.approx(1 / 3)


def test_power_is_told_by_occurrences_of_hypotheses_with_a_large_true_effect():
    rows = planted(
        {"n": 50, "truth_scaled_bps": 20.0, "p": 0.2},
        {"n": 60, "truth_scaled_bps": -20.0, "p": 0.04},
        {"n": 500, **RIGHT, "p": 1e-8},
        {"n": 500, "truth_scaled_bps": 1.0, "p": 0.5},
        {"n": 50_000, **RIGHT, "p": 1e-9},
    )
    told = power_by_n(rows)
    assert [(row["n_from"], row["n_below"]) for row in told] == [
        (30, 100),
        (300, 1000),
        (3000, None),
    ]
    assert [row["found"]["value"] for row in told] == [0.0, 1.0, 1.0]
    assert [row["rejected"]["value"] for row in told] == [0.5, 1.0, 1.0]
    assert told[0]["true_bps"]["value"] == 20.0


def test_bias_is_that_of_the_broadest_planted_hypothesis_of_each_market():
    rows = planted(
        {"number": 0, "n": 900, "scaled_bps": 21.0, "truth_scaled_bps": 20.0},
        {"number": 0, "n": 90, "scaled_bps": 99.0, "truth_scaled_bps": 20.0},
        {"number": 1, "n": 900, "scaled_bps": 22.0, "truth_scaled_bps": 20.0},
        {"number": 1, "n": 990, "scaled_bps": 99.0, "truth_scaled_bps": 0.0, "horizon": "4h"},
    )
    told = next(row for row in bias_of(rows, CONFIG) if row["estimator"] == "scaled")
    assert told["bias_bps"]["value"] == 1.5
    assert told["bias_share"] == pytest.approx(0.075)


def test_intervals_hold_the_truth_as_often_as_students_t_says():
    draws = np.random.default_rng(5)
    rows = planted(
        *(
            {
                "number": i,
                "n_clusters": 8,
                "truth_scaled_bps": 20.0,
                "scaled_bps": 20.0 + 2.0 * float(draws.standard_t(7)),
                "scaled_se_bps": 2.0,
                "lower_bps": 0.0,
                "upper_bps": 10.0,
            }
            for i in range(2000)
        )
    )
    told = next(row for row in coverage_of(rows) if row["group"] == "planted event")
    assert told["scaled"]["value"] == pytest.approx(0.95, abs=0.015)
    assert told["posterior"]["value"] == 0.0
    assert t.ppf(0.975, 7) > 2.3  # the normal's 1.96 would hold .909


def test_a_posterior_at_zero_holds_what_is_as_good_as_nothing():
    rows = planted({"truth_scaled_bps": 0.3, "lower_bps": 0.0, "upper_bps": 0.0, "scaled_bps": 1.0})
    assert coverage_of(rows)[0]["posterior"]["value"] == 1.0


def test_after_selection_each_number_is_compared_with_its_own_truth_along_the_sign_found():
    said = {
        "verdict": "finding",
        "scaled_bps": -30.0,
        "truth_scaled_bps": -20.0,
        "shrunk_bps": -18.0,
        "confirmed_bps": -24.0,
        "truth_confirmed_bps": -21.0,
    }
    told = {row["shown"]: row for row in after_selection(planted(said, {"scaled_bps": 99.0}))}
    assert told["in-sample"]["bias_bps"]["value"] == 10.0
    assert told["posterior"]["bias_bps"]["value"] == -2.0
    assert told["out of sample"]["bias_bps"]["value"] == 3.0
    assert told["in-sample"]["true_bps"] == 20.0
    assert told["in-sample"]["bias_bps"]["n"] == 1


def test_of_no_finding_nothing_is_said_but_that_there_is_none():
    for row in after_selection(planted({"scaled_bps": 1.0, "truth_scaled_bps": 0.0})):
        assert (row["said_bps"], row["bias_bps"]["value"], row["bias_bps"]["n"]) == (None, None, 0)


def test_errors_are_told_over_all_that_was_tested():
    rows = planted(
        {"scaled_bps": 3.0, "truth_scaled_bps": 0.0, "shrunk_bps": 1.0},
        {"scaled_bps": -4.0, "truth_scaled_bps": 0.0, "shrunk_bps": 1.0},
    )
    told = accuracy_of(rows)
    assert told["in-sample"] == pytest.approx(np.sqrt(12.5))
    assert told["posterior"] == 1.0
    assert told["hierarchy"] is None
