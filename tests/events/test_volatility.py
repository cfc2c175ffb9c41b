import numpy as np
import pytest

from tasks.events.volatility import breakout_trigger, vol_shock, vol_spike
from tests.events.market import bars_of, fired, last_fired, walk

CALM = [0.01, -0.01] * 15
UNEVEN = [sign * 0.01 * (1 + 0.01 * (i % 5)) for i, sign in enumerate([1, -1] * 15)]


@pytest.mark.parametrize(("last", "side"), [(0.051, 1), (-0.051, -1), (0.050, None)])
def test_a_spike_is_four_times_the_bipower_volatility(last, side):
    # bipower volatility of returns of +-1 %: sqrt(pi / 2) * 1 % = 1.2533 %, times 4 = 5.013 %
    assert last_fired(vol_spike, bars_of(walk([*CALM, last])), history="3h") == side


def test_a_jump_hardly_hides_the_next_one():
    bars = bars_of(walk([*CALM, 0.2, -0.01, 0.01, -0.01, 0.2]))
    assert len(fired(vol_spike, bars, history="7h")) == 2


def test_strength_counts_volatilities():
    marks = vol_spike.marks(bars_of(walk([*CALM, 0.1])), "15m", {"history": "3h"})
    assert marks.strength[-1] == pytest.approx(0.1 / (0.01 * np.sqrt(np.pi / 2)), rel=1e-4)


WINDOWS = {"fast": "15m", "calm": "1h", "history": "5h"}


@pytest.mark.parametrize(("last", "side"), [(0.03, 1), (-0.03, -1), (0.01, None)])
def test_a_shock_leaves_the_past_of_its_ratio(last, side):
    assert last_fired(vol_shock, bars_of(walk([*UNEVEN, last])), **WINDOWS) == side


def test_a_shock_that_lasts_stands_once():
    bars = bars_of(walk([*UNEVEN, 0.03, 0.04, 0.05]))
    assert [t for t, _ in fired(vol_shock, bars, **WINDOWS) if t > 30] == [31]


@pytest.mark.parametrize(("last", "side"), [(106.0, 1), (103.0, -1), (105.0, None)])
def test_a_close_beyond_a_narrow_range_triggers(last, side):
    closes = [100.0, 110.0] * 12 + [104.0, 105.0] * 4 + [last]
    assert last_fired(breakout_trigger, bars_of(closes), window="1h", history="5h") == side


def test_a_close_beyond_a_wide_range_does_not():
    closes = [104.0, 105.0] * 12 + [100.0, 110.0] * 4 + [111.0]
    assert last_fired(breakout_trigger, bars_of(closes), window="1h", history="5h") is None
