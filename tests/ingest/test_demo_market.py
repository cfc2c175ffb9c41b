"""The simulated market against the stylised facts of real bars, and as a martingale."""

import numpy as np
import pytest
from scipy import stats

from tasks.ingest.config import DemoConfig
from tasks.ingest.demo_market import simulate
from tests.ingest.test_demo import without_effects

NULL = without_effects(DemoConfig())
DAY = 288
LEARNT = 60 * DAY


def correlation(x, y):
    return float(np.corrcoef(x, y)[0, 1])


def acf(x, lag):
    return correlation(x[:-lag], x[lag:])


def facts(market):
    _, high, low, close = market.prices
    r, height = np.diff(np.log(close)), np.log(high / low)[1:]
    size, log_height, log_volume = np.abs(r), np.log(height), np.log(market.volume[1:])
    return {
        **{f"acf size {lag}": acf(size, lag) for lag in (1, 6, 12, 48, 288, 2016)},
        **{f"acf height {lag}": acf(log_height, lag) for lag in (1, 288)},
        **{f"acf volume {lag}": acf(log_volume, lag) for lag in (1, 288)},
        "acf return 1": acf(r, 1),
        "kurtosis": float(stats.kurtosis(r, fisher=False)),
        "volume-height": correlation(log_volume, log_height),
        "log volume-size": correlation(log_volume, size),
        "volume-size": correlation(market.volume[1:], size),
        "sd volume": float(log_volume.std()),
        "height / size": float(height.mean() / size.mean()),
        "leverage 1": correlation(r[:-1], size[1:]),
        "leverage 3": correlation(r[:-3], size[3:]),
        "taker-return": correlation(market.taker_share[1:], r),
        "sd bps": 1e4 * float(r.std()),
    }


# Real 5m bars of BTC in three spans, as the statistics notes give them, with room on both sides:
# a heavy tail's fourth moment hardly repeats, not even in the same market.
BANDS = {
    "acf size 1": (0.28, 0.42),
    "acf size 6": (0.20, 0.33),
    "acf size 12": (0.16, 0.28),
    "acf size 48": (0.10, 0.20),
    "acf size 288": (0.08, 0.16),
    "acf size 2016": (0.06, 0.15),
    "acf height 1": (0.64, 0.78),
    "acf height 288": (0.22, 0.42),
    "acf volume 1": (0.74, 0.84),
    "acf volume 288": (0.26, 0.42),
    "acf return 1": (-0.05, 0.05),
    "kurtosis": (25, 500),
    "volume-height": (0.76, 0.93),
    "log volume-size": (0.48, 0.64),
    "volume-size": (0.53, 0.76),
    "sd volume": (0.88, 1.12),
    "height / size": (1.85, 2.10),
    "leverage 1": (-0.07, -0.02),
    "leverage 3": (-0.06, -0.005),
    "taker-return": (0.35, 0.60),
    "sd bps": (12, 23),
}


@pytest.mark.slow
@pytest.mark.parametrize("seed", [DemoConfig().seed, 1, 2])
def test_the_market_looks_like_real_bars(seed):
    config = DemoConfig(seed=seed)
    markets = [simulate(config, symbol, "5m") for symbol in ("DEMOA", "DEMOB")]
    for market in markets:
        found = facts(market)
        outside = {n: v for n, v in found.items() if not BANDS[n][0] < v < BANDS[n][1]}
        assert not outside
    returns = [np.diff(np.log(market.prices[3])) for market in markets]
    assert 0.68 < correlation(*returns) < 0.88


def clustered_t(y, cluster):
    _, group = np.unique(cluster, return_inverse=True)
    sums = np.bincount(group, y - y.mean())
    return y.mean() * y.size / np.sqrt(np.sum(sums**2))


@pytest.mark.slow
def test_the_null_market_has_no_mean_return():
    config = NULL.model_copy(update={"n_days": 365})
    means = []
    for seed in range(40):
        market = simulate(config.model_copy(update={"seed": seed}), "DEMOA", "5m")
        r = market.prices[3] / market.prices[0] - 1.0
        means.append(clustered_t(r, np.arange(r.size) // DAY))
    assert abs(np.mean(means)) < 3.0 / np.sqrt(len(means))
    assert 0.7 < np.std(means) < 1.3


def rules(market):
    """Sides that crude rules take at each close, thresholds from a first stretch not traded."""
    r = np.diff(np.log(market.prices[3]), prepend=np.log(market.prices[0, 0]))
    size, volume, known = np.abs(r), market.volume, slice(0, LEARNT)
    hour = np.convolve(r, np.ones(12))[: r.size]
    sides = {
        "follow a large move": np.where(size > np.quantile(size[known], 0.99), np.sign(r), 0),
        "follow volume": np.where(volume > np.quantile(volume[known], 0.99), np.sign(r), 0),
        "follow the hour": np.where(np.arange(r.size) % 12 == 0, np.sign(hour), 0),
        "follow the takers": np.where(market.taker_share > 0.68, 1, 0),
        "buy after a fall": np.where(hour < np.quantile(hour[known], 0.01), 1, 0),
    }
    for side in sides.values():
        side[known] = 0
    return sides


@pytest.mark.slow
def test_no_crude_rule_earns_in_the_null_market():
    config, horizon, ps = NULL.model_copy(update={"n_days": 365}), 12, []
    for seed in range(30):
        market = simulate(config.model_copy(update={"seed": seed}), "DEMOB", "5m")
        forward = market.prices[3, horizon:] / market.prices[0, 1 : 1 - horizon] - 1.0
        for sides in rules(market).values():
            at = np.flatnonzero(sides[: forward.size])
            t = clustered_t(sides[at] * forward[at], at // DAY)
            ps.append(2.0 * stats.norm.sf(abs(t)))
    assert np.mean(np.array(ps) < 0.05) < 0.10
    assert stats.kstest(ps, "uniform").pvalue > 0.001
