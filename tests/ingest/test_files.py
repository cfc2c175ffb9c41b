from __future__ import annotations

import io
import os
import zipfile
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from lake.errors import InputError
from lake.schema import RAW_BARS
from tasks.ingest.config import IngestConfig
from tasks.ingest.files import load, survey
from tests.real import REAL_DATA, needs_real_data

MINUTE_MS = 60_000
HEADER = (
    "open_time,open,high,low,close,volume,close_time,quote_volume,count,"
    "taker_buy_volume,taker_buy_quote_volume,ignore"
)


def stamp_ms(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


def kline_rows(start: str, n: int, minutes: int = 5, price: float = 100.0, factor: int = 1) -> str:
    first = stamp_ms(start)
    lines = []
    for i in range(n):
        opened = first + i * minutes * MINUTE_MS
        closed = opened + minutes * MINUTE_MS - 1
        p = price + i
        lines.append(
            f"{opened * factor},{p},{p + 2},{p - 1},{p + 1},10.5,{closed * factor},"
            f"1050.25,{7 + i},4.5,450.5,0"
        )
    return "\n".join(lines) + "\n"


def zipped(text: str, member: str = "bars.csv") -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(member, text)
    return buffer.getvalue()


def put(path: Path, content: str | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def uniform(start: str, n: int, minutes: int = 5) -> pl.DataFrame:
    first = datetime.fromisoformat(start).replace(tzinfo=UTC)
    times = [first + timedelta(minutes=minutes * i) for i in range(n)]
    prices = [100.0 + i for i in range(n)]
    return pl.DataFrame(
        {
            "open_time": pl.Series(times, dtype=pl.Datetime("ms", "UTC")),
            "open": prices,
            "high": [p + 2 for p in prices],
            "low": [p - 1 for p in prices],
            "close": [p + 1 for p in prices],
            "volume": [10.5] * n,
        }
    )


def put_parquet(path: Path, frame: pl.DataFrame) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    frame.write_parquet(path)
    return path


def ask(data: Path, **fields) -> IngestConfig:
    return IngestConfig(source="files", data=str(data), **fields)


def load_all(config: IngestConfig, now: datetime | None = None) -> dict[str, pl.DataFrame]:
    found = survey(config, now)
    return {each.market: load(None, each.keyed, each.places) for each in found}


def refusal(config: IngestConfig) -> str:
    with pytest.raises(InputError) as caught:
        load_all(config)
    assert caught.value.do
    return str(caught.value)


def test_an_archive_is_read_with_and_without_header_in_ms_and_us(tmp_path):
    rows = kline_rows("2024-12-31 23:50:00", 2)
    put(tmp_path / "BTCUSDT-5m-2024-12.zip", zipped(HEADER + "\n" + rows))
    in_us = kline_rows("2025-01-01 00:00:00", 2, price=102, factor=1000)
    put(tmp_path / "BTCUSDT-5m-2025-01.zip", zipped(in_us))
    bars = load_all(ask(tmp_path))["BTCUSDT-5m"]
    assert bars.schema == pl.Schema(RAW_BARS.columns)
    assert bars["time"].cast(pl.Int64).diff().drop_nulls().to_list() == [5 * MINUTE_MS] * 3
    assert bars["open"].to_list() == [100.0, 101.0, 102.0, 103.0]
    assert bars["trades"].to_list() == [7.0, 8.0, 7.0, 8.0]
    assert bars["taker_buy_quote_volume"].to_list() == [450.5] * 4
    assert bars["part"].to_list() == [0, 0, 1, 1]


@pytest.mark.parametrize(
    "place",
    [
        "BTCUSDT/5m.parquet",
        "BTCUSDT/5m_2023_2024.parquet",
        "BTCUSDT/5m-old.csv",
        "BTCUSDT/5m.zip",
        "BTCUSDT-5m-2023-01.csv",
        "BTCUSDT-5m-2024-01-03.zip",
        "BTCUSDT/BTCUSDT-5m-2023-01.zip",
        "BTCUSDT/5m/BTCUSDT-5m-2023-01.zip",
        "anything/BTCUSDT_5m.csv",
    ],
)
def test_the_market_is_read_off_every_layout_of_names(tmp_path, place):
    put(tmp_path / "BTCUSDT" / "notes.txt", "not bars")
    put(tmp_path / "BTCUSDT" / "funding.csv", "not bars")
    if place.endswith("parquet"):
        put_parquet(tmp_path / place, uniform("2024-01-01", 4))
    else:
        text = kline_rows("2024-01-01", 4)
        put(tmp_path / place, zipped(text) if place.endswith("zip") else text)
    (found,) = survey(ask(tmp_path, drop_unproven_last_bar=False))
    assert found.market == "BTCUSDT-5m"
    assert load(None, found.keyed, found.places)["close"].to_list() == [101.0, 102.0, 103.0, 104.0]


def test_one_timeframe_is_not_taken_for_another(tmp_path):
    for name in ("1m", "15m", "5m", "1h", "1h_2020", "1M", "5mm"):
        put_parquet(tmp_path / "BTCUSDT" / f"{name}.parquet", uniform("2024-01-01", 3))
    for timeframe, n_parts in (("1m", 1), ("15m", 1), ("5m", 1), ("1h", 2)):
        (found,) = survey(ask(tmp_path, timeframe=timeframe))
        assert len(found.parts) == n_parts


def test_a_single_file_says_its_own_market(tmp_path):
    path = put(tmp_path / "ETHUSDT" / "1h.csv", kline_rows("2024-01-01", 3, minutes=60))
    (found,) = survey(ask(path))
    assert found.market == "ETHUSDT-1h"


def test_a_single_file_without_a_telling_name_takes_the_flags(tmp_path):
    path = put(tmp_path / "bars.csv", kline_rows("2024-01-01", 3))
    (found,) = survey(ask(path, symbols=("SOLUSDT",)))
    assert found.market == "SOLUSDT-5m"
    assert "does not say whose bars" in refusal(ask(path))


def test_parts_are_joined_by_first_time_and_overlaps_kept(tmp_path):
    put_parquet(tmp_path / "BTCUSDT" / "5m_a.parquet", uniform("2024-01-01 00:20:00", 4))
    put_parquet(tmp_path / "BTCUSDT" / "5m_b.parquet", uniform("2024-01-01 00:00:00", 6))
    bars = load_all(ask(tmp_path, drop_unproven_last_bar=False))["BTCUSDT-5m"]
    assert bars["part"].to_list() == [0] * 6 + [1] * 4
    assert bars["time"].n_unique() == 8


def test_rows_stay_as_dirty_as_they_came(tmp_path):
    frame = uniform("2024-01-01", 4).with_columns(open=pl.Series([100.0, -1.0, None, 103.0]))
    shuffled = pl.concat([frame, frame]).reverse()
    put_parquet(tmp_path / "BTCUSDT" / "5m.parquet", shuffled)
    bars = load_all(ask(tmp_path, drop_unproven_last_bar=False))["BTCUSDT-5m"]
    assert bars["open"].fill_nan(0).to_list() == [103.0, 0.0, -1.0, 100.0] * 2
    assert bars["taker_buy_volume"].is_nan().all()


def test_the_last_bar_of_a_download_is_dropped_but_not_of_an_archive(tmp_path):
    put(tmp_path / "AUSDT-5m-2024-01.csv", kline_rows("2024-01-01", 3))
    put(tmp_path / "BUSDT-5m.csv", kline_rows("2024-01-01", 3))
    bars = load_all(ask(tmp_path))
    assert bars["AUSDT-5m"].height == 3
    assert bars["BUSDT-5m"]["time"].max() == datetime(2024, 1, 1, 0, 5, tzinfo=UTC)
    assert load_all(ask(tmp_path, drop_unproven_last_bar=False))["BUSDT-5m"].height == 3


def test_the_last_bar_survives_where_another_part_goes_on(tmp_path):
    put(tmp_path / "BTCUSDT" / "5m_a.csv", kline_rows("2024-01-01", 3))
    put(tmp_path / "BTCUSDT" / "5m_b.csv", kline_rows("2024-01-01 00:05", 3, price=101))
    bars = load_all(ask(tmp_path))["BTCUSDT-5m"]
    assert bars["time"].unique().len() == 3
    assert bars["time"].max() == datetime(2024, 1, 1, 0, 10, tzinfo=UTC)


def test_a_bar_that_is_still_open_is_dropped_and_the_cut_is_part_of_the_fingerprint(tmp_path):
    put(tmp_path / "BTCUSDT-5m-2024-01.csv", kline_rows("2024-01-01", 6))
    now = datetime(2024, 1, 1, 0, 12, 30, tzinfo=UTC)
    config = ask(tmp_path)
    (found,) = survey(config, now)
    assert found.settings["known_until_ms"] == stamp_ms("2024-01-01 00:10:00")
    assert load_all(config, now)["BTCUSDT-5m"].height == 2
    assert survey(config, now + timedelta(minutes=2)) == survey(config, now)
    assert "known_until_ms" not in survey(config)[0].settings


def test_start_and_end_are_days_and_the_end_is_included(tmp_path):
    put(tmp_path / "BTCUSDT-1h-2024-01.csv", kline_rows("2024-01-01", 96, minutes=60))
    config = ask(tmp_path, timeframe="1h", start=date(2024, 1, 2), end=date(2024, 1, 3))
    bars = load_all(config)["BTCUSDT-1h"]
    assert bars["time"].min() == datetime(2024, 1, 2, tzinfo=UTC)
    assert bars["time"].max() == datetime(2024, 1, 3, 23, tzinfo=UTC)


def test_files_outside_the_days_asked_for_leave_the_fingerprint_alone(tmp_path):
    put(tmp_path / "BTCUSDT-5m-2024-01.csv", kline_rows("2024-01-31", 3))
    config = ask(tmp_path, end=date(2024, 1, 31))
    before = survey(config)
    put(tmp_path / "BTCUSDT-5m-2024-02.csv", kline_rows("2024-02-01", 3))
    assert survey(config) == before


def test_the_fingerprint_is_the_content_and_not_the_place(tmp_path):
    put(tmp_path / "one" / "BTCUSDT" / "5m.csv", kline_rows("2024-01-01", 3))
    put(tmp_path / "two" / "BTCUSDT" / "5m.csv", kline_rows("2024-01-01", 3))
    (one,), (two,) = survey(ask(tmp_path / "one")), survey(ask(tmp_path / "two"))
    assert one.keyed == two.keyed
    assert one.places != two.places
    put(tmp_path / "two" / "BTCUSDT" / "5m.csv", kline_rows("2024-01-01", 3, price=101))
    assert survey(ask(tmp_path / "two"))[0].keyed != one.keyed


def test_a_file_that_changes_after_the_survey_is_refused(tmp_path):
    path = put(tmp_path / "BTCUSDT-5m.csv", kline_rows("2024-01-01", 3))
    (found,) = survey(ask(tmp_path))
    put(path, kline_rows("2024-01-01", 4))
    with pytest.raises(InputError, match="has changed"):
        load(None, found, found.places)


def test_a_missing_or_empty_folder_is_refused(tmp_path):
    assert "is not there" in refusal(ask(tmp_path / "nowhere"))
    assert "no file with bars" in refusal(ask(tmp_path))
    assert "no data to read" in refusal(IngestConfig(source="files"))


def test_a_name_that_climbs_out_of_the_folder_is_ignored(tmp_path):
    put(tmp_path / "..x" / "5m.csv", kline_rows("2024-01-01", 3))
    put(tmp_path / "A..B-5m.csv", kline_rows("2024-01-01", 3))
    assert "no file with bars" in refusal(ask(tmp_path))


def test_an_unknown_symbol_is_answered_with_the_nearest_names(tmp_path):
    for symbol in ("BTCUSDT", "ETHUSDT", "SOLUSDT"):
        put(tmp_path / f"{symbol}-5m.csv", kline_rows("2024-01-01", 3))
    text = refusal(ask(tmp_path, symbols=("BTCUSD",)))
    assert "BTCUSD" in text
    assert "names like BTCUSDT" in text


def test_a_timeframe_that_is_not_there_is_answered_with_those_that_are(tmp_path):
    put(tmp_path / "BTCUSDT-15m.csv", kline_rows("2024-01-01", 3))
    put(tmp_path / "BTCUSDT-1h.csv", kline_rows("2024-01-01", 3))
    put(tmp_path / "ETHUSDT-4h.csv", kline_rows("2024-01-01", 3))
    assert "15m, 1h, 4h" in refusal(ask(tmp_path))
    assert "15m, 1h\n" in refusal(ask(tmp_path, symbols=("BTCUSDT",)))
    assert "no 4h bars of BTCUSDT" in refusal(
        ask(tmp_path, timeframe="4h", symbols=("BTCUSDT", "ETHUSDT"))
    )


def test_days_without_a_bar_are_answered_with_those_that_have(tmp_path):
    put(tmp_path / "BTCUSDT-5m.csv", kline_rows("2024-01-05", 3))
    assert "2024-01-05" in refusal(ask(tmp_path, start=date(2025, 1, 1)))
    put(tmp_path / "ETHUSDT-5m.csv", kline_rows("2025-01-05", 3))
    (found,) = survey(ask(tmp_path, start=date(2025, 1, 1)))
    assert found.symbol == "ETHUSDT"
    wanted = ask(tmp_path, start=date(2025, 1, 1), symbols=("BTCUSDT", "ETHUSDT"))
    assert "no bar of BTCUSDT-5m" in refusal(wanted)


def test_a_linked_folder_is_read_under_its_own_name(tmp_path):
    put(tmp_path / "store" / "x" / "5m.csv", kline_rows("2024-01-05", 3))
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "BTCUSDT").symlink_to(tmp_path / "store" / "x")
    assert [found.market for found in survey(ask(tmp_path / "data"))] == ["BTCUSDT-5m"]


def test_a_link_that_leads_back_is_not_followed_twice(tmp_path):
    put(tmp_path / "BTCUSDT-5m.csv", kline_rows("2024-01-05", 3))
    (tmp_path / "again").symlink_to(".")
    (found,) = survey(ask(tmp_path))
    assert len(found.parts) == 1


def test_a_pipe_is_refused_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "BTCUSDT-5m.csv")
    assert "pipe" in refusal(ask(tmp_path))


def test_the_last_day_of_the_calendar_and_a_name_too_long_are_no_trace(tmp_path):
    put(tmp_path / "BTCUSDT-5m.csv", kline_rows("2024-01-05", 3))
    assert len(survey(ask(tmp_path, end=date.max))) == 1
    assert "is not there" in refusal(ask(tmp_path / ("x" * 5000)))


def test_a_foreign_header_is_quoted_without_its_control_characters(tmp_path):
    put(tmp_path / "BTCUSDT-5m.csv", b"\x1b[2J\x00" * 1000)
    text = refusal(ask(tmp_path))
    assert "\x1b" not in text
    assert len(text) < 1000


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_refused(tmp_path):
    put(tmp_path / "BTCUSDT-5m.csv", kline_rows("2024-01-05", 3)).chmod(0)
    assert "cannot be read" in refusal(ask(tmp_path))


@needs_real_data
def test_the_shared_data_load_as_their_manifest_says():
    config = ask(
        REAL_DATA / "binance_um" / "klines", timeframe="15m", symbols=("BTCUSDT", "ETHUSDT")
    )
    manifest = pl.read_csv(REAL_DATA / "MANIFEST.csv", infer_schema=False)
    for market, bars in load_all(config).items():
        name = f"binance_um/klines/{market.partition('-')[0]}/15m.parquet"
        (row,) = manifest.filter(pl.col("file") == name).to_dicts()
        assert bars.height == int(row["rows"]) - 1
        assert str(bars["time"][0])[:19] == row["from"]
    assert bars.filter(pl.col("time") == datetime(2021, 1, 1, tzinfo=UTC))["open"].len() == 1
