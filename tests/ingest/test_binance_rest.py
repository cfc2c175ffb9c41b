"""Pages: what a later fetch asks again, what is refused, and the notes it goes by."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from lake.errors import SourceError
from lake.files import LocalFiles
from lake.store import Lake
from tasks.ingest.binance import fetch, load
from tasks.ingest.binance_archive import read_notes
from tasks.ingest.binance_bars import read_page
from tasks.ingest.binance_feeds import feed_of
from tasks.ingest.binance_plan import Piece
from tests.ingest.desk import BARS, CLOSED, NOW, Desk, distinct, real, same_bytes
from tests.ingest.replay import Refusal, whole_body


def test_pages_that_came_before_an_interruption_are_kept(desk, venue, tmp_path):
    venue.lacking |= {"2022-07", *(f"2022-{m:02}-{d:02}" for m in (7, 8) for d in range(1, 32))}
    whole = Desk(venue, tmp_path / "whole").fetch()
    venue.requests.clear()
    venue.when("endTime", whole_body, whole_body, Refusal(403))
    with pytest.raises(SourceError):
        desk.fetch()
    before = len(venue.requests)
    assert same_bytes(desk.fetch(), whole)
    pages = [r for r in venue.requests[before:] if "endTime" in r]
    assert len(pages) == whole.height - 2


def test_a_later_fetch_asks_for_new_bars_and_a_short_overlap(desk, venue):
    desk.fetch()
    venue.requests.clear()
    venue.now = NOW + timedelta(minutes=30)
    bars = desk.bars()
    assert distinct(bars).equals(real(until=CLOSED + timedelta(minutes=30)))
    (page,) = [request for request in venue.requests if "/api/v3" in request]
    first = int((CLOSED - timedelta(minutes=50)).timestamp() * 1000)
    assert f"startTime={first}&" in page
    assert venue.count(".zip") == 1


def test_a_bar_that_the_venue_has_rewritten_comes_in_both_versions(desk, venue):
    desk.fetch()
    revised = CLOSED - timedelta(minutes=15)
    is_it = pl.col("time") == revised
    venue.bars = BARS.with_columns(
        close=pl.when(is_it).then(pl.col("close") + 1.5).otherwise(pl.col("close"))
    )
    venue.now = NOW + timedelta(minutes=5)
    twice = desk.bars().filter(is_it).sort("part")
    assert twice["close"].diff().to_list() == [None, pytest.approx(1.5)]
    assert twice["part"].n_unique() == 2


def test_an_earlier_request_is_not_changed_by_a_later_one(desk, venue):
    first = desk.fetch()
    venue.now = NOW + timedelta(minutes=30)
    desk.fetch()
    venue.now = NOW
    assert same_bytes(desk.fetch(), first)


def test_when_archives_catch_up_the_pages_are_not_needed_any_more(desk, venue):
    desk.fetch()
    venue.lacking.clear()
    venue.now = datetime(2022, 8, 6, 0, 0, 10, tzinfo=UTC)
    fetched = desk.fetch()
    assert fetched["origin"].to_list() == ["monthly"] + ["daily"] * 5
    until = datetime(2022, 8, 6, tzinfo=UTC)
    assert load(desk.lake, desk.survey(), (), fetched).drop("part").equals(real(until=until))


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"<html>", "is no JSON"),
        (b'{"code":0}', "is no list of rows"),
        (b"[[1,2,3]]", "12 columns"),
        (b"[" * 100_000, "is no JSON"),
        (b"[[1659571200000,Infinity,1,1,1,1,1659312299999,1,1,1,1,0]]", "infinite"),
        (b"[[%s]]" % b",".join([b"9" * 30] * 12), "mixes numbers"),
        (b"[[%s]]" % b",".join([b'"a"'] * 12), "mixes numbers"),
        (b'[[1659312000000,"a","1","1","1","1",1659312299999,"1",1,"1","1","0"]]', "'a'"),
        (b'[[7,"1","1","1","1","1",1659312299999,"1",1,"1","1","0"]]', "open_time: 7"),
        (b'[[1577836800000,"1","1","1","1","1",1659312299999,"1",1,"1","1","0"]]', "2020-01-01"),
    ],
)
def test_a_page_that_holds_no_bars_is_refused(desk, venue, body, said):
    venue.when("/api/v3", lambda _: body)
    with pytest.raises(SourceError, match=said):
        desk.fetch()


def test_a_page_that_goes_backwards_is_refused(desk, venue):
    venue.when("/api/v3", lambda body: json.dumps(json.loads(body)[::-1]).encode())
    with pytest.raises(SourceError, match="go backwards"):
        desk.fetch()


def test_a_clock_ahead_of_the_venues_is_refused(desk, venue):
    snapshot = desk.survey()
    venue.now = NOW - timedelta(minutes=20)
    with pytest.raises(SourceError, match="1050 s behind"):
        fetch(desk.lake, snapshot, desk.config())


@pytest.fixture
def lake(tmp_path):
    return Lake(LocalFiles(tmp_path))


def piece(content: str) -> Piece:
    return Piece(
        origin="rest",
        name="/page",
        start=0,
        end=1,
        content=content,
        n_bytes=3,
        checksum=None,
        checksum_holds=None,
        known_until=1,
    )


@pytest.mark.parametrize(
    ("venue", "n_bars", "limit", "price"),
    [("um", 1, 99, 1), ("um", 100, 499, 2), ("um", 1001, 1500, 10), ("spot", 12, 1000, 2)],
)
def test_a_page_costs_what_the_venue_documents(venue, n_bars, limit, price):
    assert next(p for p in feed_of(venue, "bars").prices if p[0] >= n_bars) == (limit, price)


def test_a_page_may_be_empty():
    assert read_page("/page", b"[]").height == 0


def test_a_lake_recalls_what_it_remembers(lake):
    assert lake.recall("host/a.zip") is None
    lake.remember("host/a.zip", {"n": 1})
    lake.remember("host/a.zip", {"n": 2})
    assert lake.recall("host/a.zip") == {"n": 2}
    assert lake.recall("host/b.zip") is None


@pytest.mark.parametrize("rot", [b"", b"{", b"[]", b"\xff", b'{"name": "other", "record": {}}'])
def test_a_note_that_does_not_read_is_no_note(lake, tmp_path, rot):
    lake.remember("host/a.zip", {"n": 1})
    (note,) = (tmp_path / "notes").iterdir()
    note.write_bytes(rot)
    assert lake.recall("host/a.zip") is None


def test_only_notes_whose_bytes_are_still_there_count(lake, tmp_path):
    kept, rotten = piece(lake.put_blob(b"abc")), piece(lake.put_blob(b"xyz"))
    (tmp_path / "blobs" / rotten.content).write_bytes(b"xyy")
    notes = [kept.model_dump(), rotten.model_dump(), piece("0" * 64).model_dump(), None, {"a": 1}]
    assert read_notes(lake, notes) == [kept]
