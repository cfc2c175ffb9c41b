import os
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from lake.errors import CorruptTable, LakeError
from lake.files import LocalFiles
from lake.schema import FETCHED
from lake.store import Lake
from lake.sweep import carry_out, plan_lines, plan_sweep
from lake.verify import verify
from tests.lake.small import frame_of, journey, put, record_run

HOUR = 3600.0


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(LocalFiles(tmp_path / "lake"))


def _age(lake: Lake, folder: str = "", hours: float = 2) -> None:
    """Make every file look older than it is."""
    for path in lake.files.walk(folder):
        found = (lake.files.root / path).stat()
        moment = found.st_mtime - hours * HOUR
        os.utime(lake.files.root / path, (moment, moment))


def _sweep(lake: Lake, keep: int = 3) -> list[str]:
    plan = plan_sweep(lake, keep, HOUR)
    carry_out(lake, plan)
    assert plan_sweep(lake, keep, HOUR).doomed == []
    assert verify(lake).faults == []
    return [doomed.path for doomed in plan.doomed]


def _there(lake: Lake) -> set[str]:
    return {entry.ref.address for entry in lake.entries()}


def _addresses(*many) -> set[str]:
    return {ref.address for made in many for ref in made.values()}


def test_what_the_last_runs_used_stays_with_its_ancestors(lake: Lake) -> None:
    many = [journey(lake, n=n) for n in range(4)]
    for n, made in enumerate(many):
        record_run(lake, f"run{n}", {"features": made["features"]})
    _age(lake)
    gone = _sweep(lake, keep=2)
    address = f"tables/{many[0]['features'].address}"
    assert {f"{address}.json", f"{address}.parquet"} <= set(gone)
    assert len(gone) == 4
    assert _there(lake) == _addresses(*many[2:])
    assert len(lake.runs()) == 4


def test_a_table_that_only_unfinished_old_runs_used_goes(lake: Lake) -> None:
    record_run(lake, "done", journey(lake, n=1))
    record_run(lake, "killed", journey(lake, n=2), finished=False)
    _age(lake)
    _sweep(lake)
    assert _there(lake) == _addresses(journey(lake, n=1))


def test_a_run_under_way_keeps_what_it_has_used(lake: Lake) -> None:
    record_run(lake, "done", journey(lake, n=1))
    now = datetime.now(UTC).isoformat()
    record_run(lake, "now", journey(lake, n=2), finished=False, started=now, state="cached")
    _age(lake)
    assert _sweep(lake) == []


def test_what_is_young_stays_and_so_do_its_ancestors(lake: Lake) -> None:
    old, other = journey(lake), put(lake, "BARS", "ETHUSDT-5m")
    record_run(lake, "done", {"clean": put(lake, "BARS", "SOLUSDT-5m")})
    _age(lake)
    young = put(lake, "QUALITY", parents=[old["features"]])
    _sweep(lake)
    assert {young.address, *_addresses(old)} <= _there(lake)
    assert other.address not in _there(lake)


def test_children_go_before_their_parents(lake: Lake) -> None:
    made = journey(lake)
    record_run(lake, "done", {"clean": put(lake, "BARS", "SOLUSDT-5m")})
    _age(lake)
    gone = [d.path for d in plan_sweep(lake, 3, HOUR).doomed]
    order = [f"tables/{made[stage].address}.json" for stage in ("features", "clean", "ingest")]
    assert gone[:3] == order
    for path in gone[:2]:
        lake.files.delete(path)
        assert verify(lake).n_wrong == 0


def test_blobs_of_kept_tables_stay_and_others_go_with_their_notes(lake: Lake) -> None:
    kept, gone = lake.put_blob(b"kept"), lake.put_blob(b"gone")
    rows = frame_of(FETCHED, 1).with_columns(content=pl.Series([kept]))
    fetched = put(lake, "FETCHED", frame=rows)
    raw = put(lake, "RAW_BARS", parents=[fetched])
    for name, blobs in (("a", [kept]), ("b", [gone]), ("c", [gone, kept]), ("d", [])):
        lake.remember(name, {"pages": [{"content": blob} for blob in blobs]})
    record_run(lake, "done", {"ingest": raw})
    _age(lake)
    young = lake.put_blob(b"young")
    _sweep(lake)
    assert list(lake.files.walk("blobs")) == sorted([f"blobs/{kept}", f"blobs/{young}"])
    assert [lake.recall(n) is not None for n in "abcd"] == [True, False, True, False]


def test_documents_that_no_kept_run_names_go(lake: Lake) -> None:
    for name in ("old.html", "new.html"):
        lake.put_document(name, name)
    record_run(lake, "one", journey(lake), documents=["old.html"])
    record_run(lake, "two", journey(lake), documents=["new.html"])
    _age(lake)
    _sweep(lake, keep=1)
    assert list(lake.files.walk("documents")) == ["documents/new.html"]


def test_old_drafts_and_tables_cut_short_go(lake: Lake) -> None:
    record_run(lake, "one", journey(lake))
    lake.files.write("drafts/old", b"x")
    lake.files.write(f"tables/BARS/BTCUSDT-5m/-/{'0' * 64}.parquet", b"x")
    lake.files.write(f"tables/BARS/BTCUSDT-5m/-/{'1' * 64}.json", b"{")
    _age(lake)
    lake.files.write("drafts/young", b"x")
    plan = plan_sweep(lake, 3, HOUR)
    assert [d.path.rpartition("/")[2] for d in plan.doomed] == [
        "1" * 64 + ".json",
        "0" * 64 + ".parquet",
        "old",
    ]


def test_without_a_finished_run_only_drafts_go_unless_one_insists(lake: Lake) -> None:
    made = journey(lake)
    record_run(lake, "killed", made, finished=False)
    lake.files.write("drafts/old", b"x")
    _age(lake)
    assert "--keep 0 insists" in "\n".join(plan_lines(plan_sweep(lake, 3, HOUR), each=False))
    assert _sweep(lake) == ["drafts/old"]
    assert _there(lake) == _addresses(made)
    assert len(_sweep(lake, keep=0)) == 6
    assert _there(lake) == set()


def test_strangers_are_left_alone(lake: Lake) -> None:
    record_run(lake, "one", journey(lake))
    lake.files.write("tables/README.txt", b"mine")
    lake.files.write("my notes/x", b"mine")
    _age(lake)
    assert plan_sweep(lake, 3, HOUR).doomed == []


def test_a_lake_that_does_not_know_its_needs_is_not_swept(lake: Lake) -> None:
    fetched = put(lake, "FETCHED")
    record_run(lake, "one", {"ingest": fetched})
    path = lake.files.root / "tables" / f"{fetched.address}.parquet"
    path.write_bytes(b"broken")
    with pytest.raises(LakeError):
        plan_sweep(lake, 3, HOUR)
    lake.files.write("runs/bad.json", b"{")
    with pytest.raises(CorruptTable, match=r"bad\.json"):
        plan_sweep(lake, 3, HOUR)


def test_a_plan_says_how_much_goes_and_what_stays(lake: Lake) -> None:
    record_run(lake, "one", journey(lake, n=1))
    record_run(lake, "two", journey(lake, n=2))
    lake.files.write("drafts/old", b"x" * 2048)
    _age(lake)
    lines = list(plan_lines(plan_sweep(lake, 1, HOUR), each=True))
    assert any(line.startswith("tables/FEATURES") for line in lines)
    assert "drafts  1 files  2.0 kB" in lines
    assert lines[-1] == "kept: what two needs, and what is young"
