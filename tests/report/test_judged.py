import math

from tasks.report.judged import tell_alarm, tell_judgement, tell_ledger
from tests.report.sample import make_evidence, make_judgement

FINDINGS = make_evidence(1, n_days=60).findings


def judged(**changes):
    return make_judgement(FINDINGS, **changes).row(0, named=True)


def test_the_judgement_counts_from_what_was_named_to_what_was_tested():
    named = {"n_named": 8168, "n_asked": 7820, "n_tested": 5495, "n_effective": 214.6}
    told = tell_judgement(judged(**named, n_events=57, n_events_selected=3))
    assert told == (
        "8,168 hypotheses named, 7,820 asked, 5,495 tested (worth about 215 independent ones); "
        "3 of 57 events selected; null sd 0.98"
    )


def test_without_a_test_nothing_is_said_of_independent_ones():
    told = tell_judgement(judged(n_tested=0, n_effective=0.0, n_events=0, null_sd=math.nan))
    assert "independent" not in told
    assert told.endswith("null sd \u2013")


def test_the_ledger_says_how_often_the_confirmation_era_was_opened():
    asked = {"n_ever_asked": 12}
    start = "ever asked of these bars: 12 hypotheses; confirmation era "
    assert tell_ledger(judged(**asked, n_looks=0)) == f"{start}not opened"
    once = judged(**asked, n_looks=1, n_looked_at=1)
    assert tell_ledger(once) == f"{start}opened once for 1 hypothesis"
    often = judged(**asked, n_looks=3, n_looked_at=7)
    assert tell_ledger(often) == f"{start}opened 3 times for 7 hypotheses"


def test_only_an_alarm_is_told_as_one():
    assert tell_alarm(judged()) == ""
    loud = tell_alarm(judged(alarm=True, null_sd=0.61, null_centre=-0.1))
    assert "standard deviation of 0.61 about \u22120.10" in loud
