import numpy as np
import polars as pl
import pytest
import statsmodels.api as sm
from scipy.stats import ttest_1samp

from lake.schema import EFFECTS
from tasks.discovery.cells import estimate_cells, find_distinct, list_cells, sum_cells


def _effects(event, cluster, sides, returns, market="A", condition="all"):
    rows = pl.DataFrame({"cluster": cluster, "n_sides": sides, "y": sides * returns}).group_by(
        "cluster", maintain_order=True
    )
    sums = rows.agg(
        n=pl.len().cast(pl.Int64),
        n_sides=pl.col("n_sides").sum(),
        sum_return=pl.col("y").sum(),
        sum_square=(pl.col("y") ** 2).sum(),
    )
    labels = {"market": market, "family": "" if not event else "f", "event": event}
    labels |= {"horizon": "1h", "condition": condition}
    return EFFECTS.conform(
        sums.with_columns(
            pl.col("cluster", "n_sides").cast(pl.Int64),
            horizon_bars=pl.lit(4, pl.Int64),
            **{name: pl.lit(value) for name, value in labels.items()},
        )
    )


def _sample(seed, n, n_clusters, drift=0.0):
    rng = np.random.default_rng(seed)
    cluster = np.sort(rng.integers(0, n_clusters, n))
    returns = drift + rng.normal(0, 0.01, n) + rng.normal(0, 0.01, n_clusters)[cluster]
    return cluster, rng.choice([-1, 1], n, p=[0.3, 0.7]), returns


def _estimate(effects, n_clusters):
    by_market = effects.partition_by("market")
    cells = list_cells(effects)
    sums = [sum_cells(frame, cells, 0, n_clusters - 1) for frame in by_market]
    return estimate_cells(sum(sums[1:], start=sums[0]))


@pytest.mark.parametrize("seed", range(5))
def test_without_a_baseline_it_is_clustered_least_squares_on_a_constant(seed):
    cluster, sides, returns = _sample(seed, 200, 25)
    found = _estimate(_effects("e", cluster, sides, returns), 25)
    y = sides * returns
    oracle = sm.OLS(y, np.ones(y.size)).fit(cov_type="cluster", cov_kwds={"groups": cluster})
    assert found.effect[0] == pytest.approx(oracle.params[0])
    assert found.se[0] == pytest.approx(oracle.bse[0])
    assert found.n_clusters[0] == 25
    assert found.naive_t[0] == pytest.approx(ttest_1samp(y, 0).statistic)


@pytest.mark.parametrize("seed", range(5))
def test_with_baselines_it_is_the_sandwich_of_stacked_moments(seed):
    """Solve for theta and each market's mu at once (Newey and McFadden 1994, section 6)."""
    n_clusters = 30
    frames, scores = [], np.zeros((n_clusters, 3))
    slopes, constants = np.zeros((3, 3)), np.zeros(3)
    samples = []
    for s, market in enumerate("AB"):
        cluster, _, returns = _sample(10 * seed + s, 3000, n_clusters, drift=0.004)
        rng = np.random.default_rng(seed)
        rows = np.sort(rng.choice(3000, 150 + 50 * s, replace=False))
        rows = rows[cluster[rows] % 3 > 0]
        sides = rng.choice([-1, 1], rows.size, p=[0.2, 0.8])
        ones = np.ones(3000, np.int64)
        frames.append(_effects("", cluster, ones, returns, market))
        frames.append(_effects("e", cluster[rows], sides, returns[rows], market))
        samples.append((s, cluster, returns, rows, sides))
        slopes[0, 0] += rows.size
        slopes[0, s + 1] += sides.sum()
        slopes[s + 1, s + 1] = 3000
        constants[0] += (sides * returns[rows]).sum()
        constants[s + 1] = returns.sum()
    theta = np.linalg.solve(slopes, constants)
    for s, cluster, returns, rows, sides in samples:
        np.add.at(scores[:, s + 1], cluster, returns - theta[s + 1])
        np.add.at(scores[:, 0], cluster[rows], sides * (returns[rows] - theta[s + 1]) - theta[0])
    bread = np.linalg.inv(slopes)
    variance = (bread @ (scores.T @ scores) @ bread.T)[0, 0]
    held = len({g for _, cluster, _, rows, _ in samples for g in cluster[rows]})

    found = _estimate(pl.concat(frames), n_clusters)
    assert found.effect[0] == pytest.approx(theta[0])
    assert found.n_clusters[0] == held == 20
    assert found.se[0] == pytest.approx(np.sqrt(held / (held - 1) * variance))
    assert found.mean[0] - found.baseline[0] == pytest.approx(found.effect[0])


def test_the_standard_error_is_the_spread_over_many_samples():
    effects, errors = [], []
    for seed in range(300):
        cluster, _, returns = _sample(seed, 2000, 40, drift=0.01)
        rows = np.flatnonzero(np.random.default_rng(seed).random(2000) < 0.1)
        frames = [
            _effects("", cluster, np.ones(2000, np.int64), returns),
            _effects("e", cluster[rows], np.ones(rows.size, np.int64), returns[rows]),
        ]
        found = _estimate(pl.concat(frames), 40)
        effects.append(found.effect[0])
        errors.append(found.se[0])
    assert np.mean(effects) == pytest.approx(0, abs=3 * np.std(effects) / np.sqrt(300))
    assert np.sqrt(np.mean(np.square(errors))) == pytest.approx(np.std(effects), rel=0.15)


def test_an_event_on_every_bar_has_no_effect_and_no_error():
    cluster, _, returns = _sample(1, 400, 20, drift=0.01)
    ones = np.ones(400, np.int64)
    both = [_effects("", cluster, ones, returns), _effects("e", cluster, ones, returns)]
    found = _estimate(pl.concat(both), 20)
    assert found.effect[0] == pytest.approx(0, abs=1e-15)
    assert found.se[0] == pytest.approx(0, abs=1e-15)
    assert found.baseline[0] == pytest.approx(returns.mean())


def test_the_influence_of_the_blocks_adds_up_to_the_error():
    cluster, sides, returns = _sample(2, 300, 25)
    found = _estimate(_effects("e", cluster, sides, returns), 25)
    assert (found.influence**2).sum() == pytest.approx(found.se[0] ** 2)
    assert found.influence.sum() == pytest.approx(0, abs=1e-12)


def test_events_in_one_block_have_no_standard_error():
    found = _estimate(_effects("e", np.array([3, 3]), np.ones(2), np.array([0.1, 0.2])), 5)
    assert np.isnan(found.se[0])
    assert found.effect[0] == pytest.approx(0.15)


def test_the_same_entries_are_one_cell():
    cluster, sides, returns = _sample(3, 50, 10)
    effects = pl.concat(
        [
            _effects("e", cluster, sides, returns),
            _effects("e", cluster, sides, returns, condition="vol_regime=1"),
            _effects("e", cluster[1:], sides[1:], returns[1:], condition="vol_regime=2"),
            _effects("other", cluster, sides, returns),
        ]
    )
    cells = list_cells(effects)
    rows = find_distinct(sum_cells(effects, cells, 0, 9), cells)
    assert cells[rows].select("event", "condition").rows() == [
        ("e", "all"),
        ("e", "vol_regime=2"),
        ("other", "all"),
    ]
