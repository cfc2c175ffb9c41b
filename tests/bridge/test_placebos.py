"""What random entries are drawn from, and what they prove."""

import numpy as np
import polars as pl
import pytest

from tasks.bridge.case import open_case
from tasks.bridge.ground import lay_ground
from tasks.bridge.placebos import random_entries
from tasks.bridge.stress import stress_candidates
from tasks.bridge.trades import select_candidates
from tests.bridge.market import (
    CONFIG,
    finding,
    findings_of,
    folds_at,
    random_market,
    refits_of,
)

FOLDS = folds_at(200, 500, 960)
# Held for one bar, no position is in another one's way: every entry that is drawn is a trade.
SHORT = finding(market="all", horizon="1h", condition="vol_regime=1")


def case_of(row, markets, config=CONFIG, chosen=(1, 2)):
    ground = lay_ground(markets, FOLDS, config.terms)
    candidate = select_candidates(findings_of(row)).row(0, named=True)
    return open_case(candidate, ground, frozenset(chosen), config)


def p_of(test, row, markets, config=CONFIG):
    findings = findings_of(row)
    ground = lay_ground(markets, FOLDS, config.terms)
    refits = refits_of(findings, [True, True])
    told = stress_candidates(select_candidates(findings), refits, ground, config)
    return told.filter(pl.col("test") == test)["p"].min()


@pytest.fixture(scope="module")
def markets():
    return [random_market("AAA-1h", 1), random_market("BBB-1h", 2, n_events=60)]


def test_as_many_are_drawn_as_were_traded_in_each_market_and_fold(markets):
    case = case_of(SHORT, markets)
    drawn, folds = random_entries(case), [case.ground.folds[0], case.ground.folds[1]]
    for market in (0, 1):
        for fold in folds:
            counts = [
                np.sum((r.market == market) & (r.event_ms >= fold.start) & (r.event_ms < fold.end))
                for r in (case.earned, drawn)
            ]
            assert counts[1] == CONFIG.random_replicas * counts[0] > 0


def test_they_stand_where_the_condition_is_met_and_only_in_folds_that_count(markets):
    case = case_of(SHORT, markets, chosen=(2,))
    drawn = random_entries(case)
    for market, name in enumerate(case.ground.laid.markets):
        features = case.ground.features[name].filter(pl.col("vol_regime") == 1)
        stamps = set(features["time"].dt.epoch("ms"))
        own = drawn.event_ms[drawn.market == market]
        assert len(own) > 20
        assert stamps >= set(own.tolist())
        assert own.min() >= case.ground.folds[1].start


def test_the_mix_of_sides_is_the_candidates():
    # Where every bar rises, a long wins and a short loses: the sign tells the side.
    market = random_market("AAA-1h", 3)
    n = market.bars.height
    closes = 100 * 1.001 ** np.arange(1, n + 1)
    opens = closes / 1.001
    prices = {"open": opens, "high": closes, "low": opens, "close": closes}
    rising = market.bars.with_columns(**{k: pl.Series(v) for k, v in prices.items()})
    one_sided = market.events.with_columns(
        side=pl.when(pl.int_range(pl.len()) % 4 == 0).then(-1).otherwise(1).cast(pl.Int8)
    )
    moved = type(market)(market.market, one_sided, market.features, rising)
    case = case_of(finding(horizon="1h"), [moved])
    wins, drawn = np.sum(case.earned.gross_bps > 0), random_entries(case).gross_bps
    assert 0 < wins < len(case.earned.gross_bps)
    assert np.sum(drawn > 0) == CONFIG.random_replicas * wins
    assert np.sum(drawn < 0) == CONFIG.random_replicas * (len(case.earned.gross_bps) - wins)


def test_draws_repeat_and_another_seed_draws_others(markets):
    one, again = (random_entries(case_of(SHORT, markets)) for _ in range(2))
    assert one.event_ms.tobytes() == again.event_ms.tobytes()
    assert one.net_bps.tobytes() == again.net_bps.tobytes()
    other = CONFIG.model_copy(update={"seed": CONFIG.seed + 1})
    assert random_entries(case_of(SHORT, markets, other)).event_ms.tolist() != one.event_ms.tolist()


def test_twin_markets_have_draws_of_their_own():
    twins = [random_market(name, 1) for name in ("AAA-1h", "BBB-1h")]
    drawn = random_entries(case_of(SHORT, twins))
    one, other = (set(drawn.event_ms[drawn.market == k].tolist()) for k in (0, 1))
    assert len(one - other) > len(one) / 4


def test_an_effect_beats_random_entries_and_its_placebos_do_not_pay():
    market = random_market("AAA-1h", 5, drift=0.006, n_events=200)
    row = finding(horizon="1h")
    assert p_of("random", row, [market]) < 0.001
    assert p_of("shifted", row, [market]) > 0.05
    assert p_of("opposite", row, [market]) > 0.05


def test_a_drift_that_every_entry_earns_is_no_better_than_random_entries():
    # Prices rise all the time, far beyond costs, and the event has nothing to do with it.
    market = random_market("AAA-1h", 6, n_events=200)
    trend = np.exp(0.005 * np.arange(market.bars.height))
    rising = market.bars.with_columns(
        **{n: pl.col(n) * pl.Series(trend) for n in ("open", "high", "low", "close")}
    )
    longs = market.events.with_columns(side=pl.lit(1, pl.Int8))
    moved = type(market)(market.market, longs, market.features, rising)
    row = finding(horizon="4h")
    assert p_of("cost", row, [moved]) < 0.001
    assert p_of("random", row, [moved]) > 0.05
    assert p_of("shifted", row, [moved]) < 0.001


def test_random_entries_are_right_as_often_as_they_should_be():
    # 60 candidates without any effect: p below 0.2 in about a fifth of them
    ps = [
        p_of("random", finding(horizon="1h"), [random_market("AAA-1h", 100 + k, n_events=120)])
        for k in range(60)
    ]
    assert 4 <= np.sum(np.array(ps) < 0.2) <= 22
