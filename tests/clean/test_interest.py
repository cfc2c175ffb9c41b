from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lake.schema import INTEREST, RAW_INTEREST
from tasks.clean.interest import gauge_interest
from tasks.ingest.config import IngestConfig
from tasks.ingest.files import load_beside, survey_beside
from tasks.ingest.snapshot import Snapshot
from tests.real import REAL_DATA, needs_real_data

START = datetime(2024, 1, 1, tzinfo=UTC)
NAN = math.nan


def raw_interest(*rows):
    """Rows of seconds since the start, contracts, value, part."""
    cells = [
        {"time": None if at is None else START + timedelta(seconds=at), "contracts": contracts,
         "value": value, "part": part}
        for at, contracts, value, part in rows
    ]  # fmt: skip
    return pl.DataFrame(cells, schema=RAW_INTEREST.columns)


def test_readings_are_sorted_and_late_stamps_stay_as_they_came():
    raw = raw_interest((607, 3.0, 30.0, 0), (0, 1.0, 10.0, 0), (300, 2.0, 20.0, 0))
    readings = gauge_interest(raw)
    assert readings["known_at"].to_list() == [START + timedelta(seconds=s) for s in (0, 300, 607)]
    assert readings["contracts"].to_list() == [1.0, 2.0, 3.0]


@pytest.mark.parametrize(
    ("contracts", "value"),
    [(0.0, 0.0), (0.0, 10.0), (1.0, 0.0), (-1.0, 10.0), (1.0, -1.0), (NAN, NAN), (math.inf, 1.0)],
)
def test_what_cannot_be_open_interest_is_left_out(contracts, value):
    assert gauge_interest(raw_interest((0, contracts, value, 0))).equals(INTEREST.empty())


def test_a_number_that_the_source_lacks_stays_missing():
    readings = gauge_interest(raw_interest((0, 1.0, NAN, 0), (300, NAN, 20.0, 0)))
    assert readings["value"].is_nan().to_list() == [True, False]
    assert readings["contracts"].is_nan().to_list() == [False, True]


def test_of_repeats_the_first_counts_unless_it_is_none():
    raw = raw_interest((0, 2.0, 20.0, 1), (0, 1.0, 10.0, 0), (300, 0.0, 0.0, 0), (300, 4.0, NAN, 1))
    assert gauge_interest(raw)["contracts"].to_list() == [1.0, 4.0]


def test_rows_without_a_time_are_left_out():
    assert gauge_interest(raw_interest((None, 1.0, 10.0, 0))).is_empty()


@given(
    st.lists(
        st.tuples(
            st.integers(0, 6).map(lambda k: 300 * k),
            st.sampled_from([0.0, -1.0, 1.0, 2.0, NAN]),
            st.sampled_from([0.0, 10.0, 20.0, NAN]),
            st.just(0),
        ),
        max_size=20,
    )
)
@settings(max_examples=80, deadline=None)
def test_readings_are_those_of_the_definition(rows):
    wanted: dict[int, tuple[float, float]] = {}
    for at, contracts, value, _ in rows:
        known = [number for number in (contracts, value) if not math.isnan(number)]
        if known and min(known) > 0:
            wanted.setdefault(at, (contracts, value))
    readings = gauge_interest(raw_interest(*rows))
    assert [(t - START).total_seconds() for t in readings["known_at"]] == sorted(wanted)
    found = readings.select("contracts", "value").rows()
    assert repr(found) == repr([wanted[at] for at in sorted(wanted)])


@needs_real_data
def test_the_real_quirks_of_open_interest():
    place = str(REAL_DATA / "open_interest")
    config = IngestConfig(source="files", open_interest=place, beside=("interest",))
    market = Snapshot(source="files", symbol="BTCUSDT", timeframe="15m")
    (found,) = survey_beside(config, [market])
    raw = load_beside(None, found.keyed, found.places)
    readings = gauge_interest(raw)
    assert raw.height - readings.height == 494  # zeros, all of them
    assert raw.filter((pl.col("contracts") == 0) | (pl.col("value") == 0)).height == 494
    late = readings.filter(pl.col("known_at").cast(pl.Int64) % 300_000 != 0)
    assert late.height == 2974
    assert readings["contracts"].min() > 1000
