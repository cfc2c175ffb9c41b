"""How often nothing is taken for something, on correlated martingales with clustered events."""

import numpy as np
import polars as pl
import pytest

from tasks.discovery.config import DiscoveryConfig
from tests.discovery import market

CONFIG = DiscoveryConfig(conditions=("all",), n_sign_flips=99)
NAMES = ("BTCUSDT-15m", "ETHUSDT-15m")
N = 96 * 200
N_MARKETS = 16


def null_markets(seed):
    """Two markets that share most of their shocks, and states of hours that they share."""
    rng = np.random.default_rng(seed)
    common = rng.normal(0, 1, N)
    rows = {f"state_{i:02}": market.runs(N, 50, 24, rng) for i in range(36)}
    pair = []
    for k, name in enumerate(NAMES):
        shocks = 0.85 * common + np.sqrt(1 - 0.85**2) * rng.normal(0, 1, N)
        frame = market.bars(N, 2 * seed + k, drift=1e-5, shared=shocks)
        kept = {event: own[rng.random(own.size) < 0.9] for event, own in rows.items()}
        sides = {event: np.ones(own.size, int) for event, own in kept.items()}
        pair.append((market.events(frame, kept, name, sides_of=sides), frame))
    return pair


@pytest.fixture(scope="module")
def findings():
    parts = [
        market.judged(null_markets(seed), CONFIG, ("1h", "4h"))[1].with_columns(seed=seed)
        for seed in range(N_MARKETS)
    ]
    whole = pl.concat(parts)
    assert whole.height == N_MARKETS * 36 * 2 * 3
    assert whole["p"].is_finite().all()
    return whole


@pytest.mark.parametrize("horizon", ["1h", "4h"])
@pytest.mark.parametrize("pooled", [False, True])
def test_the_test_has_its_size_where_the_naive_one_has_not(findings, horizon, pooled):
    part = findings.filter(pl.col("horizon") == horizon, (pl.col("market") == "all") == pooled)
    for name in ("p", "p_scaled", "p_mean", "p_weighted", "p_rank", "p_unconditional"):
        size = (part[name] < 0.05).mean()
        by_market = part.group_by("seed").agg((pl.col(name) < 0.05).mean())[name]
        error = by_market.std() / np.sqrt(N_MARKETS)
        # shared/statistics.md 1.1: between 4 and 7 %, and three errors of this simulation.
        assert 0.04 - 3 * error < size < 0.07 + 3 * error
        assert error < 0.02
        assert (part[name] < 0.001).mean() < 0.008
    assert (part["naive_t"].abs() > 1.96).mean() > 0.25


def test_most_null_markets_have_no_finding(findings):
    found = findings.group_by("seed").agg((pl.col("verdict") == "finding").any())["verdict"]
    # Each at most 5 %: more than 4 of 16 have a probability of 0.1 %.
    assert found.sum() <= 4


def test_what_is_believed_of_nothing_is_nearly_nothing(findings):
    raw, shrunk = (findings[name].to_numpy() for name in ("scaled_bps", "shrunk_bps"))
    assert np.sqrt(np.mean(shrunk**2)) < 0.2 * np.sqrt(np.mean(raw**2))
