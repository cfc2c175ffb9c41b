import numpy as np
import pytest

from tasks.events.contract import first_foresight, first_memory, first_unit, first_unmirrored
from tasks.events.marks import marks
from tasks.events.registry import event
from tasks.events.sequences import families_of, read_sequence, sequence
from tasks.events.volatility import vol_shock, vol_spike
from tests.events.market import bars_of, fired, simulated


def at(places, side=1):
    """An event that stands at the bars whose close is one of `places`."""

    @event(lookback=(1,), needs="O", mirrored=True)
    def stands(bars, *, level: float = 1.0):
        """Stands where it is told."""
        return marks(np.isin(bars.close, places), side, bars.close)

    return stands


BARS = bars_of(np.arange(1.0, 41.0))


@pytest.mark.parametrize(
    ("first", "then", "found"),
    [
        ([5], [8], [(7, -1)]),
        ([5], [5], []),  # at once is no order
        ([8], [5], []),
        ([5], [13], [(12, -1)]),  # 8 bars of 15m are 2 h
        ([5], [14], []),
        ([5, 6, 7, 8, 9], [16], []),  # it began at 5 and lasted: 11 bars ago
        ([5], [4, 5, 6, 7], []),  # the second had begun before
    ],
    ids=["in order", "together", "wrong order", "just", "too late", "lasting", "before"],
)
def test_the_second_must_begin_within_the_time_after_the_first_has_begun(first, then, found):
    both = sequence(at(first), at(then, side=-1), within="2h", cooldown="15m")
    assert fired(both, BARS) == found


def test_the_anchor_is_the_first_event_and_strength_the_seconds():
    both = sequence(at([5]), at([8]), within="2h", cooldown="15m")
    found = both.marks(BARS, "15m")
    assert found.anchor[7] == 4
    assert found.strength[7] == 8.0


def test_a_sequence_of_catalogue_events_passes_the_contract():
    both = sequence(vol_shock, vol_spike, within="8h")
    bars = simulated()
    assert both.marks(bars, "1h").fired.sum() > 3
    assert first_foresight(both, bars, n_places=6) is None
    assert first_memory(both, bars, "1h") is None
    assert first_unmirrored(both, bars) is None
    assert first_unit(both, bars) is None


def test_needs_and_timeframes_are_those_of_both():
    @event(lookback=(3,), needs="OVT", mirrored=False, coarsest="1h")
    def other(bars):
        """Another."""

    both = sequence(vol_spike, other)
    assert (both.needs, both.coarsest, both.mirrored) == ("OVT", "1h", False)
    assert both.lookback("1h", "1h") >= vol_spike.lookback("1h", "1h") + 3 + 8


def test_words_become_a_sequence():
    both = read_sequence("vol_shock then vol_spike within 8h")
    assert both.name == "vol_shock_then_vol_spike_within_8h"
    assert both.family == "sequences"
    assert families_of("vol_shock then band_break within 1d") == ("volatility", "statistical")


@pytest.mark.parametrize("text", ["", "vol_shock", "vol_shock then vol_spike", "a then b within x"])
def test_other_words_do_not(text):
    with pytest.raises(ValueError, match=r"sequence|duration|event"):
        read_sequence(text)
