import numpy as np
import polars as pl
import pytest

from tasks.discovery.cells import ESTIMATORS
from tasks.discovery.config import DiscoveryConfig
from tasks.discovery.grid import draw_grid
from tasks.discovery.hearing import hear
from tests.discovery import market, naive

CONFIG = DiscoveryConfig()
N = 96 * 25
HORIZONS = {"1h": 4, "1d": 96}
BTC, ETH = "BTCUSDT-15m", "ETHUSDT-15m"


def world(name, seed):
    """Events and bars of a market with drift and gaps; one event is ETH's alone."""
    frame = market.bars(N, seed, drift=2e-4, gaps=0.01)
    rng = np.random.default_rng(seed)
    rows = {"crash": rng.choice(N, 250, replace=False), "surge": market.runs(N, 8, 9, rng)}
    if name == ETH:
        rows["squeeze"] = rng.choice(N, 100, replace=False)
    return market.events(frame, rows, name, seed=seed), frame


@pytest.fixture(scope="module")
def markets():
    return {name: world(name, seed) for seed, name in enumerate((BTC, ETH))}


@pytest.fixture(scope="module")
def effects(markets):
    return [market.effects_of(events, frame, CONFIG) for events, frame in markets.values()]


@pytest.fixture(scope="module")
def grid(markets):
    entries = [market.entries_of(events, frame, CONFIG) for events, frame in markets.values()]
    return draw_grid(entries, list(HORIZONS))


def test_every_estimate_is_that_of_the_formulas(markets, effects, grid):
    heard = hear(effects, grid, CONFIG)
    assert [part.labels["horizon"].unique().to_list() for part in heard] == [["1h"], ["1d"]]
    n_compared = 0
    for part, held in zip(heard, HORIZONS.values(), strict=True):
        seen = {
            name: naive.observations(frame, market.features(frame), events, held, 900_000)
            for name, (events, frame) in markets.items()
        }
        found = part.estimates
        for i, row in enumerate(part.labels.iter_rows(named=True)):
            own = list(seen.values()) if row["market"] == "all" else [seen[row["market"]]]
            cell = own, row["event"], row["condition"]
            for j, estimator in enumerate(ESTIMATORS):
                *wanted, n_blocks = naive.effect(*cell, estimator)
                own_baseline = found.theta[i, j], found.se[i, j]
                assert own_baseline == pytest.approx(wanted, rel=1e-6, abs=1e-12, nan_ok=True)
                assert found.n_clusters[i] == n_blocks
                if estimator != "score":
                    *wanted, _ = naive.effect(*cell, estimator, against="all")
                    plain = found.plain_theta[i, j], found.plain_se[i, j]
                    assert plain == pytest.approx(wanted, rel=1e-6, abs=1e-12, nan_ok=True)
                n_compared += 1
    assert n_compared == 4 * grid.height > 400


def test_the_order_of_the_markets_and_hypotheses_does_not_matter(effects, grid):
    wanted = hear(effects, grid, CONFIG)
    shuffled = grid.sample(fraction=1, shuffle=True, seed=0)
    for one, two in zip(wanted, hear(effects[::-1], shuffled, CONFIG), strict=True):
        assert one.labels.equals(two.labels)
        assert np.array_equal(one.estimates.theta, two.estimates.theta, equal_nan=True)
        assert np.array_equal(one.estimates.se, two.estimates.se, equal_nan=True)


def test_what_else_is_asked_changes_no_estimate(effects, grid):
    whole = hear(effects, grid, CONFIG)[0]
    alone = hear(effects, grid.filter(hypothesis=f"{BTC}|crash|1h|all"), CONFIG)[0]
    row = whole.labels["hypothesis"].to_list().index(f"{BTC}|crash|1h|all")
    assert np.array_equal(alone.estimates.theta[0], whole.estimates.theta[row])
    assert np.array_equal(alone.estimates.se[0], whole.estimates.se[row])


def test_errors_stand_beside_the_labels_of_their_event(effects, grid):
    for part in hear(effects, grid, CONFIG):
        sizes = part.labels.group_by("event", maintain_order=True).len()["len"]
        assert [len(errors.covariance) for errors in part.errors] == sizes.to_list()
        diagonal = np.concatenate([np.diag(errors.covariance) for errors in part.errors])
        known = np.isfinite(part.estimates.se[:, 0])
        np.testing.assert_allclose(diagonal[known], part.estimates.se[known, 0] ** 2)


def test_blocks_are_named_by_their_first_day(effects, grid):
    hour, day = hear(effects, grid, CONFIG)
    first = market.START // 86_400_000
    assert hour.days.tolist() == list(range(first, first + 25))
    assert day.days.tolist() == list(range(first - first % 5, first + 25, 5))


def test_a_horizon_without_any_outcome_has_no_estimate(effects, grid, recwarn):
    later = grid.with_columns(horizon=pl.lit("52w"))
    for given in (effects, []):
        (part,) = hear(given, later, CONFIG)
        assert part.estimates.n.sum() == 0
        assert np.isnan(part.estimates.theta).all()
        assert part.labels.height == grid.height
    assert hear(effects, grid.clear(), CONFIG) == []
    assert not recwarn.list
