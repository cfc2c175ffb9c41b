import numpy as np
import pytest

from tasks.events.bars import ARRAYS, CONTEXT, PRICES, VOLUMES
from tasks.events.futures import FUTURES
from tests.events.market import simulated

BARS, CUT = simulated(300), 200


@pytest.mark.parametrize("how", FUTURES)
def test_the_past_stays_and_the_future_is_another(how):
    other = FUTURES[how](BARS, CUT, np.random.default_rng(0))
    for name in ARRAYS:
        np.testing.assert_array_equal(getattr(other, name)[:CUT], getattr(BARS, name)[:CUT])
    if how == "cut":
        assert len(other) == CUT
    else:
        changed = [n for n in (*PRICES, *VOLUMES, *CONTEXT) if differs(other, n)]
        assert {*PRICES, *VOLUMES, "funding", "open_interest", "spot", "leader"} <= set(changed)


def differs(other, name):
    return not np.array_equal(getattr(other, name)[CUT:], getattr(BARS, name)[CUT:], equal_nan=True)


def test_ten_times_and_a_tenth_are_that():
    for how, factor in (("times ten", 10.0), ("a tenth", 0.1)):
        other = FUTURES[how](BARS, CUT, np.random.default_rng(0))
        np.testing.assert_allclose(other.close[CUT:], factor * BARS.close[CUT:])
        np.testing.assert_allclose(other.open_interest[CUT:], factor * BARS.open_interest[CUT:])


def test_a_missing_future_is_one_gap():
    other = FUTURES["missing"](BARS, CUT, np.random.default_rng(0))
    assert other.is_gap[CUT:].all()
    assert np.isnan(other.close[CUT:]).all()
