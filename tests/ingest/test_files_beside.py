from __future__ import annotations

import logging
import math
from datetime import UTC, date, datetime, timedelta
from pathlib import PurePath

import polars as pl
import pytest

from lake.errors import InputError
from lake.schema import RAW_BARS, RAW_FUNDING, RAW_INTEREST
from tasks.ingest.config import IngestConfig
from tasks.ingest.files import load_beside, survey, survey_beside
from tasks.ingest.files_beside import choose_step
from tasks.ingest.names import read_funding_name, read_interest_name
from tasks.ingest.snapshot import Snapshot
from tests.ingest.test_files import kline_rows, put, put_parquet, stamp_ms, uniform, zipped

START = datetime(2024, 1, 1, tzinfo=UTC)
FLAGS = {"funding": "funding", "interest": "open_interest", "spot": "spot", "mark": "mark"}


def market(symbol="BTCUSDT", timeframe="15m", **days):
    return Snapshot(source="files", symbol=symbol, timeframe=timeframe, **days)


def ask(data, place, **fields):
    """A config that asks for one kind of data at `place`."""
    named = {"data" if data == "leader" else FLAGS[data]: str(place)}
    return IngestConfig(source="files", beside=(data,), **named, **fields)


def look(data, place, markets=None, **fields):
    found = survey_beside(ask(data, place, **fields), markets or [market()])
    assert {each.data for each in found} <= {data}
    return found


def rows(data, place, markets=None, **fields):
    (found,) = look(data, place, markets, **fields)
    return load_beside(None, found.keyed, found.places)


def refusal(data, place, **fields):
    with pytest.raises(InputError) as caught:
        rows(data, place, **fields)
    assert caught.value.wanted
    assert caught.value.do
    return str(caught.value)


def funding_csv(*hours, rate="0.0001", header="calc_time,funding_interval_hours,last_funding_rate"):
    lines = [f"{stamp_ms('2024-01-01') + at * 3_600_000 + 3},8,{rate}" for at in hours]
    return "\n".join([header, *lines]) + "\n"


def metrics_csv(start, n, contracts=100.0):
    first = datetime.fromisoformat(start)
    lines = [
        f"{first + timedelta(minutes=5 * k)},BTCUSDT,{contracts + k},{(contracts + k) * 10},1,1"
        for k in range(n)
    ]
    head = "create_time,symbol,sum_open_interest,sum_open_interest_value,x,y"
    return "\n".join([head, *lines]) + "\n"


def settlements(n, **columns):
    times = [START + timedelta(hours=8 * k) for k in range(n)]
    frame = pl.DataFrame({"funding_time": pl.Series(times, dtype=pl.Datetime("ms", "UTC"))})
    return frame.with_columns(funding_rate=pl.lit(1e-4), **columns)


@pytest.mark.parametrize(
    ("name", "symbol"),
    [
        ("BTCUSDT.parquet", "BTCUSDT"),
        ("1000SHIBUSDT.csv", "1000SHIBUSDT"),
        ("BTCUSDT-fundingRate-2024-01.zip", "BTCUSDT"),
        ("BTCUSDT_240628.csv", "BTCUSDT_240628"),
        ("_all_symbols_recent.parquet", None),
        ("BTCUSDT.txt", None),
        ("BTCUSDT-5m.csv", None),
        ("A..B.csv", None),
        ("btcusdt.csv", None),
    ],
)
def test_a_name_says_whose_funding_it_holds(name, symbol):
    assert read_funding_name(PurePath(name)) == symbol


@pytest.mark.parametrize(
    ("name", "symbol"),
    [
        ("BTCUSDT_5m.parquet", "BTCUSDT"),
        ("BTCUSDT.csv", "BTCUSDT"),
        ("BTCUSDT-metrics-2024-01-31.zip", "BTCUSDT"),
        ("BTCUSDT-fundingRate-2024-01.zip", None),
        ("_all_symbols_4h_recent.parquet", None),
    ],
)
def test_a_name_says_whose_open_interest_it_holds(name, symbol):
    assert read_interest_name(PurePath(name)) == symbol


def test_funding_is_read_from_archives_csv_and_parquet(tmp_path):
    put(tmp_path / "a" / "BTCUSDT-fundingRate-2024-01.zip", zipped(funding_csv(0, 8)))
    put(tmp_path / "a" / "BTCUSDT-fundingRate-2024-02.csv", funding_csv(16))
    whole = rows("funding", tmp_path / "a")
    assert whole.schema == pl.Schema(RAW_FUNDING.columns)
    assert whole["time"].cast(pl.Int64).diff().drop_nulls().to_list() == [28_800_000] * 2
    assert whole["time"].dt.millisecond().to_list() == [3, 3, 3]
    assert whole.select("rate", "hours").rows() == [(1e-4, 8.0)] * 3
    assert whole["part"].to_list() == [0, 0, 1]
    put_parquet(tmp_path / "b" / "BTCUSDT.parquet", settlements(3))
    plain = rows("funding", tmp_path / "b")
    assert plain["rate"].to_list() == [1e-4] * 3
    assert plain["hours"].is_nan().all()


def test_the_interface_spells_funding_its_own_way(tmp_path):
    head = "fundingTime,symbol,fundingRate"
    text = f"{head}\n{stamp_ms('2024-01-01')},BTCUSDT,-0.0002\n"
    put(tmp_path / "BTCUSDT.csv", text)
    assert rows("funding", tmp_path)["rate"].to_list() == [-2e-4]


def test_open_interest_is_read_from_daily_archives(tmp_path):
    for day in ("2024-01-01", "2024-01-02"):
        put(tmp_path / f"BTCUSDT-metrics-{day}.zip", zipped(metrics_csv(f"{day} 00:05:00", 3)))
    readings = rows("interest", tmp_path)
    assert readings.schema == pl.Schema(RAW_INTEREST.columns)
    assert readings["time"][0] == START + timedelta(minutes=5)
    assert readings["contracts"].to_list() == [100.0, 101.0, 102.0] * 2
    assert readings["value"].to_list() == [1000.0, 1010.0, 1020.0] * 2
    assert readings["part"].to_list() == [0] * 3 + [1] * 3


def test_open_interest_without_value_is_read_with_nan(tmp_path):
    put(tmp_path / "BTCUSDT_5m.csv", f"timestamp,sumOpenInterest\n{stamp_ms('2024-01-01')},5\n")
    (row,) = rows("interest", tmp_path).to_dicts()
    assert row["contracts"] == 5.0
    assert math.isnan(row["value"])


def test_rows_stay_as_dirty_as_they_came(tmp_path):
    put(tmp_path / "BTCUSDT.csv", funding_csv(8, 0, 0, rate=""))
    whole = rows("funding", tmp_path)
    assert whole["time"].dt.hour().to_list() == [8, 0, 0]
    assert whole["rate"].is_nan().all()


def test_the_day_before_the_first_one_is_read_too(tmp_path):
    put(tmp_path / "BTCUSDT.csv", funding_csv(*range(0, 240, 8)))
    put_parquet(tmp_path / "s" / "BTCUSDT-1h-2024-01.parquet", uniform("2024-01-01", 240, 60))
    days = {"start": date(2024, 1, 4), "end": date(2024, 1, 5)}
    asked = [market(timeframe="1h", **days)]
    settled = rows("funding", tmp_path, asked, **days)["time"].dt.truncate("1m")
    assert settled[0] == datetime(2024, 1, 3, tzinfo=UTC)
    assert settled[-1] == datetime(2024, 1, 5, 16, tzinfo=UTC)
    spot = rows("spot", tmp_path / "s", asked, **days)["time"]
    assert spot[0] == datetime(2024, 1, 3, tzinfo=UTC)
    assert spot[-1] == datetime(2024, 1, 5, 23, tzinfo=UTC)


def test_a_stamp_at_the_end_of_the_last_day_is_known_at_its_last_close(tmp_path):
    put_parquet(tmp_path / "BTCUSDT.parquet", settlements(9))
    days = {"end": date(2024, 1, 2)}
    settled = rows("funding", tmp_path, [market(**days)], **days)
    assert settled["time"][-1] == datetime(2024, 1, 3, tzinfo=UTC)


@pytest.mark.parametrize(
    ("own", "there", "coarser", "chosen"),
    [
        ("15m", ["1m", "5m", "15m", "1h"], False, "15m"),
        ("15m", ["1m", "5m", "1h"], False, "5m"),
        ("1h", ["5m", "30m", "4h"], True, "30m"),
        ("15m", ["4h", "1h", "1d"], True, "1h"),
        ("15m", ["1h"], False, None),
        ("4h", ["3m", "15m"], False, "15m"),
        ("5m", ["3m"], False, None),
        ("5m", [], True, None),
    ],
)
def test_the_bars_that_serve_beside_others(own, there, coarser, chosen):
    assert choose_step(own, there, coarser=coarser) == chosen


def test_spot_takes_finer_bars_and_never_coarser_ones(tmp_path):
    put_parquet(tmp_path / "BTCUSDT" / "5m.parquet", uniform("2024-01-01", 6))
    put_parquet(tmp_path / "BTCUSDT" / "5m_2020.parquet", uniform("2020-01-01", 6))
    put_parquet(tmp_path / "BTCUSDT" / "1h.parquet", uniform("2024-01-01", 6, 60))
    (found,) = look("spot", tmp_path)
    assert found.market == "BTCUSDT-15m"
    assert (found.bars_of, found.bars_timeframe, len(found.parts)) == ("BTCUSDT", "5m", 2)
    spot = load_beside(None, found.keyed, found.places)
    assert spot.schema == pl.Schema(RAW_BARS.columns)
    assert spot.height == 10  # each file's last bar may not be final
    (found,) = look("spot", tmp_path, [market(timeframe="4h")])
    assert found.bars_timeframe == "1h"


def test_mark_bars_need_no_volume_and_may_be_coarser(tmp_path):
    frame = uniform("2024-01-01", 6, 60).drop("volume")
    put_parquet(tmp_path / "BTCUSDT" / "1h.parquet", frame)
    (found,) = look("mark", tmp_path)
    assert found.bars_timeframe == "1h"
    mark = load_beside(None, found.keyed, found.places)
    assert mark["volume"].is_nan().all()
    assert mark["close"].to_list() == frame["close"].to_list()[:-1]
    with pytest.raises(InputError, match="lacks the columns volume"):
        look("spot", tmp_path, [market(timeframe="1h")])


def test_a_companions_open_bar_is_not_final(tmp_path):
    put(tmp_path / "BTCUSDT-1h-2024-01.csv", kline_rows("2024-01-01", 3, minutes=60))
    now = START + timedelta(hours=2, minutes=30)
    (found,) = survey_beside(ask("spot", tmp_path), [market(timeframe="1h")], now)
    assert load_beside(None, found.keyed, found.places).height == 2
    assert found.settings["known_until_ms"] == stamp_ms("2024-01-01 02:00:00")


def test_the_leaders_bars_come_from_the_folder_of_bars(tmp_path):
    for symbol in ("BTCUSDT", "ETHUSDT"):
        put_parquet(tmp_path / symbol / "15m.parquet", uniform("2024-01-01", 6, 15))
    (found,) = look("leader", tmp_path, [market("ETHUSDT")])
    assert found.market == "ETHUSDT-15m"
    assert (found.bars_of, found.bars_timeframe) == ("BTCUSDT", "15m")
    assert load_beside(None, found.keyed, found.places).height == 5
    assert look("leader", tmp_path, [market("ETHUSDT"), market("BTCUSDT")]) == []
    assert look("leader", tmp_path, [market("BTCUSDT")]) == []
    (found,) = look("leader", tmp_path, [market("BTCUSDT")], leader="ETHUSDT")
    assert found.bars_of == "ETHUSDT"


def test_a_single_file_of_bars_has_no_leader(tmp_path):
    path = put_parquet(tmp_path / "bars.parquet", uniform("2024-01-01", 6, 15))
    assert look("leader", path, [market("ETHUSDT")]) == []


def test_a_single_file_is_the_one_markets(tmp_path):
    path = put_parquet(tmp_path / "rates.parquet", settlements(3))
    assert rows("funding", path).height == 3
    with pytest.raises(InputError, match="no file with funding"):
        look("funding", path, [market("ETHUSDT"), market("BTCUSDT")])
    path = put_parquet(tmp_path / "spot.parquet", uniform("2024-01-01", 6, 15))
    assert rows("spot", path).height == 5


def test_a_symbol_that_is_not_there_is_left_out_and_said_in_the_log(tmp_path, caplog):
    put_parquet(tmp_path / "BTCUSDT.parquet", settlements(3))
    put_parquet(tmp_path / "spot" / "BTCUSDT" / "15m.parquet", uniform("2024-01-01", 6, 15))
    with caplog.at_level(logging.INFO):
        for data, place in (("funding", tmp_path), ("spot", tmp_path / "spot")):
            (found,) = look(data, place, [market("ETHUSDT"), market("BTCUSDT")])
            assert found.symbol == "BTCUSDT"
            assert f"no {data} for ETHUSDT-15m" in caplog.text


def test_what_lies_outside_the_days_is_left_out(tmp_path):
    put_parquet(tmp_path / "BTCUSDT.parquet", settlements(3))
    days = {"start": date(2025, 1, 1)}
    assert look("funding", tmp_path, [market(**days)], **days) == []


def test_only_what_is_asked_for_and_has_a_folder_is_looked_for(tmp_path):
    put_parquet(tmp_path / "BTCUSDT.parquet", settlements(3))
    config = IngestConfig(source="files", funding=str(tmp_path), beside=())
    assert survey_beside(config, [market()]) == []
    assert survey_beside(IngestConfig(source="files"), [market()]) == []


def test_the_fingerprint_is_the_content_and_not_the_place(tmp_path):
    for folder in ("one", "two"):
        put_parquet(tmp_path / folder / "BTCUSDT.parquet", settlements(3))
    (one,), (two,) = (look("funding", tmp_path / folder) for folder in ("one", "two"))
    assert one.keyed == two.keyed
    put_parquet(tmp_path / "two" / "BTCUSDT.parquet", settlements(4))
    assert look("funding", tmp_path / "two")[0].keyed != one.keyed


def test_what_is_of_a_market_differs_by_what_it_is(tmp_path):
    put_parquet(tmp_path / "BTCUSDT" / "15m.parquet", uniform("2024-01-01", 6, 15))
    (own,) = survey(IngestConfig(source="files", data=str(tmp_path), timeframe="15m"))
    keyed = [own.keyed, *(look(data, tmp_path)[0].keyed for data in ("spot", "mark"))]
    assert len({each.model_dump_json() for each in keyed}) == 3
    assert {each.market for each in keyed} == {"BTCUSDT-15m"}


def test_a_file_that_changes_after_the_survey_is_refused(tmp_path):
    put_parquet(tmp_path / "BTCUSDT.parquet", settlements(3))
    (found,) = look("funding", tmp_path)
    put_parquet(tmp_path / "BTCUSDT.parquet", settlements(4))
    with pytest.raises(InputError, match="has changed"):
        load_beside(None, found, found.places)


@pytest.mark.parametrize("data", FLAGS)
def test_a_folder_that_is_not_there_or_holds_nothing_is_refused(tmp_path, data):
    flag = "--" + FLAGS[data].replace("_", "-")
    assert f"check {flag}" in refusal(data, tmp_path / "nowhere")
    assert "is not there" in refusal(data, tmp_path / "nowhere")
    assert "holds no file with" in refusal(data, tmp_path)


@pytest.mark.parametrize("data", ["funding", "interest"])
@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("BTCUSDT.csv", b"", "is empty"),
        ("BTCUSDT.parquet", b"PAR1 cut", "no whole Parquet"),
        ("BTCUSDT.zip", zipped("a,b\n1,2\n")[:-9], "no whole zip"),
        ("BTCUSDT.csv", b"calc_time,create_time\n1,2\n", "no column for"),
        ("BTCUSDT.csv", b"1704067200000,0.0001\n", "no header"),
        ("BTCUSDT.csv", b"\xff\xfe\x00garbage\x00", "no column for"),
    ],
)
def test_broken_files_are_refused_and_never_crash(tmp_path, data, name, content, said):
    put(tmp_path / name, content)
    assert said in refusal(data, tmp_path)


def test_files_without_rows_or_times_are_refused(tmp_path):
    put(tmp_path / "BTCUSDT.csv", funding_csv())
    assert "has no rows" in refusal("funding", tmp_path)
    put(tmp_path / "BTCUSDT.csv", metrics_csv("2024-01-01", 0))
    assert "has no rows" in refusal("interest", tmp_path)
    put(tmp_path / "BTCUSDT.csv", "calc_time,last_funding_rate\n,0.1\n")
    assert "has no time in any row" in refusal("funding", tmp_path)


def test_a_file_cut_within_a_line_is_refused(tmp_path):
    put(tmp_path / "BTCUSDT.csv", funding_csv(0, 8)[:-12])
    assert "ends in the middle of a line" in refusal("funding", tmp_path)


def test_a_word_where_a_rate_belongs_is_named_by_its_line(tmp_path):
    put(tmp_path / "BTCUSDT.csv", funding_csv(0, 8, rate="much"))
    assert "line 2, column last_funding_rate: 'much'" in refusal("funding", tmp_path)
    put(tmp_path / "BTCUSDT.csv", funding_csv(0).replace("1704", "x704"))
    assert "column calc_time" in refusal("funding", tmp_path)


def test_a_file_of_several_symbols_is_refused(tmp_path):
    frame = settlements(2, symbol=pl.Series(["BTCUSDT", "ETHUSDT"]))
    put_parquet(tmp_path / "BTCUSDT.parquet", frame)
    assert "is of 2 symbols" in refusal("funding", tmp_path)
