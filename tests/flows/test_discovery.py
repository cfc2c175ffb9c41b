"""The main job as its user runs it. Small demo market; a standing server to save its start."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import polars as pl
import pytest

from tests.flows.conftest import ROOT, Command

SMALL = (
    *("--profile", "smoke", "--demo.n_days", "60", "--json"),
    *("--events.families", "volatility", "--outcomes.horizons", "1h", "--beside", "funding"),
)
pytestmark = pytest.mark.slow
TRADED = {
    *("simulate", "stress", "bridge", "decide", "list gates", "weigh search", "tally"),
    *("compile blueprints", "render"),
}


def table_bytes(lake: Path) -> dict[str, str]:
    """SHA-256 of every table and blueprint, by its path in the lake."""
    files = [
        *(lake / "tables").rglob("*"),
        *(lake / "documents").glob("*"),
    ]
    return {
        path.relative_to(lake).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(files)
        if path.is_file()
    }


def states(lake: Path) -> dict[tuple[str, str, str], str]:
    """What became of each task in the last run."""
    record = json.loads(max((lake / "runs").glob("*.json")).read_text())
    return {(s["task"], s["market"], s["part"]): s["state"] for s in record["stages"]}


@pytest.fixture(scope="module")
def made(discover: Command, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lake after one small run; tests that change it take a copy."""
    lake = tmp_path_factory.mktemp("made") / "lake"
    finished = discover(*SMALL, "--lake", str(lake), "--workers", "1")
    assert finished.code == 0, finished.err
    return lake


@pytest.fixture
def lake(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "elsewhere" / "lake"))


def test_json_is_one_object_with_the_promised_keys_and_nothing_else(
    discover: Command, lake: Path
) -> None:
    finished = discover(*SMALL, "--lake", str(lake))
    assert finished.out.count("\n") == 1
    promised = (
        "run markets n_bars n_events n_hypotheses n_findings n_promoted blueprints report cache "
        "seconds peak_rss_mb"
    )
    assert set(promised.split()) <= set(finished.summary)
    assert Path(finished.summary["report"]).read_text().startswith("<!doctype html>")


def test_a_second_run_finds_everything_and_writes_no_table(discover: Command, lake: Path) -> None:
    stamps = {path: path.stat().st_mtime_ns for path in (lake / "tables").rglob("*")}
    finished = discover(*SMALL, "--lake", str(lake))
    assert finished.summary["cache"]["computed"] == 0
    assert set(states(lake).values()) == {"cached"}
    assert stamps == {path: path.stat().st_mtime_ns for path in (lake / "tables").rglob("*")}


def test_a_deleted_and_a_broken_table_are_made_again(discover: Command, lake: Path) -> None:
    before = table_bytes(lake)
    deleted = next((lake / "tables" / "FEATURES" / "DEMOA-5m").rglob("*.parquet"))
    broken = next((lake / "tables" / "FINDINGS" / "all" / "first").rglob("*.parquet"))
    deleted.unlink()
    broken.write_bytes(broken.read_bytes()[:-1] + b"x")
    finished = discover(*SMALL, "--lake", str(lake))
    computed = {task for task, state in states(lake).items() if state == "computed"}
    assert finished.code == 0
    assert computed == {("features", "DEMOA-5m", "-"), ("judge", "all", "first")}
    assert table_bytes(lake) == before


def test_one_config_field_recomputes_its_stage_and_what_descends_from_it(
    discover: Command, lake: Path
) -> None:
    discover(*SMALL, "--lake", str(lake), "--bridge.terms.costs.taker_fee_bps", "6")
    computed = {task for (task, _, _), state in states(lake).items() if state == "computed"}
    assert computed == TRADED


def test_refresh_computes_a_stage_again_to_the_same_bytes(discover: Command, lake: Path) -> None:
    before = table_bytes(lake)
    discover(*SMALL, "--lake", str(lake), "--refresh", "features")
    computed = {task for (task, _, _), state in states(lake).items() if state == "computed"}
    assert computed == {"features"}
    assert table_bytes(lake) == before


def test_the_number_of_workers_and_the_place_change_no_byte(
    discover: Command, made: Path, tmp_path: Path
) -> None:
    place = tmp_path / "another machine's path" / "lake"
    discover(*SMALL, "--lake", str(place), "--workers", "8")
    assert table_bytes(place) == table_bytes(made)


def test_two_runs_at_once_on_one_lake_both_finish_with_the_same_bytes(
    environment: dict[str, str], made: Path, tmp_path: Path
) -> None:
    command = [sys.executable, "-m", "flows.discovery", *SMALL, "--lake", str(tmp_path / "lake")]
    runs = [
        subprocess.Popen(command, env=environment, cwd=ROOT, stdout=subprocess.PIPE)
        for _ in range(2)
    ]
    for run in runs:
        run.communicate()
    assert [run.returncode for run in runs] == [0, 0]
    assert table_bytes(tmp_path / "lake") == table_bytes(made)


@pytest.mark.parametrize("seconds", [3.0, 5.5])
def test_a_killed_run_is_continued_to_the_same_bytes(
    environment: dict[str, str], discover: Command, made: Path, tmp_path: Path, seconds: float
) -> None:
    place = tmp_path / "lake"
    command = [sys.executable, "-m", "flows.discovery", *SMALL, "--lake", str(place)]
    run = subprocess.Popen(command, env=environment, cwd=ROOT, stdout=subprocess.DEVNULL)
    time.sleep(seconds)
    run.kill()
    run.wait()
    assert discover(*SMALL, "--lake", str(place)).code == 0
    assert table_bytes(place) == table_bytes(made)
    verify = [sys.executable, "-m", "lake", "verify", "--lake", str(place)]
    assert subprocess.run(verify, cwd=ROOT, env=environment, check=False).returncode == 0


def checkout(folder: Path) -> Path:
    """A copy of the code, to be changed; kernels that are compiled stay so."""
    for name in ("blocks", "flows", "lake", "tasks"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def test_one_line_of_a_helper_recomputes_the_stages_that_use_it_and_their_descendants(
    discover: Command, lake: Path, tmp_path: Path
) -> None:
    other = checkout(tmp_path / "checkout")
    helper = other / "tasks" / "trading" / "costs.py"
    helper.write_text(helper.read_text() + "\nUNUSED = 1\n")
    finished = discover(*SMALL, "--lake", str(lake), cwd=other, PYTHONPATH=str(other))
    assert finished.code == 0, finished.err
    computed = {task for (task, _, _), state in states(lake).items() if state == "computed"}
    assert computed == TRADED


def write_market(folder: Path, symbol: str, bars: pl.DataFrame) -> None:
    """Bars as a file in the uniform columns."""
    (folder / symbol).mkdir(parents=True, exist_ok=True)
    bars.rename({"time": "open_time"}).drop("part").write_parquet(folder / symbol / "5m.parquet")


def test_one_changed_bar_recomputes_its_market_and_what_pools_it(
    discover: Command, made: Path, tmp_path: Path
) -> None:
    files = sorted((made / "tables" / "RAW_BARS").glob("*/-/**/*.parquet"))
    one, other = (pl.read_parquet(path) for path in files)
    write_market(tmp_path / "bars", "AAA", one)
    write_market(tmp_path / "bars", "BBB", other)
    settings = SMALL[SMALL.index("--json") :]
    asked = (*("--source", "files", "--data", str(tmp_path / "bars")), *settings)
    assert discover(*asked, "--lake", str(tmp_path / "lake")).code == 0
    bar = pl.int_range(pl.len()) == 5000
    changed = other.with_columns(close=pl.when(bar).then(pl.col("high")).otherwise(pl.col("close")))
    write_market(tmp_path / "bars", "BBB", changed)
    assert discover(*asked, "--lake", str(tmp_path / "lake")).code == 0
    by_state: dict[str, set[str]] = {"cached": set(), "computed": set()}
    for (task, market, _), state in states(tmp_path / "lake").items():
        by_state[state].add(f"{task} {market}")
    alone = {"ingest", "reject", "clean", "assess", "features", "detect", "outcomes"}
    alone |= {"align", "assess beside", "cover market"}
    assert by_state["cached"] == {f"{task} AAA-5m" for task in alone}
    assert {f"{task} BBB-5m" for task in alone} < by_state["computed"]


def test_a_failed_family_fails_visibly_and_the_others_finish(
    discover: Command, tmp_path: Path
) -> None:
    other = checkout(tmp_path / "checkout")
    family = other / "tasks" / "events" / "regime.py"
    family.write_text(
        family.read_text().replace("    return ", "    assert not bars\n    return ", 1)
    )
    arguments = [*SMALL, "--families", "regime,volatility"]
    lake = tmp_path / "lake"
    finished = discover(*arguments, "--lake", str(lake), cwd=other, PYTHONPATH=str(other))
    assert finished.code == 1
    assert [line.split(":")[0] for line in finished.summary["failed"]] == [
        "detect DEMOA-5m regime",
        "detect DEMOB-5m regime",
    ]
    assert states(lake)["detect", "DEMOA-5m", "volatility"] == "computed"
    assert finished.summary["n_hypotheses"] > 0


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--source", "files", "--data", "/nowhere/at/all"), "nowhere"),
        (("--source", "files"), "--data"),
        (("--symbols", "../../x"), "no symbol"),
        (("--start", "2024-02-01", "--end", "2024-01-01"), "before start"),
        (("--tiemframe", "5m"), "timeframe"),
        (("--profile", "nosuch"), "profile"),
        (("--start", "2031-01-01"), "do:"),
    ],
)
def test_bad_input_says_what_to_do_and_exits_with_two(
    discover: Command, tmp_path: Path, arguments: tuple[str, ...], says: str
) -> None:
    finished = discover(*arguments, "--lake", str(tmp_path / "lake"))
    assert finished.code == 2
    assert says in finished.err
    assert "Traceback" not in finished.err
    assert finished.out == ""


def test_a_lake_that_may_not_be_written_says_so(discover: Command, tmp_path: Path) -> None:
    (tmp_path / "lake").write_text("a file, not a folder")
    finished = discover(*SMALL, "--lake", str(tmp_path / "lake"))
    assert finished.code == 2
    assert "--lake" in finished.err
    assert "Traceback" not in finished.err


def test_debug_shows_the_trace(discover: Command, tmp_path: Path) -> None:
    data = ("--source", "files", "--data", str(tmp_path / "none"), "--debug")
    finished = discover(*data, "--lake", str(tmp_path / "lake"))
    assert "Traceback" in finished.err


def test_help_answers_without_prefect() -> None:
    shown = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "flows.discovery", "--help"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        check=True,
    )
    assert "--refresh" in shown.stdout
    assert "prefect" not in shown.stderr
