import numpy as np
import polars as pl
import pytest

from lake.schema import BARS
from tasks.events.bars import Bars
from tests.events.market import bars_of, simulated


def frame(n=4, **columns):
    rows = {name: np.arange(n) + 1.0 for name, dtype in BARS.columns.items() if dtype == pl.Float64}
    rows |= {"time": np.arange(n) * 900_000, "is_gap": np.zeros(n, dtype=bool), **columns}
    return pl.DataFrame(rows, schema_overrides=BARS.columns)


def test_columns_become_arrays():
    bars = Bars.of(frame(), "15m")
    assert bars.close.tolist() == [1.0, 2.0, 3.0, 4.0]
    assert bars.time.tolist() == [0, 900_000, 1_800_000, 2_700_000]
    assert (len(bars), bars.n("1h"), bars.step_ms) == (4, 4, 900_000)


def test_volume_in_quote_units_is_made_where_the_source_has_none():
    bars = Bars.of(frame(quote_volume=np.full(4, np.nan)), "15m")
    assert bars.quote_volume.tolist() == [1.0, 4.0, 9.0, 16.0]


def test_arrays_cannot_be_written_to():
    with pytest.raises(ValueError, match="read-only"):
        Bars.of(frame(), "15m").close[0] = 1.0


def test_a_return_beside_a_gap_is_missing():
    returns = bars_of([100.0, np.nan, 100.0, 110.0]).log_return
    assert np.isnan(returns[:3]).all()
    assert returns[3] == pytest.approx(np.log(1.1))


def test_upside_down_twice_is_the_chart_itself():
    bars = simulated(200)
    twice = bars.upside_down().upside_down()
    for name in ("open", "high", "low", "close"):
        np.testing.assert_allclose(getattr(twice, name), getattr(bars, name), rtol=1e-12)


def test_upside_down_turns_returns_and_keeps_ranges():
    bars = simulated(200)
    turned = bars.upside_down()
    np.testing.assert_allclose(turned.log_return, -bars.log_return, atol=1e-14)
    np.testing.assert_allclose(turned.log_range, bars.log_range, atol=1e-14)
    np.testing.assert_allclose(turned.log_true_range, bars.log_true_range, atol=1e-14)
    assert (turned.high >= turned.low).all()


def test_a_part_is_a_slice():
    bars = simulated(50).part(10, 20)
    assert len(bars) == 10
    assert bars.close.tolist() == simulated(50).close[10:20].tolist()


def test_what_the_source_lacks_is_known():
    bars = bars_of([100.0, 101.0], volume=0.0)
    assert [need for need in "OVTFISMC" if bars.has(need)] == ["O", "C"]
