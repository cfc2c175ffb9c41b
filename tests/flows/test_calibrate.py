import json
import os
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from blocks.profile import load_config
from flows.calibrate import procedure_of
from lake.store import open_lake
from tasks.calibrate.pipeline import discover_market
from tasks.calibrate.worlds import simulate_markets
from tests.flows.conftest import ROOT, Command

SMALL = (
    *("--timeframe", "15m", "--demo.n_days", "100", "--families", "volatility"),
    *("--outcomes.horizons", "1h,4h"),
)
pytestmark = pytest.mark.slow


def calibrate(environment: dict[str, str], *arguments: str, cwd: Path = ROOT):
    return subprocess.run(
        [sys.executable, "-m", "flows.calibrate", *SMALL, *arguments],
        env=environment,
        capture_output=True,
        text=True,
        cwd=cwd,
        check=False,
    )


def tables(lake: Path) -> dict[str, bytes]:
    """What is calibrated, by its name in the lake."""
    found = (lake / "tables" / "CALIBRATION").rglob("*.parquet")
    return {str(path.relative_to(lake)): path.read_bytes() for path in found}


@pytest.fixture(scope="module")
def first(environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory):
    lake = tmp_path_factory.mktemp("calibrated") / "lake"
    asked = ("--markets", "2", "--effect", "0,60", "--placebos", "1", "--workers", "1")
    return lake, calibrate(environment, *asked, "--lake", str(lake), "--json")


def test_a_calibration_tells_of_null_and_planted_markets_and_placebos(first) -> None:
    _, done = first
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["null"]["markets"] == 2
    assert [row["planted_bps"] for row in told["planted"]["power"]] == [60.0]
    assert [row["kind"] for row in told["placebos"]] == [
        *("shifted", "bootstrapped", "flipped", "permuted"),
    ]
    assert told["about"]["own"] == ["DEMOA-15m", "DEMOB-15m"]
    page = Path(told["report"]).read_text()
    assert "<svg" in page
    assert "NaN" not in done.stdout


def test_it_goes_on_where_it_was_and_any_number_of_workers_gives_the_same_bytes(
    first, environment: dict[str, str], tmp_path: Path
) -> None:
    lake, _ = first
    before = tables(lake)
    asked = ("--effect", "0,60", "--placebos", "1", "--workers", "2")
    more = calibrate(environment, "--markets", "3", *asked, "--lake", str(lake), "--json")
    told = json.loads(more.stdout)
    assert told["cache"]["computed"] == 2  # the third market of each effect
    assert told["null"]["markets"] == 3
    after = tables(lake)
    assert before.items() <= after.items()
    anew = tmp_path / "lake"
    calibrate(environment, "--markets", "3", *asked, "--lake", str(anew), "--json")
    assert tables(anew) == after


def test_what_is_printed_for_people_names_the_page(first, environment: dict[str, str]) -> None:
    lake, _ = first
    asked = ("--markets", "2", "--effect", "0,60", "--placebos", "1", "--lake", str(lake))
    done = calibrate(environment, *asked)
    assert done.returncode == 0
    assert "planted event ranks first at 60 bps" in done.stdout
    assert "report " in done.stdout


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (("--markets", "0"), "calibrate.markets"),
        (("--effect", "-5"), "-5 bps: wanted effects from 0"),
        (("--events", "vol_shock"), "vol_spike"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_what_makes_no_sense_exits_with_two_before_anything_is_made(
    environment: dict[str, str], tmp_path: Path, flags: tuple[str, ...], said: str
) -> None:
    done = calibrate(environment, *flags, "--lake", str(tmp_path / "lake"))
    assert done.returncode == 2
    assert said in done.stderr
    assert "wanted:" in done.stderr
    assert "do:" in done.stderr
    assert not os.path.exists(tmp_path / "lake" / "tables")


def test_in_memory_discovery_says_what_the_flow_says(discover: Command, tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    planted = ("--demo.spike.effect_bps", "120", "--lake", str(lake))
    assert discover(*SMALL, *planted, "--json").code == 0
    opened = open_lake(str(lake))
    made = {}
    for entry in opened.entries():
        made.setdefault(entry.ref.kind, []).append(entry.ref)
    procedure = procedure_of(load_config([*SMALL, *planted]))
    simulation = simulate_markets(procedure.ingest, procedure)
    for ref in made["BARS"]:
        if ref.part == "-":
            assert opened.read(ref).equals(simulation.bars[ref.market], null_equal=True)
    found = discover_market(simulation.bars, simulation.context, simulation.funding, procedure)
    judged = max(made["FINDINGS"], key=lambda ref: ref.part == "-")
    for ref, own in (
        (judged, found.findings),
        (made["CONFIRMED"][0], found.confirmed),
        (made["TRADES"][0], found.trades),
        (made["BRIDGED"][0], found.bridged),
        (made["VERDICTS"][0], found.verdicts),
    ):
        assert opened.read(ref).equals(own, null_equal=True), ref.kind
    assert found.findings.filter(pl.col("verdict") == "finding").height > 0
    assert found.confirmed.height > 0
