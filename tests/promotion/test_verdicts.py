import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lake.errors import SchemaError
from lake.schema import FUNNEL, TRADES, VERDICTS
from tasks.promotion.config import PromotionConfig
from tasks.promotion.gates import GATES, Sufficient, count_missing
from tasks.promotion.verdicts import count_stops, judge_hypotheses
from tests.promotion.rows import bridged_of, finding, findings_of, trades_on, weighed

CONFIG = PromotionConfig()
WANTED = Sufficient(min_events=30, min_clusters=20, min_effective_clusters=15.0)


def judge(findings, bridged, *trades):
    frame = pl.concat([TRADES.empty(), *trades])
    return judge_hypotheses(findings_of(*findings), bridged_of(*bridged), frame, WANTED, CONFIG)


def judge_one(finding_fields=None, weighed_fields=None):
    one = finding("jump", **(finding_fields or {}))
    bridged = [weighed("jump", **(weighed_fields or {}))] if one["verdict"] == "finding" else []
    return judge([one], bridged, trades_on("jump", range(50))).row(0, named=True)


def test_a_finding_that_passes_every_gate_is_promoted():
    got = judge_one()
    assert (got["verdict"], got["gate"], got["n_more"]) == ("promoted", "none", None)
    assert got["reason"] == "confirmation mean 28.0 bps after costs in 50 trades, t 4.00, q 0.001"


@pytest.mark.parametrize(
    ("finding_fields", "weighed_fields", "gate", "reason"),
    [
        ({"verdict": "no finding", "reason": "q 0.4"}, {}, "finding", "q 0.4"),
        ({}, {"net_bps": -1.5, "gross_bps": 10.5}, "net_positive", "-1.5 bps: 10.5 gross, 12.0"),
        ({}, {"net_bps": 0.0}, "net_positive", "0.0 bps"),
        ({}, {"q": 0.11}, "confirmation_q", "q 0.110 above 0.1"),
        ({}, {"net_double_cost_bps": -2.0}, "cost_stress", "breaks even at 20.0 bps per side"),
        ({"shrunk_bps": 12.0}, {}, "shrunk_sign", "shrinks to 12.0, a trade costs 12.0"),
        ({"shrunk_bps": -32.0}, {}, "shrunk_sign", "shrinks to -32.0"),
        ({"scaled_bps": -40.0}, {"follow": -1}, "shrunk_sign", "effect -40.0 bps"),
        ({"shrunk_bps": float("nan")}, {}, "shrunk_sign", "nan"),
    ],
)
def test_a_gate_rejects_with_its_numbers(finding_fields, weighed_fields, gate, reason):
    got = judge_one(finding_fields, weighed_fields)
    assert (got["verdict"], got["gate"], got["n_more"]) == ("rejected", gate, None)
    assert reason in got["reason"]


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


def test_an_overlap_of_eighty_percent_is_still_different():
    got = judge(
        [finding("one"), finding("two")],
        [weighed("one"), weighed("two")],
        trades_on("one", range(50)),
        trades_on("two", range(10, 60)),
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
        trades_on("b", range(10, 110)),
        trades_on("c", range(20, 120)),
    )
    # a and b share 90 of their 100 trades, b and c too; a and c only 80
    assert got["verdict"].to_list() == ["promoted", "rejected", "promoted"]


def test_findings_that_the_bridge_lost_are_an_error():
    with pytest.raises(SchemaError, match="jump"):
        judge([finding("jump")], [])


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
