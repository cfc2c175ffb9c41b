import numpy as np
import pytest

from tasks.events.liquidity import liquidity_shock, sweep_stoprun
from tests.events.market import bars_of, last_fired, walk

RETURNS = [0.01, -0.01] * 15
VOLUMES = [100.0 + i % 7 for i in range(31)]


@pytest.mark.parametrize(
    ("last", "volume", "side"),
    [(0.01, 10.0, 1), (-0.01, 10.0, -1), (0.01, 60.0, None), (0.001, 10.0, None)],
    ids=["thin up", "thin down", "not thin", "small move"],
)
def test_a_shock_is_much_movement_on_little_volume(last, volume, side):
    bars = bars_of(walk([*RETURNS, last]), volume=[*VOLUMES, volume])
    assert last_fired(liquidity_shock, bars, history="5h") == side


def test_a_bar_without_turnover_is_no_shock():
    bars = bars_of(walk([*RETURNS, 0.01]), volume=[*VOLUMES, 0.0])
    assert last_fired(liquidity_shock, bars, history="5h") is None


def swept(high, low, close, volume):
    closes = np.array([100.0, 101.0] * 10 + [close])
    opens = np.append(closes[:1], closes[:-1])
    opens[-1] = 100.5
    highs, lows = np.maximum(opens, closes), np.minimum(opens, closes)
    highs[-1], lows[-1] = max(high, highs[-1]), min(low, lows[-1])
    return bars_of(closes, open=opens, high=highs, low=lows, volume=np.append(np.ones(20), volume))


@pytest.mark.parametrize(
    ("high", "low", "close", "volume", "side"),
    [
        (103.0, 100.4, 100.6, 2.0, -1),  # log(103/101) is 77 % of log(103/100.4)
        (100.6, 98.0, 100.4, 2.0, 1),
        (101.8, 100.4, 100.6, 2.0, None),  # 57 %
        (103.0, 100.4, 101.5, 2.0, None),  # closes outside
        (103.0, 100.4, 100.6, 0.5, None),  # on little volume
        (101.0, 100.4, 100.6, 2.0, None),  # touches only
    ],
)
def test_a_sweep_goes_beyond_and_comes_back(high, low, close, volume, side):
    bars = swept(high, low, close, volume)
    assert last_fired(sweep_stoprun, bars, window="1h", volume_history="5h") == side
