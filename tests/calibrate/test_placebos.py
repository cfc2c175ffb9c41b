from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lake.schema import TIME
from tasks.calibrate.placebos import Calendar, draw_source, replace_outcomes
from tasks.calibrate.world import PLACEBOS, World
from tasks.discovery.config import DiscoveryConfig

CONFIG = DiscoveryConfig()
START = datetime(2024, 1, 1, tzinfo=UTC)
N, HOUR = 24 * 40, 24
HORIZONS = ("1h", "4h")


def times(first: int, n: int) -> pl.Series:
    return pl.Series("time", [START + timedelta(hours=first + i) for i in range(n)], dtype=TIME)


def market(first: int, n: int, seed: int):
    """Outcomes and features whose every number says which market and bar it belongs to."""
    draws = np.random.default_rng(seed)
    stamp = 1000.0 * seed + np.arange(first, first + n)
    outcomes = {
        h: pl.DataFrame(
            {
                "time": times(first, n),
                "forward_return": stamp * draws.choice([-1.0, 1.0], n),
                "highest": stamp + 0.5,
                "lowest": -stamp,
            }
        )
        for h in HORIZONS
    }
    features = pl.DataFrame(
        {"time": times(first, n), "sigma": stamp, "vol_regime": np.arange(n) % 3}
    )
    return outcomes, features


def replaced(kind, seed=3):
    own = {"AAA-1h": market(0, N, 1), "BBB-1h": market(100, N - 100, 2)}
    outcomes, features = {m: o for m, (o, _) in own.items()}, {m: f for m, (_, f) in own.items()}
    world = World(kind=kind, seed=seed)
    return outcomes, features, *replace_outcomes(world, outcomes, features, CONFIG)


@pytest.mark.parametrize("kind", ["shifted", "bootstrapped", "permuted"])
def test_outcomes_move_with_the_volatility_that_measures_them_and_in_all_markets_alike(kind):
    _, _, outcomes, features = replaced(kind)
    came_from = {}
    for name, seed in (("AAA-1h", 1), ("BBB-1h", 2)):
        sigma = features[name]["sigma"].to_numpy()
        for horizon in HORIZONS:
            moved = np.abs(outcomes[name][horizon]["forward_return"].to_numpy())
            np.testing.assert_array_equal(moved, sigma)
        came_from[name] = dict(zip(features[name]["time"], sigma - 1000.0 * seed, strict=True))
    both = [t for t, bar in came_from["BBB-1h"].items() if np.isfinite(bar)]
    assert len(both) > 0.7 * (N - 100)
    assert all(came_from["AAA-1h"][t] == came_from["BBB-1h"][t] for t in both)


@pytest.mark.parametrize("kind", PLACEBOS)
def test_events_see_the_same_regimes_at_the_same_times(kind):
    outcomes, features, moved, scaled = replaced(kind)
    for name, frame in features.items():
        assert scaled[name].drop("sigma").equals(frame.drop("sigma"))
        for horizon in HORIZONS:
            assert moved[name][horizon]["time"].equals(outcomes[name][horizon]["time"])


@pytest.mark.parametrize("kind", PLACEBOS)
def test_the_seed_decides_and_nothing_else(kind):
    *_, once, _ = replaced(kind)
    *_, again, _ = replaced(kind)
    *_, other, _ = replaced(kind, seed=4)
    assert once["AAA-1h"]["1h"].equals(again["AAA-1h"]["1h"])
    assert not once["AAA-1h"]["1h"].equals(other["AAA-1h"]["1h"])


def test_signs_turn_by_calendar_block_in_all_markets_alike_and_sizes_stay():
    outcomes, _, flipped, _ = replaced("flipped")
    by_day = {}
    for name, parts in outcomes.items():
        old, new = parts["1h"], flipped[name]["1h"]
        turned = new["forward_return"] / old["forward_return"]
        for time, sign in zip(old["time"], turned, strict=True):
            by_day.setdefault(time.date(), set()).add(sign)
    assert all(len(signs) == 1 for signs in by_day.values())
    assert {min(signs) for signs in by_day.values()} == {-1.0, 1.0}
    assert all(abs(sign) == 1.0 for signs in by_day.values() for sign in signs)


def test_a_turned_outcome_has_its_best_where_its_worst_was():
    outcomes, _, flipped, _ = replaced("flipped")
    old, new = outcomes["AAA-1h"]["1h"], flipped["AAA-1h"]["1h"]
    turned = (new["forward_return"] != old["forward_return"]).to_numpy()
    assert (new["highest"].to_numpy() == np.where(turned, -old["lowest"], old["highest"])).all()
    assert (new["highest"] >= new["lowest"]).all()


@given(st.integers(50, 3000), st.integers(0, 1000))
def test_a_shift_is_a_circle_a_day_ahead_at_least_and_half_round_at_most(n, seed):
    # A shift backwards would pair events with the very returns that made them.
    calendar = Calendar(0, 3_600_000, n)
    source = draw_source(World(kind="shifted", seed=seed), calendar, HORIZONS, CONFIG)
    shift = (source - np.arange(n)) % n
    assert len(set(shift.tolist())) == 1
    assert min(HOUR, n // 2) <= shift[0] <= n // 2


@given(st.integers(1, 2000), st.integers(0, 1000))
def test_a_permutation_takes_every_bar_once(n, seed):
    calendar = Calendar(0, 3_600_000, n)
    source = draw_source(World(kind="permuted", seed=seed), calendar, HORIZONS, CONFIG)
    assert sorted(source.tolist()) == list(range(n))


@given(st.integers(100, 2000), st.integers(0, 1000))
def test_a_bootstrap_shifts_each_block_as_long_as_discoverys_longest(n, seed):
    calendar = Calendar(0, 3_600_000, n)
    source = draw_source(World(kind="bootstrapped", seed=seed), calendar, ("1h", "1d"), CONFIG)
    shifts = (source - np.arange(n)) % n
    longest = CONFIG.cluster_horizons * HOUR
    assert ((shifts >= min(HOUR, n // 2)) & (shifts <= n // 2)).all()
    assert (np.flatnonzero(np.diff(shifts)) % longest == longest - 1).all()


def test_a_trend_does_not_foretell_its_own_past():
    # The regime of a trend is made of past returns: outcomes from there would not be a placebo.
    draws = np.random.default_rng(7)
    steps = draws.normal(size=N)
    trend = np.sign(np.convolve(steps, np.ones(48), "full")[:N])
    outcome = np.append(steps[1:], np.nan)
    for kind in ("shifted", "bootstrapped"):
        for seed in range(30):
            calendar = Calendar(0, 3_600_000, N)
            source = draw_source(World(kind=kind, seed=seed), calendar, HORIZONS, CONFIG)
            told = trend * outcome[source]
            assert abs(np.nanmean(told)) * np.sqrt(N) < 4.5
