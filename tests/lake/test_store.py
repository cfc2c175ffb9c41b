import errno
import os
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from lake.errors import CorruptTable, LakeError, MissingTable, SchemaError
from lake.files import LocalFiles, ObjectFiles
from lake.schema import BARS, TABLES
from lake.store import Lake, open_lake
from lake.verify import verify
from tests.lake.small import BadDisk, frame_of, key_of, put


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(LocalFiles(tmp_path / "lake"))


def _table_file(lake: Lake, ref) -> Path:
    return lake.files.root / "tables" / f"{ref.address}.parquet"


def _entry_file(lake: Lake, ref) -> Path:
    return lake.files.root / "tables" / f"{ref.address}.json"


@pytest.mark.parametrize("kind", sorted(TABLES))
def test_every_kind_of_table_comes_back_as_it_went_in(lake: Lake, kind: str) -> None:
    frame = frame_of(TABLES[kind])
    ref = put(lake, kind, frame=frame)
    assert_frame_equal(lake.read(ref), frame)
    assert (ref.n_rows, ref.raw) == (3, TABLES[kind].raw)
    assert lake.find(ref.address).ref == ref


def test_an_empty_table_comes_back(lake: Lake) -> None:
    ref = put(lake, "FINDINGS", frame=TABLES["FINDINGS"].empty())
    assert_frame_equal(lake.read(ref), TABLES["FINDINGS"].empty())


def test_nan_stays_nan_and_null_stays_null(lake: Lake) -> None:
    frame = frame_of(TABLES["FEATURES"]).with_columns(
        atr=pl.Series([np.nan, 1.0, np.inf]), session=pl.Series([None, 1, 2], dtype=pl.Int8)
    )
    back = lake.read(put(lake, "FEATURES", frame=frame))
    assert back["atr"].is_nan().to_list() == [True, False, False]
    assert back["session"].null_count() == 1


def test_the_same_frame_gives_the_same_bytes_in_every_lake(tmp_path: Path) -> None:
    lakes = [Lake(LocalFiles(tmp_path / name)) for name in ("here", "there")]
    frame = frame_of(BARS, 5000)
    chunked = pl.concat([frame[:1000], frame[1000:]], rechunk=False)
    refs = [put(a, "BARS", frame=f) for a, f in zip(lakes, (frame, chunked), strict=True)]
    assert refs[0] == refs[1]
    assert (
        _table_file(lakes[0], refs[0]).read_bytes() == _table_file(lakes[1], refs[1]).read_bytes()
    )
    assert (
        _entry_file(lakes[0], refs[0]).read_bytes() == _entry_file(lakes[1], refs[1]).read_bytes()
    )


def test_column_order_does_not_matter(tmp_path: Path, lake: Lake) -> None:
    frame = frame_of(BARS)
    assert put(lake, "BARS", frame=frame) == put(lake, "BARS", frame=frame[frame.columns[::-1]])


def test_a_frame_that_does_not_fit_is_not_written(lake: Lake) -> None:
    with pytest.raises(SchemaError):
        put(lake, "BARS", frame=frame_of(BARS).drop("close"))
    assert list(lake.files.walk("")) == []


def test_a_crash_between_table_and_entry_leaves_no_table_and_the_next_write_heals(
    tmp_path: Path,
) -> None:
    broken = Lake(BadDisk(tmp_path / "lake", fails_from=1))
    with pytest.raises(OSError, match="fake disk"):
        put(broken, "BARS")
    lake = Lake(LocalFiles(tmp_path / "lake"))
    address = f"BARS/BTCUSDT-5m/-/{key_of('BARS').digest}"
    assert [path.rpartition(".")[2] for path in lake.files.walk("tables")] == ["parquet"]
    assert lake.find(address) is None
    assert list(lake.entries()) == []
    assert verify(lake).n_wrong == 0
    put(lake, "BARS")
    assert lake.find(address) is not None


def test_a_full_disk_leaves_the_lake_as_it_was(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    kept = put(lake, "RAW_BARS")
    before = sorted(lake.files.walk(""))
    monkeypatch.setattr("lake.files.os.fsync", full)
    with pytest.raises(LakeError, match="sweep"):
        put(lake, "BARS", parents=[kept])
    assert sorted(lake.files.walk("")) == before
    assert verify(lake).faults == []


def test_a_truncated_table_is_not_found_and_not_read(lake: Lake) -> None:
    ref = put(lake, "BARS")
    path = _table_file(lake, ref)
    path.write_bytes(path.read_bytes()[:-7])
    assert lake.find(ref.address) is None
    assert lake.entry(ref.address) is not None
    with pytest.raises(CorruptTable, match="run the flow again"):
        lake.read(ref)


def test_a_flipped_byte_is_noticed_even_after_the_table_was_seen_whole(lake: Lake) -> None:
    ref = put(lake, "BARS")
    assert lake.find(ref.address) is not None
    lake.read(ref)
    path = _table_file(lake, ref)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    os.utime(path, ns=(1, 1))  # whatever the clock's grain
    assert lake.find(ref.address) is None
    with pytest.raises(CorruptTable):
        lake.read(ref)


def test_equal_content_elsewhere_does_not_vouch_for_a_broken_table(lake: Lake) -> None:
    one, other = (put(lake, "BARS", config={"n": n}) for n in (1, 2))
    assert one.content == other.content
    lake.read(one)
    path = _table_file(lake, other)
    path.write_bytes(b"\0" * path.stat().st_size)
    assert lake.find(one.address) is not None
    assert lake.find(other.address) is None


def test_a_deleted_table_is_missing_and_made_again(lake: Lake) -> None:
    ref = put(lake, "BARS")
    _table_file(lake, ref).unlink()
    assert lake.find(ref.address) is None
    with pytest.raises(MissingTable, match="run the flow again"):
        lake.read(ref)
    assert put(lake, "BARS") == ref
    lake.delete(ref)
    assert list(lake.files.walk("tables")) == []


@pytest.mark.parametrize("text", ["", "{", "[]", '{"ref": 1}', "\x00" * 40])
def test_a_broken_entry_is_no_entry(lake: Lake, text: str) -> None:
    ref = put(lake, "BARS")
    _entry_file(lake, ref).write_text(text)
    assert lake.find(ref.address) is None
    assert list(lake.entries()) == []


def test_an_entry_in_the_wrong_place_is_no_entry(lake: Lake) -> None:
    one, other = (put(lake, "BARS", config={"n": n}) for n in (1, 2))
    _entry_file(lake, other).write_bytes(_entry_file(lake, one).read_bytes())
    assert lake.find(other.address) is None


@pytest.mark.parametrize(
    "name", ["../../x", "a/b", "..", "a..b", "", ".hidden", "a b", "x" * 81, "a\n", "é"]
)
def test_unsafe_names_never_become_a_path(lake: Lake, name: str) -> None:
    for act in (
        lambda: put(lake, "BARS", name),
        lambda: put(lake, "BARS", part=name),
        lambda: lake.put_run(name, {}),
        lambda: lake.put_document(name, "x"),
        lambda: lake.get_blob(name),
        lambda: lake.find(f"BARS/{name}/-/00"),
    ):
        with pytest.raises((ValueError, LakeError)):
            act()
    assert list(lake.files.walk("")) == []


def test_blobs_are_kept_under_their_hash_and_checked(lake: Lake) -> None:
    name = lake.put_blob(b"bytes")
    assert name == "277089d91c0bdf4f2e6862ba7e4a07605119431f5d13f726dd352b06f1b206a9"
    assert lake.get_blob(name) == b"bytes"
    (lake.files.root / "blobs" / name).write_bytes(b"bytez")
    with pytest.raises(CorruptTable):
        lake.get_blob(name)
    lake.put_blob(b"bytes")
    assert lake.get_blob(name) == b"bytes"


def test_a_blob_that_is_not_there_is_missing(lake: Lake) -> None:
    with pytest.raises(MissingTable, match="refresh"):
        lake.get_blob("00" * 32)


def test_what_is_there_already_is_not_written_again(lake: Lake) -> None:
    place = lake.put_document("report.html", "<p>")
    name = lake.put_blob(b"bytes")
    stamps = [lake.files.stamp(p) for p in ("documents/report.html", f"blobs/{name}")]
    assert lake.put_document("report.html", "<p>") == place
    lake.put_blob(b"bytes")
    assert [lake.files.stamp(p) for p in ("documents/report.html", f"blobs/{name}")] == stamps
    assert Path(place).read_text() == "<p>"


def test_a_document_may_be_a_picture_and_is_kept_byte_by_byte(lake: Lake) -> None:
    picture = bytes(range(256)) + b"\r\n\x1a\n"
    place = lake.put_document("sheet.png", picture)
    assert Path(place).read_bytes() == picture
    stamp = lake.files.stamp("documents/sheet.png")
    assert lake.put_document("sheet.png", picture) == place
    assert lake.files.stamp("documents/sheet.png") == stamp
    lake.put_document("sheet.png", picture[:-1])
    assert Path(place).read_bytes() == picture[:-1]


def test_text_and_its_bytes_in_utf_8_are_the_same_document(lake: Lake) -> None:
    place = lake.put_document("card.md", "über")
    stamp = lake.files.stamp("documents/card.md")
    assert lake.put_document("card.md", b"\xc3\xbcber") == place
    assert lake.files.stamp("documents/card.md") == stamp


def test_what_was_noted_is_recalled_and_the_latest_wins(lake: Lake) -> None:
    name = "host/some archive?with=anything/../at all"
    assert lake.recall(name) is None
    lake.remember(name, {"n": 1})
    lake.remember(name, {"n": 2})
    assert lake.recall(name) == {"n": 2}
    for path in lake.files.walk("notes"):
        (lake.files.root / path).write_text("{")
    assert lake.recall(name) is None


def test_runs_come_oldest_first(lake: Lake) -> None:
    for name, started in (("b", "2024-01-02"), ("a", "2024-01-03"), ("c", "2024-01-01")):
        lake.put_run(name, {"run": name, "started": started, "finished": None, "stages": []})
    assert [run["run"] for run in lake.runs()] == ["c", "b", "a"]


def test_a_broken_run_record_is_named(lake: Lake) -> None:
    lake.files.write("runs/bad.json", b"{")
    with pytest.raises(CorruptTable, match=r"runs/bad\.json"):
        lake.runs()


def test_a_lake_is_opened_once_per_process(tmp_path: Path) -> None:
    assert open_lake(str(tmp_path)) is open_lake(str(tmp_path))


def test_a_lake_on_an_object_store_holds_the_same_bytes(tmp_path: Path, lake: Lake) -> None:
    fs = pytest.importorskip("pyarrow.fs", reason="object stores go through pyarrow")
    system = fs._MockFileSystem()
    system.create_dir("bucket")
    far = Lake(ObjectFiles("mock://bucket/lake", system, "bucket/lake"))
    refs = [put(one, "BARS") for one in (lake, far)]
    assert refs[0] == refs[1]
    assert_frame_equal(far.read(refs[1]), lake.read(refs[0]))
    assert [e.ref for e in far.entries()] == [e.ref for e in lake.entries()]
    assert far.find(refs[1].address).ref == refs[0]
    assert verify(far).faults == []
    far.delete(refs[1])
    assert far.find(refs[1].address) is None
