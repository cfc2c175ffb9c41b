import numpy as np
import pytest

from tasks.events.marks import Marks, marks
from tasks.events.registry import Analyzer, analyzers, catalogue, event, families, obstacle
from tasks.events.volatility import vol_spike
from tests.events.market import bars_of, simulated


def test_families_are_the_modules_that_define_events():
    assert len(families()) >= 5
    for family in families():
        assert analyzers(family), family


def test_names_are_unique_and_in_order():
    names = [analyzer.name for analyzer in catalogue()]
    assert len(names) == len(set(names)) >= 12
    assert [(a.family, a.name) for a in catalogue()] == sorted(
        (a.family, a.name) for a in catalogue()
    )


def test_what_can_be_read_off_is_read_off():
    assert (vol_spike.family, vol_spike.name) == ("volatility", "vol_spike")
    assert vol_spike.parameters == {"threshold": 4.0, "history": "1d"}
    assert vol_spike.meaning.startswith("A return that jump-robust volatility")


def test_the_lookback_adds_up_in_bars_of_the_timeframe():
    assert vol_spike.lookback("5m", "1h") == 288 + 4 + 12 + 288
    assert vol_spike.lookback("15m", "1h", {"history": "2d"}) == 192 + 4 + 4 + 96


def test_a_condition_that_lasts_through_a_gap_stands_once():
    @event(lookback=(1,), needs="O", mirrored=False)
    def above(bars):
        """Stands where the price is above two."""
        return marks(bars.close > 2.0, 1, bars.close)

    gap = [np.nan] * 9  # longer than the cooldown
    lasting = bars_of([1.0, 3.0, 3.0, *gap, 3.0, 3.0, 1.0, 1.0, 1.0, 1.0, 1.0, 3.0])
    assert np.flatnonzero(above.marks(lasting, "1h").fired).tolist() == [1, 19]
    a_day = [np.nan] * 96
    forgotten = bars_of([1.0, 3.0, *gap, *a_day, 3.0])
    assert np.flatnonzero(above.marks(forgotten, "1h").fired).tolist() == [1, 107]


def test_a_strength_without_a_number_is_no_event():
    found = marks(np.array([True, True, False]), 1, np.array([np.nan, 2.0, 3.0]))
    assert found.fired.tolist() == [False, True, False]
    assert found.strength.tolist() == [0.0, 2.0, 0.0]


def test_volume_that_is_not_there_is_said():
    needy = next(a for a in catalogue() if a.name == "range_breakout")
    assert obstacle(needy, bars_of([100.0, 101.0], volume=0.0)) == "not runnable: needs volume"
    assert obstacle(needy, simulated(50)) is None


def test_data_that_are_not_there_are_said():
    @event(lookback=(1,), needs="OTF", mirrored=False)
    def needs_much(bars: object) -> Marks:
        raise AssertionError

    wanted = "not runnable: needs taker volume, funding"
    assert obstacle(needs_much, bars_of([100.0, 101.0])) == wanted
    assert obstacle(needs_much, simulated(50)) is None


def test_bars_too_long_for_the_windows_are_said():
    assert obstacle(vol_spike, simulated(50, "8h")) == "not runnable: needs bars of 4h or shorter"


def test_a_wrong_declaration_is_refused():
    def nothing(bars: object, *, window: str = "1h") -> Marks:
        raise AssertionError

    def no_default(bars: object, *, window: str) -> Marks:
        raise AssertionError

    with pytest.raises(ValueError, match="histroy"):
        event(lookback=("histroy",), needs="O", mirrored=True)(nothing)
    with pytest.raises(ValueError, match="default"):
        event(lookback=("window",), needs="O", mirrored=True)(no_default)
    with pytest.raises(ValueError, match="wanted"):
        event(lookback=(1,), needs="Z", mirrored=True)
    assert isinstance(event(lookback=("window",), needs="O", mirrored=True)(nothing), Analyzer)
