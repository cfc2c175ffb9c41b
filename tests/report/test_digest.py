import math

from tasks.report.digest import Digest, digest
from tests.report.sample import make_barren, make_evidence

PAGES = {"report-ab.html": "<p>x</p>", "events-cd.html": "<p>y</p>"}


def told(evidence, n_best: int = 5) -> Digest:
    names = ("findings", "confirmed", "judgement", "verdicts", "funnel", "blueprints")
    tables = {name: getattr(evidence, name) for name in names}
    return digest(evidence.quality, evidence.coverage, PAGES, n_best=n_best, **tables)


def test_the_digest_counts_what_the_tables_say() -> None:
    evidence = make_evidence()
    got = told(evidence)
    verdicts = evidence.verdicts["verdict"].to_list()
    assert got.n_hypotheses == evidence.findings.height
    assert got.n_findings == evidence.findings["verdict"].to_list().count("finding")
    assert got.n_promoted == verdicts.count("promoted")
    assert len(got.blueprints) == evidence.blueprints.height
    assert got.pages == PAGES


def test_what_could_not_run_is_named_by_market_and_reason() -> None:
    reason = "not runnable: needs open interest"
    assert told(make_evidence(2)).not_runnable == {
        f"BTCUSDT-1h {reason}": ["oi_flush"],
        f"ETHUSDT-1h {reason}": ["oi_flush"],
    }


def test_bars_are_counted_without_gaps() -> None:
    evidence = make_evidence()
    rows = evidence.quality.rows(named=True)
    assert told(evidence).n_bars == sum(row["n"] for row in rows if row["check"] == "bars")


def test_the_best_come_first_with_the_decision_and_its_reason() -> None:
    evidence = make_evidence()
    best = told(evidence).best
    assert [row["q"] for row in best] == sorted(row["q"] for row in best)
    decided = dict(evidence.verdicts.select("hypothesis", "verdict").rows())
    assert [row["decision"] for row in best] == [decided.get(r["hypothesis"]) for r in best]
    assert all(row["because"] for row in best if row["decision"])
    assert any(row["decision"] for row in best)


def test_the_best_bring_what_came_out_of_sample_and_others_have_none() -> None:
    evidence = make_evidence()
    everything = told(evidence, n_best=evidence.findings.height).best
    confirmed = dict(evidence.confirmed.fill_nan(None).select("hypothesis", "scaled_bps").rows())
    got = {row["hypothesis"]: row["confirmed_scaled_bps"] for row in everything}
    assert {name: value for name, value in got.items() if name in confirmed} == confirmed
    assert all(value is None for name, value in got.items() if name not in confirmed)


def test_the_judgement_comes_as_it_was_made() -> None:
    evidence = make_evidence()
    row = evidence.judgement.row(0, named=True)
    assert told(evidence).judgement == row


def test_an_untested_hypothesis_comes_last_and_its_missing_numbers_are_none() -> None:
    evidence = make_evidence()
    everything = told(evidence, n_best=evidence.findings.height).best
    missing = [row["q"] is None for row in everything]
    assert missing == sorted(missing)
    assert not any(isinstance(v, float) and math.isnan(v) for r in everything for v in r.values())


def test_a_run_that_found_nothing_has_nothing_to_show() -> None:
    got = told(make_barren())
    assert got.n_findings == got.n_promoted == 0
    assert got.blueprints == []
