import numpy as np
import pytest

from tasks.events.exhaustion import climax_volume_bar, failed_continuation
from tests.events.market import bars_of, fired, last_fired


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
