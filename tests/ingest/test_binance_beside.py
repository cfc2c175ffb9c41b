"""What lies beside the bars: survey, fetch from a replayed venue, load."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest

from lake.errors import SourceError
from lake.schema import FETCHED, RAW_BARS, RAW_FUNDING, RAW_INTEREST, TIME
from tasks.ingest import binance
from tasks.ingest.binance import fetch, load_beside, survey, survey_beside
from tasks.ingest.binance_client import Client
from tasks.ingest.config import BESIDE
from tests.ingest.desk import BARS, CLOSED, NOW, Desk, distinct, real, same_bytes
from tests.ingest.replay import (
    HEADER,
    Refusal,
    bars_shelf,
    funding_shelf,
    interest_shelf,
)

FIRST = datetime(2022, 7, 1, tzinfo=UTC)
ASKED = datetime(2022, 7, 20, tzinfo=UTC)
EVERY_DAY = {f"2022-{month:02}-{day:02}" for month in (5, 6, 7, 8) for day in range(1, 32)}


def times(n: int, minutes: int) -> pl.Series:
    return pl.Series([FIRST + timedelta(minutes=minutes * i) for i in range(n)], dtype=TIME)


def settlements() -> pl.DataFrame:
    """Every eight hours, every four from 2 August on, each a few milliseconds late."""
    change = datetime(2022, 8, 2, tzinfo=UTC)
    hourly = pl.DataFrame({"due": times(24 * 40, 60)})
    hours = pl.when(pl.col("due") > change).then(4.0).otherwise(8.0)
    due = hourly.with_columns(hours=hours).filter(pl.col("due").dt.hour() % pl.col("hours") == 0)
    late = (pl.col("due").dt.ordinal_day() * 7 + pl.col("due").dt.hour()) % 23
    return due.select(
        time=pl.col("due") + pl.duration(milliseconds=late),
        rate=(late.cast(pl.Float64) - 9.0) / 1e5,
        hours="hours",
    )


def readings() -> pl.DataFrame:
    """Every five minutes, as they are: some late, some zero, some without value, one lacking."""
    n = 288 * 40
    frame = pl.DataFrame({"time": times(n, 5), "i": pl.arange(n, eager=True)})
    i = pl.col("i")
    late = pl.when(i % 997 == 5).then(3000).otherwise(0)
    return (
        frame.select(
            time=pl.col("time") + pl.duration(milliseconds=late),
            contracts=pl.when(i % 1009 == 7).then(0.0).otherwise(80_000.0 + i % 313),
            value=pl.when(i % 499 == 3).then(float("nan")).otherwise((80_000.0 + i % 313) * 2e4),
            i="i",
        )
        .filter(i % 1511 != 11)
        .drop("i")
    )


FUNDING, INTEREST = settlements(), readings()
MARK = BARS.with_columns(
    *(pl.lit(0.0).alias(name) for name in ("volume", "quote_volume", "taker_buy_volume")),
    taker_buy_quote_volume=pl.lit(0.0),
    trades=pl.lit(60.0),
    close=pl.col("close") * 1.5,
)
SPOT = BARS.with_columns(close=pl.col("close") * 1.25)
LEADER = BARS.with_columns(close=pl.col("close") * 1.75)
SHELVES = {
    "funding": funding_shelf(FUNDING),
    "interest": interest_shelf(INTEREST),
    "mark": bars_shelf(MARK, is_mark=True, header=HEADER),
    "spot": bars_shelf(SPOT, venue="spot"),
    "leader": bars_shelf(LEADER, symbol="ETHUSDT"),
}
CHANGES = {data: {"leader": "ETHUSDT"} if data == "leader" else {} for data in BESIDE}


@pytest.fixture
def venue(venue):
    venue.venue = "um"
    venue.beside = list(SHELVES.values())
    return venue


def zipped(text: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a.csv", text)
    return buffer.getvalue()


def between(rows: pl.DataFrame, start=ASKED, until=CLOSED) -> pl.DataFrame:
    return rows.filter(pl.col("time").is_between(start, until))


def once(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows without copies; where a copy says more, that one."""
    return (
        rows.drop("part")
        .sort("time", *rows.columns[1:-1])
        .unique("time", keep="first")
        .sort("time")
    )


# which companions


def test_a_perpetual_has_five_companions(desk, venue):
    config = desk.config(leader="ETHUSDT")
    market = desk.survey()
    found = survey_beside(config, [market])
    assert [snapshot.data for snapshot in found] == list(BESIDE)
    by_data = {snapshot.data: snapshot for snapshot in found}
    assert {s.market for s in found} == {"BTCUSDT-5m"}
    assert {s.settings["known_until"] for s in found} == {market.settings["known_until"]}
    assert [by_data[d].bars_of for d in BESIDE] == [None, None, "BTCUSDT", "BTCUSDT", "ETHUSDT"]
    assert by_data["spot"].settings["interface"] == "/api/v3/klines"
    assert by_data["mark"].bars_timeframe == "5m"
    assert by_data["funding"].settings["archives"] == "data/futures/um/{monthly}/fundingRate"
    assert by_data["interest"].settings["archives"] == "data/futures/um/{daily}/metrics"


def test_a_leader_that_is_a_market_itself_is_not_asked_twice(desk, venue):
    config = desk.config(symbols=("BTCUSDT", "ETHUSDT"))
    found = survey_beside(config, survey(config, clock=desk.time.clock))
    assert "leader" not in {snapshot.data for snapshot in found}
    assert len(found) == 8


def test_a_spot_market_has_no_companion_but_the_leader(desk, venue):
    venue.venue = "spot"
    (found,) = survey_beside(desk.config(leader="ETHUSDT"), [desk.survey()])
    assert (found.data, found.bars_of, found.settings["venue"]) == ("leader", "ETHUSDT", "spot")


@pytest.mark.parametrize("symbol", ["1000SHIBUSDT", "1000000MOGUSDT"])
def test_a_contract_of_many_coins_has_no_spot_of_the_same_price(desk, venue, symbol, caplog):
    caplog.set_level("INFO")
    found = survey_beside(desk.config(), [desk.survey(symbols=(symbol,))])
    assert [snapshot.data for snapshot in found] == ["funding", "interest", "mark", "leader"]
    assert "its spot price is another" in caplog.text


def test_a_name_that_begins_with_a_one_is_no_contract_of_many(desk, venue):
    found = survey_beside(desk.config(), [desk.survey(symbols=("1INCHUSDT",))])
    assert "spot" in {snapshot.data for snapshot in found}


def test_only_what_is_wanted_is_asked(desk, venue):
    assert survey_beside(desk.config(beside=()), [desk.survey()]) == []
    found = survey_beside(desk.config(beside=("interest", "funding")), [desk.survey()])
    assert [snapshot.data for snapshot in found] == ["interest", "funding"]


@pytest.mark.parametrize("data", BESIDE)
def test_the_same_request_within_one_bar_has_the_same_snapshot(desk, venue, data):
    first = desk.survey_beside(data, **CHANGES[data])
    venue.now = NOW + timedelta(minutes=2)
    assert desk.survey_beside(data, **CHANGES[data]) == first
    venue.now = NOW + timedelta(minutes=3)
    assert desk.survey_beside(data, **CHANGES[data]) != first


# what comes


def test_funding_comes_from_months_and_pages_with_its_late_stamps(desk, venue):
    rows = desk.rows("funding")
    assert RAW_FUNDING.conform(rows).height
    assert once(rows).drop("hours").equals(between(FUNDING).drop("hours"))
    assert venue.count("/daily/fundingRate") == 0
    from_archive = rows.filter(pl.col("part") == 0)
    assert from_archive.drop("part").equals(
        between(FUNDING, until=datetime(2022, 7, 31, 23, tzinfo=UTC))
    )
    assert rows.filter(pl.col("part") > 0)["hours"].is_nan().all()


def test_the_interval_of_funding_is_as_the_archive_says_it(desk, venue):
    venue.now = datetime(2022, 9, 1, 10, tzinfo=UTC)
    rows = desk.rows("funding", end=date(2022, 8, 8))
    assert rows.drop("part").equals(between(FUNDING, until=datetime(2022, 8, 9, tzinfo=UTC)))
    assert rows["hours"].unique().sort().to_list() == [4.0, 8.0]
    assert venue.count("/fapi/v1/fundingRate") == 0


def test_a_settlement_stamped_at_the_last_close_was_known_by_then(desk, venue):
    stamp = pl.when(pl.col("time") > CLOSED - timedelta(hours=3)).then(CLOSED)
    rows = FUNDING.filter(pl.col("time") < CLOSED).with_columns(time=stamp.otherwise("time"))
    after = rows.tail(1).with_columns(time=pl.lit(CLOSED + timedelta(milliseconds=1), TIME))
    venue.beside = [funding_shelf(pl.concat([rows, after]))]
    assert desk.rows("funding")["time"].max() == CLOSED


def test_open_interest_comes_from_days_and_pages_as_it_is(desk, venue):
    rows = desk.rows("interest")
    assert RAW_INTEREST.conform(rows).height
    found = once(rows)
    wanted = between(INTEREST)[1:]  # the first one lies in the archive of the day before
    assert found["time"].equals(wanted["time"])
    assert found["contracts"].equals(wanted["contracts"])
    assert found["value"].to_list() == pytest.approx(wanted["value"].to_list(), nan_ok=True)
    assert (found["contracts"] == 0).sum() > 0
    assert found["value"].is_nan().sum() > 0
    assert venue.count("/monthly/metrics") == 0
    assert venue.count("/futures/data/openInterestHist?symbol=BTCUSDT&period=5m&startTime=") == 1


def test_archives_that_bear_the_start_of_the_five_minutes_are_read_at_their_end(desk, venue):
    """From 2026-06-25 on a stamp is five minutes before the reading, in archives and in pages."""
    venue.now = datetime(2026, 6, 28, 10, 2, 30, tzinfo=UTC)
    closed, change = datetime(2026, 6, 28, 10, tzinfo=UTC), datetime(2026, 6, 25, tzinfo=UTC)
    stamps = [change + timedelta(minutes=5 * i) for i in range(-288, 4 * 288)]
    reading = pl.DataFrame(
        {
            "time": pl.Series(stamps, dtype=TIME),
            "contracts": [float(i) for i in range(1, len(stamps) + 1)],
            "value": [2.0 * i for i in range(1, len(stamps) + 1)],
        }
    )
    old = interest_shelf(reading.filter(pl.col("time") <= change))
    labelled = reading.filter(pl.col("time") > change).with_columns(
        time=pl.col("time") - timedelta(minutes=5)
    )
    new = interest_shelf(labelled, takes_end=False)
    venue.bars = BARS.clear()
    venue.beside = [new, replace(old, target="/nowhere")]
    rows = desk.rows("interest", start=date(2026, 6, 24))
    assert distinct(rows).equals(
        reading.filter(pl.col("time") <= closed, pl.col("time") > stamps[0])
    )


def test_open_interest_older_than_thirty_days_without_archive_is_not_asked(desk, venue, caplog):
    venue.lacking |= {"2022-07-03", "2022-07-25"}
    rows = desk.rows("interest", start=date(2022, 7, 2))
    lost = pl.col("time").is_between(
        datetime(2022, 7, 3, tzinfo=UTC), datetime(2022, 7, 4, tzinfo=UTC), closed="right"
    )
    wanted = between(INTEREST, start=datetime(2022, 7, 2, 0, 5, tzinfo=UTC)).filter(~lost)
    assert once(rows)["time"].equals(wanted["time"])
    assert "does not go back to 2022-07-03" in caplog.text
    reach = int((NOW - timedelta(days=30)).timestamp() * 1000)
    starts = [r.partition("startTime=")[2].partition("&")[0] for r in venue.requests]
    assert all(int(start) > reach for start in starts if start)


def test_pages_of_open_interest_outlive_the_interface(desk, venue):
    """What a page once gave is kept, although the venue has forgotten it and has no archive."""
    venue.lacking |= EVERY_DAY
    first = desk.rows("interest")
    known = CLOSED
    for days in (20, 25):
        venue.now += timedelta(days=days)
        later = desk.rows("interest")
        both = once(later).filter(pl.col("time") <= known)
        assert both.equals(once(first).filter(pl.col("time") <= known))
    assert venue.count('"code":-1130') == 0


def test_days_before_the_listing_are_not_asked_one_by_one(desk, venue):
    rows = desk.rows("interest", start=date(2022, 4, 1))
    since = datetime(2022, 7, 14, tzinfo=UTC)
    assert once(rows)["time"][0] == since + timedelta(minutes=5)
    assert venue.count("/metrics/BTCUSDT/BTCUSDT-metrics-2022-0") < 60
    assert venue.count("/fapi/v1/klines") == 1


def test_there_are_no_metrics_before_september_2020(desk, venue):
    assert desk.rows("interest", start=date(2019, 1, 1), end=date(2020, 8, 31)).is_empty()
    assert venue.requests == []


@pytest.mark.parametrize("header", [None, HEADER])
def test_spot_bars_come_from_the_spot_market(desk, venue, header):
    venue.in_microseconds = True
    venue.beside = [bars_shelf(SPOT, venue="spot", header=header, page_scale=1000)]
    rows = desk.rows("spot")
    assert RAW_BARS.conform(rows).height
    assert distinct(rows).equals(real().with_columns(close=pl.col("close") * 1.25))
    assert venue.count("/data/spot/monthly/klines/BTCUSDT/5m/") == 2
    assert venue.count("/api/v3/klines?symbol=BTCUSDT&interval=5m") == 1


def test_the_client_for_spot_bars_is_one_of_the_spot_market(desk, venue, monkeypatch):
    asked = []

    class Watched(Client):
        def __init__(self, config):
            asked.append(config.venue)
            super().__init__(config)

    monkeypatch.setattr(binance, "Client", Watched)
    fetch(desk.lake, desk.survey_beside("spot"), desk.config())
    assert asked == ["spot"]


def test_mark_price_bars_have_prices_and_nothing_else(desk, venue):
    rows = distinct(desk.rows("mark"))
    prices = ["time", "open", "high", "low", "close"]
    assert rows.select(prices).equals(
        real().with_columns(close=pl.col("close") * 1.5).select(prices)
    )
    assert rows.drop(prices).select(pl.all().is_nan().all()).row(0) == (True,) * 5
    assert venue.count("/data/futures/um/monthly/markPriceKlines/BTCUSDT/5m/") == 2
    assert venue.count("/fapi/v1/markPriceKlines?symbol=BTCUSDT&interval=5m") == 1


def test_the_leaders_bars_are_the_leaders(desk, venue):
    rows = distinct(desk.rows("leader", leader="ETHUSDT"))
    assert rows.equals(real().with_columns(close=pl.col("close") * 1.75))
    assert venue.count("BTCUSDT") == 0


# what is kept


@pytest.mark.parametrize("data", BESIDE)
def test_two_fetches_give_equal_bytes_and_the_second_asks_only_for_what_may_be_out_by_now(
    desk, venue, tmp_path, data
):
    first = desk.fetch_beside(data, **CHANGES[data])
    assert FETCHED.conform(first).height > 1
    asked = len(venue.requests)
    assert same_bytes(first, desk.fetch_beside(data, **CHANGES[data]))
    again = venue.requests[asked:]
    assert all(request.endswith("2022-08-04.zip") for request in again)
    assert len(again) == (data != "funding")
    other = Desk(venue, tmp_path / "other")
    assert same_bytes(first, other.fetch_beside(data, **CHANGES[data]))


@pytest.mark.parametrize("data", BESIDE)
@pytest.mark.parametrize("n_kept", [0, 1])
def test_an_interrupted_fetch_goes_on_where_it_stopped(desk, venue, tmp_path, data, n_kept):
    whole = Desk(venue, tmp_path / "whole").fetch_beside(data, **CHANGES[data])
    keep, left = desk.lake.put_blob, [n_kept]

    def dies_after(content: bytes) -> str:
        if not left[0]:
            raise KeyboardInterrupt
        left[0] -= 1
        return keep(content)

    desk.lake.put_blob = dies_after
    with pytest.raises(KeyboardInterrupt):
        desk.fetch_beside(data, **CHANGES[data])
    desk.lake.put_blob = keep
    venue.requests.clear()
    assert same_bytes(desk.fetch_beside(data, **CHANGES[data]), whole)
    came = [r for r in venue.requests if r.endswith(".zip") and "08-04" not in r]
    n_archives = (whole["origin"] != "rest").sum()
    assert len(came) == n_archives - n_kept


def test_a_later_fetch_asks_for_new_settlements_and_the_last_ten(desk, venue):
    desk.fetch_beside("funding")
    venue.requests.clear()
    venue.now = NOW + timedelta(hours=8)
    rows = desk.rows("funding")
    until = CLOSED + timedelta(hours=8)
    assert once(rows).drop("hours").equals(between(FUNDING, until=until).drop("hours"))
    (page,) = venue.requests
    first = int((CLOSED - timedelta(hours=80)).timestamp() * 1000)
    assert f"startTime={first}&" in page
    assert "limit=1000" in page


def test_a_month_of_funding_that_is_not_out_yet_comes_by_pages(desk, venue):
    venue.lacking.add("2022-07")
    fetched = desk.fetch_beside("funding")
    assert fetched["origin"].unique().to_list() == ["rest"]
    rows = load_beside(desk.lake, desk.survey_beside("funding"), (), fetched)
    assert once(rows).drop("hours").equals(between(FUNDING).drop("hours"))
    venue.lacking.clear()
    assert "monthly" in desk.fetch_beside("funding")["origin"].to_list()


def test_pages_of_funding_have_room_for_a_settlement_every_half_an_hour(desk, venue):
    venue.lacking.add("2022-07")
    rows = pl.DataFrame({"time": times(48 * 36, 30)}).with_columns(rate=1e-4, hours=0.5)
    venue.beside = [funding_shelf(rows.filter(pl.col("time") >= datetime(2022, 7, 3, tzinfo=UTC)))]
    found = once(desk.rows("funding", start=date(2022, 7, 3)))
    assert found.height == 48 * 33 + 21


# what is not there, and what goes wrong


@pytest.mark.parametrize("data", BESIDE)
def test_a_venue_without_a_companion_gives_nothing_and_no_error(desk, venue, data, caplog):
    venue.beside = []
    fetched = desk.fetch_beside(data, **CHANGES[data])
    assert same_bytes(fetched, FETCHED.empty())
    rows = load_beside(desk.lake, desk.survey_beside(data, **CHANGES[data]), (), fetched)
    table = {"funding": RAW_FUNDING, "interest": RAW_INTEREST}.get(data, RAW_BARS)
    assert same_bytes(rows, table.empty())


@pytest.mark.parametrize("data", BESIDE)
def test_a_symbol_that_is_not_traded_any_more_keeps_its_archives(desk, venue, data):
    unknown = Refusal(400, {}, b'{"code":-1121,"msg":"Invalid symbol."}')
    venue.when("startTime", *[unknown] * 3)
    fetched = desk.fetch_beside(data, **CHANGES[data])
    assert set(fetched["origin"]) <= {"monthly", "daily"}
    assert fetched.height >= 1


@pytest.mark.parametrize("data", BESIDE)
def test_no_network_is_an_error_all_the_same(desk, venue, data):
    dead = {"archive_url": "http://127.0.0.1:9", "rest_url": "http://127.0.0.1:9"}
    with pytest.raises(SourceError, match=r"could not reach 127\.0\.0\.1:9"):
        desk.fetch_beside(data, binance=dead, **CHANGES[data])


@pytest.mark.parametrize("data", BESIDE)
@pytest.mark.parametrize("where", [".zip", "startTime"])
def test_a_refusal_is_an_error_all_the_same(desk, venue, data, where):
    venue.when(where, *[Refusal(451)] * 9)
    with pytest.raises(SourceError, match="blocks the region"):
        desk.fetch_beside(data, **CHANGES[data])


@pytest.mark.parametrize(
    ("data", "body", "said"),
    [
        ("funding", b"<html>", "is no JSON"),
        ("funding", b'{"code":0}', "is no list of rows"),
        ("funding", b"[[1,2,3]]", "is no list of rows"),
        ("funding", b'[{"fundingTime":1659571200000}]', "no column for rate"),
        ("funding", b'[{"fundingTime":1659571200000,"fundingRate":"x"}]', "'x'"),
        ("funding", b'[{"fundingTime":7,"fundingRate":"1"}]', "fundingTime: 7"),
        ("funding", b'[{"fundingTime":null,"fundingRate":"1"}]', "without time"),
        ("funding", b'[{"fundingTime":1659571200000,"fundingRate":"Infinity"}]', "infinite"),
        ("funding", b'[{"fundingTime":1577836800000,"fundingRate":"1"}]', "from 2020-01-01"),
        ("funding", b'[{"fundingTime":1,"fundingRate":"1"},{}]', "without what the first one"),
        ("funding", b'[{"fundingTime":1,"fundingRate":[1]}]', "column fundingRate|List"),
        (
            "interest",
            b'[{"timestamp":1659571200000,"sumOpenInterest":1},'
            b'{"timestamp":1659571200000,"sumOpenInterest":"a"}]',
            "mixes numbers",
        ),
        ("mark", b"[[1,2,3]]", "12 columns"),
    ],
)
def test_a_page_of_something_else_is_refused(desk, venue, data, body, said):
    venue.when("startTime", lambda _: body)
    with pytest.raises(SourceError, match=said):
        desk.fetch_beside(data)


@pytest.mark.parametrize("data", ["funding", "interest"])
@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a,b,c\n1,2,3\n", "no column for"),
        ("calc_time,last_funding_rate,create_time,sum_open_interest\n", "has no rows"),
        (
            "calc_time,last_funding_rate,create_time,sum_open_interest\n"
            "1577836800000,1,1577836800000,1\n",
            "from 2020-01-01",
        ),
        (
            "calc_time,last_funding_rate,create_time,sum_open_interest\n"
            "1658275200000,much,1658275200000,much\n",
            "'much'",
        ),
        (
            "calc_time,last_funding_rate,create_time,sum_open_interest\n1658275200000,1",
            "middle of a line",
        ),
    ],
)
def test_an_archive_of_something_else_is_refused(desk, venue, data, text, said):
    venue.when(".zip", *[lambda body: zipped(text) if body[:2] == b"PK" else body] * 9)
    with pytest.raises(SourceError, match=said):
        desk.fetch_beside(data)


def test_a_funding_archive_without_header_is_read(desk, venue):
    venue.beside = [replace(SHELVES["funding"], header=None)]
    assert once(desk.rows("funding")).drop("hours").equals(between(FUNDING).drop("hours"))


def test_metrics_out_of_order_are_kept_and_said(desk, venue, caplog):
    shuffled = INTEREST.sample(fraction=1.0, shuffle=True, seed=3)
    venue.beside = [interest_shelf(shuffled)]
    fetched = desk.fetch_beside("interest", end=date(2022, 7, 22))
    assert "out of order" in caplog.text
    snapshot = desk.survey_beside("interest", end=date(2022, 7, 22))
    rows = load_beside(desk.lake, snapshot, (), fetched)
    until = datetime(2022, 7, 23, tzinfo=UTC)
    assert once(rows)["time"].equals(between(INTEREST, ASKED, until)["time"][1:])


def test_requests_with_limits_of_their_own_wait_for_the_next_minute(venue, desk):
    config = desk.config().binance.model_copy(update={"max_weight_share": 0.02})
    time = desk.time
    venue.used_weight = 1  # counts nothing of these
    with Client(config, clock=time.clock, sleep=time.sleep) as client:
        for _ in range(2):
            client.interface("/fapi/v1/fundingRate?symbol=X&startTime=0", 1, 0, "funding")
        assert time.slept == []
        client.interface("/fapi/v1/fundingRate?symbol=X&startTime=0", 1, 0, "funding")
        assert time.slept == [30.0]
        for _ in range(4):
            client.interface("/futures/data/openInterestHist?symbol=X", 1, 0, "statistics")
        assert time.slept == [30.0]
