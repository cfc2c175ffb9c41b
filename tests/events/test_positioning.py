from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import median_abs_deviation

from tasks.events.bars import Bars
from tasks.events.contract import share_of_bars
from tasks.events.positioning import (
    deleveraging_wave,
    funding_dislocation,
    funding_extreme_onset,
    funding_flip,
    funding_normalization,
    funding_persistence,
    liquidation_cascade,
    oi_flush,
    oi_spike_negative,
    oi_spike_positive,
)
from tasks.events.registry import Analyzer, analyzers, obstacle
from tests.events.market import bars_of, fired, last_fired, simulated, walk

HOUR = 3_600_000
BARS_PER_SETTLEMENT = 2


def paid(bps: list[float | None]) -> Bars:
    """Bars of 4h, a settlement of so many bps every eight hours; None is one that is missing."""
    at = (np.arange(BARS_PER_SETTLEMENT * len(bps)) - 1) // BARS_PER_SETTLEMENT
    rates = np.array([np.nan if rate is None else rate * 1e-4 for rate in bps])
    bars = bars_of(np.full(at.size, 100.0), timeframe="4h")
    due = bars.time[0] + (at + 1.0) * 8 * HOUR
    missing = (at < 0) | np.isnan(rates[at])
    hours = np.full(at.size, 8.0)
    columns = {"funding": rates[at], "funding_time": due, "funding_hours": hours}
    return replace(bars, **{n: np.where(missing, np.nan, v) for n, v in columns.items()})


def at_settlements(analyzer: Analyzer, bps: list[float | None], **parameters: object) -> dict:
    """Settlements at which it stands, and their sides."""
    found = fired(analyzer, paid(bps), **parameters)
    assert all(bar % BARS_PER_SETTLEMENT == 1 for bar, _ in found)
    return {(bar - 1) // BARS_PER_SETTLEMENT: side for bar, side in found}


def mark_at(analyzer: Analyzer, bps: list[float | None], settlement: int, **parameters: object):
    marks = analyzer.marks(paid(bps), "4h", parameters)
    bar = BARS_PER_SETTLEMENT * settlement + 1
    return marks.strength[bar], (int(marks.anchor[bar]) - 1) // BARS_PER_SETTLEMENT


USUAL = [1.0, 2.0] * 15  # ten days


@pytest.mark.parametrize(
    ("last", "found"),
    [
        ([3.0], {30: 1}),
        ([-1.0], {30: -1}),
        ([0.5], {30: 1}),  # the lower tail of positive rates
        ([2.0], {}),  # at the tail's edge, as often before
        ([3.0, 4.0, 5.0], {30: 1}),  # stays there
        ([3.0, 2.0, 4.0], {30: 1, 32: 1}),
        ([None, 3.0], {}),  # where it came from is not known
        ([3.0, -1.0], {30: 1, 31: -1}),
    ],
)
def test_an_extreme_begins_where_funding_crosses_into_its_tail(last, found):
    assert at_settlements(funding_extreme_onset, [*USUAL, *last], history="10d") == found


def test_an_extreme_is_as_strong_as_it_is_past_the_edge():
    strength, _ = mark_at(funding_extreme_onset, [*USUAL, 3.0], 30, history="10d")
    assert strength == pytest.approx(1.5)  # (3 - 2) / 2 past


def test_extremes_need_a_third_of_the_settlements():
    bps = [1.0, 2.0] * 5 + [3.0, 1.0, 3.0]
    assert at_settlements(funding_extreme_onset, bps, history="10d") == {12: 1}
    assert at_settlements(funding_extreme_onset, bps, history="20d") == {}


def test_rates_that_stood_still_at_nothing_have_no_tails():
    assert at_settlements(funding_extreme_onset, [0.0] * 30 + [1.0], history="10d") == {}


SMALL = [1.0, -1.0] * 15


@pytest.mark.parametrize(
    ("last", "found"),
    [
        ([2.0] * 6, {35: 1}),
        ([-2.0] * 6, {35: -1}),
        ([2.0] * 5, {}),
        ([2.0] * 5 + [1.0], {}),  # the sixth is not large
        ([2.0, 2.0, 2.0, -2.0, 2.0, 2.0], {}),
        ([2.0, 2.0, 2.0, None, 2.0, 2.0, 2.0], {}),
        ([2.0, 2.1, 2.2, 2.3, 2.4, 2.5, 2.6, 2.7], {35: 1}),  # stands once while it lasts
    ],
)
def test_funding_persists_for_six_settlements(last, found):
    assert at_settlements(funding_persistence, [*SMALL, *last], history="10d") == found


def test_persistence_began_with_the_first_of_six():
    strength, anchor = mark_at(funding_persistence, [*SMALL, *[2.0] * 6], 35, history="10d")
    assert strength == pytest.approx(2.0)  # against the size of most
    assert anchor == 30


def test_six_settlements_must_lie_within_the_span():
    bps = [*SMALL, *[2.0] * 6]
    assert at_settlements(funding_persistence, bps, history="10d", span="40h") == {35: 1}
    assert at_settlements(funding_persistence, bps, history="10d", span="39h") == {}


QUARTERS = [1.0, 2.0, 3.0, 4.0] * 8  # quartiles near 1.5 and 4


@pytest.mark.parametrize(
    ("last", "found"),
    [
        ([9.0, 2.5], {33: -1}),
        ([-9.0, 2.5], {33: 1}),
        ([9.0, 4.5, 2.5], {34: -1}),
        ([9.0, 2.5, 2.0, 3.0], {33: -1}),  # once
        ([9.0, 4.5, 1.0], {}),  # past the quartiles
        ([9.0, None, 2.5], {34: -1}),
        ([9.0, 4.5, 4.5, 4.5, 2.5], {}),  # more than a day after
        ([4.0, 2.5], {}),  # no extreme
    ],
)
def test_funding_normalizes_when_it_is_back_inside_its_quartiles(last, found):
    bps = [*QUARTERS, *last]
    assert at_settlements(funding_normalization, bps, history="10d", within="1d") == found


def test_normalization_began_with_the_extreme():
    strength, anchor = mark_at(funding_normalization, [*QUARTERS, 9.0, 4.5, 2.5], 34, history="10d")
    past = [*QUARTERS, 9.0, 4.5][-30:]
    low, high = np.quantile(past, [0.25, 0.75])
    assert strength == pytest.approx(1.0 + min(2.5 - low, high - 2.5) / (high - low))
    assert anchor == 32


@pytest.mark.parametrize(
    ("bps", "found"),
    [
        ([1.0] * 9 + [-1.0], {9: -1}),
        ([-1.0] * 9 + [1.0, 1.0], {9: 1}),
        ([1.0] * 12 + [-1.0], {12: -1}),
        ([1.0] * 8 + [-1.0], {}),
        ([1.0] * 9 + [0.0, -1.0], {}),
        ([1.0] * 9 + [None, -1.0], {}),
        ([1.0] * 5 + [None] + [1.0] * 8 + [-1.0], {}),
        ([0.0] * 9 + [1.0], {}),
        ([1.0] * 9 + [-1.0, 1.0], {9: -1}),
    ],
)
def test_funding_flips_after_nine_of_one_sign(bps, found):
    assert at_settlements(funding_flip, bps) == found


def test_a_flip_is_measured_by_the_nine_before():
    assert mark_at(funding_flip, [7.0, 1.0, *[2.0] * 8, -3.0], 10)[0] == pytest.approx(27 / 17)
    assert at_settlements(funding_flip, [1.0] * 9 + [-1.0], span="71h") == {}


@pytest.mark.parametrize(
    ("last", "found"),
    [
        ([3.1], {30: 1}),
        ([-1.1], {30: -1}),
        ([2.9], {}),
        ([3.1, 3.2], {30: 1}),
        ([3.1, -1.1], {30: 1, 31: -1}),
        ([3.1, 1.0, 3.1], {30: 1, 32: 1}),
        ([3.1, None, 3.1], {30: 1, 32: 1}),
    ],
)
def test_funding_is_dislocated_two_bps_from_its_median(last, found):
    assert at_settlements(funding_dislocation, [1.0] * 30 + last, history="10d") == found


def test_a_dislocation_counts_thresholds():
    strength, _ = mark_at(funding_dislocation, [1.0] * 30 + [5.0], 30, history="10d")
    assert strength == pytest.approx(2.0)


def interested(returns: list[float], changes: list[float], **columns: object) -> Bars:
    """Bars of 15m that make these log returns and log changes of open interest."""
    return bars_of(walk(returns), open_interest=1e9 * walk(changes), **columns)


CHANGES = [0.01, 0.02, 0.03, -0.01, 0.02] * 5  # median 2 %, MAD 1 %
QUIET = [0.001, -0.001] * 12 + [0.001]
SHORT = {"window": "15m", "history": "5h"}


@pytest.mark.parametrize(
    ("change", "move", "rises", "falls"),
    [
        (0.081, 0.001, 1, None),
        (0.081, -0.001, None, -1),
        (0.078, 0.001, None, None),  # 0.02 + 4 * 1.4826 * 0.01 = 0.0793
        (-0.081, 0.001, None, None),
        (0.081, 0.0, None, None),
    ],
)
def test_open_interest_jumps_with_rising_or_falling_price(change, move, rises, falls):
    bars = interested([*QUIET, move], [*CHANGES, change])
    assert last_fired(oi_spike_positive, bars, **SHORT) == rises
    assert last_fired(oi_spike_negative, bars, **SHORT) == falls


def test_a_jump_counts_robust_deviations():
    bars = interested([*QUIET, 0.001], [*CHANGES, 0.1])
    past = np.array(CHANGES[-20:])
    wanted = (0.1 - np.median(past)) / median_abs_deviation(past, scale="normal")
    got = oi_spike_positive.marks(bars, "15m", SHORT).strength[-1]
    assert got == pytest.approx(wanted, rel=1e-5)


def test_upside_down_the_one_spike_is_the_other():
    bars = simulated()
    up = oi_spike_positive.marks(bars, "1h")
    down = oi_spike_negative.marks(bars.upside_down(), "1h")
    assert up.fired.any()
    assert np.array_equal(up.fired, down.fired)
    assert np.array_equal(up.strength, down.strength)


@pytest.mark.parametrize(
    ("change", "move", "side"),
    [
        (-0.02, 0.01, 1),
        (-0.02, -0.01, -1),
        (-0.009, -0.01, None),  # it fell by 1 % before
        (-0.02, -0.0005, None),  # price hardly moves
        (0.08, -0.01, None),
    ],
)
def test_open_interest_is_flushed_out_by_a_move(change, move, side):
    bars = interested([*QUIET, move], [*CHANGES, change])
    assert last_fired(oi_flush, bars, **SHORT) == side


def test_growth_that_slows_is_no_flush():
    bars = interested([*QUIET, 0.01], [0.02, 0.03] * 12 + [0.02, 0.01])
    assert last_fired(oi_flush, bars, **SHORT) is None


def test_a_flush_is_as_strong_as_its_fall():
    bars = interested([*QUIET, 0.01], [*CHANGES, -0.02])
    # Two of the twenty before fell by 1 %, so the quantile lies there.
    assert oi_flush.marks(bars, "15m", SHORT).strength[-1] == pytest.approx(2.0)


CASCADE = {
    "window": "30m",
    "at_least": 2,
    "atr": "5h",
    "atr_memory": "5h",
    "history": "5h",
    "merge": "1h",
}
STEADY = [0.01, -0.01] * 12
STEADY_INTEREST = [0.01, -0.02, 0.01] * 8


def cascade(moves: list[float], change: float, volume: float) -> Bars:
    volumes = np.append(np.ones(24 + len(moves)), volume)
    changes = [*STEADY_INTEREST, *[0.0] * (len(moves) - 1), change]
    return interested([*STEADY, *moves], changes, volume=volumes)


@pytest.mark.parametrize(
    ("moves", "change", "volume", "side"),
    [
        ([-0.03, -0.03], -0.05, 9.0, -1),
        ([0.03, 0.03], -0.05, 9.0, 1),
        ([-0.02, -0.01], -0.05, 9.0, None),  # three ranges of a usual 1 %, and theirs on top
        ([-0.03, -0.03], -0.005, 9.0, None),
        ([-0.03, -0.03], -0.05, 0.9, None),
    ],
    ids=["down", "up", "not far", "open interest stays", "little turnover"],
)
def test_a_cascade_is_a_far_move_with_turnover_that_closes_positions(moves, change, volume, side):
    assert last_fired(liquidation_cascade, cascade(moves, change, volume), **CASCADE) == side


def test_a_cascade_counts_from_the_extreme_that_wicks_reach():
    bars = cascade([-0.02, -0.01], -0.05, 9.0)
    high = bars.high.copy()
    high[-2] *= 1.02
    assert last_fired(liquidation_cascade, replace(bars, high=high), **CASCADE) == -1


def episodes(merge: str) -> list[int]:
    """Bars since the first cascade at which one stands, of three that are an hour apart."""
    hit, rest = [-0.05, -0.05], [0.01, -0.01]
    changes = [*STEADY_INTEREST, *[0.0, -0.1, 0.01, 0.0], *[0.0, -0.2, 0.01, 0.0] * 2]
    volume = np.array([1.0] * 26 + [9.0, 1.0, 1.0, 1.0, 20.0, 1.0, 1.0, 1.0, 40.0, 1.0, 1.0])
    bars = interested([*STEADY, *(hit + rest) * 3], changes, volume=volume)
    slack = CASCADE | {"merge": merge, "threshold": 2.0}
    return [bar - 26 for bar, _ in fired(liquidation_cascade, bars, **slack)]


def test_cascades_close_to_one_another_are_one_episode():
    assert episodes("45m") == [0, 4, 8]
    assert episodes("1h") == [0]  # each within the hour of the one before


WAVE = {"window": "1h", "history": "10h"}


@pytest.mark.parametrize(
    ("change", "size", "up", "side"),
    [
        (-0.05, 0.02, True, 1),
        (-0.05, 0.02, False, -1),
        (-0.05, 0.0001, True, None),  # a calm hour
        (-0.01, 0.02, True, None),
        (0.05, 0.02, True, None),
    ],
)
def test_positions_are_reduced_in_a_wave(change, size, up, side):
    steps = [size, -0.5 * size, size, -0.5 * size]
    uneven = [0.001 * (1 + i % 5) * (-1) ** i for i in range(48)]
    swaying = [0.01 * (1 + i % 3) * (-1) ** i for i in range(47)]  # by at most 2 % in four bars
    moves = steps if up else [-step for step in steps]
    bars = interested([*uneven, *moves], [*swaying, *[0.0] * 4, change])
    assert last_fired(deleveraging_wave, bars, **WAVE) == side


INTEREST = [a for a in analyzers("positioning") if "I" in a.needs]


@pytest.mark.parametrize("analyzer", INTEREST, ids=lambda a: a.name)
def test_open_interest_of_zero_is_none(analyzer):
    bars = simulated(3000)
    zero = np.where(np.arange(3000) % 97 < 3, 0.0, bars.open_interest)
    missing = np.where(zero == 0.0, np.nan, zero)
    one = analyzer.marks(replace(bars, open_interest=zero), "1h")
    other = analyzer.marks(replace(bars, open_interest=missing), "1h")
    assert np.array_equal(one.fired, other.fired)


@pytest.mark.parametrize(("timeframe", "most"), [("1h", 0.05), ("4h", 0.1)])
@pytest.mark.parametrize("analyzer", analyzers("positioning"), ids=lambda a: a.name)
def test_it_is_rare_on_longer_bars_too(analyzer, timeframe, most):
    bars = simulated(4000, timeframe)
    assert obstacle(analyzer, bars) or share_of_bars(analyzer, bars, "1h") <= most


def test_a_cascade_runs_on_bars_longer_than_its_window():
    assert obstacle(liquidation_cascade, simulated(500, "4h")) is None
