from __future__ import annotations

import io
from datetime import UTC, date, datetime

import polars as pl
import pytest

from lake.errors import InputError
from tasks.ingest.layouts import read_bars, read_times
from tests.ingest.test_files import HEADER, kline_rows, stamp_ms, uniform, zipped


def parquet_bytes(frame: pl.DataFrame) -> bytes:
    buffer = io.BytesIO()
    frame.write_parquet(buffer)
    return buffer.getvalue()


def refusal(name: str, data: bytes | str) -> str:
    with pytest.raises(InputError) as caught:
        read_bars(name, data.encode() if isinstance(data, str) else data)
    assert name in caught.value.came
    assert caught.value.wanted
    assert caught.value.do
    return str(caught.value)


def test_the_same_bars_come_from_parquet_csv_and_zip():
    frame = uniform("2024-01-01", 5)
    text = frame.with_columns(pl.col("open_time").dt.epoch("ms")).write_csv()
    bars = read_bars("x.parquet", parquet_bytes(frame))
    assert read_bars("x.csv", text.encode()).equals(bars)
    assert read_bars("x.zip", zipped(text)).equals(bars)
    assert read_times("x.zip", zipped(text)).to_list() == bars["time"].to_list()


@pytest.mark.parametrize(
    "cell",
    ["1704067200000", "1704067200000000", "2024-01-01 00:00:00", "2024-01-01T00:00:00Z",
     "2024-01-01", "2024-01-01 00:00:00+00:00", "2024-01-01 00:00:00.000000"],
)  # fmt: skip
def test_a_time_may_be_said_in_these_ways(cell):
    bars = read_bars("x.csv", f"open_time,open,high,low,close,volume\n{cell},1,1,1,1,1\n".encode())
    assert bars["time"].to_list() == [datetime(2024, 1, 1, tzinfo=UTC)]


def test_a_file_joined_across_the_switch_to_microseconds_is_read_stamp_by_stamp():
    text = kline_rows("2024-12-31 23:55", 1) + kline_rows("2025-01-01", 1, factor=1000)
    times = read_times("x.csv", text.encode()).cast(pl.Int64).to_list()
    assert times == [stamp_ms("2024-12-31 23:55"), stamp_ms("2025-01-01")]


def test_datetimes_without_zone_and_dates_are_utc():
    frame = uniform("2024-01-01", 2)
    naive = frame.with_columns(
        pl.col("open_time").dt.replace_time_zone(None).cast(pl.Datetime("ns"))
    )
    assert read_times("x.parquet", parquet_bytes(naive)).to_list() == frame["open_time"].to_list()
    days = frame.with_columns(open_time=pl.Series([date(2024, 1, 1), date(2024, 1, 2)]))
    assert read_times("x.parquet", parquet_bytes(days))[1] == datetime(2024, 1, 2, tzinfo=UTC)


def test_windows_line_ends_marks_and_capitals_do_not_matter():
    text = HEADER.upper() + "\n" + kline_rows("2024-01-01", 2)
    data = b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode()
    assert read_bars("x.csv", data)["trades"].to_list() == [7.0, 8.0]


def test_an_empty_cell_is_a_missing_number():
    text = "open_time,open,high,low,close,volume\n1704067200000,1,2,,1,5\n,1,2,1,1,5\n"
    bars = read_bars("x.csv", text.encode())
    assert bars["low"].is_nan().to_list() == [True, False]
    assert bars["time"].is_null().to_list() == [False, True]


def test_text_where_a_number_belongs_is_named_by_line_and_column():
    text = HEADER + "\n" + kline_rows("2024-01-01", 3).replace("101.0,103.0", "oops,103.0")
    said = refusal("x.csv", text)
    assert "line 3" in said
    assert "column open: 'oops'" in said
    bare = kline_rows("2024-01-01", 3).replace("101.0,103.0", "oops,103.0")
    assert "line 2" in refusal("x.csv", bare)


def test_text_where_a_number_belongs_is_named_by_row_in_parquet():
    frame = uniform("2024-01-01", 3).with_columns(close=pl.Series(["1", "2", "three"]))
    assert "row 3, column close: 'three'" in refusal("x.parquet", parquet_bytes(frame))
    flags = uniform("2024-01-01", 3).with_columns(close=pl.lit(True))
    assert "column close: Boolean" in refusal("x.parquet", parquet_bytes(flags))


@pytest.mark.parametrize("cell", ["soon", "1704067200", "17040672000000000000", "-5", "01/02/2024"])
def test_a_time_that_is_none_is_refused(cell):
    said = refusal("x.csv", f"open_time,open,high,low,close,volume\n{cell},1,1,1,1,1\n")
    assert "line 2, column open_time" in said


def test_missing_columns_are_listed():
    said = refusal("x.parquet", parquet_bytes(uniform("2024-01-01", 2).drop("low", "volume")))
    assert "lacks the columns low, volume" in said


def test_rows_without_header_must_have_the_twelve_columns():
    assert "no header and 6 columns" in refusal("x.csv", "1704067200000,1,1,1,1,1\n")


@pytest.mark.parametrize("suffix", ["parquet", "csv", "zip"])
def test_an_empty_file_is_refused(suffix):
    assert "is empty" in refusal(f"x.{suffix}", b"")


def test_a_file_without_rows_is_refused():
    assert "no rows" in refusal("x.csv", HEADER + "\n")
    assert "no rows" in refusal("x.parquet", parquet_bytes(uniform("2024-01-01", 1).clear()))


def test_a_truncated_file_is_refused_wherever_it_is_cut():
    frame = uniform("2024-01-01", 300)
    whole = {"x.parquet": parquet_bytes(frame), "x.zip": zipped(kline_rows("2024-01-01", 300))}
    for name, data in whole.items():
        for share in (0.02, 0.3, 0.6, 0.9, 0.99):
            refusal(name, data[: int(len(data) * share)])


def test_a_csv_cut_in_its_last_line_is_refused():
    text = kline_rows("2024-01-01", 3)
    assert "middle of a line" in refusal("x.csv", text[:-30])


def test_bytes_that_are_something_else_are_refused():
    for name in ("x.parquet", "x.zip", "x.csv"):
        refusal(name, bytes(range(256)) * 20)


def test_a_zip_with_a_flipped_byte_is_refused():
    data = bytearray(zipped(kline_rows("2024-01-01", 300)))
    data[len(data) // 2] ^= 0xFF
    assert "no whole zip" in refusal("x.zip", bytes(data))


@pytest.mark.parametrize(
    "member", ["../bars.csv", "/bars.csv", "a/bars.csv", "c:bars.csv", "x.txt"]
)
def test_a_zip_with_a_member_that_is_no_plain_csv_is_refused(member):
    assert "one CSV" in refusal("x.zip", zipped(kline_rows("2024-01-01", 3), member))


def test_a_zip_with_two_members_or_none_is_refused():
    import zipfile

    for n_members in (0, 2):
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            for i in range(n_members):
                archive.writestr(f"{i}.csv", kline_rows("2024-01-01", 3))
        assert f"holds {n_members} files" in refusal("x.zip", buffer.getvalue())
