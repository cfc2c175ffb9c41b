"""Decisions that bring their unit and their structure with them."""

import math

import numpy as np
import polars as pl
import pytest

from lake.errors import SchemaError
from tasks.trading.config import Exits, Limits, Sizing, Target
from tasks.trading.orders import write_decided, write_orders
from tests.trading.world import (
    at,
    bars_of,
    decisions_at,
    lay,
    market_of,
    ms,
    signals_at,
    terms_of,
    trade,
    trade_decided,
)

SIGMA = 0.02


def flat(n=10, name="AAA-1h", first=0, **columns):
    columns = {"sigma": SIGMA, "atr": 3.0} | columns
    return market_of(bars_of([100.0] * n, first=first, volume=50.0), name, **columns)


def orders_of(decisions, *markets, horizon=4, window=(None, None), **terms):
    markets = markets or (flat(),)
    decisions = decisions if isinstance(decisions, dict) else {"AAA-1h": decisions}
    start, end = (None if hour is None else ms(hour) for hour in window)
    laid = lay(*markets, sizing=terms.get("sizing")).window(start, end)
    return write_decided(laid, decisions, horizon, terms_of(**terms))


def test_an_order_is_what_was_decided():
    orders = orders_of(decisions_at((2, 1, 0.01, 95.0, 1), (5, -1, 0.03), (7, 0)))
    assert orders["row"].tolist() == [2, 5, 7]
    assert orders["side"].tolist() == [1, -1, 0]
    assert orders["unit"].tolist() == [0.01, 0.03, 0.02]
    assert orders["guard"][0] == 95.0
    assert np.isnan(orders["guard"][1:]).all()
    assert orders["fresh"].tolist() == [1, -1, -1]
    assert orders["due"].tolist() == [4, 4, 4]
    assert np.isinf(orders["most"]).all()


def test_a_horizon_of_no_bars_is_never_due():
    assert orders_of(decisions_at((2, 1)), horizon=0)["due"].tolist() == [0]


def test_what_leaves_comes_before_what_enters_in_its_slot_and_then_market_by_market():
    markets = flat(6, "BBB-1h", first=3), flat(10, "AAA-1h")
    decisions = {
        "AAA-1h": decisions_at((3, 1), (4, 1), (4, 0)),
        "BBB-1h": decisions_at((3, -1), (4, -1), (4, 0)),
    }
    orders = orders_of(decisions, *markets)
    # BBB's rows 0 to 5 open at 3 to 8, AAA's rows 6 to 15 at 0 to 9
    assert orders["row"].tolist() == [0, 9, 1, 10, 1, 10]
    assert orders["side"].tolist() == [-1, 1, 0, 0, -1, 1]


def test_a_fresh_structure_is_told_by_its_time_or_its_milliseconds():
    decisions = decisions_at((2, 1, 0.01, None, 2), (5, 1), (6, 1, 0.01, None, 4))
    in_ms = decisions.with_columns(pl.col("fresh_time").dt.epoch("ms"))
    assert orders_of(decisions)["fresh"].tolist() == [2, -1, 4]
    assert orders_of(in_ms).tobytes() == orders_of(decisions).tobytes()


def test_only_decisions_inside_of_the_window_are_orders():
    decisions = decisions_at((0, 1), (2, 1, 0.01, None, 1), (3, 1, 0.01, None, 2), (6, 1))
    orders = orders_of(decisions, window=(2, 6))
    assert orders["row"].tolist() == [2, 3]
    # a structure from before the window is older than any loss in it
    assert orders["fresh"].tolist() == [1, 2]
    assert len(orders_of(decisions, window=(20, 30))) == 0
    assert len(orders_of(decisions_at())) == 0
    assert len(orders_of({"BBB-1h": decisions_at((2.5, 1))})) == 0


@pytest.mark.parametrize(
    ("decisions", "error"),
    [
        (decisions_at((2.5, 1)), "AAA-1h at times that are not on its grid"),
        (decisions_at((2, 1, 0.01, None, 1.5)), "AAA-1h at times that are not on its grid"),
        (decisions_at((2, 1, 0.01, None, 3)), "rest on structures of later bars"),
        (decisions_at((2, 2)), "other sides"),
        (decisions_at((2, None)), "other sides"),
        (decisions_at((2, 1)).drop("guard"), "without guard"),
    ],
)
def test_decisions_that_cannot_be_are_refused(decisions, error):
    with pytest.raises(SchemaError, match=error):
        orders_of(decisions)


@pytest.mark.parametrize(
    ("sizing", "size"),
    [
        ({"method": "fixed_notional", "notional": 7.0}, 7.0),
        ({"method": "equity_share", "share": 0.25}, 0.25),
        # The stop lies two of the decision's units of 5 % away: a share of 0.5 % is lost there.
        ({"method": "risk_share", "share": 0.005}, 0.05),
        ({"method": "volatility_target", "share": 0.01}, 0.01 / (SIGMA * math.sqrt(24))),
        ({"method": "risk_share", "share": 0.4, "max_leverage": 3.0}, 3.0),
    ],
)
def test_sizes_are_those_of_signals_with_the_decision_s_own_unit(sizing, size):
    made = orders_of(decisions_at((2, 1, 0.05)), sizing=Sizing(**sizing), exits=Exits(stop=2.0))
    assert made["size"] == pytest.approx([size])


def test_a_unit_that_is_not_known_is_refused_where_it_is_needed():
    decisions = decisions_at((1, 1, None), (4, 1, math.nan), (7, 0, None))
    simulated = trade_decided(flat(), decisions, 1, terms_of(Exits(stop=2.0)))
    unknown = "size or distance not known"
    assert simulated.fate_words == (unknown, unknown, "left")
    assert trade_decided(flat(), decisions, 1).fate_words == ("taken", "taken", "left")


def test_the_most_is_a_share_of_the_usual_volume():
    orders = orders_of(
        decisions_at((2, 1)), flat(volume_ratio=1.0), limits=Limits(max_participation=0.1)
    )
    assert orders["most"] == pytest.approx([500.0])


def test_decisions_that_say_what_signals_say_are_the_same_orders():
    market = flat(atr=[1.0 + i for i in range(10)])
    terms = terms_of(Exits(stop=2.0, unit="atr"), Sizing(method="risk_share", share=0.01))
    laid = lay(market)
    signalled = write_orders(laid, {"AAA-1h": signals_at([2, 5], [1, -1])}, "4h", terms)
    decided = decisions_at((2, 1, 0.03), (5, -1, 0.06))
    assert write_decided(laid, {"AAA-1h": decided}, 4, terms).tobytes() == signalled.tobytes()


def test_the_fates_stand_beside_the_orders():
    market = market_of(bars_of([100.0] * 10, gaps=[7]))
    decisions = decisions_at((1, 1), (2, 1), (3, 0), (3, -1), (6, 1), (9, 1))
    simulated = trade_decided(market, decisions, 0)
    busy, closed = "another position of the market is open", "no trade in the next bar"
    assert simulated.fate_words == ("taken", busy, "left", "taken", closed, closed)
    assert simulated.orders["row"].tolist() == [1, 2, 3, 3, 6, 9]
    assert simulated.n_refused == {busy: 1, closed: 2}


def test_the_span_and_the_name_are_those_of_any_simulation():
    options = {"name": "fusion", "start": ms(1), "end": ms(8), "with_curve": True}
    decisions = decisions_at((0, 1), (2, 1), (6, 1))
    decided = trade_decided(flat(), decisions, 3, **options)
    signalled = trade(flat(), signals_at([0, 2, 6], [1, 1, 1]), "3h", **options)
    assert decided.trades.equals(signalled.trades)
    assert decided.trades["hypothesis"].to_list() == ["fusion"]
    assert decided.equity.equals(signalled.equity)
    assert decided.equity.height == 7


def test_a_close_beyond_the_guard_is_called_structure():
    opens = [100.0, 100.0, 100.0, 99.0, 97.0, 96.0, 98.0]
    simulated = trade_decided(market_of(bars_of(opens)), decisions_at((1, 1, 0.02, 97.5)), 5)
    row = simulated.trades.row(0, named=True)
    # bar 3 closes at 97, below the guard, and bar 4 opens there
    assert (row["exit"], row["exit_time"], row["exit_price"]) == ("structure", at(4), 97.0)


FALL = [100.0 * 0.99**i for i in range(200)]


def test_breakers_and_streaks_are_told_by_name():
    sizing = Sizing(capital=1e5, notional=1e5)
    decisions = decisions_at(*((hour, 1, 0.02, None, 60) for hour in range(60, 150, 2)))
    told = {}
    for name, limit in (
        ("circuit breaker: day", {"day_loss": 0.05}),
        ("circuit breaker: week", {"week_loss": 0.1}),
        ("circuit breaker: drawdown", {"drawdown": 0.2}),
        ("loss streak", {"loss_streak": 3}),
    ):
        terms = terms_of(sizing=sizing, limits=Limits(**limit))
        simulated = trade_decided(market_of(bars_of(FALL)), decisions, 1, terms)
        told[name] = simulated.n_refused
        words = simulated.fate_words
        n_before = words.index(name)
        assert set(words[:n_before]) == {"taken"}
    assert [set(refused) for refused in told.values()] == [{name} for name in told]


def test_a_day_begins_at_midnight_wherever_the_span_does():
    # an hour's position of all the capital loses 1 % of it; the third day begins at hour 48
    sizing = Sizing(capital=1e5, notional=1e5)
    terms = terms_of(sizing=sizing, limits=Limits(day_loss=0.035))
    decisions = decisions_at(*((hour, 1) for hour in range(40, 54)))
    simulated = trade_decided(market_of(bars_of(FALL)), decisions, 1, terms, start=ms(30))
    day = "circuit breaker: day"
    assert simulated.fate_words == ("taken",) * 4 + (day,) * 4 + ("taken",) * 4 + (day,) * 2


POLICY = Exits(
    stop=2.0,
    trail=1.0,
    trail_from=2.0,
    targets=(Target(at=2.0, share=0.5), Target(at=4.0, share=0.5)),
    stop_to_entry=True,
)


def path(*closes):
    """Bars from a close to the next, after two flat ones."""
    return market_of(bars_of([100.0, 100.0, 100.0, *closes]))


@pytest.mark.parametrize(
    ("closes", "reasons", "last"),
    [
        ((95, 95), ["stop"], 100 * math.exp(-0.04)),
        ((105, 103, 101), ["target", "trail"], 105 * math.exp(-0.02)),
        ((105, 109, 109), ["target", "target"], 100 * math.exp(0.08)),
        ((101, 101, 98, 98), ["structure"], 98.0),
        ((101, 101, 101, 101, 101), ["time"], 101.0),
    ],
)
def test_the_policies_of_the_engines_can_be_combined(closes, reasons, last):
    # risk 1 % of the equity at a stop two units of 2 % away, at most 20 000 and half the equity
    sizing = Sizing(method="risk_share", share=0.01, max_leverage=0.5, max_notional=20_000.0)
    terms = terms_of(POLICY, sizing)
    simulated = trade_decided(path(*closes), decisions_at((0, 1, 0.02, 99.0)), 5, terms)
    assert simulated.fills["reason"].to_list() == ["entry", *reasons]
    assert simulated.fills["reference"][-1] == pytest.approx(last)
    assert simulated.trades["notional"].to_list() == [20_000.0]


@pytest.mark.parametrize(
    ("change", "notional"),
    [
        ({}, 250_000.0),
        ({"max_leverage": 0.2}, 200_000.0),
        ({"max_notional": 150_000.0}, 150_000.0),
        ({"max_leverage": 0.1, "max_notional": 150_000.0}, 100_000.0),
        ({"method": "fixed_notional", "notional": 7e5, "max_notional": 1.0}, 7e5),
    ],
)
def test_a_risk_is_capped_by_leverage_and_by_notional(change, notional):
    sizing = Sizing(**({"method": "risk_share", "share": 0.01} | change))
    simulated = trade_decided(
        flat(), decisions_at((0, 1, 0.02)), 5, terms_of(Exits(stop=2.0), sizing)
    )
    assert simulated.trades["notional"].to_list() == pytest.approx([notional])
