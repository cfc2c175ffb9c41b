from datetime import date

import polars as pl

from tasks.report.counts import COUNTS, MONTHS, count_bars, count_events
from tests.report.sample import make_bars, make_events

BARS = make_bars(seed=3, n_days=70, n_gaps=3)
EVENTS = make_events("BTCUSDT-1h", 3, BARS)


def test_bars_and_gaps_of_each_month_add_up():
    months = count_bars("BTCUSDT-1h", BARS)
    assert dict(months.schema) == MONTHS
    assert months["month"].to_list() == [date(2023, 1, 1), date(2023, 2, 1), date(2023, 3, 1)]
    assert (months["n_bars"] + months["n_gaps"]).to_list() == [31 * 24, 28 * 24, 11 * 24]
    assert months["n_gaps"].sum() == BARS["is_gap"].sum() > 0


def test_first_and_last_bar_of_a_month_are_real_bars():
    gone = BARS.with_columns(is_gap=pl.col("is_gap") | (pl.col("time").dt.month() == 2))
    months = count_bars("BTCUSDT-1h", gone)
    assert months["n_bars"][1] == 0
    assert months["first_time"][1] is None
    assert months["last_time"][2] == BARS["time"][-1]


def test_events_are_counted_by_side_and_month():
    counts = count_events(EVENTS)
    assert dict(counts.schema) == COUNTS
    assert counts["n"].sum() == EVENTS.height
    row = counts.filter(event="crash", month=date(2023, 2, 1)).to_dicts()[0]
    own = [e for e in EVENTS.to_dicts() if e["event"] == "crash" and e["time"].month == 2]
    assert row["n"] == len(own)
    assert row["n_long"] == sum(e["side"] > 0 for e in own)
    assert row["n_short"] == sum(e["side"] < 0 for e in own)


def test_the_order_of_the_rows_does_not_matter():
    assert count_events(EVENTS.reverse()).equals(count_events(EVENTS))


def test_no_events_are_no_rows():
    assert count_events(EVENTS.clear()).is_empty()
