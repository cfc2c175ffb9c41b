"""BRIDGED from hand-made tables: the pooled trades, and what the stress tests said."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from lake.schema import BRIDGED, STRESSED, TRADES
from tasks.bridge.config import BridgeConfig
from tasks.bridge.evidence import weigh_candidates
from tasks.bridge.ground import lay_ground
from tasks.bridge.stress import stress_candidates
from tasks.bridge.trades import select_candidates, simulate_trades
from tests.bridge.market import (
    at,
    filled,
    finding,
    findings_of,
    folds_at,
    random_market,
    refits_of,
)

CONFIG = BridgeConfig(notionals=(1e4, 1e5, 1e6), random_replicas=2)
ALL_SELECTED = [True, True, True]
# (test, level): gross, net, p, number of trades
TOLD = {
    ("cost", "1"): (25.0, 13.0, 0.1, 4),
    ("cost", "2"): (25.0, 1.0, 0.4, 4),
    ("delay", "1"): (15.0, 3.0, 0.4, 4),
    ("notional", "10000"): (25.0, 14.0, 0.1, 4),
    ("notional", "100000"): (25.0, 2.0, 0.1, 4),
    ("notional", "1000000"): (25.0, -6.0, 0.9, 4),
    ("break_even", "2.1"): (25.0, 0.0, 0.5, 4),
    ("trimmed", "best"): (20.0, 8.0, 0.2, 3),
    ("trimmed", "both"): (22.0, 11.0, 0.2, 2),
    ("fold", "1"): (25.0, 13.0, 0.1, 20),
    ("fold", "2"): (25.0, -13.0, 0.1, 10),
    ("fold", "3"): (25.0, 10.0, 0.1, 9),
    ("year", "2023"): (25.0, 13.0, 0.1, 2),
    ("year", "2024"): (25.0, -1.0, 0.1, 2),
    ("year", "2025"): (25.0, 2.0, 0.1, 2),
    ("shifted", "1d"): (2.0, -10.0, 0.8, 4),
    ("shifted", "7d"): (2.0, -10.0, 0.6, 4),
    ("opposite", "all"): (-25.0, -37.0, 0.99, 4),
    ("random", "2"): (1.0, -11.0, 0.03, 8),
}


def trades_of(hypothesis, hours, gross, cost=12.0, funding=0.0, fold=1):
    rows = [
        {
            "hypothesis": hypothesis,
            "fold": fold,
            "trade": k,
            "market": "AAA-1h",
            "event_time": at(h),
            "entry_time": at(h + 1),
            "exit_time": at(h + 2),
            "side": 1,
            "n_ambiguous": k % 2,
            "gross_bps": float(g),
            "funding_bps": funding,
            "cost_bps": cost,
            "net_bps": float(g) - cost,
        }
        for k, (h, g) in enumerate(zip(hours, gross, strict=True))
    ]
    return filled(TRADES, rows)


def stressed_of(findings, **changes):
    rows = [
        {"hypothesis": name, "test": test, "level": level, "cost_bps": gross - net}
        | {"gross_bps": gross, "net_bps": net, "p": p, "n_trades": n, "n_clusters": n}
        for name in findings["hypothesis"]
        for (test, level), (gross, net, p, n) in TOLD.items()
    ]
    return filled(STRESSED, rows).with_columns(**changes)


def weigh(rows, *trades, selected=ALL_SELECTED, stressed=None, config=CONFIG):
    findings = findings_of(*rows)
    told = stressed_of(findings) if stressed is None else stressed
    return weigh_candidates(
        select_candidates(findings),
        refits_of(findings, selected),
        pl.concat([TRADES.empty(), *trades]),
        told,
        config,
    )


def weigh_one(hours=(0, 4, 24, 48), gross=(30.0, 10.0, 40.0, 20.0), selected=ALL_SELECTED, **how):
    row = finding()
    trades = trades_of(row["hypothesis"], hours, gross, **how)
    return weigh([row], trades, selected=selected).row(0, named=True)


def test_the_numbers_of_a_candidate_can_be_checked_by_hand():
    got = weigh_one()
    # net 18, -2, 28, 8: mean 13; cluster sums of the residuals -10, 15, -5 over 4
    se = np.sqrt(3 / 2 * (10**2 + 15**2 + 5**2) / 16)
    assert (got["n_trades"], got["n_clusters"], got["follow"]) == (4, 3, 1)
    assert (got["gross_bps"], got["cost_bps"], got["net_bps"]) == (25.0, 12.0, 13.0)
    assert got["se_bps"] == pytest.approx(se)
    assert got["t"] == pytest.approx(13 / se)
    assert got["p"] == pytest.approx(1 - stats.t.cdf(13 / se, 2))
    assert (got["hit_rate"], got["worst_bps"], got["n_ambiguous"]) == (0.75, -2.0, 2)
    # of 18, 28 and 8 that were won
    assert got["largest_share"] == pytest.approx(28 / 54)


def test_the_stress_tests_are_handed_on():
    got = weigh_one()
    assert (got["net_double_cost_bps"], got["gross_delayed_bps"]) == (1.0, 15.0)
    assert got["net_trimmed_bps"] == 8.0
    assert (got["n_years"], got["n_years_positive"]) == (3, 2)
    assert (got["p_shifted"], got["p_random"], got["p_opposite"]) == (0.6, 0.03, 0.99)
    # a quarter of the decade above 1e5
    assert got["capacity"] == pytest.approx(10**5.25)


def test_folds_are_judged_where_they_are_selected_and_have_trades_enough():
    got = weigh_one()
    names = ("n_folds", "n_folds_selected", "n_folds_judged", "n_folds_positive")
    assert [got[n] for n in names] == [3, 3, 2, 1]
    got = weigh_one(selected=[True, False, True])
    assert [got[n] for n in names] == [3, 2, 1, 1]


@pytest.mark.parametrize("funding", [0.0, 3.0, -1.0])
def test_funding_does_not_count_as_a_cost_per_side(funding):
    # at 2.1 times the costs 25 bps go for fees, slippage and funding together
    assert weigh_one(funding=funding)["break_even_cost_bps"] == pytest.approx((25 - funding) / 2)


@pytest.mark.parametrize(("level", "even"), [("0", 0.0), ("inf", np.inf)])
def test_the_ends_of_the_break_even_are_nothing_and_never(level, even):
    row = finding()
    told = stressed_of(findings_of(row)).with_columns(
        level=pl.when(pl.col("test") == "break_even").then(pl.lit(level)).otherwise("level")
    )
    got = weigh([row], trades_of(row["hypothesis"], [0, 30], [20.0, 30.0]), stressed=told)
    assert got["break_even_cost_bps"].to_list() == [even]


def test_trades_of_folds_that_were_not_selected_are_no_evidence():
    row = finding()
    trades = [
        trades_of(row["hypothesis"], [0, 30, 60], [20.0, 30.0, 25.0]),
        trades_of(row["hypothesis"], [100, 130], [500.0, 900.0], fold=2),
    ]
    got = weigh([row], *trades, selected=[True, False, True])
    assert got.select("n_trades", "net_bps").row(0) == (3, 13.0)


def test_of_losers_alone_the_largest_share_is_all():
    assert weigh_one(gross=(1.0, 2.0, 3.0, 4.0))["largest_share"] == 1.0


def test_q_is_that_of_benjamini_and_hochberg_over_all_candidates():
    rng = np.random.default_rng(7)
    rows = [finding(event=f"event{i}") for i in range(6)]
    trades = [
        trades_of(row["hypothesis"], range(0, 24 * 20, 24), rng.normal(12 + 4 * i, 15, 20))
        for i, row in enumerate(rows[:-1])
    ]
    got = weigh(rows, *trades)
    p = got["p"].to_numpy()
    order = np.argsort(p)
    q = np.empty(6)
    smallest = 1.0
    for rank in range(6, 0, -1):
        smallest = min(smallest, p[order[rank - 1]] * 6 / rank)
        q[order[rank - 1]] = smallest
    assert got["q"].to_numpy() == pytest.approx(q)
    assert p[-1] == 1.0


def test_a_candidate_without_trades_is_not_lost():
    market = random_market("AAA-1h", 1)
    findings, folds = findings_of(finding()), folds_at(200, 500, 960)
    ground = lay_ground([market], folds, CONFIG.terms)
    candidates, refits = select_candidates(findings), refits_of(findings, [False, False])
    trades = simulate_trades(candidates, ground, CONFIG.terms)
    told = stress_candidates(candidates, refits, ground, CONFIG)
    got = weigh_candidates(candidates, refits, trades, told, CONFIG).row(0, named=True)
    assert (got["n_trades"], got["n_clusters"], got["p"], got["q"]) == (0, 0, 1.0, 1.0)
    assert (got["n_folds"], got["n_folds_selected"], got["n_folds_judged"]) == (2, 0, 0)
    assert [got[n] for n in ("p_shifted", "p_random", "p_opposite")] == [1.0, 1.0, 1.0]
    for name in ("net_bps", "t", "break_even_cost_bps", "capacity", "largest_share"):
        assert np.isnan(got[name])


def test_no_candidates_make_an_empty_table_of_the_right_shape():
    assert weigh([]).schema == pl.Schema(BRIDGED.columns)
    row = finding()
    full = weigh([row], trades_of(row["hypothesis"], [0, 30], [20.0, 30.0]))
    assert full.schema == pl.Schema(BRIDGED.columns)


@given(st.randoms(use_true_random=False))
@settings(max_examples=10, deadline=None)
def test_the_order_of_the_rows_does_not_matter(random):
    rows = [finding(event=f"event{i}") for i in range(3)]
    rng = np.random.default_rng(3)
    frames = [trades_of(r["hypothesis"], range(0, 480, 16), rng.normal(15, 9, 30)) for r in rows]
    trades = pl.concat(frames)
    shuffled = list(range(trades.height))
    random.shuffle(shuffled)
    told = stressed_of(findings_of(*rows))
    mixed = weigh(rows, trades[shuffled], stressed=told[::-1])
    assert mixed.equals(weigh(rows[::-1], trades))
