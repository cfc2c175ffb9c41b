"""Prices of pages, and the notes that a resumed fetch goes by."""

from __future__ import annotations

import pytest

from lake.files import LocalFiles
from lake.store import Lake
from tasks.ingest.binance_archive import read_notes
from tasks.ingest.binance_bars import read_page
from tasks.ingest.binance_plan import Piece
from tasks.ingest.binance_rest import PRICES


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
    assert next(p for p in PRICES[venue] if p[0] >= n_bars) == (limit, price)


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
