import math
from datetime import datetime

import pytest

from tasks.promotion.gates import GATES
from tasks.report.formats import (
    MINUS,
    MISSING,
    condition_words,
    count,
    day,
    decimal,
    estimate,
    gate_words,
    hypothesis_words,
    interval,
    n_of,
    percent,
    probability,
    signed,
)


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0, "0"), (999, "999"), (1000, "1,000"), (-1234567, f"{MINUS}1,234,567"), (None, MISSING)],
)
def test_counts_are_separated_by_thousands(value, shown):
    assert count(value) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (12.34, "+12.3"),
        (-12.36, f"{MINUS}12.4"),
        (0.04, "0.0"),
        (-0.04, "0.0"),
        (1234.5, "+1,234.5"),
        (math.nan, MISSING),
        (None, MISSING),
        (math.inf, MISSING),
    ],
)
def test_effects_carry_their_sign_but_zero_has_none(value, shown):
    assert signed(value) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (1.0, "1.0"),
        (0.5, "0.50"),
        (0.996, "1.0"),
        (0.0312, "0.031"),
        (0.00996, "0.010"),
        (0.00312, "0.0031"),
        (0.000312, "3.1e-4"),
        (3.14e-17, "3.1e-17"),
        (0.0, "0"),
        (math.nan, MISSING),
        (None, MISSING),
    ],
)
def test_probabilities_keep_two_digits_that_count(value, shown):
    assert probability(value) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0.1234, "12.34"), (0.0, "0.00"), (1e-6, "<0.01"), (1.0, "100.00"), (math.nan, MISSING)],
)
def test_a_small_share_is_not_rounded_to_nothing(value, shown):
    assert percent(value) == shown


def test_decimals_line_up():
    assert [decimal(x, 1) for x in (0.25, 10.0, -3.0)] == ["0.2", "10.0", f"{MINUS}3.0"]


def test_days_are_iso():
    assert day(datetime(2024, 2, 29, 13, 5)) == "2024-02-29"
    assert day(None) == MISSING


def test_hypotheses_are_said_in_words():
    assert hypothesis_words("all|crash|1h|all") == "crash \u00b7 all markets \u00b7 1h"
    said = hypothesis_words("BTCUSDT-5m|crash|1h|vol_regime=2")
    assert said == "crash \u00b7 BTCUSDT-5m \u00b7 1h \u00b7 high volatility"
    assert hypothesis_words("something else") == "something else"
    assert condition_words("session=1") == "European hours"
    assert condition_words("moon=1") == "moon=1"


def test_gates_are_said_as_promotion_says_them():
    assert {name: gate_words(name) for name, _, _ in GATES} == {
        name: told for name, told, _ in GATES
    }
    assert gate_words("new_gate") == "new gate"


def test_nouns_follow_their_number():
    assert n_of(1, "family", "families") == "1 family"
    assert n_of(1200, "family", "families") == "1,200 families"


def test_an_estimate_has_its_error_and_an_interval_both_ends():
    assert estimate(12.34, 2.0) == "+12.3 \u00b1 2.0"
    assert estimate(12.34, math.nan) == f"+12.3 \u00b1 {MISSING}"
    assert estimate(None, None) == estimate(math.nan, 1.0) == MISSING
    assert interval(30.24, -38.61) == f"+30.2 to {MINUS}38.6"
    assert interval(math.nan, 1.0) == interval(1.0, None) == MISSING


@pytest.mark.parametrize(
    ("share", "digits", "shown"),
    [(0.728, 0, "73"), (0.002, 0, "<1"), (0.0, 0, "0"), (1.2, 1, "120.0"), (0.0004, 1, "<0.1")],
)
def test_a_share_has_as_many_digits_as_are_wanted(share, digits, shown):
    assert percent(share, digits) == shown
