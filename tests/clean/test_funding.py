from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lake.schema import FUNDING, RAW_FUNDING
from tasks.clean.funding import settle_funding
from tasks.ingest.config import IngestConfig
from tasks.ingest.files import load_beside, survey_beside
from tasks.ingest.snapshot import Snapshot
from tests.real import REAL_DATA, needs_real_data

START = datetime(2024, 1, 1, tzinfo=UTC)
NAN = math.nan


def raw_funding(*rows):
    """Rows of hours since the start, rate, hours said, part."""
    cells = [
        {"time": None if at is None else START + timedelta(hours=at), "rate": rate,
         "hours": hours, "part": part}
        for at, rate, hours, part in rows
    ]  # fmt: skip
    return pl.DataFrame(cells, schema=RAW_FUNDING.columns)


def unsaid(*hours_since_start):
    return raw_funding(*((at, 1e-4, NAN, 0) for at in hours_since_start))


def hours_of(raw):
    return [None if math.isnan(h) else h for h in settle_funding(raw)["hours"].to_list()]


def test_a_stamp_is_floored_to_its_minute_and_known_when_it_came():
    late = timedelta(milliseconds=17) / timedelta(hours=1)
    (row,) = settle_funding(raw_funding((8 + late, 1e-4, 8.0, 0))).to_dicts()
    assert row["time"] == START + timedelta(hours=8)
    assert row["known_at"] == START + timedelta(hours=8, milliseconds=17)


@pytest.mark.parametrize("hours", [1, 2, 4, 8])
def test_the_interval_is_found_from_the_settlement_before(hours):
    assert hours_of(unsaid(0, hours, 2 * hours)) == [None, hours, hours]


def test_other_distances_carry_the_last_interval_on():
    assert hours_of(unsaid(0, 8, 16, 40, 43, 51)) == [None, 8, 8, 8, 8, 8]
    assert hours_of(unsaid(0, 8, 12, 16, 28)) == [None, 8, 4, 4, 4]


def test_an_interval_is_never_taken_from_a_later_settlement():
    assert hours_of(unsaid(0, 3, 6, 14)) == [None, None, None, 8]


def test_what_the_source_says_comes_first():
    raw = raw_funding((0, 1e-4, 4.0, 0), (8, 1e-4, 4.0, 0), (12, 1e-4, NAN, 0), (99, 1e-4, NAN, 0))
    assert hours_of(raw) == [4, 4, 4, 4]
    assert hours_of(raw_funding((0, 1e-4, 0.0, 0), (8, 1e-4, -1.0, 0))) == [None, 8]


def test_the_rate_per_eight_hours_of_hourly_four_hourly_and_unknown_settlements():
    raw = raw_funding((0, 2e-4, 1.0, 0), (4, 2e-4, 4.0, 0), (12, 2e-4, 8.0, 0))
    assert settle_funding(raw)["rate_8h"].to_list() == pytest.approx([16e-4, 4e-4, 2e-4])
    assert settle_funding(unsaid(0))["rate_8h"].is_nan().all()


def test_repeats_are_dropped_and_a_later_part_mends_an_earlier_one():
    raw = raw_funding((8, 2e-4, 8.0, 1), (0, 1e-4, 8.0, 0), (8, 1e-4, 8.0, 0), (0, 1e-4, 8.0, 0))
    settled = settle_funding(raw)
    assert settled["rate"].to_list() == [1e-4, 2e-4]


def test_of_two_stamps_within_a_minute_the_first_counts():
    raw = raw_funding((8.001, 2e-4, 8.0, 1), (8.0, 1e-4, 8.0, 0))
    settled = settle_funding(raw)
    assert settled["rate"].to_list() == [1e-4]
    assert settled["known_at"].to_list() == [START + timedelta(hours=8)]


def test_rows_without_time_or_rate_are_no_settlements():
    raw = raw_funding((None, 1e-4, 8.0, 0), (0, NAN, 8.0, 0), (1, math.inf, 8.0, 0))
    assert settle_funding(raw).equals(FUNDING.empty())
    assert settle_funding(RAW_FUNDING.empty()).equals(FUNDING.empty())


@given(st.lists(st.sampled_from([0.5, 1, 2, 3, 4, 8, 16, 24]), max_size=30), st.randoms())
@settings(max_examples=60, deadline=None)
def test_a_settlement_is_the_same_whatever_comes_later_and_in_whatever_order(steps, random):
    at = [sum(steps[:k]) for k in range(len(steps) + 1)]
    whole = settle_funding(unsaid(*at))
    for cut in {1, len(at) // 2, len(at)}:
        assert settle_funding(unsaid(*at[:cut])).equals(whole.head(cut))
    shuffled = sorted(at, key=lambda _: random.random())
    assert settle_funding(unsaid(*shuffled)).equals(whole)
    known = None
    for k, hours in enumerate(whole["hours"].to_list()):
        if k and steps[k - 1] in (1, 2, 4, 8):
            known = steps[k - 1]
        assert (known is None and math.isnan(hours)) or hours == known


@needs_real_data
def test_the_real_settlements_are_eight_hours_apart():
    config = IngestConfig(source="files", funding=str(REAL_DATA / "funding"), beside=("funding",))
    market = Snapshot(source="files", symbol="BTCUSDT", timeframe="15m")
    (found,) = survey_beside(config, [market])
    settled = settle_funding(load_beside(None, found.keyed, found.places))
    assert settled.height == 7323
    assert settled["hours"].drop_nans().unique().to_list() == [8.0]
    assert settled["hours"].is_nan().sum() == 1
    assert settled["rate"].mean() == pytest.approx(1.1e-4, rel=0.1)
