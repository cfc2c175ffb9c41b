from __future__ import annotations

import math

import pytest

from lake.schema import QUALITY, RAW_FUNDING, RAW_INTEREST
from tasks.clean.beside import assess_context
from tasks.clean.config import CleanConfig
from tasks.clean.funding import settle_funding
from tasks.clean.interest import gauge_interest
from tests.clean.test_context import MARKET, bars, laid
from tests.clean.test_funding import START, raw_funding
from tests.clean.test_interest import raw_interest

NAN = math.nan
CONFIG = CleanConfig()
MISSING = ("funding", "open_interest", "spot", "leader", "mark")


def report(raw_funding=None, raw_interest=None, own=None, **beside):
    context = laid(bars([1] * 8) if own is None else own, **beside)
    quality = assess_context(raw_funding, raw_interest, context, MARKET, CONFIG)
    assert QUALITY.conform(quality).equals(quality)
    assert quality["check"].is_sorted()
    return {row["check"]: row for row in quality.to_dicts()}


def counts(found, *names):
    return [found[name]["n"] for name in names]


def test_without_companions_everything_is_missing():
    found = report()
    assert sorted(found) == sorted(f"{name}_missing" for name in MISSING)
    for row in found.values():
        assert (row["n"], row["share"], row["first_time"]) == (8, 1.0, START)
        assert row["market"] == MARKET


def test_missing_counts_bars_and_says_how_old_the_rest_was():
    found = report(spot=bars([1, None, 3, 4, None, 6, 7, 8]))["spot_missing"]
    assert (found["n"], found["share"]) == (2, 0.25)
    assert (found["last_time"] - found["first_time"]).total_seconds() == 3 * 900
    assert "at most 0 s old" in found["note"]


def test_funding_gaps_extras_changes_and_what_was_left_out():
    hours = (0, 8, 8, 16, 40, 43, 47, 51)  # one twice, two left out, one extra, then every four
    raw = raw_funding(*((at, 1e-4, NAN, 0) for at in hours), (55, NAN, NAN, 0))
    found = report(raw, funding=settle_funding(raw))
    names = ("settlements", "gaps", "extra", "changes", "left_out")
    assert counts(found, *(f"funding_{name}" for name in names)) == [7, 1, 1, 1, 2]
    assert "24 h" in found["funding_gaps"]["note"]
    assert found["funding_gaps"]["share"] == pytest.approx(1 / 7)
    assert found["funding_left_out"]["share"] == pytest.approx(2 / 9)


def test_no_interval_known_is_neither_gap_nor_extra():
    found = report(raw_funding((0, 1e-4, NAN, 0), (3, 1e-4, NAN, 0)))
    assert counts(found, "funding_gaps", "funding_extra", "funding_changes") == [0, 0, 0]


def test_zeros_late_stamps_outages_and_repeats_of_open_interest():
    stamps = (0, 300, 600, 907, 1200, 1200, 3600, 3900)
    rows = [(at, 1.0, 10.0, 0) for at in stamps] + [(1500, 0.0, 0.0, 0)]
    raw = raw_interest(*rows)
    found = report(None, raw, interest=gauge_interest(raw))
    names = ("readings", "zero_values", "late_stamps", "outages", "left_out")
    assert counts(found, *(f"open_interest_{name}" for name in names)) == [7, 1, 1, 1, 1]
    assert "0.7 h" in found["open_interest_outages"]["note"]
    assert found["open_interest_late_stamps"]["first_time"].second == 7


def test_raw_tables_without_rows_are_reported_on():
    found = report(RAW_FUNDING.empty(), RAW_INTEREST.empty())
    assert counts(found, "funding_settlements", "open_interest_readings") == [0, 0]
    assert math.isnan(found["funding_gaps"]["share"])
    one = report(raw_funding((0, 1e-4, NAN, 0)), raw_interest((0, 1.0, NAN, 0)))
    assert counts(one, "funding_settlements", "open_interest_late_stamps") == [1, 0]
