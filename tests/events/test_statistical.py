import numpy as np
import pytest
from scipy import stats

from tasks.events.statistical import (
    band_break,
    copula_pairs,
    gap_overshoot,
    overshoot_after_shock,
    zscore_stretch,
)
from tests.events.market import bars_of, last_fired, walk

BASE = [100.0, 101.0] * 10


@pytest.mark.parametrize(("close", "side"), [(101.9, 1), (99.1, -1), (101.8, None), (99.2, None)])
def test_the_band_is_two_and_a_half_deviations_of_the_past(close, side):
    # eight closes of 100 and 101: mean 100.5, sample sd 0.5345, band 99.16 to 101.84
    assert last_fired(band_break, bars_of([*BASE, close]), window="2h", at_least=1) == side


def test_the_bar_itself_is_not_in_its_band():
    bars = bars_of([*BASE, 130.0])
    logs = np.log(BASE[-8:])
    found = band_break.marks(bars, "15m", {"window": "2h", "at_least": 1})
    assert found.strength[-1] == pytest.approx((np.log(130) - logs.mean()) / logs.std(ddof=1))


@pytest.mark.parametrize(("close", "side"), [(110.0, 1), (92.0, -1), (101.2, None)])
def test_a_stretch_is_far_from_the_mean_by_its_own_past(close, side):
    closes = [100.0, 101.0, 100.5, 100.2, 100.9] * 6
    assert last_fired(zscore_stretch, bars_of([*closes, close]), window="1h", history="5h") == side


def test_a_band_has_two_dozen_bars_at_least():
    bars = bars_of([110.0, *BASE, 101.9])
    assert last_fired(band_break, bars, window="2h") is None


CALM = [0.01, -0.01] * 15


@pytest.mark.parametrize(
    ("after", "side"),
    [
        ([0.05, 0.05, -0.01], -1),  # 10 % beyond the spike's close, 9 % were to be reached
        ([-0.01, 0.05, 0.05, 0.01, -0.01], -1),
        ([0.04, 0.04, -0.01], None),
        ([0.05, 0.05, 0.01], None),
        ([0.05, -0.01, 0.01, 0.05, 0.01, 0.01, 0.01, 0.01, -0.01], None),  # the ninth bar
    ],
    ids=["turns", "turns late", "too short", "goes on", "too late"],
)
@pytest.mark.parametrize("sign", [1, -1], ids=["up", "down"])
def test_an_overshoot_is_an_extension_that_turns(after, side, sign):
    returns = sign * np.array([*CALM, 0.06, *after])
    wanted = None if side is None else sign * side
    windows = {"history": "3h", "within": "2h"}
    assert last_fired(overshoot_after_shock, bars_of(walk(returns)), **windows) == wanted


def test_a_wick_extends_and_the_spike_is_the_anchor():
    closes = walk([*CALM, 0.06, 0.02, -0.01])
    high = np.maximum(closes, np.append(closes[0], closes[:-1]))
    high[-2] = closes[-3] * np.exp(0.12)
    found = overshoot_after_shock.marks(bars_of(closes, high=high), "15m", {"history": "3h"})
    assert found.fired[-1]
    assert found.anchor[-1] == 31
    assert found.strength[-1] == pytest.approx(0.12 / 0.09)


def after_gap(size, closes):
    """Bars that open some basis points off the close before, then a gap, then closes, in logs."""
    past = np.array([0.0, 0.001] * 20)
    close = np.concatenate([past, past[-1] + np.array(closes)])
    gaps = 1e-4 * (-1.0) ** np.arange(close.size)
    gaps[20], gaps[past.size] = 3e-4, size
    return bars_of(100 * np.exp(close), open=100 * np.exp(np.append(0.0, close[:-1]) + gaps))


@pytest.mark.parametrize(
    ("closes", "side"),
    [
        ([0.008, 0.002, -0.0051], -1),
        ([-0.0051], -1),
        ([0.008, 0.002, -0.0049], None),
        ([0.008, 0.002, 0.001, 0.001, -0.0051], None),
    ],
    ids=["beyond by half", "within the bar", "by less", "later than an hour"],
)
@pytest.mark.parametrize("sign", [1, -1], ids=["up", "down"])
def test_a_gap_is_overshot_by_half_of_itself(closes, side, sign):
    bars = after_gap(sign * 0.01, sign * np.array(closes))
    wanted = None if side is None else sign * side
    windows = {"history": "8h", "spread_window": "8h"}
    assert last_fired(gap_overshoot, bars, **windows) == wanted


def test_the_anchor_of_an_overshot_gap_is_its_bar():
    bars = after_gap(0.01, [0.008, 0.002, -0.01])
    found = gap_overshoot.marks(bars, "15m", {"history": "8h", "spread_window": "8h"})
    assert found.anchor[-1] == 40
    assert found.strength[-1] == pytest.approx(0.01 / (0.5 * 0.01))


def test_where_nothing_gapped_nothing_is_overshot():
    bars = after_gap(0.0001, [0.008, 0.002, -0.0051])
    assert last_fired(gap_overshoot, bars, history="8h", spread_window="8h") is None


RNG = np.random.default_rng(5)
LEADER = RNG.normal(0.0, 0.01, 121)
OWN = 0.7 * LEADER + RNG.normal(0.0, 0.005, 121)


def paired(own, leader):
    return bars_of(walk(np.append(OWN, own)), leader=walk(np.append(LEADER, leader)))


@pytest.mark.parametrize(
    ("own", "leader", "side"),
    [(-0.02, 0.02, 1), (0.02, -0.02, -1), (0.02, 0.02, None), (0.0, 0.0, None)],
)
def test_a_pair_parts_where_one_is_improbable_given_the_other(own, leader, side):
    bars = paired(own, leader)
    assert last_fired(copula_pairs, bars, window="15m", history="15h") == side


def test_the_conditional_probability_is_that_of_the_gaussian_copula():
    own, leader = np.append(OWN, -0.01), np.append(LEADER, 0.01)
    found = copula_pairs.marks(paired(-0.01, 0.01), "15m", {"window": "15m", "history": "15h"})

    def share(x, t):
        return (np.sum(x[t - 60 : t] < x[t]) + 0.5) / 61

    ranks = np.array([[share(x, t) for x in (own, leader)] for t in range(61, 122)])
    rho = np.corrcoef(stats.norm.ppf(ranks[:-1]).T)[0, 1]
    joint = stats.multivariate_normal(cov=[[1.0, rho], [rho, 1.0]])
    (u, v), step = ranks[-1], 1e-3
    low, high = (joint.cdf(stats.norm.ppf([u, v + s])) for s in (-step, step))
    h = (high - low) / (2 * step)
    assert h < 0.02
    assert found.fired[-1]
    assert found.side[-1] == 1
    assert found.strength[-1] == pytest.approx(stats.norm.ppf(h) / stats.norm.ppf(0.02), rel=1e-3)
