import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from tasks.bridge.clustered import (
    block_of,
    chance_of,
    clustered_difference,
    clustered_t,
    describe,
)
from tasks.bridge.orders import NOTHING
from tasks.trading.simulation import Results


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


@pytest.mark.filterwarnings("ignore:invalid value encountered in sqrt")
@given(st.integers(0, 2**32 - 1), st.integers(3, 40), st.integers(3, 60), st.integers(3, 12))
@settings(max_examples=40, deadline=None)
def test_the_clustered_difference_is_that_of_a_regression_on_a_dummy(seed, n, m, n_blocks):
    rng = np.random.default_rng(seed)
    blocks, others = rng.integers(0, n_blocks, n), rng.integers(0, n_blocks, m)
    blocks[0], others[0] = 0, 1
    moved = rng.normal(0, 15, n_blocks)
    x, y = rng.normal(5, 10, n) + moved[blocks], rng.normal(0, 10, m) + moved[others]
    se, t, n_clusters = clustered_difference(x, blocks, y, others)
    groups = np.r_[blocks, others]
    dummies = np.c_[np.ones(n + m), np.r_[np.ones(n), np.zeros(m)]]
    told = {"groups": groups, "use_correction": False}
    fit = sm.OLS(np.r_[x, y], dummies).fit(cov_type="cluster", cov_kwds=told)
    assert n_clusters == len(np.unique(groups))
    expected = fit.bse[1] * np.sqrt(n_clusters / (n_clusters - 1))
    assert se == pytest.approx(expected, rel=1e-9)
    assert t == pytest.approx((x.mean() - y.mean()) / expected, rel=1e-9)


def test_what_moves_both_in_a_block_is_no_evidence_of_a_difference():
    blocks = np.repeat(np.arange(10), 4)
    moved = np.random.default_rng(1).normal(0, 50, 10)[blocks]
    noise = np.random.default_rng(2).normal(0, 1, (2, 40))
    together, _, _ = clustered_difference(moved + noise[0] + 3, blocks, moved + noise[1], blocks)
    apart, _, _ = clustered_difference(moved + noise[0] + 3, blocks, moved + noise[1], blocks + 10)
    assert together < 1 < 10 < apart


def test_a_block_is_a_day_or_five_horizons_whichever_is_longer():
    hours = np.array([0, 23, 24, 39, 40, 59, 60]) * 3_600_000
    assert block_of(hours, "1h", "1d", 5).tolist() == [0, 0, 1, 1, 1, 2, 2]
    assert block_of(hours, "4h", "1d", 5).tolist() == [0, 0, 1, 1, 1, 2, 2]
    assert block_of(hours, "8h", "1d", 5).tolist() == [0, 0, 0, 0, 1, 1, 1]


@pytest.mark.parametrize(("t", "n"), [(2.0, 5), (-1.0, 2), (0.0, 40), (8.5, 200)])
def test_the_p_is_the_upper_tail_of_student(t, n):
    assert chance_of(t, n) == pytest.approx(stats.t.sf(t, n - 1), rel=1e-12)


def test_the_numbers_can_be_checked_by_hand():
    gross, cost = np.array([30.0, 10.0, 40.0, 20.0]), np.full(4, 12.0)
    zeros = np.zeros(4, np.int64)
    row = describe(Results(zeros, zeros, gross, cost, gross - cost), np.array([0, 0, 1, 2]))
    # net 18, -2, 28, 8: mean 13; cluster sums of the residuals -10, 15, -5 over 4
    se = np.sqrt(3 / 2 * (10**2 + 15**2 + 5**2) / 16)
    assert (row["n_trades"], row["n_clusters"]) == (4, 3)
    assert (row["gross_bps"], row["cost_bps"], row["net_bps"]) == (25.0, 12.0, 13.0)
    assert row["se_bps"] == pytest.approx(se)
    assert row["t"] == pytest.approx(13 / se)
    assert row["p"] == pytest.approx(1 - stats.t.cdf(13 / se, 2))


@pytest.mark.parametrize("blocks", [[5], [1, 1, 1], [0, 1, 2]])
def test_where_clusters_do_not_differ_nothing_is_proven(blocks):
    values, zeros = np.full(len(blocks), 33.3), np.zeros(len(blocks), np.int64)
    row = describe(Results(zeros, zeros, values, values, values), np.array(blocks))
    assert np.isnan(row["se_bps"])
    assert np.isnan(row["t"])
    assert row["p"] == 1.0


def test_without_trades_there_is_a_row_and_no_proof():
    row = describe(NOTHING, np.empty(0, np.int64))
    assert (row["n_trades"], row["n_clusters"], row["p"]) == (0, 0, 1.0)
    assert all(np.isnan(row[name]) for name in ("gross_bps", "net_bps", "se_bps", "t"))
