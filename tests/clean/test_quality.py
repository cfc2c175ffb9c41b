from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from lake.schema import QUALITY, RAW_BARS
from tasks.clean.config import CleanConfig
from tasks.clean.grid import lay_on_grid
from tasks.clean.quality import assess_quality
from tasks.clean.rejects import REASONS, find_rejects
from tests.clean.test_rejects import MARKET, START, raw_frame, raw_row
from tests.real import REAL_DATA, needs_real_data

CONFIG = CleanConfig(max_gap_share=0.9)
MANIFEST_FILES = (
    "quirks/BTCUSDT_5m_spot_dups_unsorted.parquet",
    "binance_spot/klines/BTCUSDT/5m.parquet",
    "binance_spot/klines/BTCUSDT/5m_2020_2021.parquet",
    "binance_spot/klines/BTCUSDT/1h.parquet",
    "binance_spot/klines12/BTCUSDT/5m_2025_04.parquet",
    "binance_spot/klines12/BTCUSDT/5m_2025_08.parquet",
    "binance_um/klines/BTCUSDT/15m.parquet",
    "binance_um/klines/SOLUSDT/4h.parquet",
    "fx/EURUSD_1h.parquet",
)


def assess(raw, market=MARKET, config=CONFIG):
    rejected = find_rejects(raw, market, config)
    report = assess_quality(raw, rejected, lay_on_grid(raw, rejected, market, config), market)
    assert report.schema == pl.Schema(QUALITY.columns)
    return {row["check"]: row for row in report.to_dicts()}


def counts(*rows):
    return {name: row["n"] for name, row in assess(raw_frame(*rows)).items()}


def at(slot):
    return START + timedelta(minutes=5 * slot)


def test_every_check_is_reported_once_and_sorted_even_where_all_is_well():
    raw = raw_frame(*(raw_row(slot) for slot in range(3)))
    rejected = find_rejects(raw, MARKET, CONFIG)
    report = assess_quality(raw, rejected, lay_on_grid(raw, rejected, MARKET, CONFIG), MARKET)
    names = report["check"].to_list()
    assert names == sorted(set(names))
    assert set(REASONS) < set(names)
    assert report["note"].str.len_chars().min() > 10


def test_gaps_are_counted_in_slots_and_placed():
    found = assess(raw_frame(*(raw_row(slot) for slot in (0, 2, 3, 7, 8))))
    assert found["gaps"]["n"] == 4
    assert found["gaps"]["share"] == pytest.approx(4 / 9)
    assert (found["gaps"]["first_time"], found["gaps"]["last_time"]) == (at(1), at(6))
    assert "gaps: 2" in found["gaps"]["note"]
    longest = found["longest_gap"]
    assert (longest["n"], longest["first_time"], longest["last_time"]) == (3, at(4), at(6))


def test_without_gaps_the_longest_is_none():
    found = assess(raw_frame(*(raw_row(slot) for slot in range(3))))["longest_gap"]
    assert (found["n"], found["first_time"]) == (0, None)


def test_reasons_are_counted_and_placed():
    rows = [raw_row(slot) for slot in range(6)]
    found = assess(raw_frame(*rows, raw_row(2), raw_row(3), raw_row(4, close=math.nan)))
    assert (found["duplicate"]["n"], found["not_a_number"]["n"]) == (2, 1)
    assert found["duplicate"]["share"] == pytest.approx(2 / 9)
    assert (found["duplicate"]["first_time"], found["duplicate"]["last_time"]) == (at(2), at(3))
    assert (found["raw_rows"]["n"], found["bars"]["n"]) == (9, 6)


def test_idle_and_flat_bars_are_counted():
    flat = {"open": 100.0, "high": 100.0, "low": 100.0, "close": 100.0}
    found = counts(raw_row(0), raw_row(1, volume=0.0), raw_row(2, **flat), raw_row(4))
    assert (found["zero_volume"], found["flat_bars"]) == (1, 1)


def test_the_longest_run_of_one_close_ends_at_a_gap():
    rows = [raw_row(slot, close=101.5) for slot in (0, 1, 2, 4, 5, 6, 7)]
    found = assess(raw_frame(*rows))["stale"]
    assert (found["n"], found["first_time"], found["last_time"]) == (4, at(4), at(7))


def test_backward_jumps_are_counted_within_a_part_only():
    rows = [raw_row(1), raw_row(0), raw_row(2), raw_row(0, part=1), raw_row(3, part=1)]
    assert counts(*rows)["unsorted"] == 1


def test_overlaps_between_parts_are_compared():
    first = [raw_row(slot) for slot in range(4)]
    second = [raw_row(2, part=1), raw_row(3, price=101.0, part=1), raw_row(4, part=1)]
    found = counts(*first, *second)
    assert (found["parts"], found["overlap_rows"], found["overlap_differences"]) == (2, 2, 1)
    assert (found["duplicate"], found["conflict"]) == (1, 1)


def test_a_conflict_within_one_part_is_no_overlap():
    found = counts(raw_row(0), raw_row(1), raw_row(1, price=101.0))
    assert (found["conflict"], found["overlap_rows"], found["overlap_differences"]) == (1, 0, 0)


def real_raw(name):
    frame = pl.read_parquet(REAL_DATA / name).rename({"open_time": "time"})
    columns = [
        (pl.col(column) if column in frame.columns else pl.lit(math.nan))
        .cast(dtype)
        .fill_null(math.nan)
        .alias(column)
        for column, dtype in RAW_BARS.columns.items()
        if column not in ("time", "part")
    ]
    return frame.select("time", *columns, pl.lit(0, pl.Int16).alias("part"))


@needs_real_data
@pytest.mark.parametrize("name", MANIFEST_FILES)
def test_the_report_agrees_with_the_manifest_of_the_shared_data(name):
    manifest = pl.read_csv(REAL_DATA / "MANIFEST.csv", infer_schema=False)
    (expected,) = manifest.filter(pl.col("file") == name).to_dicts()
    stem = name.rpartition("/")[2].removesuffix(".parquet")
    timeframe = next(each for each in ("15m", "5m", "1h", "4h") if each in stem.split("_"))
    found = assess(real_raw(name), f"X-{timeframe}")
    pairs = {
        "rows": "raw_rows",
        "missing_bars": "gaps",
        "duplicates": "duplicate",
        "backward_jumps": "unsorted",
        "offgrid": "off_grid",
        "bad_ohlc": "bad_ohlc",
        "zero_volume": "zero_volume",
    }
    assert {check: found[check]["n"] for check in pairs.values()} == {
        check: int(expected[column]) for column, check in pairs.items()
    }
    assert f"gaps: {expected['gaps']}," in found["gaps"]["note"]
    assert (found["conflict"]["n"], found["spike"]["n"]) == (0, 0)


@needs_real_data
def test_daily_bars_with_broken_prices_are_counted_as_the_manifest_says():
    found = assess(real_raw("fx/EURUSD_1d.parquet"), "EURUSD-1d")
    assert (found["bad_ohlc"]["n"], found["duplicate"]["n"]) == (127, 0)


@needs_real_data
def test_stamps_off_the_grid_are_counted_as_the_manifest_says():
    found = assess(real_raw("fx/GOLD_FUT_1h.parquet"), "GOLD-1h")
    assert found["off_grid"]["n"] == 24


@needs_real_data
def test_stamps_that_come_twice_are_counted_as_the_manifest_says():
    found = assess(real_raw("binance_spot/klines12/BTCUSDT/1h_2017_2020.parquet"), "BTCUSDT-1h")
    assert found["off_grid"]["n"] == 43
    assert found["duplicate"]["n"] + found["conflict"]["n"] == 5


@needs_real_data
def test_the_outage_of_2023_03_24_is_the_one_gap_of_the_dirty_download():
    found = assess(real_raw("quirks/BTCUSDT_5m_spot_dups_unsorted.parquet"))
    assert found["duplicate"]["n"] == 16_336
    assert found["unsorted"]["n"] == 24
    assert found["longest_gap"]["n"] == 16
    assert found["longest_gap"]["first_time"].date().isoformat() == "2023-03-24"


@needs_real_data
def test_the_crash_of_2025_10_10_is_no_spike():
    crash = datetime(2025, 10, 10, tzinfo=UTC)
    for symbol in ("SUIUSDT", "TONUSDT", "ARBUSDT", "WLDUSDT"):
        raw = real_raw(f"binance_um/klines/{symbol}/1d.parquet")
        low, close = raw.filter(pl.col("time") == crash).select("low", "close").row(0)
        assert low < close / 2
        assert assess(raw, f"{symbol}-1d")["spike"]["n"] == 0


@needs_real_data
def test_bars_stamped_with_the_wrong_year_are_set_aside():
    found = assess(real_raw("binance_spot/klines12/BTCUSDT/4h.parquet"), "BTCUSDT-4h")
    assert (found["no_time"]["n"], found["conflict"]["n"]) == (1, 2)
    assert found["spike"]["n"] == 1
