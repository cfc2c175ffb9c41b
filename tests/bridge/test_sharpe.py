import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from tasks.bridge.sharpe import (
    Track,
    best_of_chance,
    least_track,
    probability_above,
    sharpe_ratios,
    track_of,
    varies,
)

# Bailey and Lopez de Prado (2014), "A numerical example": 1250 days, annual ratio 2.5.
PAPER = Track(n=1250, sharpe=2.5 / np.sqrt(250), skew=-3.0, kurtosis=10.0)
NORMAL = Track(n=1250, sharpe=2.5 / np.sqrt(250), skew=0.0, kurtosis=3.0)
VARIANCE = 0.5 / 250

tracks = st.builds(
    Track,
    n=st.integers(32, 3000),
    sharpe=st.floats(-0.5, 0.5),
    skew=st.floats(-2, 2),
    kurtosis=st.floats(5, 30),
)


def test_the_hurdle_of_a_hundred_trials_is_the_papers():
    assert best_of_chance(VARIANCE, 100) == pytest.approx(0.11317, abs=5e-6)


@pytest.mark.parametrize(
    ("track", "n_trials", "deflated"),
    [(PAPER, 100, 0.9004), (PAPER, 46, 0.9505), (NORMAL, 88, 0.9505)],
)
def test_deflated_ratios_are_the_papers(track, n_trials, deflated):
    hurdle = best_of_chance(VARIANCE, n_trials)
    assert probability_above(track, hurdle) == pytest.approx(deflated, abs=5e-5)


def test_the_hurdle_is_what_the_best_of_many_shows_in_a_simulation():
    rng = np.random.default_rng(5)
    best = rng.normal(0, 0.04, (4000, 200)).max(axis=1)
    error = best.std() / np.sqrt(4000)
    # The formula is an approximation, good to about a percent at 200 trials.
    assert best_of_chance(0.04**2, 200) == pytest.approx(
        best.mean(), abs=4 * error + 0.01 * best.mean()
    )


def test_the_estimated_ratio_spreads_as_its_moments_say():
    rng = np.random.default_rng(8)
    skewed = 0.3 - (rng.exponential(1, (20_000, 250)) - 1)
    expected = Track(n=250, sharpe=0.3, skew=-2.0, kurtosis=9.0).spread / 249
    assert np.var(sharpe_ratios(skewed.T)) == pytest.approx(expected, rel=0.06)


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), n=st.integers(5, 300))
def test_a_track_has_the_moments_of_scipy(seed, n):
    returns = np.random.default_rng(seed).gamma(2, 3, n) - 5
    got = track_of(returns)
    assert got.n == n
    assert got.sharpe == pytest.approx(returns.mean() / np.sqrt(stats.tvar(returns)))
    assert got.skew == pytest.approx(stats.skew(returns))
    assert got.kurtosis == pytest.approx(stats.kurtosis(returns, fisher=False))
    assert sharpe_ratios(returns[:, None])[0] == pytest.approx(got.sharpe)


@settings(max_examples=50, deadline=None)
@given(track=tracks, hurdle=st.floats(-0.2, 0.2), level=st.floats(0.6, 0.99))
def test_after_the_least_track_the_ratio_is_as_sure_as_was_asked(track, hurdle, level):
    n = least_track(track, hurdle, level)
    if track.sharpe <= hurdle:
        assert n == np.inf
    elif track.sharpe > hurdle + 1e-3:
        longer = Track(int(np.ceil(n)), track.sharpe, track.skew, track.kurtosis)
        assert probability_above(longer, hurdle) >= level - 1e-9


@settings(max_examples=50, deadline=None)
@given(track=tracks, few=st.integers(1, 1000), more=st.integers(0, 100_000))
def test_trying_more_never_makes_a_ratio_more_sure(track, few, more):
    lower, higher = (best_of_chance(VARIANCE, n) for n in (few, few + more))
    assert 0 <= lower <= higher
    assert probability_above(track, higher) <= probability_above(track, lower)


def test_a_single_trial_is_not_deflated():
    assert best_of_chance(VARIANCE, 1) == 0.0
    assert best_of_chance(VARIANCE, 0) == 0.0


def test_what_cannot_be_wrong_is_certain():
    # Two values in equal shares: kurtosis 1, the smallest there is.
    sure = Track(n=100, sharpe=1.0, skew=1.0, kurtosis=1.0)
    assert sure.spread == 0.0
    assert [probability_above(sure, hurdle) for hurdle in (0.5, 1.0, 1.5)] == [1.0, 0.5, 0.0]


def test_the_best_of_many_without_skill_is_as_likely_above_its_hurdle_as_below():
    rng = np.random.default_rng(6)
    deflated = []
    for _ in range(150):
        net = rng.normal(0, 1, (300, 100))
        ratios = sharpe_ratios(net)
        track = track_of(net[:, np.argmax(ratios)])
        assert probability_above(track, 0.0) > 0.9
        deflated.append(probability_above(track, best_of_chance(np.var(ratios, ddof=1), 100)))
    assert np.median(deflated) == pytest.approx(0.5, abs=0.1)
    assert np.mean(np.array(deflated) > 0.95) <= 0.05


def test_what_is_not_known_stays_unknown():
    assert np.isnan(best_of_chance(VARIANCE, np.nan))
    assert np.isnan(probability_above(PAPER, np.nan))


def test_what_stays_the_same_does_not_vary():
    steady, moving = np.full(50, 0.1), np.linspace(0, 1, 50)
    assert varies(np.column_stack([steady, moving, 0 * steady])).tolist() == [False, True, False]
