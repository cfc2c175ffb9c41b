"""An engine as its user back-tests it, on small demo markets."""

import os
import subprocess
import sys
from io import StringIO
from pathlib import Path

import polars as pl
import pytest

from lake.schema import DECISIONS
from tasks.backtest.metrics import UNITS
from tests.flows.conftest import ROOT, Command, Finished
from tests.flows.test_backtest import refused

SMALL = ("--timeframe", "1h", "--demo.n_days", "90", "--beside", "funding", "--json")
QUICK = ("--backtest.metrics.bootstrap_reps", "100", "--backtest.chart_bars", "80")
EAGER = ("--engines.fusion.enter", "0.15", "--engines.fusion.leave", "0.1")
FUSION = ("--engine", "fusion", *SMALL, *QUICK, *EAGER)
pytestmark = pytest.mark.slow


def command(environment: dict[str, str]) -> Command:
    def run(*arguments: str) -> Finished:
        done = subprocess.run(
            [sys.executable, "-m", "flows.backtest", *arguments],
            env=environment,
            capture_output=True,
            text=True,
            cwd=ROOT,
            check=False,
        )
        return Finished(done.returncode, done.stdout, done.stderr)

    return run


@pytest.fixture(scope="module")
def backtest(environment: dict[str, str]) -> Command:
    """``python -m flows.backtest ARGUMENTS``, beside a standing server."""
    return command(environment)


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("engine") / "lake"


@pytest.fixture(scope="module")
def first(backtest: Command, lake: Path) -> Finished:
    finished = backtest(*FUSION, "--lake", str(lake))
    assert finished.code == 0, finished.err
    return finished


def read(told: dict, name: str) -> pl.DataFrame:
    return pl.read_csv(StringIO(Path(told[name]).read_text()))


# What is told.


def test_json_has_the_measures_the_members_the_timings_and_every_document(first: Finished) -> None:
    told = first.summary
    assert first.out.count("\n") == 1
    assert [row["metric"] for row in told["metrics"]] == list(UNITS)
    members = [row["engine"] for row in told["members"]]
    assert members == ["wyckoff", "wyckoff_daily", "smc", "hob", "momentum", "fusion"]
    assert told["comparison"].startswith("fusion ")
    named = {row["what"]: row for row in told["timings"]}
    assert named["all"]["ns_per_bar"] > named["smc"]["ns_per_bar"] > 0
    assert set(told["charts"]) == set(told["markets"])
    for place in (told["picture"], *told["charts"].values()):
        assert Path(place).read_bytes().startswith(b"\x89PNG\r\n")
    assert Path(told["sheet"]).read_text().startswith("<!doctype html>")
    assert told["failed"] == []


def test_every_trade_has_a_decision_that_was_taken(first: Finished) -> None:
    told = first.summary
    decisions, trades = read(told, "decisions"), read(told, "trades")
    assert decisions.columns == list(DECISIONS.columns)
    assert (decisions.height, trades.height) == (told["n_decisions"], told["n_trades"])
    assert trades.height > 5
    taken = decisions.filter(pl.col("fate") == "taken").select("market", "time", "side")
    entered = trades.select("market", pl.col("event_time").alias("time"), "side")
    assert taken.join(entered, on=["market", "time", "side"], how="semi").height == trades.height


def test_too_few_bars_for_the_daily_reading_are_told(first: Finished) -> None:
    notes = first.summary["notes"]
    assert not any("for smc" in note for note in notes)
    short = [note for note in notes if "too few bars for wyckoff_daily" in note]
    warm = [row for row in first.summary["members"] if row["engine"] == "wyckoff_daily"]
    assert bool(short) == (warm[0]["n_bars"] / 2 <= 50)


def test_people_are_told_the_engines_beside_each_other(
    backtest: Command, first: Finished, lake: Path
) -> None:
    asked = [word for word in FUSION if word != "--json"]
    finished = backtest(*asked, "--lake", str(lake))
    assert finished.code == 0
    for said in ("deflated sharpe", "Engines, each with its own account", "ns per bar"):
        assert said in finished.out
    assert f"compared    {first.summary['comparison']}" in finished.out
    for line in ("decisions   ", "chart       ", "tear sheet  "):
        assert f"\n{line}{lake}" in finished.out


# The same again.


def test_a_second_run_finds_everything_and_one_worker_changes_no_byte(
    backtest: Command, first: Finished, lake: Path, tmp_path: Path
) -> None:
    again = backtest(*FUSION, "--lake", str(lake)).summary
    assert again["cache"]["computed"] == 0
    cold = ("--lake", str(tmp_path / "cold"), "--workers", "1")
    anew = backtest(*FUSION, *cold).summary
    assert anew["cache"]["hits"] == 0
    told = first.summary
    for name in ("metrics", "members", "comparison", "notes", "n_bars", "n_decisions"):
        assert again[name] == anew[name] == told[name]
    places = [*told["charts"], "sheet", "picture", "trades", "decisions"]
    for name in places:
        found = [Path(run["charts"].get(name) or run[name]) for run in (told, again, anew)]
        assert len({path.name for path in found}) == 1
        assert len({path.read_bytes() for path in found}) == 1


def test_another_term_trades_the_same_decisions(
    backtest: Command, first: Finished, lake: Path
) -> None:
    other = backtest(*FUSION, "--backtest.engine_terms.exits.stop", "1", "--lake", str(lake))
    ours, theirs = read(first.summary, "decisions"), read(other.summary, "decisions")
    assert ours.drop("fate").equals(theirs.drop("fate"))
    assert not read(first.summary, "trades").equals(read(other.summary, "trades"))


# Wrong input.


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (("--engine", "fushion"), "the nearest is 'fusion'"),
        (("--engine", "smc", "--verify"), "--verify with --engine smc"),
        (("--engine", "smc", "--symbols", "NOSUCH"), "NOSUCH"),
        (("--engine", "smc", "--backtest.chart_end", "2001-01-01"), "a chart that ends"),
    ],
    ids=["no engine", "a blueprint's flag", "no market", "no bars to draw"],
)
def test_what_cannot_be_done_is_refused(
    backtest: Command, first: Finished, lake: Path, flags: tuple[str, ...], said: str
) -> None:
    refused(backtest(*SMALL, *QUICK, *flags, "--lake", str(lake)), said)


def test_a_wrong_engine_is_refused_before_a_server_is_started(tmp_path: Path) -> None:
    environment = {**os.environ, "PREFECT_HOME": str(tmp_path / "none")}
    finished = command(environment)("--engine", "fushion", "--lake", str(tmp_path / "lake"))
    assert finished.code == 2
    assert "the nearest is 'fusion'" in finished.err
    assert not (tmp_path / "none").exists()
