import numpy as np
import pytest

from tasks.events.trend_structure import (
    false_breakout,
    pullback_pivot,
    range_breakout,
    support_resistance_break,
    trend_acceleration,
    trend_deceleration,
)
from tests.events.market import bars_of, fired, last_fired, walk

BASE = [100.0, 101.0] * 10


@pytest.mark.parametrize(
    ("close", "volume", "side"),
    [(102.0, 2.0, 1), (99.0, 2.0, -1), (102.0, 0.5, None), (101.0, 2.0, None)],
    ids=["up", "down", "on little volume", "at the edge"],
)
def test_a_breakout_closes_beyond_on_volume(close, volume, side):
    bars = bars_of([*BASE, close], volume=[1.0] * 20 + [volume])
    assert last_fired(range_breakout, bars, window="1h", volume_history="5h") == side


def test_strength_counts_ranges_beyond_the_edge():
    bars = bars_of([100.0, 110.0] * 10 + [121.0], volume=[1.0] * 20 + [2.0])
    found = range_breakout.marks(bars, "15m", {"window": "1h", "volume_history": "5h"})
    assert found.strength[-1] == pytest.approx(2.0)


@pytest.mark.parametrize(
    ("after", "side"),
    [
        ([102.0, 100.5], -1),
        ([99.0, 99.5, 100.5], 1),
        ([102.0, 101.0], None),
        ([102.0, 102.0, 102.0, 102.0, 100.5], None),
    ],
    ids=["up fails", "down fails two bars later", "at the edge", "too late"],
)
def test_a_false_breakout_comes_back_within_three_bars(after, side):
    assert last_fired(false_breakout, bars_of([*BASE, *after]), window="1h") == side


def test_the_broken_edge_is_that_of_the_first_break():
    # the second close beyond sets a new high of the last hour, but breaks no new range
    bars = bars_of([*BASE, 102.0, 103.0, 101.5, 100.5])
    assert fired(false_breakout, bars, window="1h") == [(23, -1)]
    assert false_breakout.marks(bars, "15m", {"window": "1h"}).anchor[23] == 20


CALM = [0.002, -0.002] * 15
SLOPES = {"history": "5h", "fast": "1h", "slow": "2h"}


def holds(analyzer, steps):
    """Side and strength of the condition at the last bar, None where it does not hold."""
    found = analyzer.function(bars_of(walk(steps)), **(analyzer.parameters | SLOPES))
    return (found.side[-1], found.strength[-1]) if found.fired[-1] else None


# A least-squares line through eight levels weighs the seven steps between them by
# 7, 12, 15, 16, 15, 12, 7 over 84: with three steps b after steps a it is (34 b + 50 a) / 84.
@pytest.mark.parametrize(
    ("slow", "fast", "wanted"),
    [
        (0.001, 0.010, 0.010 / ((34 * 0.010 + 50 * 0.001) / 84) / 2),
        (0.002, 0.010, None),  # 1.92 times as steep
        (0.0001, 0.0003, None),  # below the calm market's slopes
        (-0.010, 0.010, None),  # of different sign
    ],
)
@pytest.mark.parametrize("side", [1, -1])
def test_a_trend_accelerates_when_its_last_hours_are_twice_as_steep(slow, fast, wanted, side):
    found = holds(trend_acceleration, side * np.array([*CALM, *[slow] * 5, *[fast] * 3]))
    assert found == (wanted and (side, pytest.approx(wanted)))


@pytest.mark.parametrize(
    ("slow", "fast", "bars", "wanted"),
    [
        (0.010, 0.001, 3, (1 - 0.001 / ((34 * 0.001 + 50 * 0.010) / 84)) / 0.75),
        (0.010, 0.002, 3, None),  # 30 % of the slope is left
        (0.010, 0.001, 4, None),  # it fell below a quarter at the bar before
        (0.0001, -0.0001, 3, None),  # no steep trend
    ],
)
@pytest.mark.parametrize("side", [1, -1])
def test_a_trend_decelerates_when_its_slope_falls_below_a_quarter(slow, fast, bars, wanted, side):
    found = holds(trend_deceleration, side * np.array([*CALM, *[slow] * 5, *[fast] * bars]))
    assert found == (wanted and (side, pytest.approx(wanted)))


PIVOT = {"history": "5h", "trend_window": "2h", "reach": 2, "within": "5h"}
LEG = [*[0.001, -0.001] * 10, -0.01, -0.01, *[0.02] * 5]


def pulled_back(steps, side=1):
    closes = walk(side * np.array([*LEG, *steps]))
    return bars_of(closes, open=closes)


@pytest.mark.parametrize(
    ("steps", "wanted"),
    [
        ([-0.02, -0.03, 0.01], True),
        ([-0.02, -0.019, 0.01], True),
        ([-0.02, -0.017, 0.01], False),
        ([-0.03, -0.033, 0.01], False),
        ([-0.02, -0.02, -0.01], False),
        ([-0.02, -0.03, 0.06], False),
        ([-0.02, -0.03, 0.01, -0.005, 0.01], False),
    ],
    ids=[
        "by a half",
        "by 39 %",
        "by 37 %",
        "by 63 %",
        "still falling",
        "already past the high",
        "turned before",
    ],
)
@pytest.mark.parametrize("side", [1, -1])
def test_a_pullback_turns_after_half_of_the_leg(steps, wanted, side):
    found = last_fired(pullback_pivot, pulled_back(steps, side), **PIVOT)
    assert found == (side if wanted else None)


@pytest.mark.parametrize(("reach", "wanted"), [(2, 1), (3, None)])
def test_a_pullback_counts_only_from_a_high_that_is_confirmed(reach, wanted):
    bars = pulled_back([-0.04, 0.01])
    assert last_fired(pullback_pivot, bars, **{**PIVOT, "reach": reach}) == wanted


def test_a_pullback_is_anchored_at_its_far_end():
    bars = pulled_back([-0.02, -0.03, 0.01])
    assert pullback_pivot.marks(bars, "15m", PIVOT).anchor[-1] == len(bars) - 2


def test_a_pullback_against_the_trend_of_the_day_is_none():
    bars = pulled_back([-0.02, -0.03, 0.01])
    assert last_fired(pullback_pivot, bars, **{**PIVOT, "trend_window": "45m"}) is None


LEVEL = {"at_least": 8, "window": "6h", "range_window": "1h", "memory": "1d", "reach": 2}


def touched(steps, side=1):
    """Every step is 0.01 in size, so that the average true range is."""
    closes = walk(side * np.array([*[0.01, 0.01, -0.01, -0.01] * 3, *steps]))
    return bars_of(closes, open=closes)


@pytest.mark.parametrize(
    ("steps", "parameters", "strength"),
    [
        ([0.01, 0.014], {}, 1.4),
        ([0.01, 0.0099], {}, None),
        ([0.01, 0.014], {"touches": 4}, None),
        ([0.01, 0.014], {"window": "2h"}, None),
        ([0.03, 0.01], {}, None),
    ],
    ids=["broken", "only reached", "touched too seldom", "touched too long ago", "broken before"],
)
@pytest.mark.parametrize("side", [1, -1])
def test_a_level_breaks_that_was_touched_three_times(steps, parameters, strength, side):
    bars = touched(steps, side)
    assert last_fired(support_resistance_break, bars, **{**LEVEL, **parameters}) == (
        strength and side
    )
    if strength:
        found = support_resistance_break.marks(bars, "15m", LEVEL)
        assert (found.anchor[-1], found.strength[-1]) == (2, pytest.approx(strength, rel=1e-5))


@pytest.mark.parametrize(
    ("apart", "wanted"), [(0.002, 1), (0.003, None)], ids=["within 0.25 atr", "farther apart"]
)
def test_touches_may_differ_by_a_quarter_of_the_average_range(apart, wanted):
    # tops at 0.02, 0.02 + apart and 0.02 - apart: the first is touched by all or by itself alone
    steps = [0.01, 0.01, -0.01, -0.01, 0.01, 0.01 + apart, -0.01 - apart, -0.01]
    closes = walk([*steps, 0.01, 0.01 - apart, -0.01 + apart, -0.01, 0.01, 0.02])
    bars = bars_of(closes, open=closes)
    assert last_fired(support_resistance_break, bars, **LEVEL) == wanted
