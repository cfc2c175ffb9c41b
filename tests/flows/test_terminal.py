import pytest

from flows.summary import Summary, markdown
from flows.terminal import number, show

ROW = {
    "hypothesis": "all|vol_spike|1h|all",
    "effect_bps": 36.5,
    "se_bps": 2.7,
    "shrunk_bps": 35.6,
    "n": 1823,
    "q": 1.7e-31,
    "verdict": "finding",
    "reason": "q below 0.05",
    "decision": "promoted",
    "because": "hold-out mean 19.2 bps",
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
    best=[ROW, ROW | {"effect_bps": None, "se_bps": None, "shrunk_bps": None, "q": None}],
    funnel=[{"gate": "testable", "n_in": 8, "n_stopped": 7, "n_out": 1}],
)


def test_the_terminal_shows_findings_funnel_costs_and_where_things_are(
    capsys: pytest.CaptureFixture[str],
) -> None:
    show(SUMMARY)
    shown = capsys.readouterr().out
    for piece in (
        "all|vol_spike|1h|all",
        "36.5 ± 2.7",
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


def test_a_number_that_is_not_there_is_a_dash() -> None:
    assert number(None, 1) == "-"
    assert number(1234.56, 1) == "1,234.6"


def test_the_page_for_prefect_tells_the_same() -> None:
    page = markdown(SUMMARY)
    assert "**1 findings,\n1 promoted**" in page
    assert "| testable | 8 | 7 | 1 |" in page
    assert "`lake/documents/x.json`" in page
