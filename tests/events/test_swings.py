import numpy as np
import pytest
import talib

from tasks.events.swings import known_swings, legs, rsi, slope, swings
from tests.events.market import bars_of, simulated, walk

# highs at 2 and 8, lows at 5 and 11
ZIGZAG = [100.0, 102.0, 104.0, 102.0, 100.0, 98.0, 100.0, 103.0, 106.0, 104.0, 102.0, 101.0, 103.0]
ZIGZAG_BARS = bars_of(ZIGZAG, open=ZIGZAG)


def test_swings_stand_as_late_as_they_are_confirmed():
    assert np.flatnonzero(known_swings(ZIGZAG_BARS, 1, 2)).tolist() == [4, 10]
    assert np.flatnonzero(known_swings(ZIGZAG_BARS, -1, 2)).tolist() == [7]
    assert swings(ZIGZAG_BARS, 1, 2, 20)[9] == 2
    assert swings(ZIGZAG_BARS, 1, 2, 20)[10] == 8


def test_a_leg_runs_from_swing_to_swing_and_ends_before_the_pullback():
    start, end, back = legs(ZIGZAG_BARS, 1, 2, 20)
    assert (start[10], end[10], back[10]) == (5, 8, 10)
    assert (start[12], end[12], back[12]) == (5, 8, 11)
    assert (start[9], end[9], back[9]) == (-1, -1, -1)
    start, end, back = legs(ZIGZAG_BARS, -1, 2, 20)
    assert (start[9], end[9], back[9]) == (2, 5, 8)


def test_a_leg_is_forgotten_when_its_start_is_too_old():
    assert legs(ZIGZAG_BARS, 1, 2, 7)[0][12] == 5
    assert legs(ZIGZAG_BARS, 1, 2, 6)[0][12] == -1


def test_the_index_is_that_of_talib_on_logs():
    bars = simulated(2_000)
    wanted = talib.RSI(bars.log_close, 14)
    got = rsi(bars, 14, 400)
    np.testing.assert_allclose(got[500:], wanted[500:], atol=1e-6)


@pytest.mark.parametrize(("steps", "wanted"), [([0.01] * 20, 100.0), ([-0.01] * 20, 0.0)])
def test_the_index_runs_from_all_falls_to_all_rises(steps, wanted):
    assert rsi(bars_of(walk(steps)), 3, 12)[-1] == wanted


def test_the_index_weighs_by_age_as_wilder_did():
    # rise 0.02 now, fall 0.01 one bar before: 0.02 / (0.02 + 0.01 * 2/3)
    assert rsi(bars_of(walk([-0.01, 0.02])), 3, 4)[-1] == pytest.approx(75.0)


def test_a_still_market_has_neither_index_nor_slope():
    bars = bars_of(np.full(50, 100.0))
    assert np.isnan(rsi(bars, 14, 40)).all()
    assert not slope(bars, 8)[8:].any()


def test_there_is_nothing_in_a_gap():
    close = walk([0.01, -0.005] * 20)
    close[30] = np.nan
    bars = bars_of(close, open=close)
    for measured in (rsi(bars, 3, 20), slope(bars, 8)):
        assert np.isnan(measured[30])
        assert np.isfinite(measured[[29, 31]]).all()


def test_the_slope_is_that_of_the_line_through_log_closes():
    bars = simulated(300)
    wanted = np.polyfit(np.arange(32), bars.log_close[200:232], 1)[0]
    assert slope(bars, 32)[231] == pytest.approx(wanted, rel=1e-9)
