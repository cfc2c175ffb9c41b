import numpy as np
import pytest

from tasks.events.regime import (
    beta_spike,
    chop_to_trend,
    correlation_breakdown,
    trend_to_chop,
    vol_regime_shift,
)
from tests.events.market import bars_of, fired, last_fired, walk

WINDOWS = {"window": "15m", "at_least": 1, "history": "10h", "memory": "2h"}


def signed(sizes):
    return np.array(sizes) * np.where(np.arange(len(sizes)) % 2, 1.0, -1.0)


def test_a_shift_stands_once_and_has_no_side():
    calming = list(0.002 - 0.00001 * np.arange(60))
    bars = bars_of(walk(signed([*calming, 0.010, 0.011, 0.012, 0.013])))
    assert fired(vol_regime_shift, bars, **WINDOWS) == [(61, 0)]


def test_a_move_that_stays_inside_the_band_is_none():
    sizes = list(0.002 - 0.00001 * np.arange(60))
    ordinary = sorted(sizes[-40:])[13]  # the lower tercile of its past, not beyond it
    bars = bars_of(walk(signed([*sizes, ordinary])))
    assert fired(vol_regime_shift, bars, **WINDOWS) == []


def test_a_shift_back_stands_too():
    calming = list(0.002 - 0.00001 * np.arange(60))
    bars = bars_of(walk(signed([*calming, 0.010, 0.010, 0.0001])))
    assert [t for t, _ in fired(vol_regime_shift, bars, **WINDOWS)] == [61, 63]


PATH = {"window": "1h", "step": "15m", "at_least": 1, "memory": "1h"}


def percents(*sizes):
    return bars_of(walk([0.01 * size for size in sizes]))


@pytest.mark.parametrize(("last", "side"), [(-0.6, 0), (-0.4, None)])
def test_a_trend_turns_to_chop_where_efficiency_is_lost(last, side):
    # four moves: |1 + 1 - 1 - .6| / 3.6 = .11 is below .15, |1 + 1 - 1 - .4| / 3.4 = .18 is not
    assert last_fired(trend_to_chop, percents(1, 1, 1, 1, -1, last), **PATH) == side
    assert last_fired(trend_to_chop, percents(-1, -1, -1, -1, 1, -last), **PATH) == side


@pytest.mark.parametrize(("last", "side"), [(0.4, 1), (0.3, None)])
def test_chop_turns_to_a_trend_where_price_goes_straight(last, side):
    # |1 - 1 + 1 + .4| / 3.4 = .41 is above .4, |1 - 1 + 1 + .3| / 3.3 = .39 is not
    assert last_fired(chop_to_trend, percents(1, -1, 1, -1, 1, last), **PATH) == side
    down = -1 if side else None
    assert last_fired(chop_to_trend, percents(-1, 1, -1, 1, -1, -last), **PATH) == down


def test_each_turn_stands_once():
    bars = percents(1, -1, 1, -1, 1, 1, 1, 1, -1, -1, -1, -1)
    assert fired(chop_to_trend, bars, **PATH) == [(6, 1), (11, -1)]
    assert fired(trend_to_chop, bars, **PATH) == [(10, 0)]


@pytest.mark.parametrize(("memory", "side"), [("30m", 0), ("15m", None)])
def test_a_trend_of_long_ago_turns_to_nothing(memory, side):
    # efficiency 1, then |3 - 1.5| / 4.5 = .33 between the thresholds, then 0
    bars = percents(1, 1, 1, 1, -1.5, -0.5)
    assert last_fired(trend_to_chop, bars, **{**PATH, "memory": memory}) == side


@pytest.mark.parametrize(("step", "sides"), [("1h", {1}), ("15m", set())])
def test_zigzags_shorter_than_the_step_do_not_bend_the_path(step, sides):
    swings = [1, 1, 1, 1, -1, -1, -1, -1] * 4
    bars = percents(*swings, *[5, -3, 5, -3] * 4)
    parameters = {"window": "4h", "step": step, "at_least": 1, "memory": "4h"}
    found = {side for t, side in fired(chop_to_trend, bars, **parameters) if t > 32}
    assert found == sides


def test_strength_of_a_turn():
    bars = percents(1, 1, 1, 1, -1, -0.6)
    found = trend_to_chop.marks(bars, "15m", PATH)
    assert found.strength[-1] == pytest.approx(2 - 0.4 / 3.6 / 0.15, rel=1e-5)
    found = chop_to_trend.marks(percents(1, -1, 1, -1, 1, 1), "15m", PATH)
    assert found.strength[-1] == pytest.approx(0.5 / 0.4, rel=1e-5)


LEADER = 0.01 * np.array([1.0, -1.0] * 20)
PAIR = {"window": "1h", "at_least": 1, "history": "5h"}


def with_leader(own, leader):
    return bars_of(walk(own), leader=walk(leader))


@pytest.mark.parametrize(("last", "side"), [(0.01, 0), (0.008, None)])
def test_a_correlation_breaks_down_where_it_falls_far_below_its_median(last, side):
    # it was 1; of (1, -1, 1, -1) and (1, -1, 1, 1) it is .5 / sqrt(.75) = .577; with .8 at the
    # end .55 / sqrt(.7075) = .654
    bars = with_leader([*LEADER[:-1], last], LEADER)
    assert last_fired(correlation_breakdown, bars, **PAIR) == side
    if side is not None:
        found = correlation_breakdown.marks(bars, "15m", PAIR)
        assert found.strength[-1] == pytest.approx((1 - 0.5 / np.sqrt(0.75)) / 0.4, rel=1e-5)


@pytest.mark.parametrize(("turn", "side"), [(1.0, -1), (-1.0, 1)])
def test_a_beta_spikes_beyond_its_past_with_the_leaders_side(turn, side):
    # it was 1; of the last four bars it is (1 + 1 + 1 + 3) / 4
    own = [*LEADER[:-1], 3 * LEADER[-1]]
    bars = with_leader(turn * np.array(own), turn * LEADER)
    parameters = {**PAIR, "fast": "15m"}
    assert last_fired(beta_spike, bars, **parameters) == side
    found = beta_spike.marks(bars, "15m", parameters)
    assert found.strength[-1] == pytest.approx(1.5, rel=1e-5)


def test_a_beta_that_falls_is_no_spike():
    bars = with_leader([*LEADER[:-1], 0.5 * LEADER[-1]], LEADER)
    assert last_fired(beta_spike, bars, **PAIR) is None


def test_a_beta_that_is_less_negative_is_no_spike():
    bars = with_leader([*-LEADER[:-1], -0.5 * LEADER[-1]], LEADER)
    assert last_fired(beta_spike, bars, **PAIR) is None


def test_the_leader_has_no_spike_against_itself():
    closes = walk(np.random.default_rng(5).normal(0.0, 0.01, 300))
    bars = bars_of(closes, leader=closes)
    assert fired(beta_spike, bars, **PAIR) == []
    assert fired(correlation_breakdown, bars, **PAIR) == []
