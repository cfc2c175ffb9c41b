import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import poisson
from statsmodels.stats.proportion import proportion_confint

from tasks.calibrate.shares import mean_by_market, rate_of, share_of


@given(st.integers(1, 400), st.data())
def test_a_share_has_the_interval_of_clopper_and_pearson(n, data):
    hits = data.draw(st.integers(0, n))
    found = share_of(hits, n, 0.95)
    wanted = proportion_confint(hits, n, alpha=0.05, method="beta")
    assert (found.low, found.high) == pytest.approx(
        (wanted[0] if hits else 0.0, wanted[1] if hits < n else 1.0)
    )
    assert found.low <= found.value <= found.high


def test_no_promotion_in_sixty_markets_reaches_up_to_six_percent():
    # statistics.md 3.4: 0/60 = [0, .06]; 5.2: 0/50 -> [0, .07].
    assert share_of(0, 60, 0.95).high == pytest.approx(0.06, abs=0.001)
    assert share_of(0, 50, 0.95).high == pytest.approx(0.071, abs=0.001)


@pytest.mark.parametrize("total", [0, 1, 7, 40])
def test_a_poisson_rate_has_the_limits_at_which_its_tails_are_as_small_as_said(total):
    counts = np.zeros(100)
    counts[:total] = 1.0
    found = rate_of(counts, 0.95)
    assert poisson.cdf(total, 100 * found.high) == pytest.approx(0.025)
    if total:
        assert poisson.sf(total - 1, 100 * found.low) == pytest.approx(0.025)
    else:
        assert found.low == 0.0


def test_counts_that_come_together_widen_the_interval():
    alone, together = np.zeros(100), np.zeros(100)
    alone[:20], together[0] = 1.0, 20.0
    near, far = rate_of(alone, 0.95), rate_of(together, 0.95)
    assert near.value == far.value
    assert far.high > 3 * near.high


def test_of_nothing_nothing_is_said():
    assert share_of(0, 0, 0.95).value is None
    assert rate_of(np.array([]), 0.95).value is None
    assert mean_by_market(np.array([]), np.array([])).value is None
    assert mean_by_market(np.array([2.0]), np.array([4.0])).se is None


def test_the_error_of_a_mean_is_that_of_a_regression_with_clusters():
    draws = np.random.default_rng(1)
    market = np.repeat(np.arange(12), draws.integers(1, 40, 12))
    x = draws.normal(size=market.size) + draws.normal(size=12)[market]
    fit = sm.OLS(x, np.ones(x.size)).fit(cov_type="cluster", cov_kwds={"groups": market})
    found = mean_by_market(np.bincount(market, x), np.bincount(market).astype(float))
    assert (found.value, found.se) == pytest.approx((fit.params[0], fit.bse[0]))
    assert (found.n, found.n_markets) == (x.size, 12)


def test_markets_without_hypotheses_do_not_count():
    sums, counts = np.array([1.0, 0.0, 3.0]), np.array([2.0, 0.0, 4.0])
    assert mean_by_market(sums, counts) == mean_by_market(sums[[0, 2]], counts[[0, 2]])
