import pytest

from tasks.events.trend_structure import false_breakout, range_breakout
from tests.events.market import bars_of, fired, last_fired

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
