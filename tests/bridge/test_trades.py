import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lake.errors import SchemaError
from lake.schema import TRADES
from tasks.bridge.config import BridgeConfig
from tasks.bridge.trades import select_candidates, simulate_trades
from tasks.outcomes.forward import measure
from tests.bridge.market import (
    at,
    events_at,
    features_of,
    finding,
    findings_of,
    hourly_bars,
    tables,
    two_eras,
)

CONFIG = BridgeConfig()
FLAT = [100.0] * 24


def simulate(findings, eras, *markets, config=CONFIG):
    return simulate_trades(select_candidates(findings), eras, markets, config)


def test_a_trade_enters_at_the_next_open_and_leaves_at_the_close_of_its_horizon():
    opens, closes = FLAT.copy(), FLAT.copy()
    opens[11], closes[12] = 200.0, 202.0
    market = tables(hourly_bars(opens, closes), events_at([10], [1]))
    trades = simulate(findings_of(finding()), two_eras(4, 24), market)
    trade = trades.row(0, named=True)
    assert (trade["event_time"], trade["entry_time"], trade["exit_time"]) == (
        at(10),
        at(11),
        at(12),
    )
    assert (trade["side"], trade["entry_price"], trade["exit_price"]) == (1, 200.0, 202.0)
    assert trade["gross_bps"] == pytest.approx(100.0)
    assert trade["cost_bps"] == 12.0
    assert trade["net_bps"] == pytest.approx(88.0)


@pytest.mark.parametrize(
    ("side", "effect", "traded"),
    [(1, 5.0, 1), (-1, 5.0, -1), (0, 5.0, 1), (1, -5.0, -1), (-1, -5.0, 1), (0, -5.0, -1)],
)
def test_a_trade_follows_or_fades_the_side_and_no_side_is_long(side, effect, traded):
    closes = FLAT.copy()
    closes[12] = 99.0
    market = tables(hourly_bars(FLAT, closes), events_at([10], [side]))
    trade = simulate(findings_of(finding(scaled_bps=effect)), two_eras(4, 24), market)
    assert trade["side"].to_list() == [traded]
    assert trade["gross_bps"].to_list() == pytest.approx([-100.0 * traded])


def test_an_event_while_a_position_is_open_is_ignored():
    market = tables(hourly_bars(FLAT, FLAT), events_at([5, 6, 7, 8], [1, 1, 1, 1]))
    trades = simulate(findings_of(finding()), two_eras(4, 24), market)
    assert trades["event_time"].to_list() == [at(5), at(7)]


def test_a_gap_between_event_and_exit_forbids_the_trade():
    bars = hourly_bars(FLAT, FLAT, gaps=(9,))
    market = tables(bars, events_at([6, 7, 8, 10], [1, 1, 1, 1]))
    trades = simulate(findings_of(finding()), two_eras(4, 24), market)
    assert trades["event_time"].to_list() == [at(6), at(10)]


@pytest.mark.parametrize(("hour", "traded"), [(3, False), (4, True), (9, True), (10, False)])
def test_event_entry_and_exit_lie_in_the_confirmation_era(hour, traded):
    market = tables(hourly_bars(FLAT, FLAT), events_at([hour], [1]))
    trades = simulate(findings_of(finding()), two_eras(4, 12), market)
    assert trades.height == traded


def test_only_events_whose_own_bar_meets_the_condition_are_traded():
    bars = hourly_bars(FLAT, FLAT)
    labels = [None] * 24
    labels[5], labels[8], labels[11] = -1, 1, -1
    market = tables(
        bars, events_at([5, 8, 11, 14], [1] * 4), features_of(bars, trend_regime=labels)
    )
    trades = simulate(findings_of(finding(condition="trend_regime=-1")), two_eras(4, 24), market)
    assert trades["event_time"].to_list() == [at(5), at(11)]


def test_a_pooled_finding_trades_every_market_and_another_market_is_left_alone():
    bars = hourly_bars(FLAT, FLAT)
    markets = [tables(bars, events_at([8], [1], market=m), market=m) for m in ("BBB-1h", "AAA-1h")]
    trades = simulate(
        findings_of(finding(market="all"), finding(market="BBB-1h")), two_eras(4, 24), *markets
    )
    pairs = list(trades.select("hypothesis", "market").iter_rows())
    assert pairs == [
        ("BBB-1h|jump|2h|all", "BBB-1h"),
        ("all|jump|2h|all", "AAA-1h"),
        ("all|jump|2h|all", "BBB-1h"),
    ]


def test_a_long_pays_funding_at_each_settlement_up_to_its_exit_and_a_short_none():
    market = tables(hourly_bars(FLAT, FLAT), events_at([5, 7, 13, 20], [1, 1, -1, 1]))
    config = BridgeConfig(funding_bps_per_8h=1.5)
    trades = simulate(findings_of(finding()), two_eras(4, 24), market, config=config)
    # 06-08: settles at 08 as it leaves; 08-10: entered at the settlement, pays the next;
    # 14-16 short: receives nothing; 21-23: between settlements.
    assert trades["cost_bps"].to_list() == [13.5, 12.0, 12.0, 12.0]


def test_a_long_over_a_day_pays_three_times():
    bars = hourly_bars([100.0] * 40, [100.0] * 40)
    market = tables(bars, events_at([5], [1]))
    trades = simulate(findings_of(finding(horizon="1d", horizon_bars=24)), two_eras(4, 40), market)
    assert trades["cost_bps"].to_list() == [15.0]


def test_no_candidates_make_no_trades():
    market = tables(hourly_bars(FLAT, FLAT), events_at([5], [1]))
    trades = simulate(findings_of(finding(verdict="no finding")), two_eras(4, 24), market)
    assert trades.is_empty()
    assert trades.schema == pl.Schema(TRADES.columns)
    assert simulate(findings_of(), two_eras(4, 24)).schema == pl.Schema(TRADES.columns)


@pytest.mark.parametrize("condition", ["moon=1", "vol_regime", "vol_regime=high"])
def test_a_condition_that_nobody_knows_is_refused(condition):
    market = tables(hourly_bars(FLAT, FLAT), events_at([5], [1]))
    with pytest.raises(SchemaError, match="condition"):
        simulate(findings_of(finding(condition=condition)), two_eras(4, 24), market)


def test_events_beside_the_grid_are_refused():
    market = tables(hourly_bars(FLAT, FLAT), events_at([5.5], [1]))
    with pytest.raises(SchemaError, match="grid"):
        simulate(findings_of(finding()), two_eras(4, 24), market)


def test_eras_without_a_confirmation_era_are_refused():
    with pytest.raises(SchemaError, match="confirmation"):
        simulate(findings_of(finding()), two_eras(4, 24).head(1))


@st.composite
def worlds(draw):
    n = draw(st.integers(20, 60))
    prices = st.floats(50, 200, allow_nan=False)
    opens = draw(st.lists(prices, min_size=n, max_size=n))
    closes = draw(st.lists(prices, min_size=n, max_size=n))
    gaps = draw(st.sets(st.integers(0, n - 1), max_size=4))
    hours = sorted(draw(st.sets(st.integers(0, n - 1), max_size=25)))
    sides = draw(st.lists(st.sampled_from([-1, 0, 1]), min_size=len(hours), max_size=len(hours)))
    first = draw(st.integers(1, n - 1))
    horizon = draw(st.integers(1, 5))
    row = finding(horizon=f"{horizon}h", effect_bps=draw(st.sampled_from([-3.0, 3.0])))
    return opens, closes, gaps, events_at(hours, sides), first, findings_of(row)


@given(worlds(), st.integers(0, 2**32 - 1))
@settings(max_examples=60, deadline=None)
def test_the_books_balance_and_nothing_of_discovery_matters(world, seed):
    opens, closes, gaps, events, first, findings = world
    eras = two_eras(first, len(opens))
    trades = simulate(findings, eras, tables(hourly_bars(opens, closes, gaps), events))

    net = trades["gross_bps"].sum() - trades["cost_bps"].sum()
    assert trades["net_bps"].sum() == pytest.approx(net, abs=1e-6)
    assert (trades["entry_time"] > at(first)).all()
    assert (trades["exit_time"] < at(len(opens))).all()
    assert (trades["entry_time"][1:] > trades["exit_time"][:-1]).all()
    assert not trades.select(pl.any_horizontal(pl.all().is_null())).to_series().any()

    noise = np.random.default_rng(seed).uniform(0.5, 2.0, (2, len(opens)))
    noise[:, first:] = 1.0
    other = tables(hourly_bars(opens * noise[0], closes * noise[1], gaps), events)
    assert simulate(findings, eras, other).equals(trades)


@given(worlds())
@settings(max_examples=30, deadline=None)
def test_a_trade_earns_the_outcome_that_discovery_measured(world):
    opens, closes, gaps, events, first, findings = world
    bars = hourly_bars(opens, closes, gaps)
    trades = simulate(findings, two_eras(first, len(opens)), tables(bars, events))
    outcomes = measure(bars, "1h", findings["horizon"][0])
    met = trades.join(outcomes, left_on="event_time", right_on="time", how="left")
    np.testing.assert_allclose(
        met["gross_bps"], 1e4 * met["side"] * met["forward_return"], atol=1e-7
    )
