import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.kernels.market import log_volatility, planted_prices, self_exciting
from tests.kernels import naive_market


def arguments(seed, n, windows=(4, 5), effects=(0.01, -0.02)):
    rng = np.random.default_rng(seed)
    heavy = rng.standard_t(2.5, n)
    return {
        "first": 50.0,
        "shocks": np.clip(0.01 * heavy, -0.3, 0.3),
        "gaps": 1e-4 * rng.standard_normal(n),
        "above": np.abs(0.01 * rng.standard_normal(n)),
        "below": np.abs(0.01 * rng.standard_normal(n)),
        "volume": np.exp(rng.standard_normal(n)),
        "quiet": rng.random(n) < 0.5,
        "thresholds": np.array([2.5, 3.0]),
        "windows": np.array(windows),
        "cooldown": int(rng.integers(0, 6)),
        "horizons": np.array([3, 7]),
        "steps": np.array(effects),
    }


@given(st.integers(0, 10_000), st.integers(1, 60), st.tuples(st.integers(1, 9), st.integers(1, 9)))
@settings(max_examples=150, deadline=None)
def test_prices_are_those_of_the_definition(seed, n, windows):
    given_ = arguments(seed, n, windows)
    prices, drift, sides = planted_prices(*given_.values())
    wanted_prices, wanted_drift, wanted_sides = naive_market.planted_prices(**given_)
    np.testing.assert_array_equal(sides, wanted_sides)
    np.testing.assert_allclose(drift, wanted_drift, rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(prices, wanted_prices, rtol=1e-10)


@given(st.integers(0, 10_000), st.integers(1, 40), st.integers(1, 4))
@settings(max_examples=60, deadline=None)
def test_volatility_is_that_of_the_definition(seed, n, n_components):
    rng = np.random.default_rng(seed)
    numbers = rng.random((4, n_components))
    inputs = (rng.standard_normal((n, n_components)), 3.0 * rng.standard_normal(n), *numbers)
    got = log_volatility(*inputs, 2.0, 0.8)
    np.testing.assert_allclose(got, naive_market.log_volatility(*inputs, 2.0, 0.8), atol=1e-9)


@given(st.integers(0, 10_000), st.integers(0, 60), st.floats(0, 0.5), st.floats(0, 0.9))
@settings(max_examples=60, deadline=None)
def test_arrivals_are_those_of_the_definition(seed, n, kick, hold):
    uniforms = np.random.default_rng(seed).random(n)
    wanted = naive_market.self_exciting(uniforms, 0.1, kick, hold)
    np.testing.assert_array_equal(self_exciting(uniforms, 0.1, kick, hold), wanted)


def test_each_arrival_brings_on_average_its_offspring():
    # Hawkes (1971): the rate is base / (1 - offspring), here .01 / (1 - .5)
    uniforms = np.random.default_rng(1).random(2_000_000)
    rate = self_exciting(uniforms, 0.01, 0.5 * (1 - 0.9), 0.9).mean()
    assert rate == pytest.approx(0.02, rel=0.05)


def test_without_shocks_volatility_is_a_sum_of_autoregressions():
    draws = np.random.default_rng(2).standard_normal((200_000, 2))
    hold, sd = np.array([0.9, 0.99]), np.array([0.4, 0.3])
    still = (np.zeros(2), np.zeros(2), 0.0, 0.0)
    path = log_volatility(draws, np.zeros(len(draws)), hold, sd * np.sqrt(1 - hold**2), *still)
    assert path[1000:].var() == pytest.approx(0.4**2 + 0.3**2, rel=0.1)
    lagged = np.mean(path[1000:-5] * path[1005:])
    assert lagged == pytest.approx(0.4**2 * 0.9**5 + 0.3**2 * 0.99**5, rel=0.1)


def test_what_comes_later_does_not_move_what_was():
    given_ = arguments(3, 400)
    before = planted_prices(*given_.values())
    for name in ("shocks", "gaps", "above", "below", "volume"):
        given_[name] = given_[name].copy()
        given_[name][300:] *= -0.5 if name in ("shocks", "gaps") else 3.0
    after = planted_prices(*given_.values())
    for mine, theirs in zip(before, after, strict=True):
        np.testing.assert_array_equal(mine[..., :300], theirs[..., :300])


def test_drift_stands_only_where_an_event_stood_before():
    _, drift, sides = planted_prices(*arguments(4, 2000, effects=(0.001, -0.002)).values())
    wanted = np.zeros(2000 + 7)
    for k, (step, horizon) in enumerate(((0.001, 3), (-0.002, 7))):
        for t in np.flatnonzero(sides[k]):
            wanted[t + 1 : t + 1 + horizon] += sides[k, t] * step
    assert np.count_nonzero(sides[0]) > 20
    assert np.count_nonzero(sides[1]) > 20
    np.testing.assert_allclose(drift, wanted[:2000], atol=1e-15)
