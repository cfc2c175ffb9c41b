import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lake.errors import SchemaError
from lake.schema import TRADES
from tasks.bridge.ground import lay_ground
from tasks.bridge.stress import stress_candidates
from tasks.bridge.trades import in_selected_folds, select_candidates
from tasks.outcomes.forward import measure
from tasks.trading.config import Exits, Terms
from tests.bridge.market import (
    CONFIG,
    at,
    events_at,
    features_of,
    filled,
    finding,
    findings_of,
    folds_at,
    funding_at,
    hourly_bars,
    random_market,
    refits_of,
    shuffled,
    simulated,
    tables,
)

FLAT = [100.0] * 24
ONE = folds_at(4, 24)


def test_a_trade_enters_at_the_next_open_and_leaves_at_the_close_of_its_horizon():
    opens, closes = FLAT.copy(), FLAT.copy()
    opens[11], closes[12] = 200.0, 202.0
    market = tables(hourly_bars(opens, closes), events_at([10], [1]))
    trade = simulated(findings_of(finding()), ONE, market).row(0, named=True)
    assert (trade["event_time"], trade["entry_time"], trade["exit_time"]) == (
        at(10),
        at(11),
        at(12),
    )
    assert (trade["side"], trade["entry_price"], trade["exit_price"]) == (1, 200.0, 202.0)
    assert trade["gross_bps"] == pytest.approx(100.0)
    # 5 bps of the fee, half a bp of spread and half of unknown impact, each way; the exit's
    # are of a value that is a hundredth larger
    assert trade["cost_bps"] == pytest.approx(6 + 6 * 1.01, rel=1e-3)
    assert trade["net_bps"] == pytest.approx(trade["gross_bps"] - trade["cost_bps"])


@pytest.mark.parametrize(
    ("side", "effect", "traded"),
    [(1, 5.0, 1), (-1, 5.0, -1), (0, 5.0, 1), (1, -5.0, -1), (-1, -5.0, 1), (0, -5.0, -1)],
)
def test_a_trade_follows_or_fades_the_side_and_no_side_is_long(side, effect, traded):
    closes = FLAT.copy()
    closes[12] = 99.0
    market = tables(hourly_bars(FLAT, closes), events_at([10], [side]))
    trade = simulated(findings_of(finding(scaled_bps=effect)), ONE, market)
    assert trade["side"].to_list() == [traded]
    assert trade["gross_bps"].to_list() == pytest.approx([-100.0 * traded])


@pytest.mark.parametrize(
    ("hour", "fold"), [(3, None), (4, 1), (9, 1), (10, None), (11, None), (12, 2), (22, None)]
)
def test_event_entry_and_exit_lie_in_one_fold(hour, fold):
    # Two hours from 10 would end with bar 12; from 11 the entry itself is in the next fold.
    market = tables(hourly_bars(FLAT, FLAT), events_at([hour], [1]))
    trades = simulated(findings_of(finding()), folds_at(4, 12, 24), market)
    assert trades["fold"].to_list() == ([] if fold is None else [fold])


def test_a_stop_makes_no_trade_of_a_signal_whose_horizon_passes_the_fold_s_end():
    opens = FLAT[:21] + [80.0] * 3
    stopped = CONFIG.model_copy(update={"terms": Terms(exits=Exits(stop=100.0, unit="bps"))})
    market = tables(hourly_bars(opens, opens), events_at([10, 19], [1, 1]))
    rows = findings_of(finding(horizon="8h", horizon_bars=8))
    traded = simulated(rows, ONE, market, config=stopped)
    assert traded["event_time"].to_list() == [at(10)]
    refits = refits_of(rows, [True])
    told = stress_candidates(
        select_candidates(rows), refits, lay_ground([market], ONE, stopped.terms), stopped
    )
    assert told.filter(test="cost", level="1")["n_trades"].to_list() == [1]


def test_each_fold_begins_with_a_fresh_account():
    # The position that 10 opens is not left in the first fold; 12 is not refused for it.
    market = tables(hourly_bars(FLAT, FLAT), events_at([4, 10, 12], [1, 1, 1]))
    trades = simulated(findings_of(finding(horizon="4h")), folds_at(4, 12, 24), market)
    assert trades.select("fold", "trade", "event_time").rows() == [(1, 0, at(4)), (2, 0, at(12))]


def test_only_events_whose_own_bar_meets_the_condition_are_traded():
    bars = hourly_bars(FLAT, FLAT)
    labels = [None] * 24
    labels[5], labels[8], labels[11] = -1, 1, -1
    known = features_of(bars, trend_regime=labels)
    market = tables(bars, events_at([5, 8, 11, 14], [1] * 4), known)
    trades = simulated(findings_of(finding(condition="trend_regime=-1")), ONE, market)
    assert trades["event_time"].to_list() == [at(5), at(11)]


def test_a_pooled_finding_trades_every_market_and_another_market_is_left_alone():
    bars = hourly_bars(FLAT, FLAT)
    markets = [tables(bars, events_at([8], [1], market=m), market=m) for m in ("BBB-1h", "AAA-1h")]
    found = findings_of(finding(market="all"), finding(market="BBB-1h"))
    trades = simulated(found, ONE, *markets)
    assert trades.select("hypothesis", "market").rows() == [
        ("BBB-1h|jump|2h|all", "BBB-1h"),
        ("all|jump|2h|all", "AAA-1h"),
        ("all|jump|2h|all", "BBB-1h"),
    ]


def test_funding_is_the_markets_own_and_assumed_where_it_has_none():
    bars, events = hourly_bars(FLAT, FLAT), events_at([6, 14], [1, -1])
    own = tables(bars, events, funding=funding_at(h8=2e-4, h16=3e-4))
    # 06 holds through 08:00, 14 through 16:00
    paid = simulated(findings_of(finding()), ONE, own)["funding_bps"].to_list()
    assert paid == pytest.approx([2.0, -3.0], abs=1e-6)
    assumed = simulated(findings_of(finding()), ONE, tables(bars, events))
    assert assumed["funding_bps"].to_list() == pytest.approx([1.0, 0.0], abs=1e-6)


def test_trades_of_one_market_do_not_change_when_another_is_added():
    one, other = random_market("BBB-1h", 1), random_market("AAA-1h", 2)
    found, folds = findings_of(finding(market="BBB-1h")), folds_at(200, 500, 960)
    alone = simulated(found, folds, one)
    assert alone.height > 50
    assert simulated(found, folds, one, other).equals(alone)


def test_the_order_of_rows_and_markets_does_not_matter():
    one, other = random_market("BBB-1h", 1), random_market("AAA-1h", 2)
    found = findings_of(finding(market="all"), finding(market="BBB-1h"))
    folds = folds_at(200, 500, 960)
    whole = simulated(found, folds, one, other)
    mixed = simulated(found[::-1], folds[::-1], shuffled(other, 5), shuffled(one, 6))
    assert mixed.equals(whole)


def test_no_candidates_make_no_trades():
    market = tables(hourly_bars(FLAT, FLAT), events_at([5], [1]))
    trades = simulated(findings_of(finding(verdict="no finding")), ONE, market)
    assert trades.is_empty()
    assert trades.schema == pl.Schema(TRADES.columns)
    assert simulated(findings_of(), ONE).schema == pl.Schema(TRADES.columns)


@pytest.mark.parametrize("condition", ["moon=1", "vol_regime", "vol_regime=high"])
def test_a_condition_that_nobody_knows_is_refused(condition):
    market = tables(hourly_bars(FLAT, FLAT), events_at([5], [1]))
    with pytest.raises(SchemaError, match="condition"):
        simulated(findings_of(finding(condition=condition)), ONE, market)


def test_events_beside_the_grid_are_refused():
    market = tables(hourly_bars(FLAT, FLAT), events_at([5.5], [1]))
    with pytest.raises(SchemaError, match="grid"):
        simulated(findings_of(finding()), ONE, market)


def test_only_trades_of_selected_folds_are_evidence():
    found = findings_of(finding(), finding(event="crash"))
    names = found["hypothesis"].to_list()
    rows = [{"hypothesis": n, "fold": k, "trade": 0} for n in names for k in (1, 2, 3)]
    refits = refits_of(found, [True, False, True]).with_columns(
        selected=pl.col("selected") & (pl.col("hypothesis") == names[0])
    )
    kept = in_selected_folds(filled(TRADES, rows), refits)
    assert kept.select("hypothesis", "fold").rows() == [(names[0], 1), (names[0], 3)]
    with pytest.raises(SchemaError, match="REFITS without"):
        in_selected_folds(filled(TRADES, rows), refits.filter(pl.col("fold") < 3))


@st.composite
def worlds(draw):
    n = draw(st.integers(20, 60))
    prices = st.floats(50, 200, allow_nan=False)
    opens = draw(st.lists(prices, min_size=n, max_size=n))
    closes = draw(st.lists(prices, min_size=n, max_size=n))
    hours = sorted(draw(st.sets(st.integers(0, n - 1), max_size=25)))
    sides = draw(st.lists(st.sampled_from([-1, 0, 1]), min_size=len(hours), max_size=len(hours)))
    first = draw(st.integers(1, n - 1))
    row = finding(horizon=f"{draw(st.integers(1, 5))}h", scaled_bps=draw(st.sampled_from([-3, 3])))
    return hourly_bars(opens, closes), events_at(hours, sides), first, findings_of(row)


@given(worlds())
@settings(max_examples=30, deadline=None)
def test_a_trade_earns_the_outcome_that_discovery_measured(world):
    bars, events, first, found = world
    trades = simulated(found, folds_at(first, bars.height), tables(bars, events))
    outcomes = measure(bars, "1h", found["horizon"][0])
    met = trades.join(outcomes, left_on="event_time", right_on="time", how="left")
    expected = 1e4 * met["side"] * met["forward_return"]
    assert met["gross_bps"].to_list() == pytest.approx(expected.to_list(), abs=1e-4)
    assert (trades["entry_time"][1:] > trades["exit_time"][:-1]).all()
