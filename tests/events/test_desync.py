import numpy as np
import pytest
import statsmodels.api as sm
from scipy.stats import median_abs_deviation

from tasks.events.desync import (
    basis_dislocation,
    cross_venue_desync,
    foretold,
    index_component_divergence,
    lead_lag_break,
    spot_perp_basis_shock,
)
from tests.events.market import bars_of, fired, last_fired, walk

USUAL = [1.0, 2.0, 3.0] * 8  # median 2, median absolute deviation 1: one sd is 1.4826
RNG = np.random.default_rng(11)
LEADER = RNG.normal(0.0, 0.01, 101)
NOISE = RNG.normal(0.0, 0.001, 101)


def with_basis(bps):
    return bars_of(100.0 * np.exp(np.array(bps) * 1e-4), spot=100.0)


@pytest.mark.parametrize(
    ("last", "side"),
    [
        ([9.0, 9.0, 9.0], 1),  # z = 7 / 1.4826 = 4.72
        ([-5.0, -5.0, -5.0], -1),
        ([9.0, -5.0, 9.0], 1),
        ([9.0, 9.0, 7.9], None),  # 3.98
        ([7.9, 9.0, 9.0], None),
        ([9.0, 9.0], None),
    ],
)
def test_venues_part_where_the_basis_is_unusual_three_bars_running(last, side):
    bars = with_basis(USUAL + last)
    assert last_fired(cross_venue_desync, bars, history="5h", at_least=1) == side


def test_the_side_is_that_of_the_basis_not_of_its_change():
    bars = with_basis([10.0 + b for b in USUAL] + [4.0] * 3)
    assert last_fired(cross_venue_desync, bars, history="5h", at_least=1) == 1


def test_the_least_of_the_three_scores_is_the_strength():
    bars = with_basis([*USUAL, 20.0, 9.0, 20.0])
    found = cross_venue_desync.marks(bars, "15m", {"history": "5h", "at_least": 1})
    assert found.strength[-1] == pytest.approx(7.0 / 1.4826, rel=1e-6)


@pytest.mark.parametrize(
    ("last", "side"), [(4.0, 1), (-1.0, -1), (0.5, 1), (2.0, None), (1.1, None), (2.9, None)]
)
def test_a_basis_beyond_its_past_tails_is_dislocated(last, side):
    bars = with_basis([*USUAL, last])
    assert last_fired(basis_dislocation, bars, history="6h", at_least=1) == side


def test_a_dislocation_counts_the_widths_beyond_the_range():
    bars = with_basis([*USUAL, 4.0])
    found = basis_dislocation.marks(bars, "15m", {"history": "6h", "at_least": 1})
    assert found.strength[-1] == pytest.approx(1.0 + (4.0 - 3.0) / (3.0 - 1.0))


def test_two_hundred_bars_hold_a_tail_of_half_a_percent():
    bars = with_basis([100.0] + USUAL * 5 + [4.0])  # the hundred is older than ten hours
    assert last_fired(basis_dislocation, bars, history="10h") is None
    assert last_fired(basis_dislocation, bars, history="10h", at_least=1) == 1


@pytest.mark.parametrize(("last", "side"), [(12.0, 1), (-12.0, -1), (4.9, None), (1.1, None)])
def test_a_basis_shock_is_a_jump_within_a_bar(last, side):
    # the basis rises by one, one, and falls by two: its last value is 3
    bars = with_basis([*USUAL, last])
    assert last_fired(spot_perp_basis_shock, bars, history="5h") == side


def test_a_shock_is_measured_by_the_past_tail_of_jumps():
    found = spot_perp_basis_shock.marks(with_basis([*USUAL, 12.0]), "15m", {"history": "5h"})
    assert found.strength[-1] == pytest.approx(9.0 / 2.0)


def with_leader(returns, leader_returns):
    return bars_of(walk(returns), leader=walk(leader_returns))


@pytest.mark.parametrize(("extra", "side"), [(0.02, 1), (-0.02, -1), (0.001, None)])
def test_a_component_diverges_by_what_beta_does_not_explain(extra, side):
    returns = 1.5 * LEADER + NOISE
    returns[-1] = 1.5 * LEADER[-1] + extra
    bars = with_leader(returns, LEADER)
    windows = {"window": "15m", "beta_window": "10h", "history": "10h"}
    assert last_fired(index_component_divergence, bars, **windows) == side


def test_following_a_leader_who_jumps_is_no_divergence():
    leader = LEADER.copy()
    leader[-1] = 0.1
    bars = with_leader(1.5 * leader + NOISE, leader)
    windows = {"window": "15m", "beta_window": "10h", "history": "10h"}
    assert last_fired(index_component_divergence, bars, **windows) is None


def test_divergence_is_scored_as_statsmodels_and_scipy_do():
    returns = 1.5 * LEADER + NOISE
    returns[-1] += 0.02
    bars = with_leader(returns, LEADER)
    windows = {"window": "1h", "beta_window": "10h", "history": "5h"}
    found = index_component_divergence.marks(bars, "15m", windows)

    def residual(t):
        past = slice(t - 40, t)
        beta = sm.OLS(returns[past], sm.add_constant(LEADER[past])).fit().params[1]
        return returns[t - 3 : t + 1].sum() - beta * LEADER[t - 3 : t + 1].sum()

    *past, last = [residual(t) for t in range(80, 101)]
    wanted = (last - np.median(past)) / median_abs_deviation(past, scale=1 / 1.4826)
    assert found.fired[-1]
    assert found.strength[-1] == pytest.approx(wanted, rel=1e-5)


@pytest.mark.parametrize(
    ("share", "extra", "side"),
    [(0.5, 0.02, 1), (0.5, -0.02, -1), (0.5, 0.0005, None), (0.0, 0.02, None)],
    ids=["too high", "too low", "as foretold", "nothing was foretold"],
)
def test_a_lead_breaks_where_the_leader_foretold_something_else(share, extra, side):
    returns = share * np.roll(LEADER, 2) + NOISE
    returns[-1] = share * LEADER[-3] + extra
    assert last_fired(lead_lag_break, with_leader(returns, LEADER), history="10h") == side


def test_a_large_move_that_the_leader_foretold_is_no_break():
    leader = LEADER.copy()
    leader[-2] = 0.05
    returns = 0.5 * np.roll(leader, 1) + NOISE
    returns[-1] = 0.5 * 0.05
    bars = with_leader(returns, leader)
    assert last_fired(lead_lag_break, bars, history="10h") is None


def test_what_is_foretold_is_the_regression_of_the_bars_before():
    returns = 0.2 * np.roll(LEADER, 2) + NOISE
    bars = with_leader(returns, LEADER)
    expected, t = foretold(bars, 40)
    lags = sm.add_constant(np.column_stack([np.roll(LEADER, k) for k in (1, 2, 3)]))
    fit = sm.OLS(returns[60:100], lags[60:100]).fit()
    assert expected[-1] == pytest.approx(fit.predict(lags[-1:])[0], rel=1e-9)
    assert t[-1] == pytest.approx(np.abs(fit.tvalues[1:]).max(), rel=1e-9)


def test_breaks_stand_alone():
    returns = 0.5 * np.roll(LEADER, 1) + NOISE
    returns[95] += 0.02
    found = fired(lead_lag_break, with_leader(returns, LEADER), history="10h")
    assert (96, 1) in found


@pytest.mark.parametrize(
    "analyzer",
    [
        basis_dislocation,
        cross_venue_desync,
        index_component_divergence,
        spot_perp_basis_shock,
    ],
    ids=lambda a: a.name,
)
def test_what_differs_by_rounding_alone_is_in_step(analyzer):
    closes = walk(RNG.normal(0.0, 0.01, 4000))
    bars = bars_of(closes, spot=closes / 1.0003, leader=closes * 3.7)
    assert fired(analyzer, bars) == []
