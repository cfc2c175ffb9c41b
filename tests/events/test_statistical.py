import numpy as np
import pytest

from tasks.events.statistical import band_break, zscore_stretch
from tests.events.market import bars_of, last_fired

BASE = [100.0, 101.0] * 10


@pytest.mark.parametrize(("close", "side"), [(101.9, 1), (99.1, -1), (101.8, None), (99.2, None)])
def test_the_band_is_two_and_a_half_deviations_of_the_past(close, side):
    # eight closes of 100 and 101: mean 100.5, sample sd 0.5345, band 99.16 to 101.84
    assert last_fired(band_break, bars_of([*BASE, close]), window="2h") == side


def test_the_bar_itself_is_not_in_its_band():
    bars = bars_of([*BASE, 130.0])
    logs = np.log(BASE[-8:])
    found = band_break.marks(bars, "15m", {"window": "2h"})
    assert found.strength[-1] == pytest.approx((np.log(130) - logs.mean()) / logs.std(ddof=1))


@pytest.mark.parametrize(("close", "side"), [(110.0, 1), (92.0, -1), (101.2, None)])
def test_a_stretch_is_far_from_the_mean_by_its_own_past(close, side):
    closes = [100.0, 101.0, 100.5, 100.2, 100.9] * 6
    assert last_fired(zscore_stretch, bars_of([*closes, close]), window="1h", history="5h") == side
