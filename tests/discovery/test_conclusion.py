import numpy as np
import polars as pl
import pytest

from lake.schema import FINDINGS, SCRUTINY, STABILITY
from tasks.discovery.conclusion import conclude
from tasks.discovery.config import DiscoveryConfig
from tests.discovery import market

CONFIG = DiscoveryConfig(conditions=("all",), n_sign_flips=99)
NAME = "BTCUSDT-15m"
CRASH, NOISE, ONCE = (f"{NAME}|{event}|1h|all" for event in ("crash", "noise", "once"))


@pytest.fixture(scope="module")
def judged():
    n = 96 * 200
    rng = np.random.default_rng(1)
    shocks = rng.normal(0, 1, n)
    crash = np.arange(150, n - 100, 30)
    shocks[crash + 2] += 0.8
    frame = market.bars(n, 1, shared=shocks)
    rows = {"crash": crash, "noise": rng.choice(n, 600, replace=False), "once": [500]}
    events = market.events(frame, rows, sides_of={k: np.ones(len(r)) for k, r in rows.items()})
    return market.judged([(events, frame)], CONFIG, ("1h",))[1]


def scrutiny(*rows):
    return pl.DataFrame(list(rows), SCRUTINY.columns, orient="row")


def concluded(judged, seen, sliced=None):
    told = conclude(judged, seen, STABILITY.empty() if sliced is None else sliced, CONFIG)
    assert FINDINGS.conform(told).equals(told)
    assert told["hypothesis"].equals(judged["hypothesis"])
    return told


def test_a_finding_whose_shifts_do_as_well_is_none(judged):
    assert judged.filter(hypothesis=CRASH)["verdict"].item() == "finding"
    for p, verdict in ((0.0005, "finding"), (0.02, "finding"), (0.021, "no finding")):
        told = concluded(judged, scrutiny((CRASH, p, 1999, 3.5))).filter(hypothesis=CRASH)
        assert told["verdict"].item() == verdict
        assert told["p_permutation"].item() == p
        assert told["median_bps"].item() == 3.5
        assert told["q"].item() <= 0.05
    assert "shifted events do as well: p 0.021" in told["reason"].item()


def test_scrutiny_makes_no_finding_of_what_q_refused(judged):
    told = concluded(judged, scrutiny((CRASH, 0.001, 1999, 1.0), (NOISE, 0.0005, 1999, 1.0)))
    verdicts = dict(told.select("hypothesis", "verdict").rows())
    assert verdicts == {CRASH: "finding", NOISE: "no finding", ONCE: "insufficient evidence"}


def test_what_was_not_looked_at_again_keeps_its_verdict_and_reason(judged):
    told = concluded(judged, scrutiny())
    same = ["hypothesis", "verdict", "reason", "n_wanted", "detectable_bps", "p", "q", "shrunk_bps"]
    assert told.select(same).equals(judged.select(same))
    assert told["p_permutation"].is_nan().all()
    assert told["i2_halves"].is_nan().all()


def test_halves_that_differ_are_told(judged):
    usual = {"hypothesis": CRASH, "by": "half", "n": 50, "n_clusters": 30, "scaled_se_bps": 1.0}
    rows = [
        usual | {"slice": name, "scaled_bps": bps, "sum_bps": 50 * bps}
        for name, bps in (("1", 0.0), ("2", 10.0))
    ]
    told = concluded(
        judged, scrutiny((CRASH, 0.001, 99, 1.0)), pl.DataFrame(rows, STABILITY.columns)
    )
    # Q = 50 with one degree of freedom (Higgins and Thompson 2002): I2 = (Q - 1) / Q.
    assert told.filter(hypothesis=CRASH)["i2_halves"].item() == pytest.approx(0.98)
    assert told.filter(hypothesis=NOISE)["i2_halves"].is_nan().all()


def test_concluding_twice_is_concluding_once(judged):
    seen = scrutiny((CRASH, 0.03, 1999, 3.5))
    once = concluded(judged, seen)
    assert concluded(once, seen).equals(once)


def test_of_no_findings_there_is_no_conclusion():
    assert concluded(FINDINGS.empty(), scrutiny()).is_empty()
