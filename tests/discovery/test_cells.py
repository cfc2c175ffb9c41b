import numpy as np
import polars as pl
import pytest
import statsmodels.api as sm
from scipy.stats import ttest_1samp

from lake.schema import EFFECTS
from tasks.discovery.cells import Court
from tasks.discovery.panels import ESTIMATORS, Blocks, Panel

ALL = "A", "all"
HELD = 4


class Sample:
    """Observations of one market: `shocks` make its blocks depend, `drift` its baseline."""

    def __init__(self, seed, n, n_blocks, drift=0.0):
        rng = np.random.default_rng(seed)
        self.cluster = np.sort(rng.integers(0, n_blocks, n))
        self.s = np.exp(rng.normal(-4.5, 0.5, n))
        shocks = rng.normal(0, 1, n) + rng.normal(0, 1, n_blocks)[self.cluster]
        self.y = drift + self.s * shocks
        self.w = HELD / self.s**2
        self.r = rng.uniform(-1, 1, n)
        self.d = rng.choice([-1, 1], n, p=[0.3, 0.7])

    def part(self, rows):
        some = object.__new__(Sample)
        some.__dict__ = {name: values[rows] for name, values in self.__dict__.items()}
        return some

    def long(self):
        whole = self.part(slice(None))
        whole.d = np.ones_like(self.d)
        return whole

    def outcome(self, estimator):
        return {"scaled": self.y / self.s, "score": self.r}.get(estimator, self.y)

    def weight(self, estimator):
        return self.w if estimator == "weighted" else np.ones_like(self.w)


def effects(event, sample, condition="all"):
    d, w = sample.d, sample.w
    columns = {"n": d * d, "side": d, "mean": d * sample.y, "scaled": d * sample.y / sample.s}
    columns |= {"weight": w, "weight_side": w * d, "weighted": w * d * sample.y}
    rows = pl.DataFrame({"cluster": sample.cluster, **columns, "score": d * sample.r})
    sums = rows.cast({"n": pl.Float64, "side": pl.Float64}).group_by("cluster").sum()
    listed = sums.sort("cluster").select(pl.all().implode())
    labels = {"market": "A", "family": "f", "event": event, "horizon": "1h", "condition": condition}
    return EFFECTS.conform(
        listed.with_columns(
            **{name: pl.lit(value) for name, value in labels.items()},
            horizon_bars=pl.lit(HELD, pl.Int64),
            inverse=(1 / sample.s).sum(),
            square=(sample.y**2).sum(),
        )
    )


def flat(sample):
    """A baseline whose sums are 0 in every block, so that nothing is subtracted."""
    zeros = sample.long()
    zeros.y, zeros.r = np.zeros_like(sample.y), np.zeros_like(sample.r)
    return zeros


def hear(samples, cells=(ALL,), n_blocks=30):
    """Estimates of the event ``e`` in the markets that `samples` name."""
    panels = {name: Panel.of(pl.concat(frames)) for name, frames in samples.items()}
    return Court(panels, Blocks(0, n_blocks)).hear("e", list(cells))


@pytest.mark.parametrize("estimator", ESTIMATORS)
@pytest.mark.parametrize("seed", range(3))
def test_without_drift_it_is_clustered_least_squares_on_a_constant(seed, estimator):
    sample = Sample(seed, 200, 25)
    found, _ = hear({"A": [effects("", flat(sample)), effects("e", sample)]})
    y, weights = sample.d * sample.outcome(estimator), sample.weight(estimator)
    model = sm.WLS(y, np.ones(y.size), weights=weights)
    oracle = model.fit(cov_type="cluster", cov_kwds={"groups": sample.cluster})
    j = list(ESTIMATORS).index(estimator)
    assert found.theta[0, j] == pytest.approx(oracle.params[0])
    assert found.se[0, j] == pytest.approx(oracle.bse[0])
    if estimator != "score":
        assert found.plain_theta[0, j] == pytest.approx(oracle.params[0])
        assert found.plain_se[0, j] == pytest.approx(oracle.bse[0])


def test_counts_means_and_the_naive_t_are_those_of_the_observations():
    sample = Sample(0, 200, 25)
    found, _ = hear({"A": [effects("", flat(sample)), effects("e", sample)]})
    y = sample.d * sample.y
    counts = np.bincount(sample.cluster)
    assert (found.n[0], found.n_clusters[0]) == (200, 25)
    assert found.effective_clusters[0] == pytest.approx(200**2 / (counts**2).sum())
    assert found.sigma[0] == pytest.approx(1 / np.mean(1 / sample.s))
    assert found.mean[0] == pytest.approx(y.mean())
    assert found.naive_t[0] == pytest.approx(ttest_1samp(y, 0).statistic)


@pytest.mark.parametrize("estimator", ESTIMATORS)
@pytest.mark.parametrize("seed", range(3))
def test_with_baselines_it_is_the_sandwich_of_stacked_moments(seed, estimator):
    """Solve for theta and each market's mu at once (Newey and McFadden 1994, section 6)."""
    n_blocks = 30
    samples, scores = {}, np.zeros((n_blocks, 3))
    slopes, constants, fitted = np.zeros((3, 3)), np.zeros(3), []
    for s, name in enumerate("AB"):
        every = Sample(10 * seed + s, 3000, n_blocks, drift=0.004)
        rows = np.flatnonzero(np.random.default_rng(seed).random(3000) < 0.05 + 0.02 * s)
        event = every.part(rows[every.cluster[rows] % 3 > 0])
        samples[name] = [effects("", every.long()), effects("e", event)]
        w, w_all = event.weight(estimator), every.weight(estimator)
        slopes[0, 0] += w.sum()
        slopes[0, s + 1] = (w * event.d).sum()
        slopes[s + 1, s + 1] = w_all.sum()
        constants[0] += (w * event.d * event.outcome(estimator)).sum()
        constants[s + 1] = (w_all * every.outcome(estimator)).sum()
        fitted.append((s + 1, every, event))
    theta = np.linalg.solve(slopes, constants)
    for s, every, event in fitted:
        excess = event.d * (event.outcome(estimator) - theta[s]) - theta[0]
        np.add.at(scores[:, 0], event.cluster, event.weight(estimator) * excess)
        errors = every.weight(estimator) * (every.outcome(estimator) - theta[s])
        np.add.at(scores[:, s], every.cluster, errors)
    bread = np.linalg.inv(slopes)
    variance = (bread @ (scores.T @ scores) @ bread.T)[0, 0]
    held = len({g for _, _, event in fitted for g in event.cluster})

    found, _ = hear(samples, [("all", "all")])
    j = list(ESTIMATORS).index(estimator)
    assert held == found.n_clusters[0] == 20
    assert found.theta[0, j] == pytest.approx(theta[0])
    assert found.se[0, j] == pytest.approx(np.sqrt(held / (held - 1) * variance))


def test_the_standard_errors_are_the_spread_over_many_samples():
    thetas, errors = [], []
    for seed in range(200):
        every = Sample(seed, 2000, 40, drift=0.004).long()
        rows = np.flatnonzero(np.random.default_rng(seed).random(2000) < 0.1)
        panel = [effects("", every), effects("e", every.part(rows))]
        found, _ = hear({"A": panel}, n_blocks=40)
        thetas.append(found.theta[0])
        errors.append(found.se[0])
    spread = np.std(thetas, axis=0)
    assert (np.abs(np.mean(thetas, axis=0)) < 3 * spread / np.sqrt(200)).all()
    assert np.sqrt(np.mean(np.square(errors), axis=0)) == pytest.approx(spread, rel=0.2)


def test_an_event_on_every_bar_has_no_effect_and_no_error():
    every = Sample(1, 400, 20, drift=0.01).long()
    found, _ = hear({"A": [effects("", every), effects("e", every)]})
    assert found.mean[0] == pytest.approx(every.y.mean())
    for values in (found.theta, found.se, found.plain_theta, found.plain_se):
        np.testing.assert_allclose(values, 0, atol=1e-12)


def test_a_regime_effect_is_the_events_only_against_all_bars():
    calm, wild = Sample(1, 2000, 30).long(), Sample(2, 2000, 30).long()
    wild.y = wild.y + 0.05
    every = calm.part(slice(None))
    every.__dict__ = {k: np.concatenate([v, getattr(wild, k)]) for k, v in calm.__dict__.items()}
    baselines = [effects("", every), effects("", wild, "vol_regime=2")]
    event = wild.part(slice(0, 300))
    panel = [*baselines, effects("e", event), effects("e", event, "vol_regime=2")]
    found, _ = hear({"A": panel}, [("A", "vol_regime=2"), ALL])
    assert abs(found.theta[0, 1]) < 3 * found.se[0, 1]
    assert found.plain_theta[0, 1] == pytest.approx(0.025, abs=0.006)
    # Of the condition `all` the own baseline is that of all bars.
    assert found.plain_theta[1] == pytest.approx(found.theta[1, :3])


def test_covariances_are_those_of_the_scaled_estimates():
    every = Sample(3, 2000, 30, drift=0.004).long()
    event, half = every.part(slice(None, None, 9)), every.part(slice(None, None, 18))
    baselines = [effects("", every), effects("", every, "session=0")]
    panel = [*baselines, effects("e", event), effects("e", half, "session=0")]
    cells = [ALL, ("A", "session=0"), ("all", "all")]
    found, errors = hear({"A": panel}, cells)
    np.testing.assert_allclose(np.diag(errors.covariance), found.se[:, 0] ** 2)
    assert errors.covariance[0, 2] == pytest.approx(found.se[0, 0] ** 2)
    correlation = errors.covariance[0, 1] / found.se[0, 0] / found.se[1, 0]
    assert 0.3 < correlation < 1
    # Before the effect is subtracted, the scores of the blocks add up to it.
    assert errors.scores.dtype == np.float32
    np.testing.assert_allclose(errors.scores.sum(axis=1), found.theta[:, 0], atol=1e-5)


def test_pooled_over_markets_is_the_sum_and_one_market_alone_is_itself():
    parts = [Sample(seed, 300, 30) for seed in (1, 2)]
    both = {n: [effects("", flat(s)), effects("e", s)] for n, s in zip("AB", parts, strict=True)}
    found, _ = hear(both, [ALL, ("B", "all"), ("all", "all")])
    assert found.n[2] == found.n[0] + found.n[1] == 600
    assert found.mean[2] == pytest.approx((found.mean[0] + found.mean[1]) / 2)
    alone, _ = hear({"A": both["A"]}, [ALL, ("all", "all")])
    assert np.array_equal(alone.theta[0], alone.theta[1])
    assert np.array_equal(alone.se[0], alone.se[1])
    assert np.array_equal(alone.theta[0], found.theta[0])


def test_events_in_one_block_have_an_effect_and_no_standard_error():
    sample = Sample(1, 50, 1)
    found, errors = hear({"A": [effects("", flat(sample)), effects("e", sample)]}, n_blocks=5)
    assert np.isfinite(found.theta).all()
    assert np.isnan(found.se).all()
    assert (errors.covariance == 0).all()


def test_a_cell_without_observations_has_no_estimate_and_warns_of_nothing(recwarn):
    sample = Sample(1, 50, 10)
    panel = [effects("", flat(sample)), effects("e", sample)]
    found, errors = hear({"A": panel}, [("A", "session=1"), ("B", "all")])
    assert found.n.tolist() == [0, 0]
    for values in (found.theta, found.se, found.sigma, found.mean, found.naive_t):
        assert np.isnan(values).all()
    assert np.isfinite(errors.scores).all()
    nothing, _ = hear({}, n_blocks=0)
    assert nothing.n.tolist() == [0]
    assert not recwarn.list
