import json

import pytest

from flows.summary import Summary, best_cells, markdown
from flows.terminal import show
from tasks.report.formats import MISSING

ROW = {
    "hypothesis": "all|vol_spike|1h|all",
    "scaled_bps": 36.5,
    "scaled_se_bps": 2.7,
    "shrunk_bps": 34.4,
    "lower_bps": 30.2,
    "upper_bps": 38.6,
    "confirmed_scaled_bps": 33.4,
    "confirmed_scaled_se_bps": 4.1,
    "n": 1823,
    "q": 1.7e-31,
    "verdict": "finding",
    "reason": "q below 0.05",
    "decision": "promoted",
    "because": "confirmation mean 19.2 bps",
}
UNKNOWN = {
    name: None
    for name in ROW
    if name.startswith(("scaled", "shrunk", "lower", "upper", "confirmed", "q"))
}
JUDGEMENT = {
    "n_named": 8168,
    "n_asked": 7820,
    "n_tested": 5495,
    "n_effective": 214.6,
    "n_events": 57,
    "n_events_selected": 3,
    "n_findings": 1,
    "null_centre": 0.01,
    "null_sd": 0.98,
    "null_share": 0.99,
    "alarm": False,
    "n_ever_asked": 15_640,
    "n_looks": 2,
    "n_looked_at": 5,
}
SUMMARY = Summary(
    run="20240101T000000-abcd",
    markets=["DEMOA-5m"],
    n_bars=1000,
    n_events=20,
    n_hypotheses=8,
    n_findings=1,
    n_promoted=1,
    blueprints=["lake/documents/x.json"],
    report="lake/documents/report.html",
    book="lake/documents/events.html",
    not_runnable={"DEMOA-5m not runnable: needs a fee schedule": ["fee_regime_change"]},
    cache={"hits": 3, "computed": 4},
    seconds={"ingest": 1.25},
    peak_rss_mb={"ingest": 300.0},
    failed=["detect DEMOA-5m regime: ArithmeticError('x')"],
    judgement=JUDGEMENT,
    best=[ROW, ROW | UNKNOWN],
    funnel=[{"gate": "testable", "n_in": 8, "n_stopped": 7, "n_out": 1}],
)


def test_the_terminal_shows_findings_funnel_costs_and_where_things_are(
    capsys: pytest.CaptureFixture[str],
) -> None:
    show(SUMMARY)
    shown = capsys.readouterr().out
    for piece in (
        "all|vol_spike|1h|all",
        "+36.5 ± 2.7",
        "+34.4 (+30.2 to +38.6)",
        "+33.4 ± 4.1",
        "1,823",
        "1.7e-31",
        "8,168 hypotheses named, 7,820 asked, 5,495 tested (worth about 215 independent ones); "
        "3 of 57 events selected; null sd 0.98",
        "ever asked of these bars: 15,640 hypotheses; confirmation era opened 2 times for "
        "5 hypotheses",
        "promoted",
        "testable",
        "1.25",
        "3 tasks found in the lake, 4 computed",
        "lake/documents/report.html",
        "lake/documents/x.json",
        "lake/documents/events.html",
        "DEMOA-5m not runnable: needs a fee schedule: fee_regime_change",
        "FAILED      detect DEMOA-5m regime",
    ):
        assert piece in shown
    assert "ALARM" not in shown


def test_an_alarm_is_said_aloud_wherever_the_run_is_told(
    capsys: pytest.CaptureFixture[str],
) -> None:
    judgement = JUDGEMENT | {"alarm": True, "null_sd": 1.38, "null_centre": 0.35}
    alarmed = SUMMARY.model_copy(update={"judgement": judgement})
    show(alarmed)
    shown = capsys.readouterr().out
    assert any(line.startswith("ALARM: ") for line in shown.splitlines())
    assert "standard deviation of 1.38 about 0.35" in shown
    assert "ALARM: " in markdown(alarmed)


def test_a_number_that_is_not_known_is_a_dash_and_what_was_not_asked_is_blank() -> None:
    name, found, shrunk, proof, _, q, *_ = best_cells(ROW | UNKNOWN)
    assert (name, found, shrunk, proof, q) == (
        "all|vol_spike|1h|all",
        MISSING,
        MISSING,
        "",
        MISSING,
    )


def test_machines_are_told_the_same_numbers() -> None:
    told = json.loads(json.dumps(SUMMARY.for_machines(), allow_nan=False))
    assert told["judgement"] == JUDGEMENT
    assert [row["confirmed_scaled_bps"] for row in told["best"]] == [33.4, None]
    assert {"scaled_bps", "scaled_se_bps", "shrunk_bps", "lower_bps", "upper_bps", "q"} < set(
        told["best"][0]
    )
    assert "funnel" not in told


def test_the_page_for_prefect_tells_the_same() -> None:
    page = markdown(SUMMARY)
    assert "**1 findings,\n1 promoted**" in page
    assert "| testable | 8 | 7 | 1 |" in page
    assert "null sd 0.98.\never asked of these bars" in page
    row = "+36.5 ± 2.7 | +34.4 (+30.2 to +38.6) | +33.4 ± 4.1 | 1,823 | 1.7e-31 | promoted"
    assert f"| all\\|vol_spike\\|1h\\|all | {row} |" in page
    assert "`lake/documents/x.json`" in page
