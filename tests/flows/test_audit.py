import json
import subprocess
import sys

import pytest

from tests.flows.conftest import ROOT, Command

SMALL = (
    *("--demo.n_days", "60", "--timeframe", "15m", "--symbols", "DEMOB"),
    *("--beside", "funding,spot,leader,mark"),
    *("--audit.n_cuts", "8", "--json"),
)
CHEATS = ("--events-from", "tests.audit.cheats")
pytestmark = pytest.mark.slow


def audit(environment: dict[str, str], *arguments: str) -> tuple[int, dict]:
    done = subprocess.run(
        [sys.executable, "-m", "flows.audit", *SMALL, *arguments],
        env=environment,
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    return done.returncode, json.loads(done.stdout)


def test_an_audit_of_honest_events_exits_with_zero_and_says_what_it_could_not_ask(
    environment: dict[str, str], tmp_path
) -> None:
    families = ("--families", "positioning,desync,momentum", "--lake", str(tmp_path / "lake"))
    code, told = audit(environment, *families)
    assert (code, told["n_rewritten"], told["failed"]) == (0, 0, [])
    assert told["n_readings"] > 1000
    beside = {"funding_flip", "basis_dislocation", "lead_lag_break"}
    names = {(row["kind"], row["name"]) for row in told["rows"]}
    assert {"rv_slow", *beside} <= {name for _, name in names}
    engine = {("engine", "momentum"), ("engine", "momentum.turn"), ("event", "momentum_turn")}
    assert engine <= names
    lacking = "not runnable: needs open interest"
    assert told["not_audited"]["oi_flush on DEMOB-15m"] == lacking


def test_an_audit_of_cheats_exits_with_one_and_names_each_with_its_first_bar(
    environment: dict[str, str], tmp_path
) -> None:
    code, told = audit(environment, *CHEATS, "--families", "cheats", "--lake", str(tmp_path / "l"))
    assert code == 1
    wrong = {row["name"]: row for row in told["rows"] if row["n_rewritten"]}
    assert {"centred_window", "full_sample_quantile", "pivot_at_its_extreme"} <= set(wrong)
    assert {"early_turn", "joined_at_its_open.turn", "new_high"} <= set(wrong)
    assert wrong["new_high"]["how"] == "restarted"
    assert not {"honest_move", "honest_turn", "honest_engine.turn"} & set(wrong)
    assert all(row["first"].startswith("DEMOB-15m 2023-") for row in wrong.values())


def test_discovery_refuses_the_same_cheats(discover: Command, tmp_path) -> None:
    refused = discover("--profile", "smoke", *CHEATS, "--lake", str(tmp_path / "lake"))
    assert refused.code == 2
    assert "looks ahead: first at bar" in refused.err
    assert not (tmp_path / "lake" / "tables").exists()
