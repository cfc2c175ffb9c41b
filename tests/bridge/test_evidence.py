import numpy as np
import polars as pl
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from lake.schema import BRIDGED, TRADES
from tasks.bridge.config import BridgeConfig
from tasks.bridge.evidence import block_of, clustered_t, weigh_candidates
from tasks.bridge.trades import select_candidates
from tests.bridge.market import at, filled, finding, findings_of

CONFIG = BridgeConfig(funding_bps_per_8h=0.0)


def trades_of(hypothesis, hours, gross, cost=12.0):
    rows = [
        {
            "hypothesis": hypothesis,
            "market": "AAA-1h",
            "event_time": at(h),
            "entry_time": at(h + 1),
            "exit_time": at(h + 2),
            "side": 1,
            "gross_bps": float(g),
            "cost_bps": cost,
            "net_bps": float(g) - cost,
        }
        for h, g in zip(hours, gross, strict=True)
    ]
    return filled(TRADES, rows)


def weigh(rows, *trades):
    return weigh_candidates(
        select_candidates(findings_of(*rows)), pl.concat([TRADES.empty(), *trades]), CONFIG
    )


@given(st.integers(0, 2**32 - 1), st.integers(3, 60), st.integers(2, 12))
@settings(max_examples=40, deadline=None)
def test_the_clustered_t_is_that_of_statsmodels(seed, n, n_blocks):
    rng = np.random.default_rng(seed)
    blocks = np.sort(rng.integers(0, n_blocks, n))
    blocks[-1] = n_blocks
    values = rng.normal(3, 20, n)
    se, t, n_clusters = clustered_t(values, blocks)
    fit = sm.OLS(values, np.ones(n)).fit(cov_type="cluster", cov_kwds={"groups": blocks})
    assert n_clusters == len(np.unique(blocks))
    assert se == pytest.approx(fit.bse[0], rel=1e-9)
    assert t == pytest.approx(fit.tvalues[0], rel=1e-9)


def test_a_block_is_a_day_or_five_horizons_whichever_is_longer():
    hours = np.array([0, 23, 24, 39, 40, 59, 60]) * 3_600_000
    assert block_of(hours, "1h", "1d", 5).tolist() == [0, 0, 1, 1, 1, 2, 2]
    assert block_of(hours, "4h", "1d", 5).tolist() == [0, 0, 1, 1, 1, 2, 2]
    assert block_of(hours, "8h", "1d", 5).tolist() == [0, 0, 0, 0, 1, 1, 1]


def test_the_numbers_of_a_candidate_can_be_checked_by_hand():
    row = finding()
    trades = trades_of(row["hypothesis"], [0, 4, 24, 48], [30.0, 10.0, 40.0, 20.0])
    got = weigh([row], trades).row(0, named=True)
    # net 18, -2, 28, 8: mean 13; cluster sums of the residuals -10, 15, -5 over 4
    se = np.sqrt(3 / 2 * (10**2 + 15**2 + 5**2) / 16)
    assert (got["n_trades"], got["n_clusters"], got["follow"]) == (4, 3, 1)
    assert (got["gross_bps"], got["cost_bps"], got["net_bps"]) == (25.0, 12.0, 13.0)
    assert got["se_bps"] == pytest.approx(se)
    assert got["t"] == pytest.approx(13 / se)
    assert got["p"] == pytest.approx(1 - stats.t.cdf(13 / se, 2))
    assert got["break_even_cost_bps"] == 12.5
    assert (got["hit_rate"], got["worst_bps"], got["net_double_cost_bps"]) == (0.75, -2.0, 1.0)


def test_funding_does_not_count_as_a_cost_per_side():
    row = finding()
    got = weigh([row], trades_of(row["hypothesis"], [0, 30], [20.0, 30.0], cost=15.0))
    # 3 bps of funding stay whatever a fill costs: 25 - 3 = 22 over two sides
    assert got["break_even_cost_bps"][0] == 11.0


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


def test_a_candidate_without_trades_is_not_lost():
    got = weigh([finding()]).row(0, named=True)
    assert (got["n_trades"], got["n_clusters"], got["p"], got["q"]) == (0, 0, 1.0, 1.0)
    assert np.isnan(got["net_bps"])
    assert np.isnan(got["t"])


@pytest.mark.parametrize("hours", [[5], [1, 2, 3], [0, 24, 48]])
def test_where_clusters_do_not_differ_nothing_is_proven(hours):
    row = finding()
    got = weigh([row], trades_of(row["hypothesis"], hours, [33.3] * len(hours))).row(0, named=True)
    assert np.isnan(got["se_bps"])
    assert np.isnan(got["t"])
    assert (got["p"], got["q"]) == (1.0, 1.0)


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
    assert weigh(rows, trades[shuffled]).equals(weigh(rows[::-1], trades))
