import numpy as np
import polars as pl

from lake.schema import EFFECTS, FINDINGS
from tasks.discovery.config import DiscoveryConfig
from tasks.discovery.effects import estimate
from tasks.discovery.eras import draw_eras
from tasks.discovery.findings import judge
from tasks.outcomes.forward import measure
from tests.discovery import market

CONFIG = DiscoveryConfig()
ALONE = DiscoveryConfig(conditions=("all",))
BTC, ETH = "BTCUSDT-15m", "ETHUSDT-15m"


def _estimate(name, frame, events, config=CONFIG, horizons=("1h",), seed=0):
    outcomes = {horizon: measure(frame, "15m", horizon) for horizon in horizons}
    eras = draw_eras([frame], ["15m"], config.holdout_share)
    return estimate(name, events, market.features(frame, seed), outcomes, eras, config)


def _two_markets(n=96 * 200, **options):
    rng = np.random.default_rng(0)
    effects = []
    for seed, name in enumerate((BTC, ETH)):
        frame = market.bars(n, seed)
        for family in ("volatility", "liquidity"):
            rows = {f"{family}_{i}": rng.choice(n, 300, replace=False) for i in range(3)}
            events = market.events(frame, rows, name, family, seed=seed)
            effects.append(_estimate(name, frame, events, **options))
    return effects


def test_findings_fit_their_table_and_are_sorted():
    findings = judge(_two_markets(), CONFIG)
    assert FINDINGS.conform(findings).equals(findings)
    assert findings["hypothesis"].is_sorted()
    assert findings["hypothesis"].n_unique() == findings.height == 6 * 7 * 3
    row = findings.filter(pl.col("market") == "all").row(0, named=True)
    assert row["hypothesis"] == f"all|{row['event']}|1h|{row['condition']}"
    assert row["horizon_bars"] == 4


def test_the_order_of_the_effects_does_not_matter():
    effects = _two_markets(horizons=("1h", "1d"))
    assert judge(effects, CONFIG).equals(judge(effects[::-1], CONFIG))


def test_nothing_is_nan_where_a_hypothesis_is_testable():
    findings = judge(_two_markets(), CONFIG)
    testable = findings.filter(pl.col("verdict") != "insufficient evidence")
    assert testable.height > 100
    finite = testable.select(pl.col(pl.Float64).is_finite().all())
    assert finite.row(0) == (True,) * finite.width
    assert sum(findings.null_count().row(0)) == 0


def test_pooled_counts_are_the_sums_of_the_markets():
    findings = judge(_two_markets(), CONFIG)
    alone = (
        findings.filter(pl.col("market") != "all")
        .group_by("event", "condition")
        .agg(pl.col("n").sum())
    )
    pooled = findings.filter(pl.col("market") == "all").select("event", "condition", n_all="n")
    both = alone.join(pooled, on=["event", "condition"])
    assert both.height == 42
    assert (both["n"] == both["n_all"]).all()


def test_one_market_is_not_pooled_with_itself():
    findings = judge(_two_markets()[:2], CONFIG)
    assert set(findings["market"]) == {BTC}


def test_an_event_of_one_market_alone_is_asked_once():
    effects = _two_markets()
    lonely = [effects[0], *effects[2:3]]
    lonely[1] = lonely[1].filter(pl.col("event") != "volatility_2")
    markets = judge(lonely, ALONE).group_by("event").agg(pl.col("market").unique().sort())
    asked = dict(markets.rows())
    assert asked["volatility_0"] == [BTC, ETH, "all"]
    assert asked["volatility_2"] == [BTC]


def test_few_events_are_insufficient_evidence_but_shrunk():
    frame = market.bars(96 * 100)
    rows = {"often": np.arange(100, 6000, 40), "seldom": np.arange(100, 6000, 600), "once": [500]}
    findings = judge([_estimate(BTC, frame, market.events(frame, rows), ALONE)], ALONE)
    answers = {row["event"]: row for row in findings.iter_rows(named=True)}
    assert answers["often"]["verdict"] == "no finding"
    assert answers["seldom"]["verdict"] == "insufficient evidence"
    assert answers["seldom"]["reason"].startswith("10 events, 30 wanted")
    assert np.isnan(answers["once"]["se_bps"])
    assert np.isnan(answers["once"]["q"])
    for row in answers.values():
        assert abs(row["shrunk_bps"]) < abs(row["effect_bps"])
        assert np.isfinite(row["shrunk_sd_bps"])


def test_without_events_there_are_no_findings():
    frame = market.bars(96 * 20)
    baseline = _estimate(BTC, frame, market.events(frame, {}))
    for effects in ([], [EFFECTS.empty()], [baseline]):
        assert judge(effects, CONFIG).equals(FINDINGS.empty())


def test_a_market_that_stands_still_is_not_tested():
    frame = market.bars(96 * 100).with_columns(
        pl.lit(100.0).alias(name) for name in ("open", "high", "low", "close")
    )
    events = market.events(frame, {"often": np.arange(100, 6000, 40)})
    row = judge([_estimate(BTC, frame, events, ALONE)], ALONE).row(0, named=True)
    assert row["reason"] == "returns that do not vary cannot be tested"


def test_a_planted_effect_is_found_and_drift_is_not():
    n = 96 * 300
    rng = np.random.default_rng(5)
    shocks = rng.normal(0, 1, n)
    crash = np.sort(rng.choice(n - 100, 800, replace=False))
    shocks[crash + 2] += 0.8
    frame = market.bars(n, 5, drift=0.0002, shared=shocks)
    rows = {"crash": crash, "noise": rng.choice(n, 800, replace=False)}
    sides = {name: np.ones(800, int) for name in rows}
    events = market.events(frame, rows, sides_of=sides)
    findings = judge([_estimate(BTC, frame, events, ALONE)], ALONE)
    crash, noise = findings.sort("event").iter_rows(named=True)
    assert crash["verdict"] == "finding"
    assert 0 < crash["shrunk_bps"] <= crash["effect_bps"]
    assert crash["effect_bps"] > crash["detectable_bps"]
    assert noise["verdict"] == "no finding"
    # Against zero, drift alone would have a p of one percent.
    assert noise["mean_bps"] > 2.5 * noise["se_bps"]


def test_on_null_markets_the_test_has_its_size_and_the_naive_one_has_not():
    p, naive = [], []
    n = 96 * 300
    for seed in range(8):
        rng = np.random.default_rng(seed)
        frame = market.bars(n, seed)
        rows = {f"state_{i}": market.runs(n, 60, 24, rng) for i in range(50)}
        sides = {name: np.ones(len(r), int) for name, r in rows.items()}
        effects = _estimate(BTC, frame, market.events(frame, rows, sides_of=sides), ALONE, ("4h",))
        findings = judge([effects], ALONE)
        p += findings["p"].to_list()
        naive += findings["naive_t"].to_list()
    size = np.mean(np.array(p) < 0.05)
    # 400 tests, clustered by market: Monte Carlo error of about 1.5 points.
    assert 0.01 < size < 0.095
    assert np.mean(np.abs(naive) > 1.96) > 0.4
