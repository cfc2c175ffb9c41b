"""Every test of a candidate against the engine itself, asked one fold at a time."""

import numpy as np
import polars as pl
import pytest

from lake.errors import SchemaError
from lake.schema import STRESSED
from tasks.bridge.ground import lay_ground
from tasks.bridge.orders import sized_terms
from tasks.bridge.stress import level_of, stress_candidates
from tasks.bridge.trades import in_selected_folds, select_candidates, simulate_trades
from tasks.trading.config import Costs, Exits, Terms
from tasks.trading.simulation import simulate
from tests.bridge.market import (
    CONFIG,
    events_at,
    finding,
    findings_of,
    folds_at,
    hourly_bars,
    random_market,
    refits_of,
    shuffled,
    tables,
)

FOLDS = folds_at(200, 450, 700, 960)
SELECTED = [True, False, True]
POOLED = findings_of(finding(market="all", condition="vol_regime=1"))
STOPPED = CONFIG.model_copy(update={"terms": Terms(exits=Exits(unit="bps", stop=60.0))})


@pytest.fixture(scope="module")
def markets():
    return [random_market("AAA-1h", 1, drift=0.004), random_market("BBB-1h", 2, drift=0.004)]


def stressed(findings, markets, selected=SELECTED, folds=FOLDS, config=CONFIG):
    ground = lay_ground(markets, folds, config.terms)
    candidates = select_candidates(findings)
    return stress_candidates(candidates, refits_of(findings, selected), ground, config)


def traded(findings, markets, selected=SELECTED, config=CONFIG):
    ground = lay_ground(markets, FOLDS, config.terms)
    trades = simulate_trades(select_candidates(findings), ground, config.terms)
    return in_selected_folds(trades, refits_of(findings, selected))


@pytest.fixture(scope="module")
def told(markets):
    return stressed(POOLED, markets)


def rows_of(told, test):
    return {row["level"]: row for row in told.filter(pl.col("test") == test).iter_rows(named=True)}


def by_engine(findings, markets, config, terms=None, later=0, turn=1, **told):
    """Net and gross results of one candidate through `simulate`, fold by fold."""
    ground = lay_ground(markets, FOLDS, config.terms)
    candidate = select_candidates(findings).row(0, named=True)
    signals = {
        market: rows.with_columns(pl.col("time") + pl.duration(hours=later), pl.col("side") * turn)
        for market, rows in ground.signals(candidate).items()
    }
    runs = [
        simulate(
            ground.laid,
            signals,
            candidate["horizon"],
            terms or config.terms,
            name="x",
            start=fold.start,
            end=fold.end,
            whole=True,
            **told,
        ).results
        for fold, chosen in zip(ground.folds, SELECTED, strict=True)
        if chosen
    ]
    return [np.concatenate([getattr(run, n) for run in runs]) for n in ("net_bps", "gross_bps")]


@pytest.mark.parametrize("config", [CONFIG, STOPPED], ids=["by time", "with stops"])
@pytest.mark.parametrize("condition", ["all", "vol_regime=1"])
def test_every_level_is_what_the_engine_earns_under_these_terms(markets, config, condition):
    findings = findings_of(finding(market="all", condition=condition, horizon="5h"))
    told, terms = stressed(findings, markets, config=config), config.terms
    asked = {("cost", level_of(m)): {"terms": terms.at_costs(m)} for m in config.cost_multiples}
    asked |= {("delay", str(d)): {"delay": d} for d in config.delays_bars}
    asked |= {("notional", level_of(q)): {"terms": sized_terms(terms, q)} for q in config.notionals}
    asked |= {("shifted", "1d"): {"later": 24}, ("shifted", "7d"): {"later": 168}}
    asked |= {("opposite", "all"): {"turn": -1}}
    for (test, level), how in asked.items():
        net, gross = by_engine(findings, markets, config, **how)
        row = rows_of(told, test)[level]
        assert row["n_trades"] == len(net) > 10
        assert row["net_bps"] == pytest.approx(net.mean(), rel=1e-12)
        assert row["gross_bps"] == pytest.approx(gross.mean(), rel=1e-12)


def test_at_single_costs_it_is_the_evidence(markets, told):
    trades = traded(POOLED, markets)
    row = rows_of(told, "cost")["1"]
    assert row["n_trades"] == trades.height
    assert row["net_bps"] == pytest.approx(trades["net_bps"].mean(), rel=1e-12)


def test_costs_and_size_take_and_the_break_even_leaves_nothing(markets, told):
    costs = [rows_of(told, "cost")[m]["net_bps"] for m in ("0.5", "1", "1.5", "2", "3")]
    assert costs == sorted(costs, reverse=True)
    sizes = rows_of(told, "notional")
    by_size = [sizes[level_of(q)]["net_bps"] for q in CONFIG.notionals]
    assert by_size == sorted(by_size, reverse=True)
    ((level, row),) = rows_of(told, "break_even").items()
    assert row["net_bps"] == pytest.approx(0.0, abs=1e-4)
    net, _ = by_engine(POOLED, markets, CONFIG, terms=CONFIG.terms.at_costs(float(level)))
    assert net.mean() == pytest.approx(0.0, abs=1e-4)


def test_what_a_delay_carries_out_of_its_fold_is_not_traded_in_the_next():
    flat = [100.0] * 24
    market = tables(hourly_bars(flat, flat), events_at([5, 11], [1, 1]))
    findings = findings_of(finding(horizon="1h"))
    told = stressed(findings, [market], [True, True], folds_at(4, 12, 24))
    delays = {level: row["n_trades"] for level, row in rows_of(told, "delay").items()}
    assert delays == {"1": 1, "2": 1, "3": 1}


def test_double_costs_are_double_of_what_the_terms_say(markets):
    dear = CONFIG.model_copy(update={"terms": CONFIG.terms.at_costs(1.5)})
    rows, usual = (rows_of(stressed(POOLED, markets, config=c), "cost") for c in (dear, CONFIG))
    assert rows["1"]["net_bps"] == pytest.approx(usual["1.5"]["net_bps"], rel=1e-12)
    assert rows["2"]["net_bps"] == pytest.approx(usual["3"]["net_bps"], rel=1e-12)


def test_the_break_even_can_be_checked_by_hand():
    closes = [100.0, *[101.0] * 23]
    market = tables(hourly_bars([100.0, 100.0, *[101.0] * 22], closes), events_at([0], [1]))
    fees = Terms(costs=Costs(half_spread_bps=0.0, unknown_impact_bps=0.0, assumed_funding_bps=0.0))
    config = CONFIG.model_copy(update={"terms": fees})
    told = stressed(findings_of(finding()), [market], [True], folds_at(0, 24), config)
    ((level, row),) = rows_of(told, "break_even").items()
    # 100 bps are won; a fee of 5 at the entry and of 5.05 at the exit: 9.95 times as much
    assert float(level) == pytest.approx(100 / 10.05, rel=1e-5)
    assert row["cost_bps"] == pytest.approx(100.0, rel=1e-5)


def test_what_loses_even_for_free_breaks_even_at_no_costs(markets):
    faded = findings_of(finding(market="all", scaled_bps=-20.0))
    assert list(rows_of(stressed(faded, markets), "break_even")) == ["0"]


def test_trimmed_leaves_out_the_best_twentieth_or_both_ends(markets, told):
    net = np.sort(traded(POOLED, markets)["net_bps"].to_numpy())
    n_out = -(-len(net) // 20)
    assert n_out > 1
    rows = rows_of(told, "trimmed")
    assert rows["best"]["net_bps"] == pytest.approx(net[:-n_out].mean(), rel=1e-12)
    assert rows["both"]["net_bps"] == pytest.approx(net[n_out:-n_out].mean(), rel=1e-12)


@pytest.mark.parametrize(("n", "n_best", "n_both"), [(1, 1, 1), (2, 1, 2), (3, 2, 1)])
def test_of_a_few_trades_some_remain(n, n_best, n_both):
    hours = [5, 10, 15][:n]
    market = tables(hourly_bars([100.0] * 24, [100.0] * 24), events_at(hours, [1] * n))
    rows = rows_of(stressed(findings_of(finding()), [market], [True], folds_at(0, 24)), "trimmed")
    assert (rows["best"]["n_trades"], rows["both"]["n_trades"]) == (n_best, n_both)


def test_every_fold_is_told_selected_or_not(markets, told):
    trades = traded(POOLED, markets, [True, True, True])
    expected = dict(trades.group_by("fold").agg(pl.col("net_bps").mean()).iter_rows())
    rows = rows_of(told, "fold")
    assert {int(k): row["net_bps"] for k, row in rows.items()} == pytest.approx(expected)


def test_slices_are_of_the_bar_that_the_event_stands_at(markets, told):
    trades = traded(POOLED, markets)
    sessions = trades.with_columns(s=pl.col("event_time").dt.hour() // 8)
    expected = {f"session={s}": n for s, n in sessions.group_by("s").len().iter_rows()} | {
        "vol_regime=1": trades.height
    }
    rows = rows_of(told, "regime")
    assert {level: row["n_trades"] for level, row in rows.items()} == expected
    by_market = dict(trades.group_by("market").agg(pl.col("net_bps").mean()).iter_rows())
    told_by_market = {level: row["net_bps"] for level, row in rows_of(told, "market").items()}
    assert told_by_market == pytest.approx(by_market)
    assert list(rows_of(told, "year")) == ["2024"]


def test_years_are_those_of_the_events():
    # 8,784 hours of 2024: one event in its last day, one in the next year
    flat = [100.0] * 8830
    market = tables(hourly_bars(flat, flat), events_at([8770, 8790], [1, 1]))
    told = stressed(findings_of(finding()), [market], [True], folds_at(8760, 8830))
    assert {k: row["n_trades"] for k, row in rows_of(told, "year").items()} == {
        "2024": 1,
        "2025": 1,
    }


def test_a_candidate_that_is_never_selected_has_rows_and_no_trades(markets):
    told = stressed(POOLED, markets, [False] * 3)
    assert told.schema == pl.Schema(STRESSED.columns)
    assert not told.filter((pl.col("test") != "fold") & (pl.col("n_trades") > 0)).height
    assert all(row["n_trades"] > 0 for row in rows_of(told, "fold").values())
    assert {"cost", "delay", "notional", "shifted", "opposite", "random", "trimmed"} <= set(
        told["test"]
    )


def test_nothing_makes_an_empty_table():
    assert stressed(findings_of(), []).schema == pl.Schema(STRESSED.columns)


def test_a_finding_that_was_not_refitted_before_a_fold_is_refused(markets):
    with pytest.raises(SchemaError, match="before fold 3"):
        stressed(POOLED, markets, [True, True])


def test_stress_of_one_market_does_not_change_with_another_nor_with_the_order_of_rows(markets):
    one, other = markets
    findings = findings_of(finding(market="AAA-1h"), finding(market="AAA-1h", horizon="5h"))
    alone = stressed(findings, [one])
    assert stressed(findings[::-1], [shuffled(other, 3), shuffled(one, 4)]).equals(alone)
    assert stressed(findings[:1], [one]).equals(
        alone.filter(pl.col("hypothesis") == findings["hypothesis"][0])
    )
