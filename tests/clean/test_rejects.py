from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lake.errors import InputError
from lake.schema import QUARANTINE, RAW_BARS
from tasks.clean.config import CleanConfig
from tasks.clean.rejects import find_rejects

START = datetime(2024, 1, 1, tzinfo=UTC)
MARKET = "BTCUSDT-5m"
CONFIG = CleanConfig()
NAN = math.nan


def raw_row(slot, price=100.0, part=0, **cells):
    time = None if slot is None else START + timedelta(minutes=5 * slot)
    row = {"time": time, "open": price, "high": price + 2, "low": price - 2, "close": price + 1}
    flows = dict.fromkeys(("volume", "quote_volume", "trades"), 1.0)
    takers = dict.fromkeys(("taker_buy_volume", "taker_buy_quote_volume"), NAN)
    return row | flows | takers | {"part": part} | cells


def raw_frame(*rows):
    return pl.DataFrame(rows, schema=RAW_BARS.columns)


def reasons(*rows, config=CONFIG):
    rejects = find_rejects(raw_frame(*rows), MARKET, config)
    assert rejects.schema == pl.Schema(QUARANTINE.columns)
    return dict(zip(rejects["row"].to_list(), rejects["reason"].to_list(), strict=True))


def test_good_bars_are_not_rejected():
    assert reasons(*(raw_row(slot) for slot in range(5))) == {}


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ({"time": None}, "no_time"),
        ({"time": START + timedelta(minutes=7)}, "off_grid"),
        ({"time": START + timedelta(minutes=5, milliseconds=1)}, "off_grid"),
        ({"open": NAN}, "not_a_number"),
        ({"close": math.inf}, "not_a_number"),
        ({"volume": math.inf}, "not_a_number"),
        ({"low": 0.0}, "not_positive"),
        ({"open": -1.0, "low": -2.0}, "not_positive"),
        ({"volume": -0.1}, "not_positive"),
        ({"high": 100.5}, "bad_ohlc"),
        ({"low": 100.5}, "bad_ohlc"),
        ({"high": 90.0, "low": 110.0}, "bad_ohlc"),
    ],
)
def test_a_row_that_cannot_be_a_bar_has_a_reason(cells, reason):
    assert reasons(raw_row(0), raw_row(1, **cells), raw_row(2)) == {1: reason}


@pytest.mark.parametrize("cells", [{"volume": 0.0}, {"volume": NAN}, {"high": 101.0, "low": 100.0}])
def test_an_odd_row_that_can_be_a_bar_stays(cells):
    assert reasons(raw_row(0), raw_row(1, **cells), raw_row(2)) == {}


def test_of_equal_rows_the_last_is_kept():
    assert reasons(raw_row(0), raw_row(1), raw_row(1), raw_row(1)) == {
        1: "duplicate",
        2: "duplicate",
    }


def test_within_a_part_the_later_row_wins_a_conflict():
    assert reasons(raw_row(0), raw_row(1), raw_row(1, price=101.0)) == {1: "conflict"}


def test_the_later_part_wins_whatever_the_order_of_rows():
    rows = [raw_row(0), raw_row(1, price=101.0, part=1), raw_row(1, part=0), raw_row(2)]
    assert reasons(*rows) == {2: "conflict"}


def test_a_bad_row_never_beats_a_good_one():
    assert reasons(raw_row(0), raw_row(1), raw_row(1, close=NAN, part=1)) == {2: "not_a_number"}


def test_a_number_that_only_one_row_has_is_no_difference():
    known = raw_row(1, taker_buy_volume=0.4)
    assert reasons(raw_row(0), known, raw_row(1, part=1)) == {1: "duplicate"}
    assert reasons(raw_row(0), known, known | {"taker_buy_volume": 0.5}) == {1: "conflict"}


def test_an_absurd_price_is_a_spike_and_a_crash_is_not():
    crash = raw_row(2, open=100.0, high=100.0, low=55.0, close=60.0)
    rows = [raw_row(0), raw_row(1, price=10_000.0), crash, raw_row(3, price=60.0)]
    assert reasons(*rows) == {1: "spike"}


def test_spikes_are_judged_in_order_of_time_not_of_rows():
    rows = [raw_row(2), raw_row(0), raw_row(1, price=10_000.0)]
    assert reasons(*rows) == {2: "spike"}


def test_a_market_without_rows_is_refused():
    with pytest.raises(InputError, match="has no bars"):
        reasons()


def test_a_market_without_a_good_row_is_refused_and_the_reasons_counted():
    rows = [raw_row(0, close=NAN), raw_row(1, volume=-1.0), raw_row(2, volume=-1.0)]
    with pytest.raises(InputError, match="1 not_a_number, 2 not_positive"):
        reasons(*rows)


def test_bars_of_a_shorter_timeframe_are_refused():
    rows = [raw_row(0, time=START + timedelta(minutes=i)) for i in range(60)]
    with pytest.raises(InputError, match="48 of 60 bars of BTCUSDT-5m open off"):
        reasons(*rows)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.one_of(st.none(), st.integers(0, 6)),
            st.sampled_from([NAN, -1.0, 100.0, 101.0, 5000.0]),
            st.integers(0, 2),
        ),
        min_size=1,
        max_size=20,
    )
)
def test_what_is_left_is_one_good_row_per_time(rows):
    raw = raw_frame(raw_row(0), *(raw_row(slot, price, part) for slot, price, part in rows))
    rejects = find_rejects(raw, MARKET, CleanConfig(level_patience_bars=1))
    kept = raw.with_row_index("row").join(rejects, on="row", how="anti")
    assert kept["time"].n_unique() == kept.height
    assert kept["time"].null_count() == 0
    assert kept["close"].is_finite().all()
    assert rejects["row"].is_sorted()
