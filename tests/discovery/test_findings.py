import numpy as np
import polars as pl
import pytest
from scipy.stats import cauchy, false_discovery_control, t

from lake.schema import FINDINGS, LEDGER
from tasks.discovery.config import DiscoveryConfig
from tasks.discovery.findings import judge
from tasks.discovery.grid import asked
from tests.discovery import market

CONFIG = DiscoveryConfig(n_sign_flips=99)
ALONE = DiscoveryConfig(conditions=("all",), n_sign_flips=99)
LEDGERED = ALONE.model_copy(update={"multiplicity": "ledger"})
BTC, ETH = "BTCUSDT-15m", "ETHUSDT-15m"


def two_markets(n=96 * 150):
    rng = np.random.default_rng(0)
    markets = []
    for seed, name in enumerate((BTC, ETH)):
        frame = market.bars(n, seed)
        parts = [
            market.events(
                frame,
                {f"{family}_{i}": rng.choice(n, 300, replace=False) for i in range(3)},
                name,
                family,
                seed=seed,
            )
            for family in ("volatility", "liquidity")
        ]
        markets.append((pl.concat(parts).sort("time", "event"), frame))
    return markets


@pytest.fixture(scope="module")
def markets():
    return two_markets()


@pytest.fixture(scope="module")
def judged(markets):
    return market.judged(markets, CONFIG)


def planted(kick, n=96 * 300, sides=1):
    """`noise`, and `crash`, after which the drift over the second bar is `kick` volatilities."""
    rng = np.random.default_rng(5)
    shocks = rng.normal(0, 1, n)
    crash = np.sort(rng.choice(n - 100, 800, replace=False))
    shocks[crash + 2] += kick
    frame = market.bars(n, 5, drift=0.0002, shared=shocks)
    rows = {"crash": crash, "noise": np.sort(rng.choice(n, 800, replace=False))}
    return market.events(frame, rows, sides_of={k: np.full(800, sides) for k in rows}), frame


def test_there_is_a_finding_for_each_hypothesis_that_is_asked(judged):
    grid, findings = judged
    assert FINDINGS.conform(findings).equals(findings)
    labels = ["hypothesis", "market", "family", "event", "horizon", "horizon_bars", "condition"]
    assert findings.select(labels).equals(asked(grid).select(labels).sort("hypothesis"))
    assert findings.height > 150


def test_the_order_of_the_tables_does_not_matter(markets, judged):
    grid, findings = judged
    effects = [market.effects_of(*part, CONFIG) for part in markets]
    shuffled = grid.sample(fraction=1, shuffle=True, seed=1)
    assert judge(effects[::-1], shuffled, CONFIG).equals(findings)


def test_nothing_is_nan_where_a_hypothesis_is_testable_but_what_is_not_yet_asked(judged):
    _, findings = judged
    testable = findings.filter(pl.col("verdict") != "insufficient evidence")
    assert testable.height > 100
    later = ("median_bps", "p_permutation", "largest_year_share")
    numbers = testable.select(pl.col(pl.Float64).exclude(*later, "^i2_.*$"))
    assert all(numbers[name].is_finite().all() for name in numbers.columns)
    assert findings.drop("n_wanted").null_count().sum_horizontal().item() == 0
    shares = [name for name in numbers.columns if name[:2] in ("p_", "q_") or name in ("p", "q")]
    assert len(shares) == 10
    assert all(numbers[name].is_between(0, 1).all() for name in shares)


def test_p_is_that_of_the_three_estimates_and_q_that_of_two_levels(judged):
    _, findings = judged
    tested = findings.filter(pl.col("p").is_not_nan())
    freedom = tested["n_clusters"].to_numpy() - 1
    pairs = (("scaled", "scaled"), ("mean", ""), ("weighted", "weighted"))
    three = []
    for name, unit in pairs:
        effect = tested[f"{unit}_bps" if unit else "effect_bps"].to_numpy()
        se = tested[f"{unit}_se_bps" if unit else "se_bps"].to_numpy()
        three.append(2 * t.sf(np.abs(effect / se), freedom))
        np.testing.assert_allclose(tested[f"p_{name}"], three[-1])
    agree = (tested["p"] < 1).to_numpy()
    p = np.minimum(np.array(three), 0.999)
    wanted = cauchy.sf(cauchy.isf(p).mean(axis=0))
    np.testing.assert_allclose(tested["p"].to_numpy()[agree], wanted[agree])
    assert agree.mean() > 0.95
    np.testing.assert_allclose(
        tested["q_by"], false_discovery_control(tested["p"].to_numpy(), method="by")
    )
    # Without a selected event, q is Simes' of the event at the least, by the first level.
    assert (tested["q"] >= tested["q_event"]).all()
    simes = {
        event: np.min(np.sort(p) * p.size / np.arange(1, p.size + 1))
        for (event,), part in tested.group_by("event")
        for p in [part["p"].to_numpy()]
    }
    q_event = dict(zip(simes, false_discovery_control(list(simes.values())), strict=True))
    found = dict(tested.select("event", "q_event").unique().rows())
    assert found == pytest.approx(q_event)


def test_a_hypothesis_is_about_the_excess_over_the_baseline(judged):
    _, findings = judged
    known = findings.filter(pl.col("n") > 0)
    excess = known["mean_bps"] - known["baseline_bps"]
    np.testing.assert_allclose(known["effect_bps"], excess, atol=1e-9)
    np.testing.assert_allclose(known["t"], known["scaled_bps"] / known["scaled_se_bps"])


def test_pooled_counts_are_the_sums_of_the_markets(judged):
    _, findings = judged
    alone = findings.filter(pl.col("market") != "all")
    alone = alone.group_by("event", "horizon", "condition").agg(pl.col("n").sum())
    pooled = findings.filter(market="all").select("event", "horizon", "condition", n_all="n")
    both = alone.join(pooled, on=["event", "horizon", "condition"])
    assert both.height > 50
    assert (both["n"] == both["n_all"]).all()


@pytest.mark.parametrize(("kick", "sides"), [(0.8, 1), (-0.8, 1), (0.8, -1)])
def test_a_planted_effect_is_found_with_its_sign(kick, sides):
    _, findings = market.judged([planted(kick, sides=sides)], ALONE, ("1h",))
    crash, noise = findings.sort("event").iter_rows(named=True)
    assert crash["verdict"] == "finding"
    assert np.sign(crash["scaled_bps"]) == np.sign(kick * sides)
    assert 0 < crash["shrunk_bps"] / crash["scaled_bps"] <= 1
    assert abs(crash["scaled_bps"]) > crash["detectable_bps"]
    assert crash["sign_rate"] < 0.05
    assert noise["verdict"] == "no finding"


def test_drift_is_no_finding():
    _, findings = market.judged([planted(0)], ALONE, ("1d",))
    assert findings["verdict"].to_list() == ["no finding"] * 2
    # Against zero it would be one.
    assert (findings["mean_bps"] > 4 * findings["se_bps"]).all()
    assert findings["p"].min() > 0.05


def test_turning_every_side_round_turns_every_effect_and_changes_no_p():
    events, frame = planted(0.8)
    turned = events.with_columns(side=-pl.col("side"))
    found, round_ = (market.judged([(e, frame)], ALONE, ("1h",))[1] for e in (events, turned))
    for name in ("scaled_bps", "effect_bps", "weighted_bps", "shrunk_bps", "t", "mean_bps"):
        np.testing.assert_allclose(round_[name], -found[name], rtol=1e-9, atol=1e-9)
    for name in ("p", "p_rank", "p_romano_wolf", "q", "sign_rate", "scaled_se_bps"):
        np.testing.assert_allclose(round_[name], found[name], rtol=1e-9, atol=1e-12)


def ledger(rows):
    """LEDGER of (hypothesis, p)."""
    return pl.DataFrame(
        [(name, name.split("|")[1], p, 1) for name, p in rows], LEDGER.columns, orient="row"
    )


def test_only_ledger_multiplicity_counts_what_earlier_runs_asked():
    markets = [planted(0.55)]
    many = ledger([(f"{BTC}|{event}|2h|all", 1.0) for event in map(str, range(200))])
    alone = market.judged(markets, ALONE, ("1h",))[1]
    assert alone["verdict"].to_list() == ["finding", "no finding"]
    assert market.judged(markets, ALONE, ("1h",), many)[1].equals(alone)
    assert market.judged(markets, LEDGERED, ("1h",))[1].equals(alone)
    counted = market.judged(markets, LEDGERED, ("1h",), many)[1]
    # 202 events instead of 2 at the first level.
    found, before = (part.filter(event="crash") for part in (counted, alone))
    assert found["p"].item() == before["p"].item()
    assert found["q"].item() == pytest.approx(101 * before["q"].item())
    n = 202
    harmonic = sum(1 / i for i in range(1, n + 1))
    assert found["q_by"].item() == pytest.approx(n * harmonic * before["p"].item())


def test_what_this_run_asks_again_counts_once():
    markets = [planted(0.55)]
    again = ledger([(f"{BTC}|{event}|1h|all", 0.5) for event in ("crash", "noise")])
    wanted = market.judged(markets, LEDGERED, ("1h",))[1]
    assert market.judged(markets, LEDGERED, ("1h",), again)[1].equals(wanted)


def test_the_order_of_the_ledger_does_not_matter():
    markets = [planted(0.55)]
    many = ledger([(f"{BTC}|{e}|2h|all", p) for e, p in zip("abc", (0.2, 1.0, 1e-9), strict=True)])
    one, two = (market.judged(markets, LEDGERED, ("1h",), m)[1] for m in (many, many[::-1]))
    assert one.equals(two)


def test_without_hypotheses_there_are_no_findings(markets):
    effects = [market.effects_of(*part, ALONE) for part in markets]
    grid, _ = market.judged(markets, ALONE)
    for given in ([], effects):
        assert judge(given, grid.clear(), ALONE).equals(FINDINGS.empty())
