import json
import os
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from lake.__main__ import main
from lake.files import LocalFiles
from lake.store import Lake
from tests.lake.small import journey, record_run
from tests.lake.test_ledger import filled

ROOT = Path(__file__).resolve().parents[2]
COLUMNS = ("NO", "TIME", "KIND", "RUN", "MARKETS", "ERA", "HYPOTHESES")
EMPTY_LEDGER = (
    "0 entries: 0 hypotheses ever asked of these bars, 0 looks at confirmation eras for 0 of them"
)


@pytest.fixture
def place(tmp_path: Path) -> str:
    lake = Lake(LocalFiles(tmp_path / "lake"))
    made = journey(lake)
    record_run(lake, "one", made)
    record_run(lake, "two", made, state="cached")
    return str(tmp_path / "lake")


@pytest.fixture
def ask(place: str, capsys: pytest.CaptureFixture[str]):
    def run(*words: str) -> tuple[int, str, str]:
        status = main([words[0], "--lake", place, *words[1:]])
        return status, *capsys.readouterr()

    return run


def test_tables_are_listed_for_people_and_machines(ask) -> None:
    status, out, _ = ask("ls")
    assert status == 0
    assert out.splitlines()[-1].startswith("3 tables")
    assert [t["kind"] for t in json.loads(ask("ls", "--json")[1])] == [
        "BARS",
        "FEATURES",
        "RAW_BARS",
    ]
    assert len(json.loads(ask("ls", "bars", "--json")[1])) == 1
    assert json.loads(ask("ls", "--market", "nobody", "--json")[1]) == []


def test_a_table_is_shown_three_ways(ask) -> None:
    status, out, _ = ask("show", "BARS", "BTCUSDT-5m", "--rows", "2")
    assert status == 0
    assert "first 2 of 3 rows" in out
    assert len(json.loads(ask("show", "BARS", "--json", "--rows", "1")[1])["rows"]) == 1
    assert pl.read_csv(ask("show", "BARS", "--csv")[1].encode()).height == 3
    assert pl.read_csv(ask("show", "BARS", "--csv", "--rows", "0")[1].encode()).height == 0


def test_a_whole_lake_is_verified_and_a_broken_one_is_not(ask, place: str) -> None:
    status, out, _ = ask("verify")
    assert (status, out.splitlines()[-1][:8]) == (0, "3 tables")
    path = next(Path(place, "tables").rglob("*.parquet"))
    path.write_bytes(path.read_bytes()[:-1])
    status, out, _ = ask("verify")
    assert status == 1
    assert out.startswith(f"WRONG     {path.relative_to(place).as_posix()}")
    assert "1 wrong, 0 harmless" in out


def test_a_ledger_that_nobody_has_written_is_empty(ask) -> None:
    assert ask("ledger") == (0, f"{EMPTY_LEDGER}\n", "")
    asked = json.loads(ask("ledger", "--json")[1])
    assert asked == {"rows": [], "n_hypotheses": 0, "n_looks": 0, "n_looked": 0}


def test_the_ledger_is_listed_for_people_and_machines(ask, place: str) -> None:
    filled(place)
    status, out, _ = ask("ledger")
    assert status == 0
    heads, first, second, third, *_, total = out.splitlines()
    assert heads.split() == [
        "NO",
        "TIME",
        "KIND",
        "RUN",
        "MARKETS",
        "ERA",
        "HYPOTHESES",
        "LEAST",
        "P",
    ]
    assert first.split()[3:] == ["registered", "one", "BTCUSDT-5m", "2024-01-01..2024-07-01", "2"]
    assert second.split()[3:6] == ["tested", "(of", "1)"]
    assert second.split()[-1] == "0.01"
    assert "2024-07-01..2024-09-01" in third
    assert total.startswith("5 entries: 3 hypotheses ever asked")
    assert total.endswith("1 looks at confirmation eras for 1 of them")
    rows = json.loads(ask("ledger", "--json")[1])["rows"]
    assert [row["of"] for row in rows] == [None, 1, 1, None, 4]
    assert [row["least_p"] for row in rows] == [None, 0.01, None, None, 0.2]
    assert rows[1]["markets"] == ["BTCUSDT-5m"]


def test_a_ledger_alone_is_a_lake(tmp_path: Path) -> None:
    filled(str(tmp_path / "only"))
    assert main(["ledger", "--lake", str(tmp_path / "only")]) == 0


def test_a_changed_ledger_is_told_by_both_commands(ask, place: str) -> None:
    filled(place)
    assert "5 ledger entries" in ask("verify")[1]
    Path(place, "ledger", "000002.json").unlink()
    status, out, _ = ask("verify")
    assert status == 1
    assert out.startswith("WRONG     ledger/000002.json\n          entry 2 is gone\n          do: ")
    status, out, err = ask("ledger")
    assert (status, out) == (2, "")
    assert "entry 2 is gone" in err


def test_lineage_ends_at_raw_bytes(ask) -> None:
    status, out, _ = ask("lineage", "FEATURES")
    assert status == 0
    assert "RAW_BARS BTCUSDT-5m" in out.splitlines()[-1]


def test_reuse_is_explained(ask) -> None:
    status, out, _ = ask("explain", "clean")
    assert status == 0
    assert "the table made in run one" in out
    assert "first time" in ask("explain", "clean", "--run", "one")[1]


def test_a_sweep_is_tried_and_then_done(ask, place: str) -> None:
    draft = Path(place, "drafts", "old")
    draft.write_bytes(b"x")
    os.utime(draft, (1, 1))
    status, out, _ = ask("sweep", "--dry-run")
    assert (status, out.splitlines()[:2]) == (0, ["would delete:", "drafts/old  1 B"])
    assert draft.exists()
    status, out, _ = ask("sweep", "--older-than", "1d")
    assert (status, out.splitlines()[0]) == (0, "deleted:")
    assert not draft.exists()
    assert ask("sweep", "--keep", "0", "--older-than", "0")[0] == 0
    assert ask("ls")[1] == "0 tables, 0 B\n"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["show", "nonsense"], "KIND is one of"),
        (["show", "FINDINGS"], "has no table FINDINGS"),
        (["lineage", "abc"], "at least 6"),
        (["ls", "nonsense"], "no kind 'nonsense'"),
        (["explain", "nothing"], "has no stage"),
        (["explain", "--run", "zzz"], "0 runs are named"),
    ],
)
def test_misuse_is_explained_in_one_message(ask, words: list[str], says: str) -> None:
    status, out, err = ask(*words)
    assert (status, out) == (2, "")
    assert err.startswith("error: ")
    assert says in err
    assert "do: " in err


@pytest.mark.parametrize(
    "words",
    [
        ["sweep", "--older-than", "soon"],
        ["sweep", "--keep", "-1"],
        ["show", "BARS", "--rows", "x"],
        ["show", "BARS", "--json", "--csv"],
        [],
        ["fly"],
    ],
)
def test_wrong_flags_exit_with_2(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(words)
    assert caught.value.code == 2
    assert "usage" in capsys.readouterr().err


@pytest.mark.parametrize("what", ["nothing", "an empty folder", "a file", "a folder of others"])
def test_where_no_lake_is_nothing_is_made(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], what: str
) -> None:
    place = tmp_path / "lake"
    if what == "a file":
        place.write_text("x")
    elif what != "nothing":
        place.mkdir()
    if what == "a folder of others":
        (place / "a.txt").write_text("x")
    before = sorted(tmp_path.rglob("*"))
    assert main(["ls", "--lake", str(place)]) == 2
    assert "no lake at" in capsys.readouterr().err
    assert sorted(tmp_path.rglob("*")) == before


def test_debug_shows_the_trace(tmp_path: Path) -> None:
    from lake.errors import LakeError

    with pytest.raises(LakeError):
        main(["--lake", str(tmp_path / "none"), "--debug", "ls"])


def test_the_lake_may_stand_before_the_command_or_in_the_environment(
    place: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--lake", place, "ls"]) == 0
    monkeypatch.setenv("ASSAY_LAKE", place)
    assert main(["ls"]) == 0
    first, second = capsys.readouterr().out.split("3 tables")[:2]
    assert first.strip() in second


def _run(*words: str, **options) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "lake", *words]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, **options)


@pytest.mark.parametrize(
    "command", ["", "ls", "show", "verify", "lineage", "explain", "sweep", "ledger"]
)
def test_every_command_has_help(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main([*command.split(), "--help"])
    assert caught.value.code == 0
    assert "--lake" in capsys.readouterr().out


def test_nobody_reading_on_is_no_error(place: str) -> None:
    command = f"{sys.executable} -m lake show RAW_BARS --lake '{place}' | true"
    done = subprocess.run(command, shell=True, cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_no_heavy_library_is_imported() -> None:
    code = "import sys, lake.__main__; print(*sorted(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    modules = set(done.stdout.split())
    assert not modules & {"prefect", "numba", "scipy", "rich", "pyarrow", "plotly", "httpx"}


def test_an_error_is_said_without_a_trace(tmp_path: Path) -> None:
    done = _run("ls", "--lake", str(tmp_path / "none"))
    assert (done.returncode, done.stdout) == (2, "")
    assert "Traceback" not in done.stderr
