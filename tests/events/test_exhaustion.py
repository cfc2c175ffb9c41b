import numpy as np
import pytest
import talib

from tasks.events.exhaustion import (
    climax_volume_bar,
    failed_continuation,
    forced_flow_exhaustion,
    momentum_divergence,
    trend_exhaustion,
)
from tests.events.market import bars_of, fired, last_fired, walk


def burst(close, volume, high=105.0):
    closes = np.array([100.0, 101.0] * 15 + [100.0, close])
    highs, lows = np.maximum(closes, 101.0), np.minimum(closes, 100.0)
    highs[-1] = high
    return bars_of(
        closes, high=highs, low=lows, volume=np.append(5.0 - 0.01 * np.arange(31), volume)
    )


@pytest.mark.parametrize(
    ("close", "volume", "high", "side"),
    [
        (104.5, 9.0, 105.0, 1),
        (103.0, 9.0, 105.0, None),
        (104.5, 4.0, 105.0, None),
        (95.0, 9.0, 101.0, -1),
        (100.9, 9.0, 100.95, None),
    ],
    ids=["climax", "closes far from its end", "on little volume", "falling", "narrow"],
)
def test_a_climax_is_wide_busy_and_closes_at_its_end(close, volume, high, side):
    assert last_fired(climax_volume_bar, burst(close, volume, high), history="5h") == side


BASE = [100.0, 101.0] * 10
WINDOWS = {"window": "1h", "within": "1h", "memory": "1d"}


@pytest.mark.parametrize(
    ("after", "side"),
    [
        ([103.0, 100.0], -1),
        ([98.0, 101.0], 1),
        ([103.0, 100.9], None),
        ([103.0, 103.5, 103.5, 103.5, 103.5, 100.0], None),
    ],
    ids=["up fails", "down fails", "not deep", "too late"],
)
def test_a_break_fails_deep_inside_and_soon(after, side):
    assert last_fired(failed_continuation, bars_of([*BASE, *after]), **WINDOWS) == side


def test_a_break_fails_once_and_is_anchored_where_it_broke():
    bars = bars_of([*BASE, 103.0, 103.2, 100.0, 102.0, 100.0])
    found = failed_continuation.marks(bars, "15m", WINDOWS)
    assert fired(failed_continuation, bars, **WINDOWS) == [(22, -1)]
    assert found.anchor[22] == 20


FLOW = {"history": "5h", "flow_bars": 1, "quiet_bars": 3}


def pushed(share, highs, lows=(99.0, 99.0, 99.0)):
    """A bar from 99 to 103 on the given taker share, and three bars after it."""
    close = np.full(34, 100.0)
    shares = np.where(np.arange(34) % 2, 0.6, 0.4) + np.linspace(0.02, 0.0, 34)
    shares[30] = share
    return bars_of(
        close,
        high=[*[101.0] * 30, 103.0, *highs],
        low=[*[99.0] * 30, 97.0, *lows],
        taker_buy_volume=shares,
    )


@pytest.mark.parametrize(
    ("share", "highs", "lows", "side"),
    [
        (0.9, (101.0, 103.0, 102.0), (96.0, 95.0, 99.0), -1),
        (0.1, (104.0, 105.0, 101.0), (99.0, 97.0, 98.0), 1),
        (0.9, (101.0, 103.1, 102.0), (99.0, 99.0, 99.0), None),
        (0.1, (101.0, 101.0, 101.0), (99.0, 99.0, 96.9), None),
        (0.9, (101.0, np.nan, 102.0), (99.0, 99.0, 99.0), None),
        (0.55, (101.0, 101.0, 101.0), (99.0, 99.0, 99.0), None),
    ],
    ids=["buyers spent", "sellers spent", "new high", "new low", "one missing", "usual flow"],
)
def test_forced_flow_is_spent_when_the_price_goes_no_further(share, highs, lows, side):
    assert last_fired(forced_flow_exhaustion, pushed(share, highs, lows), **FLOW) == side


def test_spent_flow_stands_when_the_quiet_bars_are_over_and_is_anchored_at_the_flow():
    bars = pushed(0.9, (101.0, 101.0, 101.0))
    assert fired(forced_flow_exhaustion, bars, **FLOW) == [(33, -1)]
    assert forced_flow_exhaustion.marks(bars, "15m", FLOW).anchor[33] == 30


# over four bars these make 0.03, 0.03, -0.06 by turns
STEPS = [0.03, 0.03, -0.06] * 10
TIRED = {"history": "5h", "window": "1h", "mean": "1h"}


@pytest.mark.parametrize(
    ("steps", "side"),
    [
        ([0.02, 0.02, 0.02, 0.02, -0.03], -1),
        ([-0.02, -0.02, -0.02, -0.02, 0.03], 1),
        ([0.02, 0.02, 0.02, 0.02, -0.015], None),
        ([0.01, 0.01, 0.01, 0.01, -0.03], None),
        ([0.02, 0.02, 0.02, 0.02, -0.03, -0.01], None),
    ],
    ids=["up-trend", "down-trend", "still above the mean", "no extreme trend", "back before"],
)
def test_a_trend_tires_at_the_first_close_through_the_mean(steps, side):
    # after four steps up by 0.02 the mean of the last four log closes, one 0.03 lower included,
    # is 0.0075 above that one; 0.00375 below one that is 0.015 lower
    assert last_fired(trend_exhaustion, bars_of(walk(STEPS + steps)), **TIRED) == side


def test_the_strength_is_that_of_the_trend_at_the_bar_before():
    bars = bars_of(walk([*STEPS, 0.02, 0.02, 0.02, 0.02, -0.03]))
    found = trend_exhaustion.marks(bars, "15m", TIRED)
    assert found.strength[-1] == pytest.approx(0.08 / 0.06, rel=1e-6)


DIVERGED = {"window": "5h", "rsi_bars": 3, "memory": 40, "reach": 2, "within": "5h"}
CALM = [0.001, -0.001] * 10
STEEP = [0.03, 0.03, 0.03, -0.03, -0.02]  # up 0.09, back to 0.04
SLOW = [0.02, -0.01, 0.02, -0.01, 0.02, -0.005, 0.02]  # up by 0.055 again


def turning(steps):
    closes = walk(steps)
    return bars_of(closes, open=closes)


@pytest.mark.parametrize(
    ("steps", "wanted"),
    [
        (STEEP + SLOW, True),
        ([*STEEP, *SLOW[:-1], 0.01], False),
        ([*SLOW, -0.005, -0.005, 0.05], False),
        ([0.03, 0.03, 0.03, *SLOW], False),
    ],
    ids=["slower to a new high", "no new high", "faster to a new high", "no swing between"],
)
@pytest.mark.parametrize("side", [1, -1])
def test_a_new_high_on_less_momentum_diverges(steps, wanted, side):
    bars = turning(side * np.array(CALM + steps))
    assert last_fired(momentum_divergence, bars, **DIVERGED) == (-side if wanted else None)


def test_the_divergence_is_counted_from_the_swing():
    bars = turning(CALM + STEEP + SLOW)
    found = momentum_divergence.marks(bars, "15m", DIVERGED)
    index = talib.RSI(np.concatenate([np.tile([0.0, 1e-3], 50), bars.log_close]), 3)[100:]
    assert found.anchor[-1] == 23
    assert found.strength[-1] == pytest.approx(index[23] - index[-1], abs=0.01)


def test_a_higher_high_than_the_day_but_not_than_the_swing_is_no_divergence():
    bars = turning([*CALM, *STEEP, *[-0.004] * 8, *[0.02, -0.01] * 3, 0.02])
    strict = {**DIVERGED, "window": "2h"}
    assert bars.high[-1] > bars.high[-9:-1].max()
    assert last_fired(momentum_divergence, bars, **strict) is None
