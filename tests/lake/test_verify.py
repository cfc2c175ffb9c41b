from pathlib import Path

import polars as pl
import pytest

from lake.files import LocalFiles
from lake.schema import BARS, FETCHED
from lake.store import Lake
from lake.verify import verify
from tests.lake.small import frame_of, journey, put, record_run


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(LocalFiles(tmp_path / "lake"))


def _wrong(lake: Lake) -> list[tuple[str, str]]:
    return [(f.place, f.what) for f in verify(lake).faults if not f.harmless]


def _harmless(lake: Lake) -> list[str]:
    return [fault.place for fault in verify(lake).faults if fault.harmless]


def _path(lake: Lake, ref, end: str) -> Path:
    return lake.files.root / "tables" / f"{ref.address}.{end}"


def test_a_lake_as_it_was_written_has_no_fault(lake: Lake) -> None:
    made = journey(lake)
    record_run(lake, "run", made)
    lake.put_blob(b"x")
    lake.remember("page", {"n": 1})
    lake.put_document("report.html", "x")
    checked = verify(lake)
    assert checked.faults == []
    assert (checked.n_tables, checked.n_blobs, checked.n_runs) == (3, 1, 1)
    assert checked.n_bytes == sum(ref.n_bytes for ref in made.values()) + 1


@pytest.mark.parametrize("byte", [0, 1000, -1])
def test_every_flipped_byte_of_a_table_is_found(lake: Lake, byte: int) -> None:
    ref = put(lake, "BARS", frame=frame_of(BARS, 100))
    lake.read(ref)
    path = _path(lake, ref, "parquet")
    data = bytearray(path.read_bytes())
    data[byte] ^= 0x10
    path.write_bytes(data)
    assert _wrong(lake) == [
        (f"tables/{ref.address}.parquet", "its bytes are not those that were written")
    ]


def test_a_lost_table_and_a_lost_entry_are_told_apart(lake: Lake) -> None:
    bars, features = (put(lake, kind) for kind in ("BARS", "FEATURES"))
    _path(lake, bars, "parquet").unlink()
    _path(lake, features, "json").unlink()
    assert _wrong(lake) == [(f"tables/{bars.address}.parquet", "the table of an entry is gone")]
    assert _harmless(lake) == [f"tables/{features.address}.parquet"]


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('"polars": "2.1.0"', '"polars": "2.2.0"', "the fields of its key give"),
        ('"config": {}', '"config": {"a": 1}', "the fields of its key give"),
        ('"n_rows": 3', '"n_rows": 4', "its entry says 4 rows"),
        ('"parents": []', '"parents": [["A/b/-", "c"]]', "its parents are not those"),
        ('"ref": {', '"reff": {', "cannot be read"),
    ],
)
def test_a_changed_entry_is_found(lake: Lake, old: str, new: str, says: str) -> None:
    path = _path(lake, put(lake, "BARS"), "json")
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1) if says != "its parents" else text)
    assert any(says in what for _, what in _wrong(lake))


def test_a_table_that_is_no_parquet_is_found_though_its_hash_is_right(lake: Lake) -> None:
    from lake.keys import sha256

    ref = put(lake, "BARS")
    _path(lake, ref, "parquet").write_bytes(b"no parquet")
    entry = _path(lake, ref, "json")
    entry.write_text(entry.read_text().replace(ref.content, sha256(b"no parquet")))
    assert any("no readable Parquet" in what for _, what in _wrong(lake))


def test_a_table_under_other_columns_is_wrong_only_if_it_claims_todays_schema(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(lake, "BARS", code={"lake.schema": "0" * 64})
    columns = {**BARS.columns, "more": pl.Float64}
    changed = type(BARS)("BARS", columns, BARS.order, BARS.meaning)
    monkeypatch.setitem(__import__("lake.schema").schema.TABLES, "BARS", changed)
    assert _wrong(lake) == []
    put(lake, "BARS", code={"tasks.x": "0"}, frame=frame_of(changed))
    monkeypatch.undo()
    assert any("does not fit lake/schema.py" in what for _, what in _wrong(lake))


def test_a_deleted_parent_is_harmless(lake: Lake) -> None:
    made = journey(lake)
    lake.delete(made["ingest"])
    assert _wrong(lake) == []
    assert _harmless(lake) == [f"tables/{made['clean'].address}.json"]


def test_changed_and_lost_blobs_are_found(lake: Lake) -> None:
    changed, lost = lake.put_blob(b"one"), lake.put_blob(b"two")
    rows = frame_of(FETCHED, 2).with_columns(content=pl.Series([changed, lost]))
    put(lake, "FETCHED", frame=rows)
    assert _wrong(lake) == []
    (lake.files.root / "blobs" / changed).write_bytes(b"onf")
    lake.files.delete(f"blobs/{lost}")
    assert sorted(place for place, _ in _wrong(lake)) == sorted(
        [f"blobs/{changed}", f"blobs/{lost}"]
    )


def test_a_broken_run_record_is_found(lake: Lake) -> None:
    record_run(lake, "good", journey(lake))
    lake.files.write("runs/bad.json", b"[]")
    assert [place for place, _ in _wrong(lake)] == ["runs/bad.json"]


def test_drafts_and_strangers_are_harmless(lake: Lake) -> None:
    lake.files.write("drafts/0123", b"half")
    lake.files.write("tables/.DS_Store", b"x")
    lake.files.write("tables/BARS/stray.json", b"{}")
    lake.files.write("runs/.DS_Store", b"x")
    assert lake.runs() == []
    assert _harmless(lake) == ["tables/.DS_Store", "runs/.DS_Store", "drafts/0123"]
    assert [place for place, _ in _wrong(lake)] == ["tables/BARS/stray.json"]
