"""An engine's decisions in the account: fates, trades and terms agree."""

from functools import cache

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from lake.schema import DECISIONS
from tasks.backtest.decided import decision_frame
from tasks.backtest.engine_account import lay_markets, log_of, orders_of, trade_decisions
from tasks.backtest.engine_config import EngineTerms, EngineTrading
from tests.backtest.heard import market_at, told_of
from tests.trading.world import at, filled, ms

USUAL = EngineTrading()


@cache
def decisions_of(*markets: tuple[str, int]) -> pl.DataFrame:
    return pl.concat([decision_frame(told_of(seed, name)) for name, seed in markets])


@cache
def traded(trading: EngineTrading, *markets: tuple[str, int], start=None):
    laid = lay_markets([market_at(seed, name) for name, seed in markets], trading)
    return trade_decisions(
        laid, decisions_of(*markets), trading, name="fusion-1h", start=start, with_curve=True
    )


ONE = (("AAA-1h", 0),)
TWO = (("AAA-1h", 0), ("BBB-1h", 1))


def decided(*rows) -> pl.DataFrame:
    """DECISIONS of (hour, decision, side)."""
    return filled(
        DECISIONS,
        [
            {"market": "AAA-1h", "time": at(hour), "decision": word, "side": side}
            | {"unit": 0.02, "guard": 90.0, "fresh_time": at(0), "fate": ""}
            for hour, word, side in rows
        ],
    )


# Orders.


def test_a_turn_leaves_before_it_enters_and_a_veto_orders_nothing() -> None:
    orders = orders_of(
        decided((1, "enter", 1), (2, "vetoed", -1), (3, "turn", -1), (4, "leave", -1)), True
    )
    told = list(orders.select("time", "side").iter_rows())
    assert told == [(at(1), 1), (at(3), 0), (at(3), -1), (at(4), 0)]


@pytest.mark.parametrize("wanted", [True, False])
def test_the_structure_stop_is_known_to_entries_alone_and_where_it_is_wanted(wanted) -> None:
    orders = orders_of(decided((1, "enter", 1), (3, "turn", -1)), wanted)
    guards = np.nan_to_num(orders["guard"].to_numpy(), nan=0.0)
    assert guards.tolist() == ([90.0, 0.0, 90.0] if wanted else [0.0, 0.0, 0.0])


# Fates and trades.


@pytest.mark.parametrize("markets", [ONE, TWO], ids=["one market", "two markets"])
def test_every_trade_is_a_decision_that_was_taken_and_the_other_way_round(markets) -> None:
    done = traded(USUAL, *markets)
    log = log_of(decisions_of(*markets), done)
    taken = log.filter(pl.col("fate") == "taken").select("market", "time", "side")
    entered = done.trades.select("market", pl.col("event_time").alias("time"), "side")
    assert entered.height > 20
    assert taken.height == entered.height + done.n_open
    assert taken.join(entered, on=["market", "time", "side"], how="semi").height == entered.height


def test_what_is_no_order_has_no_fate_and_what_is_one_has_one() -> None:
    log = log_of(decisions_of(*ONE), traded(USUAL, *ONE))
    is_veto = log["decision"] == "vetoed"
    assert is_veto.any()
    assert ((log["fate"] == "") == is_veto).all()
    left = log.filter(pl.col("decision") == "leave")
    assert left["fate"].unique().to_list() == ["left"]


def test_nothing_but_the_fate_is_changed_by_the_account() -> None:
    before = decisions_of(*TWO)
    after = log_of(before, traded(USUAL, *TWO))
    assert_frame_equal(after.drop("fate"), before.sort(DECISIONS.order).drop("fate"))


def test_decisions_before_the_span_are_no_orders() -> None:
    done = traded(USUAL, *ONE, start=ms(1500))
    log = log_of(decisions_of(*ONE), done)
    early = log.filter(pl.col("time") < at(1500))
    assert early.height > 0
    assert early["fate"].unique().to_list() == [""]
    assert done.trades["event_time"].min() >= at(1500)


def test_a_span_without_bars_is_an_account_without_trades() -> None:
    done = traded(USUAL, *ONE, start=ms(10_000))
    assert (done.trades.height, done.equity.height, done.n_open) == (0, 0, 0)
    assert log_of(decisions_of(*ONE), done)["fate"].unique().to_list() == [""]


def test_one_account_stands_behind_all_markets() -> None:
    terms = EngineTerms().model_copy(
        update={"limits": EngineTerms().limits.model_copy(update={"max_open": 1})}
    )
    done = traded(USUAL.model_copy(update={"terms": terms}), *TWO)
    assert done.equity["n_open"].max() == 1
    assert traded(USUAL, *TWO).equity["n_open"].max() == 2
    fates = log_of(decisions_of(*TWO), done)["fate"]
    assert (fates == "too many positions").any()


def test_the_same_decisions_give_the_same_bytes() -> None:
    laid = lay_markets([market_at(0)], USUAL)
    again = trade_decisions(laid, decisions_of(*ONE), USUAL, name="fusion-1h", with_curve=True)
    done = traded(USUAL, *ONE)
    for name in ("trades", "fills", "equity"):
        assert_frame_equal(getattr(again, name), getattr(done, name), check_exact=True)


# The terms.


@pytest.mark.parametrize("horizon", [1, 6])
def test_no_position_outlasts_the_time_stop(horizon: int) -> None:
    done = traded(USUAL.model_copy(update={"horizon_bars": horizon}), *ONE)
    held = (done.trades["exit_time"] - done.trades["event_time"]).dt.total_hours()
    assert held.max() == horizon
    assert (done.trades["exit"] == "time").any()


def test_a_position_that_reaches_one_risk_leaves_half_there_and_does_not_lose_more() -> None:
    done = traded(USUAL, *ONE)
    targets = done.fills.filter(pl.col("reason") == "target")
    first = targets.filter(pl.col("number") == 1)
    assert first.height > 3
    whole = done.trades.join(first, on="trade").select("quantity", "quantity_right", "gross_bps")
    half = (whole["quantity_right"].abs() / whole["quantity"]).to_numpy()
    np.testing.assert_allclose(half, 0.5, rtol=1e-9)
    assert whole["gross_bps"].min() > 0


def test_no_more_than_the_risk_share_is_lost_at_a_stop_but_for_gaps_and_costs() -> None:
    done = traded(USUAL, *ONE)
    equity = done.equity["equity"].to_numpy()
    stopped = done.trades.filter(pl.col("exit") == "stop", pl.col("n_fills") == 2)
    lost = (stopped["gross_bps"] * 1e-4 * stopped["notional"]).to_numpy() / equity.min()
    assert stopped.height > 3
    assert np.median(lost) > -0.012
    assert (done.trades["notional"] / equity.max()).max() <= 1.0 + 1e-9


def test_structure_stops_leave_positions_and_can_be_left_out() -> None:
    exits = EngineTerms().exits.model_copy(update={"stop": 20.0})
    wide = USUAL.model_copy(update={"terms": EngineTerms(exits=exits)})
    laid = lay_markets([market_at(0)], wide)
    decisions = decision_frame(told_of(engine="smc"))
    with_it = trade_decisions(laid, decisions, wide, name="smc").trades
    bare = wide.model_copy(update={"structure_stop": False})
    without = trade_decisions(laid, decisions, bare, name="smc").trades
    assert (with_it["exit"] == "structure").any()
    assert not (without["exit"] == "structure").any()
