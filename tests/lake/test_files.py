import errno
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from lake.errors import LakeError
from lake.files import Files, LocalFiles, ObjectFiles, open_files


def _local(tmp_path: Path) -> Files:
    return LocalFiles(tmp_path / "lake")


def _object_on_folder(tmp_path: Path) -> Files:
    fs = pytest.importorskip("pyarrow.fs", reason="object stores go through pyarrow")
    (tmp_path / "bucket").mkdir()
    system = fs.SubTreeFileSystem(str(tmp_path / "bucket"), fs.LocalFileSystem())
    return ObjectFiles("fake://bucket", system, "")


def _object_in_memory(tmp_path: Path) -> Files:
    fs = pytest.importorskip("pyarrow.fs", reason="object stores go through pyarrow")
    system = fs._MockFileSystem()
    system.create_dir("bucket")
    return ObjectFiles("mock://bucket/lake", system, "bucket/lake")


PLACES = [_local, _object_on_folder, _object_in_memory]


@pytest.fixture(params=PLACES, ids=lambda make: make.__name__)
def files(request: pytest.FixtureRequest, tmp_path: Path) -> Files:
    return request.param(tmp_path)


def test_what_was_written_is_read(files: Files) -> None:
    files.write("tables/a/b.json", b"one")
    files.write("tables/a/b.json", b"second")
    assert files.read("tables/a/b.json") == b"second"
    assert files.stamp("tables/a/b.json").n_bytes == 6


def test_a_file_is_created_once(files: Files) -> None:
    assert files.create("ledger/1", b"one")
    assert not files.create("ledger/1", b"two")
    assert files.read("ledger/1") == b"one"
    assert list(files.walk("")) == ["ledger/1"]


def test_of_many_that_create_one_file_one_does(tmp_path: Path) -> None:
    files = _local(tmp_path)
    with ThreadPoolExecutor(8) as pool:
        created = list(pool.map(lambda n: files.create("t/a", b"%d" % n), range(40)))
    assert files.read("t/a") == b"%d" % created.index(True)
    assert sum(created) == 1
    assert list(files.walk("drafts")) == []


def test_a_file_system_without_second_names_creates_as_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EPERM, "no links here")

    monkeypatch.setattr("lake.files.os.link", refuse)
    test_a_file_is_created_once(_local(tmp_path))


def test_creating_on_a_refusing_disk_is_explained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = _local(tmp_path)
    monkeypatch.setattr("lake.files.os.fsync", _failing_with(errno.ENOSPC))
    with pytest.raises(LakeError, match="room on the disk"):
        files.create("t/a", b"new")
    assert list(files.walk("")) == []


def test_a_file_that_is_not_there_is_said_so(files: Files) -> None:
    assert files.stamp("tables/none") is None
    with pytest.raises(FileNotFoundError):
        files.read("tables/none")
    files.delete("tables/none")
    assert list(files.walk("tables")) == []


def test_a_walk_is_sorted_relative_and_without_folders(files: Files) -> None:
    for path in ("t/b/2", "t/a/1", "t/c", "other/d"):
        files.write(path, b"x")
    assert list(files.walk("t")) == ["t/a/1", "t/b/2", "t/c"]


def test_a_deleted_file_is_gone_and_its_neighbour_is_not(files: Files) -> None:
    files.write("t/a", b"x")
    files.write("t/b", b"x")
    files.delete("t/a")
    assert list(files.walk("t")) == ["t/b"]


def test_a_new_file_is_young(files: Files) -> None:
    files.write("t/a", b"x")
    if "mock" not in files.uri:  # the mock's clock stands at 1970
        assert -2 < files.age_seconds("t/a") < 60


def test_an_empty_file_is_a_file(files: Files) -> None:
    files.write("t/a", b"")
    assert files.read("t/a") == b""
    assert files.stamp("t/a").n_bytes == 0


def test_a_replaced_file_has_another_stamp_though_its_size_is_equal(tmp_path: Path) -> None:
    files = _local(tmp_path)
    files.write("t/a", b"x")
    before = files.stamp("t/a")
    files.write("t/a", b"y")
    assert files.stamp("t/a") != before


def _failing_with(code: int):
    def fail(descriptor: int) -> None:
        raise OSError(code, os.strerror(code))

    return fail


@pytest.mark.parametrize(
    ("code", "says"),
    [
        (errno.ENOSPC, "room on the disk"),
        (errno.EDQUOT, "room on the disk"),
        (errno.EROFS, "may be written"),
        (errno.EACCES, "may be written"),
        (errno.EIO, "working file system"),
    ],
)
def test_a_refusing_disk_is_explained_and_leaves_no_draft(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, says: str
) -> None:
    files = _local(tmp_path)
    files.write("t/a", b"old")
    monkeypatch.setattr("lake.files.os.fsync", _failing_with(code))
    with pytest.raises(LakeError) as caught:
        files.write("t/a", b"new")
    assert says in str(caught.value)
    assert "t/a" in str(caught.value)
    assert files.read("t/a") == b"old"
    assert list(files.walk("drafts")) == []


def test_a_write_that_is_interrupted_leaves_no_draft(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(descriptor: int) -> None:
        raise KeyboardInterrupt

    files = _local(tmp_path)
    monkeypatch.setattr("lake.files.os.fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        files.write("t/a", b"new")
    assert list(files.walk("")) == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_folder_is_explained(tmp_path: Path) -> None:
    files = _local(tmp_path)
    files.root.mkdir()
    files.root.chmod(0o500)
    with pytest.raises(LakeError, match="may be written"):
        files.write("t/a", b"x")


def test_a_lake_path_that_is_a_file_is_explained(tmp_path: Path) -> None:
    (tmp_path / "lake").write_text("I am a file")
    files = _local(tmp_path)
    for act in (lambda: files.write("t/a", b"x"), lambda: files.read("t/a")):
        with pytest.raises(LakeError, match="a folder, not a file"):
            act()
    assert (tmp_path / "lake").read_text() == "I am a file"


def test_a_lake_without_a_name_is_refused() -> None:
    with pytest.raises(LakeError, match="no name"):
        open_files("")


def test_an_unknown_scheme_is_explained() -> None:
    with pytest.raises(LakeError, match="pyarrow"):
        open_files("nonsense://bucket/lake")


def test_a_uri_does_not_repeat_its_secrets() -> None:
    with pytest.raises(LakeError) as caught:
        open_files("nonsense://me:hush@bucket/lake?secret_key=hush")
    assert "nonsense://bucket/lake" in str(caught.value)
    assert "hush" not in str(caught.value)


def test_file_uris_and_paths_are_the_same_place(tmp_path: Path) -> None:
    open_files(f"file://{tmp_path}/a lake").write("t/a", b"x")
    assert open_files(str(tmp_path / "a lake")).read("t/a") == b"x"
    assert open_files((tmp_path / "a lake").as_uri()).read("t/a") == b"x"
