"""A replay as its user runs it: lines of JSON, exit codes, signals, a state on the disk."""

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from urllib.request import Request, urlopen

import pytest
import yaml

from tasks.clean.config import CleanConfig
from tasks.ingest.config import IngestConfig
from tasks.live.journal import to_line
from tasks.live.source import open_source
from tests.flows.conftest import ROOT, Finished
from tests.live.market import (
    LIVELY,
    LOOSE,
    SETTING,
    backtest,
    dirty,
    raw_rows,
    table_of,
    written,
)

pytestmark = pytest.mark.slow
# In a profile, where a limit can be none.
PROFILE = {
    "extends": "full",
    "engines": {"fusion": LIVELY.fusion.model_dump(include={"enter", "leave", "volatility_bars"})},
    "backtest": {
        "engine_horizon_bars": LOOSE.horizon_bars,
        "engine_terms": {"limits": LOOSE.terms.limits.model_dump(include={"cooldown", "drawdown"})},
    },
}


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of a replay beside which no server stands."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("ASSAY_")}
    own |= {"PREFECT_HOME": str(tmp_path_factory.mktemp("alone")), "PYTHONPATH": str(ROOT)}
    own.pop("PREFECT_API_URL", None)
    return own


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(dirty(raw_rows()), tmp_path_factory.mktemp("bars") / "ETHUSDT-1h.parquet")


@pytest.fixture(scope="module")
def asked(file: Path) -> tuple[str, ...]:
    """The replay of the file with the setting of the simulated market."""
    profile = file.with_name("lively.yaml")
    profile.write_text(yaml.safe_dump(PROFILE))
    return ("--replay", str(file), "--profile", str(profile))


def begin(environment: dict[str, str], *arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "flows.live", *arguments],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )


def run(environment: dict[str, str], *arguments: str) -> Finished:
    process = begin(environment, *arguments)
    out, err = process.communicate()
    return Finished(process.returncode, out, err)


@pytest.fixture(scope="module")
def whole(alone: dict[str, str], asked: tuple[str, ...]) -> Finished:
    """A replay from end to end."""
    return run(alone, *asked, "--json")


def lines_of(finished: Finished) -> tuple[list[str], dict]:
    *decisions, end = finished.out.splitlines()
    return decisions, json.loads(end)


def test_the_decisions_are_those_of_the_back_test_of_the_file(whole: Finished, file: Path) -> None:
    assert whole.code == 0, whole.err
    decisions, end = lines_of(whole)
    rows = list(open_source(str(file), IngestConfig(), CleanConfig()).rows())
    wanted, done = backtest(rows, SETTING)
    assert decisions == [to_line(row) for row in wanted.iter_rows(named=True)]
    assert len(decisions) > 20
    assert end["what"] == "end"
    assert sum(end["decided"].values()) == len(decisions)
    assert (end["n_trades"], end["equity"]) == (done.trades.height, done.equity["equity"][-1])
    assert end["quarantined"]["spike"] > 0
    assert not end["stopped"]


def test_the_command_of_the_back_test_writes_the_same_decisions(
    environment: dict[str, str], asked: tuple[str, ...], whole: Finished, tmp_path: Path
) -> None:
    _, file, *profile = asked
    bars = ("--source", "files", "--data", file, "--timeframe", "1h", "--beside", "")
    own = ("--engine", "fusion", "--lake", str(tmp_path / "lake"), "--json")
    command = [sys.executable, "-m", "flows.backtest", *own, *bars, *profile]
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert done.returncode == 0, done.stderr
    log = Path(json.loads(done.stdout)["decisions"]).read_text()
    assert log == table_of(lines_of(whole)[0]).write_csv()


def test_rows_that_are_no_bars_and_timings_are_told_beside(whole: Finished) -> None:
    told = whole.err.splitlines()
    assert "quarantined  no time  no_time" in told
    assert sum("quarantined" in line for line in told) == sum(
        lines_of(whole)[1]["quarantined"].values()
    )
    timed = [line for line in told if "microseconds per bar" in line]
    assert [line.split(":")[0] for line in timed] == ["bar 500", "bar 999"]
    assert all(name in timed[0] for name in ("wyckoff", "smc", "hob", "momentum", "fusion"))


def test_no_server_and_no_prefect_is_needed(alone: dict[str, str], file: Path) -> None:
    code = (
        "import runpy, sys\n"
        f"sys.argv = ['live', '--replay', {str(file)!r}, '--end', '2024-01-05']\n"
        "try:\n"
        "    runpy.run_module('flows.live', run_name='__main__')\n"
        "except SystemExit as end:\n"
        "    assert end.code == 0\n"
        "assert 'prefect' not in sys.modules\n"
    )
    done = subprocess.run([sys.executable, "-c", code], env=alone, cwd=ROOT, check=False)
    assert done.returncode == 0


def test_people_are_told_in_words(alone: dict[str, str], asked: tuple[str, ...]) -> None:
    told = run(alone, *asked)
    assert told.code == 0, told.err
    first = told.out.splitlines()[0]
    assert "score " in first
    assert "state hash  " in told.out
    assert "account     " in told.out


def test_where_a_server_stands_it_is_one_run_there(
    environment: dict[str, str], prefect_home: Path, file: Path
) -> None:
    done = run(environment, "--replay", str(file), "--end", "2024-01-20", "--json")
    assert done.code == 0, done.err
    url = json.loads((prefect_home / "server.json").read_text())["url"]
    asked = {"flows": {"name": {"any_": ["live"]}}}

    def found(kind: str) -> list[dict]:
        body = json.dumps(asked).encode()
        request = Request(f"{url}/api/{kind}/filter", body, {"Content-Type": "application/json"})
        return list(json.load(urlopen(request)))

    (made,) = found("flow_runs")
    assert made["state"]["type"] == "COMPLETED"
    assert found("task_runs") == []


# Speed, signals, state.


def test_bars_come_as_fast_as_asked(alone: dict[str, str], file: Path) -> None:
    few = ("--replay", str(file), "--end", "2024-01-05", "--json")
    run(alone, *few)
    started = time.monotonic()
    done = run(alone, *few, "--speed", "20")
    n_rows = lines_of(done)[1]["n_rows"]
    assert time.monotonic() - started > (n_rows - 1) / 20


def until(process: "subprocess.Popen[str]", n: int) -> list[str]:
    """The first lines that the process prints."""
    assert process.stdout is not None
    return [process.stdout.readline().rstrip() for _ in range(n)]


def test_a_replay_that_is_killed_goes_on_with_the_same_decisions(
    alone: dict[str, str], asked: tuple[str, ...], whole: Finished, tmp_path: Path
) -> None:
    state = tmp_path / "live.state"
    own = (*asked, "--json", "--state", str(state))
    often = ("--live.save_bars", "7", "--live.save_seconds", "0.05")
    printed: list[str] = []
    for n in (5, 12):
        process = begin(alone, *own, *often, *(("--resume",) if printed else ()))
        printed += until(process, n)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        assert process.returncode == -signal.SIGKILL
    last = run(alone, *own, "--resume")
    assert last.code == 0, last.err
    decisions, end = lines_of(whole)
    again, its_end = lines_of(last)
    assert Path(f"{state}.jsonl").read_text().splitlines() == decisions
    assert set(printed) | set(again) == set(decisions)
    same = ("state_hash", "equity", "n_trades", "decided", "quarantined", "n_slots")
    assert {name: its_end[name] for name in same} == {name: end[name] for name in same}
    assert {path.name for path in tmp_path.iterdir()} == {"live.state", "live.state.jsonl"}


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_it_after_the_bar_at_hand_with_its_state_whole(
    alone: dict[str, str],
    asked: tuple[str, ...],
    whole: Finished,
    tmp_path: Path,
    number: int,
    code: int,
) -> None:
    state = tmp_path / "live.state"
    own = (*asked, "--json", "--state", str(state))
    process = begin(alone, *own, "--speed", "400")
    until(process, 3)
    process.send_signal(number)
    out, err = process.communicate()
    assert process.returncode == code, err
    stopped = json.loads(out.splitlines()[-1])
    assert stopped["stopped"]
    last = run(alone, *own, "--resume")
    assert last.code == 0, last.err
    assert Path(f"{state}.jsonl").read_text().splitlines() == lines_of(whole)[0]


@pytest.mark.parametrize("streams", ["|", "2>&1 |"])
def test_a_reader_that_goes_away_ends_it(
    alone: dict[str, str], asked: tuple[str, ...], streams: str
) -> None:
    words = shlex.join([sys.executable, "-m", "flows.live", *asked, "--json"])
    command = f"set -o pipefail; {words} {streams} head -1"
    done = subprocess.run(
        ["bash", "-c", command], env=alone, cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 1
    assert "Traceback" not in done.stderr


# What is refused, each with what came, what was wanted and what to do.


def csv(path: Path, text: str) -> str:
    path.write_text(text)
    return str(path)


def cut(path: Path, file: Path) -> str:
    path.write_bytes(file.read_bytes()[:-500])
    return str(path)


BAD: dict[str, tuple[Callable[[Path, Path], list[str]], str]] = {
    "nothing": (lambda _, __: [], "no file to replay"),
    "no such file": (lambda at, _: ["--replay", str(at / "ETHUSDT-1h.csv")], "is not there"),
    "an empty file": (lambda at, _: ["--replay", csv(at / "ETHUSDT-1h.csv", "")], "is empty"),
    "a header alone": (
        lambda at, _: [
            "--replay",
            csv(at / "ETHUSDT-1h.csv", "open_time,open,high,low,close,volume\n"),
        ],
        "no rows",
    ),
    "a cut Parquet": (
        lambda at, file: ["--replay", cut(at / "ETHUSDT-1h.parquet", file)],
        "no whole Parquet file",
    ),
    "other columns": (
        lambda at, _: ["--replay", csv(at / "ETHUSDT-1h.csv", "a,b\n1,2\n")],
        "lacks the columns",
    ),
    "a speed below zero": (
        lambda _, file: ["--replay", str(file), "--speed", "-1"],
        "live.speed",
    ),
    "another timeframe": (
        lambda _, file: ["--replay", str(file), "--timeframe", "4h"],
        "--timeframe says 4h",
    ),
    "another symbol": (
        lambda _, file: ["--replay", str(file), "--symbols", "BTCUSDT"],
        "no file holds bars of BTCUSDT",
    ),
    "an engine that is none": (
        lambda _, file: ["--replay", str(file), "--engine", "wykoff"],
        "no engine 'wykoff'",
    ),
    "a state nowhere": (
        lambda at, file: ["--replay", str(file), "--state", str(at / "no" / "state")],
        "cannot be written",
    ),
    "a state that is there": (
        lambda at, file: ["--replay", str(file), "--state", csv(at / "state", "x")],
        "is there already",
    ),
    "a state that is none": (
        lambda at, file: ["--replay", str(file), "--state", csv(at / "state", "x"), "--resume"],
        "no whole state",
    ),
    "going on from nothing": (lambda _, file: ["--replay", str(file), "--resume"], "without"),
    "a blueprint": (
        lambda _, file: ["--replay", str(file), "--blueprint", "nowhere.json"],
        "blueprint",
    ),
}


@pytest.mark.parametrize("what", BAD)
def test_what_cannot_be_replayed_is_told_and_exits_with_two(
    alone: dict[str, str], file: Path, tmp_path: Path, what: str
) -> None:
    words, said = BAD[what]
    done = run(alone, *words(tmp_path, file))
    assert done.code == 2, done.err
    assert said in done.err
    assert "\n  wanted: " in done.err
    assert "\n  do: " in done.err
    assert "Traceback" not in done.err
    assert done.out == ""
