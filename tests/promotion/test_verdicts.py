import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lake.errors import SchemaError
from lake.schema import FUNNEL, GATED, TRADES, VERDICTS
from tasks.promotion.answers import Sufficient, count_missing
from tasks.promotion.config import PromotionConfig
from tasks.promotion.gates import GATES
from tasks.promotion.verdicts import Evidence, count_stops, gate_findings, judge_hypotheses
from tests.promotion.rows import (
    bridged_of,
    finding,
    findings_of,
    stressed_of,
    trades_on,
    trimmed,
    weighed,
)

CONFIG = PromotionConfig()
WANTED = Sufficient(min_events=30, min_clusters=20, min_effective_clusters=15.0)


def evidence_of(findings, bridged, *trades, inner=24.0):
    frame = pl.concat([TRADES.empty(), *trades])
    told = [trimmed(row["hypothesis"].split("|")[1], inner) for row in bridged]
    return Evidence(findings_of(*findings), bridged_of(*bridged), stressed_of(*told), frame)


def judge(findings, bridged, *trades):
    return judge_hypotheses(evidence_of(findings, bridged, *trades), WANTED, CONFIG)


def case_of(finding_fields=None, weighed_fields=None, inner=24.0):
    one = finding("jump", **(finding_fields or {}))
    bridged = [weighed("jump", **(weighed_fields or {}))] if one["verdict"] == "finding" else []
    return evidence_of([one], bridged, trades_on("jump", range(50)), inner=inner)


def judge_one(*fields, **told):
    return judge_hypotheses(case_of(*fields, **told), WANTED, CONFIG).row(0, named=True)


def test_a_finding_that_passes_every_gate_is_promoted():
    got = judge_one()
    assert (got["verdict"], got["gate"], got["n_more"]) == ("promoted", "none", None)
    assert got["reason"] == "confirmation mean 28.0 bps after costs in 50 trades, t 4.00, q 0.001"


# What a gate rejects by a hair: fields of FINDINGS, of BRIDGED, the mean of the inner trades, and
# words of the reason; and what it lets through by a hair.
LONG = {"horizon_bars": 12}
REJECTED = [
    ("finding", {"verdict": "no finding", "reason": "q 0.4"}, {}, 24.0, "q 0.4"),
    ("walk_forward", {}, {"n_folds_selected": 2}, 24.0, "before 2 of 5 folds, 60% wanted"),
    ("net_positive", {}, {"net_bps": -1.5, "gross_bps": 10.5}, 24.0, "-1.5 bps: 10.5 gross, 12.0"),
    ("net_positive", {}, {"net_bps": 0.0}, 24.0, "0.0 bps"),
    ("confirmation_q", {}, {"q": 0.11}, 24.0, "q 0.110 above 0.1"),
    ("fold_signs", {}, {"n_folds_positive": 1}, 24.0, "1 of 3 folds earn, 67% wanted"),
    ("fold_signs", {}, {"n_folds_judged": 4}, 24.0, "2 of 4 folds earn"),
    ("cost_stress", {}, {"net_double_cost_bps": 0.0}, 24.0, "breaks even at 20.0 bps per side"),
    ("delay", LONG, {"gross_delayed_bps": 15.9}, 24.0, "15.9 of 40.0 bps gross are left"),
    ("concentration", {}, {"largest_share": 0.26}, 24.0, "26% of all that was won"),
    ("without_best", {}, {}, 0.0, "0.0 bps without the best and the worst trades, 20.0 without"),
    ("placebo_shifted", {}, {"p_shifted": 0.05}, 24.0, "days later earn too (p 0.050"),
    ("placebo_opposite", {}, {"p_opposite": 0.05}, 24.0, "the other side earns too"),
    ("placebo_random", {}, {"p_random": 0.051}, 24.0, "no better than random entries (p 0.051"),
    ("shrunk_sign", {"shrunk_bps": 12.0}, {}, 24.0, "shrinks to 12.0, a trade costs 12.0"),
    ("shrunk_sign", {"shrunk_bps": -32.0}, {}, 24.0, "shrinks to -32.0"),
    ("shrunk_sign", {"scaled_bps": -40.0}, {"follow": -1}, 24.0, "effect -40.0 bps"),
    ("shrunk_sign", {"shrunk_bps": float("nan")}, {}, 24.0, "not known"),
]
PASSED = [
    ("testable", {"n": 30, "n_clusters": 20, "effective_clusters": 15.0}, {}, 24.0),
    ("finding", {"q": 0.04}, {}, 24.0),
    ("walk_forward", {}, {"n_folds_selected": 3}, 24.0),
    ("confirmation_trades", {}, {"n_trades": 30, "n_clusters": 15}, 24.0),
    ("net_positive", {}, {"net_bps": 0.1}, 24.0),
    ("confirmation_q", {}, {"q": 0.1}, 24.0),
    ("fold_signs", {}, {"n_folds_judged": 6, "n_folds_positive": 4}, 24.0),
    ("cost_stress", {}, {"net_double_cost_bps": 0.1}, 24.0),
    ("delay", LONG, {"gross_delayed_bps": 16.0}, 24.0),
    ("delay", {"horizon_bars": 11}, {"gross_delayed_bps": -5.0}, 24.0),
    ("concentration", {}, {"largest_share": 0.25}, 24.0),
    ("without_best", {}, {"net_trimmed_bps": -3.0}, 0.1),
    ("placebo_shifted", {}, {"p_shifted": 0.051}, 24.0),
    ("placebo_opposite", {}, {"p_opposite": 0.051}, 24.0),
    ("placebo_random", {}, {"p_random": 0.05}, 24.0),
    ("shrunk_sign", {"shrunk_bps": 12.1}, {}, 24.0),
    ("different", {}, {}, 24.0),
]


@pytest.mark.parametrize(("gate", "finding_fields", "weighed_fields", "inner", "reason"), REJECTED)
def test_a_gate_rejects_with_its_numbers(gate, finding_fields, weighed_fields, inner, reason):
    got = judge_one(finding_fields, weighed_fields, inner=inner)
    assert (got["verdict"], got["gate"], got["n_more"]) == ("rejected", gate, None)
    assert reason in got["reason"]


@pytest.mark.parametrize(("gate", "finding_fields", "weighed_fields", "inner"), PASSED)
def test_a_gate_lets_through_what_is_just_good_enough(gate, finding_fields, weighed_fields, inner):
    assert judge_one(finding_fields, weighed_fields, inner=inner)["verdict"] == "promoted"


def test_both_sides_of_every_gate_are_tested_here():
    elsewhere = {"testable", "confirmation_trades", "different"}
    assert {gate for gate, *_ in REJECTED} | elsewhere == {name for name, _, _ in GATES}
    assert {gate for gate, *_ in PASSED} == {name for name, _, _ in GATES}


def test_every_gate_is_computed_for_every_finding_also_behind_the_one_that_stopped_it():
    bad = {"net_bps": -5.0, "q": 1.0, "p_random": 0.9, "largest_share": 1.0, "n_folds_judged": 0}
    findings = [finding("good"), finding("bad"), finding("none", verdict="no finding")]
    bridged = [weighed("good"), weighed("bad", gross_bps=-3.0, **bad)]
    evidence = evidence_of(findings, bridged, trades_on("good", range(40)))
    gated = gate_findings(evidence, WANTED, CONFIG)
    assert gated.schema == pl.Schema(GATED.columns)
    names = [name for name, _, _ in GATES]
    assert gated["gate"].to_list() == 2 * names
    assert gated["step"].to_list() == 2 * list(range(1, len(names) + 1))
    assert gated["figure"].is_finite().all()
    failed = gated.filter(~pl.col("passed"))
    assert failed["gate"].to_list() == [
        "net_positive",
        "confirmation_q",
        "fold_signs",
        "concentration",
        "placebo_random",
    ]
    assert (failed["reason"] != "").all()
    assert (gated.filter("passed")["reason"] == "").all()
    assert (gated["wanted"] != "").all()


def test_the_verdict_is_the_first_gate_that_is_not_passed():
    names = [f"event{k}" for k in range(len(REJECTED))]
    findings, bridged, told = [], [], []
    for name, (_, found, weighed_by, inner, _) in zip(names, REJECTED, strict=True):
        findings.append(finding(name, **found))
        if findings[-1]["verdict"] == "finding":
            bridged.append(weighed(name, **weighed_by))
            told.append(trimmed(name, inner))
    frames = findings_of(*findings), bridged_of(*bridged), stressed_of(*told), TRADES.empty()
    evidence = Evidence(*frames)
    gated = gate_findings(evidence, WANTED, CONFIG).filter(~pl.col("passed"))
    first = gated.group_by("hypothesis").agg(pl.col("gate", "reason").sort_by("step").first())
    verdicts = judge_hypotheses(evidence, WANTED, CONFIG).join(first, on="hypothesis")
    assert verdicts.height == len(bridged)
    assert verdicts["gate"].to_list() == verdicts["gate_right"].to_list()
    assert verdicts["reason"].to_list() == verdicts["reason_right"].to_list()


def test_a_finding_that_never_traded_has_a_reason_at_every_gate_that_it_does_not_pass():
    idle = {n: float("nan") for n in weighed("x") if isinstance(weighed("x")[n], float)}
    idle |= {"n_trades": 0, "n_clusters": 0, "n_folds_judged": 0, "n_folds_positive": 0}
    idle |= {"p": 1.0, "q": 1.0, "p_shifted": 1.0, "p_random": 1.0, "p_opposite": 1.0}
    evidence = evidence_of([finding("jump")], [weighed("jump", **idle)], inner=float("nan"))
    gated = gate_findings(evidence, WANTED, CONFIG)
    unknown = gated.filter(pl.col("figure").is_nan())
    assert set(unknown["gate"]) == {
        "net_positive",
        "cost_stress",
        "delay",
        "concentration",
        "without_best",
        "shrunk_sign",
    }
    assert not unknown["passed"].any()
    assert unknown["reason"].str.contains("no trades").all()
    verdict = judge_hypotheses(evidence, WANTED, CONFIG).row(0, named=True)
    assert (verdict["verdict"], verdict["n_more"]) == ("insufficient evidence", 30)


def test_folds_that_are_too_thin_to_have_a_sign_are_no_evidence():
    got = judge_one({}, {"n_folds_judged": 0, "n_folds_positive": 0})
    assert (got["verdict"], got["gate"]) == ("insufficient evidence", "fold_signs")


def test_of_an_edge_that_is_none_nothing_is_kept():
    evidence = case_of(LONG, {"gross_bps": -4.0, "gross_delayed_bps": -8.0})
    row = gate_findings(evidence, WANTED, CONFIG).filter(gate="delay").row(0, named=True)
    assert (row["figure"], row["passed"]) == (0.0, False)


def test_a_short_horizon_is_not_asked_about_a_delay_and_says_so():
    evidence = case_of({"horizon_bars": 11}, {"gross_delayed_bps": 4.0})
    row = gate_findings(evidence, WANTED, CONFIG).filter(gate="delay").row(0, named=True)
    assert (row["figure"], row["passed"]) == (0.1, True)
    assert row["wanted"] == "not asked of less than 12 bars"


def test_what_repeats_another_is_told_by_how_much():
    findings = [finding("broad"), finding("narrow"), finding("lost")]
    bridged = [weighed("broad"), weighed("narrow", n_trades=40)]
    bridged += [weighed("lost", n_trades=35, net_bps=-1.0)]
    begun = {"broad": 0, "narrow": 4, "lost": 30}
    frames = [trades_on(n, range(k, 40 + k)) for n, k in begun.items()]
    gated = gate_findings(evidence_of(findings, bridged, *frames), WANTED, CONFIG)
    told = gated.filter(gate="different").select("hypothesis", "figure", "passed")
    assert {name.split("|")[1]: (f, p) for name, f, p in told.iter_rows()} == {
        "broad": (0.0, True),
        "narrow": (0.9, False),
        # compared with what stands alone, not with the narrow one
        "lost": (0.25, True),
    }


def test_a_fade_with_a_negative_shrunk_effect_is_promoted():
    got = judge_one({"scaled_bps": -40.0, "shrunk_bps": -30.0}, {"follow": -1})
    assert got["verdict"] == "promoted"


@pytest.mark.parametrize(
    ("n_trades", "n_clusters", "n_more"),
    # 30 - 20; 15 blocks need 45 trades when 40 make 13.33; from nothing 30
    [(20, 18, 10), (40, 10, 20), (29, 29, 1), (0, 0, 30)],
)
def test_too_few_trades_say_how_many_more(n_trades, n_clusters, n_more):
    got = judge_one({}, {"n_trades": n_trades, "n_clusters": n_clusters, "net_bps": float("nan")})
    assert (got["verdict"], got["gate"]) == ("insufficient evidence", "confirmation_trades")
    assert got["n_more"] == n_more
    assert got["reason"].endswith(f"needs {n_more} more")


@pytest.mark.parametrize(
    ("fields", "n_more"),
    [
        ({"n": 12, "n_clusters": 12, "effective_clusters": 12.0}, 18),
        ({"n": 40, "n_clusters": 10, "effective_clusters": 9.0}, 40),
        ({"n": 60, "n_clusters": 30, "effective_clusters": 10.0}, 30),
        ({"n": 0, "n_clusters": 0, "effective_clusters": float("nan")}, 30),
        ({"n": 15, "n_clusters": 1, "effective_clusters": float("nan")}, 285),
    ],
)
def test_an_untestable_hypothesis_says_how_many_more(fields, n_more):
    got = judge_one({"verdict": "insufficient evidence", "reason": "few events"} | fields)
    assert (got["verdict"], got["gate"]) == ("insufficient evidence", "testable")
    assert got["n_more"] == n_more
    assert got["reason"].startswith("few events: about")


def test_where_no_count_falls_short_more_occurrences_are_not_the_question():
    got = judge_one({"verdict": "insufficient evidence", "reason": "returns do not vary"})
    assert (got["reason"], got["n_more"]) == ("returns do not vary", None)


def test_of_two_that_trade_the_same_only_the_broader_is_promoted():
    got = judge(
        [finding("broad"), finding("narrow")],
        [weighed("broad", t=4.0, n_trades=50), weighed("narrow", t=5.0, n_trades=40)],
        trades_on("broad", range(50)),
        trades_on("narrow", range(14, 54)),
    )
    broad, narrow = got.iter_rows(named=True)
    assert (broad["verdict"], narrow["verdict"], narrow["gate"]) == (
        "promoted",
        "rejected",
        "different",
    )
    assert narrow["reason"] == "redundant with AAA-1h|broad|2h|all: shares 90% of the positions"


def test_a_regime_of_a_promoted_candidate_is_redundant_whatever_it_holds():
    part = {"hypothesis": "AAA-1h|broad|2h|session=1", "condition": "session=1"}
    findings = [finding("broad"), finding("broad", **part)]
    bridged = [weighed("broad"), weighed("broad", n_trades=40, hypothesis=part["hypothesis"])]
    told = [trimmed("broad"), trimmed("broad") | {"hypothesis": part["hypothesis"]}]
    frames = findings_of(*findings), bridged_of(*bridged), stressed_of(*told)
    evidence = Evidence(*frames, trades_on("broad", range(50)))
    narrow = judge_hypotheses(evidence, WANTED, CONFIG).row(1, named=True)
    assert (narrow["gate"], narrow["reason"]) == (
        "different",
        "redundant: a part of AAA-1h|broad|2h|all",
    )
    gated = gate_findings(evidence, WANTED, CONFIG).filter(gate="different")
    assert gated["figure"].to_list() == [0.0, 1.0]


def test_the_same_occasions_in_the_other_direction_or_market_are_not_redundant():
    names = ["long", "short", "elsewhere"]
    got = judge(
        [finding(n) for n in names],
        [weighed(n) for n in names],
        trades_on("long", range(40)),
        trades_on("short", range(40), side=-1),
        trades_on("elsewhere", range(40), market="BBB-1h"),
    )
    assert got["verdict"].to_list() == ["promoted"] * 3


def test_an_overlap_of_a_third_is_still_different():
    got = judge(
        [finding("one"), finding("two")],
        [weighed("one"), weighed("two")],
        trades_on("one", range(60)),
        trades_on("two", range(40, 100)),
    )
    assert got["verdict"].to_list() == ["promoted"] * 2


def test_a_rejected_candidate_makes_nobody_redundant():
    got = judge(
        [finding("bad"), finding("good")],
        [weighed("bad", t=9.0, net_double_cost_bps=-1.0), weighed("good", t=3.0)],
        trades_on("bad", range(40)),
        trades_on("good", range(40)),
    )
    assert got["verdict"].to_list() == ["rejected", "promoted"]


def test_a_redundant_candidate_makes_nobody_redundant():
    got = judge(
        [finding("a"), finding("b"), finding("c")],
        [weighed("a", t=9.0), weighed("b", t=8.0), weighed("c", t=7.0)],
        trades_on("a", range(100)),
        trades_on("b", range(40, 140)),
        trades_on("c", range(80, 180)),
    )
    # a and b share 60 of their 100 trades, b and c too; a and c only 20
    assert got["verdict"].to_list() == ["promoted", "rejected", "promoted"]


def test_findings_that_the_bridge_lost_are_an_error():
    with pytest.raises(SchemaError, match=r"BRIDGED and FINDINGS that differ .*jump"):
        judge([finding("jump")], [])


def test_findings_that_were_not_stressed_are_an_error():
    frames = findings_of(finding("jump")), bridged_of(weighed("jump")), stressed_of()
    with pytest.raises(SchemaError, match=r"STRESSED and FINDINGS that differ .*jump"):
        judge_hypotheses(Evidence(*frames, TRADES.empty()), WANTED, CONFIG)


def test_nothing_in_makes_an_empty_table_and_a_funnel_of_zeros():
    verdicts = judge([], [])
    assert verdicts.schema == pl.Schema(VERDICTS.columns)
    funnel = count_stops(verdicts)
    assert funnel.schema == pl.Schema(FUNNEL.columns)
    assert funnel.select("n_in", "n_stopped", "n_out").sum().row(0) == (0, 0, 0)


@st.composite
def courts(draw):
    n = draw(st.integers(0, 12))
    findings, bridged, trades = [], [], []
    number = st.floats(-30, 60)
    for i in range(n):
        kind = draw(st.sampled_from(["finding", "finding", "no finding", "insufficient evidence"]))
        name = f"event{draw(st.integers(0, 99)):02d}x{i}"
        shrunk = draw(number)
        findings.append(finding(name, verdict=kind, shrunk_bps=shrunk, n=draw(st.integers(0, 99))))
        if kind == "finding":
            net = draw(number)
            bridged.append(
                weighed(
                    name,
                    n_trades=draw(st.integers(25, 60)),
                    net_bps=net,
                    net_double_cost_bps=net - 12.0,
                    q=draw(st.floats(0, 0.2)),
                    t=draw(st.sampled_from([2.0, 3.0, 4.0])),
                )
            )
            first = draw(st.integers(0, 8))
            trades.append(trades_on(name, range(first, first + 40)))
    return findings, bridged, trades


@given(courts(), st.randoms(use_true_random=False))
@settings(max_examples=80, deadline=None)
def test_every_hypothesis_has_one_verdict_and_the_funnel_reconciles(court, random):
    findings, bridged, trades = court
    verdicts = judge(findings, bridged, *trades)
    assert verdicts["hypothesis"].to_list() == sorted(row["hypothesis"] for row in findings)
    assert verdicts["reason"].null_count() == 0
    funnel = count_stops(verdicts)
    assert funnel["gate"].to_list() == [name for name, _, _ in GATES]
    assert funnel["n_in"][0] == len(findings)
    assert (funnel["n_in"] - funnel["n_stopped"] == funnel["n_out"]).all()
    assert funnel["n_in"][1:].to_list() == funnel["n_out"][:-1].to_list()
    assert funnel["n_out"][-1] == (verdicts["verdict"] == "promoted").sum()

    for rows in (findings, bridged, trades):
        random.shuffle(rows)
    assert judge(findings, bridged, *trades).equals(verdicts)


@given(st.integers(0, 200), st.integers(1, 60), st.integers(1, 60), st.integers(1, 60))
def test_with_that_many_more_every_count_is_reached_and_not_with_fewer(n, clusters, min_n, min_g):
    n_clusters = min(n, clusters)
    n_more = count_missing(n, (n, min_n), (n_clusters, min_g))
    if n == 0:
        assert n_more == max(min_n, min_g)
        return

    def suffices(total):
        return total >= min_n and n_clusters * total >= min_g * n

    assert suffices(n + (n_more or 0))
    assert n_more is None or not suffices(n + n_more - 1)
