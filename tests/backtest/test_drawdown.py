import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.backtest.drawdown import depths, measure_drawdown

positive = st.lists(st.floats(0.1, 1000), min_size=2, max_size=60)


def described(levels, times=None):
    levels = np.asarray(levels, float)
    return measure_drawdown(levels, np.arange(len(levels)) if times is None else np.array(times))


def spells(levels):
    """Lengths and depth of the drawdowns, by walking over the levels."""
    lengths, deepest, peak, since = [0], 0.0, levels[0], 0
    n_under = 0
    for time, level in enumerate(levels):
        if level >= peak:
            if n_under:
                lengths.append(time - since)
            peak, since, n_under = level, time, 0
        else:
            n_under += 1
            deepest = max(deepest, (peak - level) / peak)
    open_length = len(levels) - 1 - since if n_under else 0
    return max([*lengths, open_length]), open_length, deepest


def test_a_curve_by_hand():
    got = described([100, 120, 90, 108, 120, 130, 117])
    assert got.deepest == pytest.approx(0.25)
    assert got.current == pytest.approx(0.1)
    assert (got.longest, got.current_length) == (3, 1)
    assert got.under_water == pytest.approx(3 / 6)


def test_the_start_is_a_peak_too():
    got = described([100, 80, 90])
    assert got.deepest == pytest.approx(0.2)
    assert (got.longest, got.current_length, got.under_water) == (2, 2, 1.0)


def test_lengths_are_in_the_unit_of_the_times():
    assert described([100, 90, 100, 101], [0, 3, 4, 9]).longest == 4
    assert described([100, 90, 95], [0, 3, 11]).current_length == 11


def test_a_level_that_only_rises_or_rests_was_never_under_water():
    got = described([100, 100, 105, 105], [0, 30, 60, 90])
    assert (got.deepest, got.longest, got.under_water) == (0.0, 0, 0.0)


def test_who_owes_more_than_the_peak_lost_more_than_all_of_it():
    assert described([100, 50, -25]).deepest == 1.25


def test_below_nothing_there_is_no_share():
    assert np.isnan(depths(np.array([-1.0, -2.0]))).all()
    assert depths(np.array([0.0, 4.0, 3.0])).tolist()[1:] == [0.0, 0.25]


@given(positive)
def test_drawdowns_are_those_of_a_walk_over_the_levels(levels):
    got = described(levels)
    longest, current, deepest = spells(levels)
    assert (got.longest, got.current_length) == (longest, current)
    assert got.deepest == pytest.approx(deepest)
    assert 0 <= got.current <= got.deepest < 1


@given(positive, st.integers(-20, 20))
def test_the_unit_of_money_does_not_matter(levels, power):
    assert described(np.array(levels) * 2.0**power) == described(levels)
