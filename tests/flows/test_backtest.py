"""Blueprints as their user back-tests them: one small discovery, then runs of what it promoted."""

import json
import math
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

import polars as pl
import pytest

from tasks.backtest.metrics import UNITS
from tasks.blueprint.document import Blueprint, seal
from tasks.blueprint.text import read_blueprint, write_json
from tests.flows.conftest import ROOT, Command, Finished

# So small a market proves nothing: the thresholds are so low that something passes.
SMALL = (
    *("--timeframe", "15m", "--demo.n_days", "120", "--demo.spike.effect_bps", "120"),
    *("--beside", "funding", "--families", "volatility", "--outcomes.horizons", "1h,4h"),
    *("--discovery.conditions", '["all"]', "--discovery.fdr_q", "0.5"),
    *("--discovery.min_events", "10", "--discovery.min_clusters", "5"),
    *("--discovery.min_effective_clusters", "5"),
    *("--discovery.n_shifts", "99", "--discovery.n_sign_flips", "99"),
    *("--bridge.bootstrap_reps", "100", "--bridge.min_fold_trades", "1"),
    *("--bridge.terms.exits.stop", "4", "--bridge.terms.limits.cooldown", "1h"),
    *("--promotion.max_q", "1", "--promotion.min_trades", "3"),
    *("--promotion.min_trade_clusters", "2", "--promotion.min_selected_share", "0"),
    *("--promotion.max_largest_share", "1", "--promotion.max_overlap_share", "1"),
)
QUICK = ("--backtest.metrics.bootstrap_reps", "100", "--json")
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def backtest(environment: dict[str, str]) -> Command:
    """``python -m flows.backtest ARGUMENTS``."""

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
def discovered(discover: Command, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lake with the blueprints of a small run."""
    lake = tmp_path_factory.mktemp("discovered") / "lake"
    finished = discover(*SMALL, "--lake", str(lake), "--json")
    assert finished.code == 0, finished.err
    assert finished.summary["n_promoted"] >= 2
    return lake


@pytest.fixture(scope="module")
def papers(discovered: Path) -> list[Path]:
    """The blueprints' files, those with more trades than are listed last."""
    found = (discovered / "documents").glob("vol_*.json")
    return sorted(found, key=lambda path: (read_blueprint(path).golden.n_trades, path.name))


@pytest.fixture(scope="module")
def verified(backtest: Command, discovered: Path, papers: list[Path]) -> dict[Path, Finished]:
    """Every blueprint, back-tested where it was found."""
    asked = (*QUICK, "--lake", str(discovered), "--verify")
    return {path: backtest("--blueprint", str(path), *asked) for path in papers}


@pytest.fixture
def lake(verified: dict[Path, Finished], discovered: Path, tmp_path: Path) -> Path:
    """A lake of one's own, with all that was made so far."""
    return Path(shutil.copytree(discovered, tmp_path / "elsewhere" / "lake"))


@pytest.fixture(scope="module")
def paper(papers: list[Path]) -> Path:
    return papers[-1]


def edited(paper: Path, folder: Path, **fields: object) -> str:
    """Another blueprint, under a name that fits what it says."""
    known = {name: value for name, value in read_blueprint(paper) if name != "name"}
    path = folder / "edited.json"
    path.write_text(write_json(seal(known | fields)))
    return str(path)


def scrawled(paper: Path, folder: Path, place: str, value: object) -> str:
    """The blueprint with something else at a place, whatever its name says."""
    document = json.loads(paper.read_text())
    inner = document
    *steps, last = place.split(".")
    for step in steps:
        inner = inner[step]
    inner[last] = value
    path = folder / "scrawled.json"
    path.write_text(json.dumps(document))
    return str(path)


def trades_of(finished: Finished) -> pl.DataFrame:
    text = Path(finished.summary["trades"]).read_text()
    return pl.read_csv(StringIO(text)).with_columns(
        pl.col("event_time", "entry_time", "exit_time").str.to_datetime(time_zone="UTC")
    )


# Golden trades.


def test_every_blueprint_of_the_run_is_verified(verified: dict[Path, Finished]) -> None:
    assert len(verified) >= 2
    for path, finished in verified.items():
        assert finished.code == 0, finished.err
        told = finished.summary
        assert (told["verified"], told["different"]) == (True, None)
        assert told["blueprint"] == path.stem
        assert any(note.startswith("verified: ") for note in told["notes"])


def test_the_golden_trades_are_among_those_of_the_whole_account(
    verified: dict[Path, Finished],
) -> None:
    for path, finished in verified.items():
        entered = set(trades_of(finished).select("market", "entry_time", "side").rows())
        golden = [trade for _, trade in read_blueprint(path).golden.listed()]
        # A fold begins without positions, so its first may be one that the account had no room for.
        known = [(t.market, t.entry_time, t.side) in entered for t in golden]
        assert sum(known) >= len(known) - 4


def test_an_altered_golden_trade_fails_by_name_and_field(
    backtest: Command, paper: Path, lake: Path, tmp_path: Path
) -> None:
    golden = read_blueprint(paper).golden
    trade = golden.first[3]
    altered = trade.model_copy(update={"exit_price": math.nextafter(trade.exit_price, math.inf)})
    first = (*golden.first[:3], altered, *golden.first[4:])
    path = edited(paper, tmp_path, golden=golden.model_copy(update={"first": first}))
    finished = backtest("--blueprint", path, *QUICK, "--lake", str(lake), "--verify")
    assert finished.code == 1
    said = finished.summary["different"]
    stamp = trade.entry_time.isoformat().replace("+00:00", "Z")
    assert said.startswith(f"trade of fold {trade.fold} in {trade.market} entered {stamp}: ")
    assert f"exit_price: golden {altered.exit_price!r}, replayed {trade.exit_price!r}" in said
    assert finished.summary["verified"] is False
    page = Path(finished.summary["sheet"]).read_text()
    assert "NOT the golden trades" in page


def test_other_bars_other_settings_and_another_version_of_the_code_are_said(
    backtest: Command, paper: Path, lake: Path, tmp_path: Path
) -> None:
    code = read_blueprint(paper).code | {"tasks.trading.orders": "0" * 64}
    path = edited(paper, tmp_path, code=code)
    asked = ("--blueprint", path, *QUICK, "--lake", str(lake), "--demo.seed", "5")
    finished = backtest(*asked, "--features.fast", "2h", "--verify")
    notes = " ".join(finished.summary["notes"])
    assert "compiled by another version of the code: tasks.trading.orders" in notes
    assert "other bars than those of the research: DEMOA-15m, DEMOB-15m" in notes
    assert "other settings than the blueprint's: features.fast" in notes
    assert finished.code == 1
    assert finished.summary["different"].startswith("trade of fold ")


# What is told.


def test_json_has_every_measure_once_and_every_document_is_there(
    verified: dict[Path, Finished],
) -> None:
    for finished in verified.values():
        assert finished.out.count("\n") == 1
        told = finished.summary
        measures = {row["metric"]: row["value"] for row in told["metrics"]}
        assert list(measures) == list(UNITS)
        assert measures["trades"] == told["n_trades"] == trades_of(finished).height > 0
        assert told["failed"] == []
        assert Path(told["sheet"]).read_text().startswith("<!doctype html>")
        assert Path(told["picture"]).read_bytes().startswith(b"\x89PNG\r\n")


def test_trades_where_the_rule_was_found_are_counted(
    verified: dict[Path, Finished], paper: Path
) -> None:
    finished = verified[paper]
    searched = read_blueprint(paper).eras.discovery
    entered = trades_of(finished)["entry_time"]
    n = entered.is_between(searched.start, searched.end, closed="left").sum()
    assert 0 < n < len(entered)
    assert any(
        note.startswith(f"in sample: {n:,} of {len(entered):,} trades")
        for note in finished.summary["notes"]
    )


def test_people_are_told_the_measures_and_where_the_sheet_is(
    backtest: Command, paper: Path, lake: Path
) -> None:
    asked = [word for word in QUICK if word != "--json"]
    finished = backtest("--blueprint", str(paper), *asked, "--lake", str(lake), "--verify")
    assert finished.code == 0
    for said in ("deflated sharpe", "note        verified: ", f"blueprint   {paper.stem}: "):
        assert said in finished.out
    assert f"tear sheet  {lake / 'documents' / paper.stem}" in finished.out
    assert "Traceback" not in finished.err


# The same again.


def test_a_second_run_finds_everything_and_other_workers_change_no_byte(
    backtest: Command, verified: dict[Path, Finished], paper: Path, lake: Path, tmp_path: Path
) -> None:
    first = verified[paper].summary
    asked = ("--blueprint", str(paper), *QUICK, "--verify")
    again = backtest(*asked, "--lake", str(lake)).summary
    assert again["cache"]["computed"] == 0
    anew = backtest(*asked, "--lake", str(tmp_path / "cold"), "--workers", "1").summary
    assert anew["cache"]["hits"] == 0
    for name in ("metrics", "notes", "n_bars", "n_trades", "verified"):
        assert again[name] == anew[name] == first[name]
    for name in ("sheet", "picture", "trades"):
        assert Path(again[name]).name == Path(anew[name]).name == Path(first[name]).name
        contents = {Path(told[name]).read_bytes() for told in (first, again, anew)}
        assert len(contents) == 1


# Which bars are traded.


def test_days_that_are_named_limit_the_trades_and_change_none_of_them(
    backtest: Command, verified: dict[Path, Finished], paper: Path, lake: Path
) -> None:
    days = ("--start", "2023-02-01", "--end", "2023-03-10")
    finished = backtest("--blueprint", str(paper), *QUICK, "--lake", str(lake), *days, "--verify")
    assert finished.code == 0  # the golden trades are those of the research's bars all the same
    first, after = datetime(2023, 2, 1, tzinfo=UTC), datetime(2023, 3, 11, tzinfo=UTC)
    inside = (pl.col("event_time") >= first) & (pl.col("exit_time") < after)
    names = ["market", "event_time", "entry_time", "exit_time", "side", "exit", "net_bps"]
    whole = trades_of(verified[paper]).filter(inside).select(names)
    assert trades_of(finished).select(names).sort(names).equals(whole.sort(names))
    assert whole.height > 10


def ledger(lake: Path) -> list[dict]:
    asked = [sys.executable, "-m", "lake", "ledger", "--json", "--lake", str(lake)]
    done = subprocess.run(asked, capture_output=True, text=True, cwd=ROOT, check=True)
    return list(json.loads(done.stdout)["rows"])


def test_the_sealed_era_is_traded_only_where_it_is_opened_and_the_ledger_knows(
    backtest: Command, verified: dict[Path, Finished], paper: Path, lake: Path
) -> None:
    blueprint: Blueprint = read_blueprint(paper)
    sealed = blueprint.eras.sealed
    assert trades_of(verified[paper])["exit_time"].max() < sealed.start
    before = ledger(lake)
    assert [row["kind"] for row in before] == ["registered", "tested", "looked"]
    asked = ("--blueprint", str(paper), *QUICK, "--lake", str(lake), "--open-sealed")
    opened = backtest(*asked)
    assert opened.code == 0
    assert trades_of(opened)["entry_time"].max() >= sealed.start
    *others, look = ledger(lake)
    assert others == before
    assert (look["kind"], look["n_hypotheses"], look["of"]) == ("looked", 1, None)
    assert (look["start"], look["end"]) == (sealed.start.isoformat(), sealed.end.isoformat())
    assert look["run"] == opened.summary["run"]
    backtest(*asked)
    assert ledger(lake) == [*before, look]


# Wrong input.


def refused(finished: Finished, *said: str) -> None:
    assert finished.code == 2, finished.err
    for words in (*said, "wanted:", "do:"):
        assert words in finished.err
    assert "Traceback" not in finished.err
    assert finished.out == ""


WRONG = {
    "an unknown field": ("evidence.confirmation.luck", 1.0, "evidence.confirmation.luck: "),
    "an impossible number": ("terms.costs.taker_fee_bps", -5.0, "terms.costs.taker_fee_bps: "),
    "another version": ("version", 1, "a blueprint of version 1"),
    "an event that is not registered": ("event.name", "vol_spyke", "'vol_spyke' is not registered"),
    "a condition on an outcome": (
        *("conditions", [{"label": "forward_return", "value": 1}]),
        "conditions.0.label: ",
    ),
    "a name that does not fit": ("horizon_bars", 5, "horizon_bars: "),
}


@pytest.mark.parametrize("place", WRONG.values(), ids=WRONG)
def test_a_document_that_does_not_fit_is_refused_with_the_path_of_the_field(
    backtest: Command, paper: Path, tmp_path: Path, place: tuple[str, object, str]
) -> None:
    path = scrawled(paper, tmp_path, *place[:2])
    lake = tmp_path / "lake"
    refused(backtest("--blueprint", path, "--lake", str(lake), "--json"), place[2])
    assert not lake.exists()


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        ((), "no blueprint"),
        (("--blueprint", "/nowhere/at/all.json"), "/nowhere/at/all.json cannot be read"),
    ],
    ids=["no flag", "no file"],
)
def test_no_blueprint_is_told_with_what_to_do(
    backtest: Command, tmp_path: Path, flags: tuple[str, ...], said: str
) -> None:
    refused(backtest(*flags, "--lake", str(tmp_path / "lake"), "--json"), said, "--blueprint")


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (("--timeframe", "1h"), "the blueprint's timeframe, 15m"),
        (("--start", "2023-04-22"), "inside the sealed era"),
        (("--symbols", "NOSUCH"), "NOSUCH"),
    ],
    ids=["timeframe", "sealed", "market"],
)
def test_bars_that_it_cannot_or_may_not_trade_are_refused(
    backtest: Command, paper: Path, lake: Path, flags: tuple[str, ...], said: str
) -> None:
    asked = ("--blueprint", str(paper), *QUICK, "--lake", str(lake))
    before = ledger(lake)
    refused(backtest(*asked, *flags), said)
    assert ledger(lake) == before
