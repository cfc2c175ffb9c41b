"""The whole way: survey, fetch from a replayed venue, load."""

from __future__ import annotations

import threading
from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest

from lake.errors import ConfigError, InputError, SourceError
from lake.keys import sha256
from lake.schema import FETCHED, RAW_BARS
from tasks.ingest.binance import load, survey
from tests.ingest.desk import CLOSED, NOW, Desk, distinct, real, same_bytes
from tests.ingest.replay import Refusal


def test_bars_from_archives_and_pages_are_the_real_bars(desk, venue):
    bars = desk.bars()
    assert distinct(bars).equals(real())
    assert RAW_BARS.conform(bars).height == real().height + 10  # the overlap of archives and pages


def test_the_list_of_what_was_fetched_names_every_piece(desk):
    fetched = desk.fetch()
    assert FETCHED.conform(fetched)["origin"].to_list() == ["monthly"] + ["daily"] * 3 + ["rest"]
    assert fetched["name"][0].endswith("data/spot/monthly/klines/BTCUSDT/5m/BTCUSDT-5m-2022-07.zip")
    assert fetched["order"].to_list() == list(range(5))
    assert fetched["known_until"].unique().to_list() == [CLOSED]
    assert fetched["checksum_holds"].to_list() == [True] * 4 + [None]
    for row in fetched.iter_rows(named=True):
        kept = desk.lake.get_blob(row["content"])
        assert (len(kept), sha256(kept)) == (row["n_bytes"], row["content"])
        assert row["checksum"] in (None, row["content"])


@pytest.mark.parametrize("has_header", [False, True])
@pytest.mark.parametrize("in_microseconds", [False, True])
def test_header_and_unit_of_the_stamps_do_not_matter(desk, venue, has_header, in_microseconds):
    venue.has_header, venue.in_microseconds = has_header, in_microseconds
    venue.pages_in_microseconds = in_microseconds
    assert distinct(desk.bars()).equals(real())


def test_usdm_archives_lie_elsewhere(desk, venue):
    venue.venue = "um"
    assert distinct(desk.bars()).equals(real())
    assert venue.count("/data/futures/um/monthly/klines/BTCUSDT/5m/") == 2
    assert venue.count("/fapi/v1/klines?symbol=BTCUSDT&interval=5m") == 1


def test_a_bar_that_is_still_open_is_dropped(desk, venue):
    venue.heeds_end = False
    assert desk.bars()["time"].max() == CLOSED - timedelta(minutes=5)


def test_the_end_day_is_wanted_whole_and_nothing_after_it(desk, venue):
    bars = desk.bars(end=date(2022, 8, 2))
    assert distinct(bars).equals(real(until=datetime(2022, 8, 3, tzinfo=UTC)))
    assert venue.count("/api/v3") == 0


def test_an_end_inside_an_archived_month_takes_one_archive(desk, venue):
    bars = desk.bars(end=date(2022, 7, 25))
    assert distinct(bars).equals(real(until=datetime(2022, 7, 26, tzinfo=UTC)))
    assert [r for r in venue.requests if not r.endswith("CHECKSUM")] == [
        "/data/spot/monthly/klines/BTCUSDT/5m/BTCUSDT-5m-2022-07.zip"
    ]


def test_a_month_that_is_not_out_yet_is_taken_day_by_day(desk, venue):
    venue.lacking.add("2022-07")
    fetched = desk.fetch()
    assert fetched["origin"].to_list() == ["daily"] * 15 + ["rest"]
    assert distinct(load(desk.lake, desk.survey(), (), fetched)).equals(real())


def test_without_any_archive_everything_comes_by_pages(desk, venue):
    venue.lacking |= {"2022-07", *(f"2022-{m:02}-{d:02}" for m in (7, 8) for d in range(1, 32))}
    fetched = desk.fetch()
    assert fetched["origin"].unique().to_list() == ["rest"]
    assert distinct(load(desk.lake, desk.survey(), (), fetched)).equals(real())


def test_months_before_the_listing_are_not_asked_for_twice(desk, venue):
    bars = desk.bars(start=date(2022, 3, 15))
    assert distinct(bars).equals(real(start=date(2022, 7, 14)))
    assert venue.count("/api/v3/klines") == 1
    assert not any("2022-06-" in request for request in venue.requests)


def test_a_hole_between_archives_is_filled_by_pages(desk, venue):
    venue.lacking.add("2022-08-02")
    fetched = desk.fetch()
    assert fetched["origin"].to_list() == ["monthly", "daily", "rest", "daily", "rest"]
    assert distinct(load(desk.lake, desk.survey(), (), fetched)).equals(real())


def test_two_fetches_give_equal_bytes_and_the_second_asks_nothing_that_it_has(
    desk, venue, tmp_path
):
    first = desk.fetch()
    asked = len(venue.requests)
    second = desk.fetch()
    assert same_bytes(first, second)
    assert venue.requests[asked:] == [
        "/data/spot/daily/klines/BTCUSDT/5m/BTCUSDT-5m-2022-08-04.zip"  # may be out by now
    ]
    assert same_bytes(first, Desk(venue, tmp_path / "other").fetch())


def test_fetches_of_one_request_at_once_give_equal_bytes(venue, tmp_path):
    desks = [Desk(venue, tmp_path / "lake") for _ in range(3)]
    found: list[pl.DataFrame] = []
    threads = [threading.Thread(target=lambda d=desk: found.append(d.fetch())) for desk in desks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 3
    assert same_bytes(found[0], found[1])
    assert same_bytes(found[0], found[2])


@pytest.mark.parametrize("n_kept", [0, 1, 3, 4])
def test_an_interrupted_fetch_brings_only_what_is_missing(desk, venue, tmp_path, n_kept):
    whole = Desk(venue, tmp_path / "whole").fetch()
    venue.requests.clear()
    keep, left = desk.lake.put_blob, [n_kept]

    def dies_after(data: bytes) -> str:
        if not left[0]:
            raise KeyboardInterrupt
        left[0] -= 1
        return keep(data)

    desk.lake.put_blob = dies_after
    with pytest.raises(KeyboardInterrupt):
        desk.fetch()
    desk.lake.put_blob = keep
    before = len(venue.requests)
    assert same_bytes(desk.fetch(), whole)
    again = [r for r in venue.requests[before:] if r.endswith(".zip") and "08-04" not in r]
    assert len(again) == 4 - n_kept


def test_a_blocked_region_is_said_at_once(desk, venue):
    venue.when("2022-07.zip", Refusal(451, {}, b'{"code":0,"msg":"restricted location"}'))
    with pytest.raises(SourceError, match="blocks the region") as error:
        desk.fetch()
    assert "--source files" in error.value.do
    assert desk.time.slept == []


def test_an_unknown_symbol_is_the_users_to_mend(desk):
    with pytest.raises(InputError, match="does not know the symbol"):
        desk.fetch(symbols=("NOSUCHUSDT",))


def test_a_symbol_that_is_not_traded_any_more_keeps_its_archives(desk, venue, caplog):
    venue.when("/api/v3", Refusal(400, {}, b'{"code":-1121,"msg":"Invalid symbol."}'))
    bars = desk.bars()
    assert bars["time"].max() == datetime(2022, 8, 3, 23, 55, tzinfo=UTC)
    assert "not traded any more" in caplog.text


def test_a_span_without_bars_is_the_users_to_mend(desk):
    with pytest.raises(InputError, match="no bars of BTCUSDT 5m from 2022-03-01"):
        desk.fetch(start=date(2022, 3, 1), end=date(2022, 4, 30))


def test_no_network_is_said_at_once_with_what_works_without(desk, venue):
    dead = {"archive_url": "http://127.0.0.1:9", "rest_url": "http://127.0.0.1:9"}
    with pytest.raises(SourceError, match=r"could not reach 127\.0\.0\.1:9") as error:
        desk.fetch(binance=dead)
    assert "--source files or --source demo" in error.value.do
    assert desk.time.slept == []


def test_the_same_request_within_one_bar_has_the_same_snapshot(desk, venue):
    first = desk.survey()
    venue.now = NOW + timedelta(minutes=2)
    assert desk.survey() == first
    venue.now = NOW + timedelta(minutes=3)
    assert desk.survey() != first
    assert first.settings["known_until"] == "2022-08-05T10:00:00+00:00"


def test_a_request_that_ends_in_the_past_never_changes(desk, venue):
    first = desk.survey(end=date(2022, 8, 1))
    venue.now = NOW + timedelta(days=400)
    assert desk.survey(end=date(2022, 8, 1)) == first
    assert first.settings["known_until"] == "2022-08-02T00:00:00+00:00"


def test_a_snapshot_holds_no_secret_of_a_url(desk):
    secret = {"archive_url": "http://me:hunter2@127.0.0.1:1"}
    assert "hunter2" not in desk.survey(binance=secret).model_dump_json()


def test_there_is_one_snapshot_per_symbol(desk):
    config = desk.config(symbols=("ETHUSDT", "BTCUSDT", "ETHUSDT"))
    snapshots = survey(config, clock=desk.time.clock)
    assert [snapshot.market for snapshot in snapshots] == ["BTCUSDT-5m", "ETHUSDT-5m"]


@pytest.mark.parametrize(
    ("changes", "error", "do"),
    [
        ({"symbols": ()}, ConfigError, "--symbols"),
        ({"start": None}, InputError, "--start"),
        ({"start": date(2022, 8, 2), "end": date(2022, 8, 1)}, InputError, "--end"),
        ({"start": date(2030, 1, 1)}, InputError, "--start"),
        ({"binance": {"archive_url": "ftp://x"}}, ConfigError, "archive_url"),
        ({"binance": {"rest_url": "nonsense"}}, ConfigError, "rest_url"),
    ],
)
def test_a_request_that_cannot_be_met_says_what_to_do(desk, changes, error, do):
    with pytest.raises(error) as raised:
        desk.survey(**changes)
    assert do in raised.value.do
