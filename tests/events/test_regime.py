import numpy as np

from tasks.events.regime import vol_regime_shift
from tests.events.market import bars_of, fired, walk

WINDOWS = {"window": "15m", "history": "10h", "memory": "2h"}


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
