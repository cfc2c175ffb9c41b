import math

import numpy as np
import polars as pl
import pytest

from lake.schema import EQUITY, FILLS, TRADES
from tasks.trading.config import Costs, Exits, Limits, Sizing, Target
from tests.trading.world import (
    HOUR,
    START,
    at,
    bars_of,
    market_of,
    ms,
    random_signals,
    settlements,
    signals_at,
    terms_of,
    trade,
    walk,
)

WORDS = {"time", "stop", "trail", "target", "ended"}
EXITS = Exits(
    stop=1.0,
    trail=1.3,
    targets=(Target(at=0.6, share=0.4), Target(at=1.0, share=0.6)),
    stop_to_entry=True,
)
COSTS = Costs(taker_fee_bps=5.0, maker_fee_bps=1.0, half_spread_bps=2.0, impact=0.7)


def two_markets():
    """The first ends long before the second, which starts later: positions are left there."""
    return [
        settlements(8, walk(4, 400, "AAA-1h", p_gap=0.05, jumps=0.004)),
        settlements(9, walk(6, 500, "BBB-1h", first=100, p_still=0.05)),
    ]


def everything(contract="linear", name="rule", **options):
    markets = two_markets()
    signals = {m.market: random_signals(i, m, 0.3) for i, m in enumerate(markets)}
    sizing = Sizing(contract=contract, capital=1e6, notional=2e4)
    terms = terms_of(EXITS, sizing, Limits(per_market=3), COSTS)
    return trade(markets, signals, "12h", terms, name=name, with_curve=True, **options)


SIMULATED = everything()
INVERSE = everything("inverse")
BOTH = pytest.mark.parametrize("simulated", [SIMULATED, INVERSE], ids=["linear", "inverse"])


@BOTH
def test_the_tables_are_those_of_the_schema_in_their_order(simulated):
    for table, frame in ((TRADES, simulated.trades), (FILLS, simulated.fills)):
        assert frame.schema == table.columns
        assert frame.equals(frame.sort(*table.order))
        assert frame.null_count().sum_horizontal().item() == 0
    assert simulated.equity.schema == EQUITY.columns
    assert simulated.trades.height > 100


@BOTH
def test_gross_less_costs_is_net(simulated):
    trades = simulated.trades.with_columns(
        cost=pl.col("fee_bps") + pl.col("slippage_bps") + pl.col("funding_bps"),
    )
    assert trades["funding_bps"].abs().max() > 0.5
    assert trades["cost"].to_list() == pytest.approx(trades["cost_bps"].to_list(), abs=1e-9)
    net = trades["gross_bps"] - trades["cost_bps"]
    assert net.to_list() == pytest.approx(trades["net_bps"].to_list(), abs=1e-9)
    money = trades["net_bps"] * trades["notional"] / 1e4
    assert money.to_list() == pytest.approx(trades["net"].to_list(), abs=1e-9)


def summed(simulated, *columns):
    fills = simulated.fills.with_columns(
        is_exit=pl.col("reason") != "entry",
        paid=pl.col("quantity") * pl.col("price"),
        worth=pl.col("quantity") * pl.col("reference"),
        coins=pl.col("quantity") / pl.col("reference"),
    )
    totals = fills.group_by("trade", maintain_order=True).agg(
        pl.col("quantity", "fee", "slippage", "worth", "paid", "coins").sum(),
        n=pl.len(),
        first=pl.col("time").first(),
        last=pl.col("time").last(),
        entry=pl.col("reference").first(),
        bought=pl.col("quantity").first(),
        why=pl.col("reason").last(),
        left_at=(pl.col("reference") * pl.col("quantity")).filter("is_exit").sum()
        / pl.col("quantity").filter("is_exit").sum(),
    )
    return simulated.trades.join(totals, on="trade", maintain_order="left")


@BOTH
def test_the_fills_of_a_trade_sum_to_it(simulated):
    both = summed(simulated)
    assert simulated.fills["trade"].unique().sort().equals(simulated.trades["trade"])
    assert both["n"].to_list() == both["n_fills"].to_list()
    assert both["quantity_right"].to_list() == pytest.approx([0.0] * both.height, abs=1e-6)
    for name in ("fee", "slippage"):
        share = both[name] / both["notional"] * 1e4
        assert share.to_list() == pytest.approx(both[f"{name}_bps"].to_list(), abs=1e-9)
    assert (both["bought"] * both["side"]).to_list() == both["quantity"].to_list()
    assert both["entry"].to_list() == both["entry_price"].to_list()
    assert both["left_at"].to_list() == pytest.approx(both["exit_price"].to_list())
    assert both["why"].to_list() == both["exit"].to_list()
    assert both["first"].to_list() == both["entry_time"].to_list()
    assert both["last"].to_list() == both["exit_time"].to_list()


def test_the_gross_result_is_that_of_the_prices():
    # Of each fill, money is rounded to 2^-17 of the currency: 4e-6 bps of 20 000.
    linear, inverse = summed(SIMULATED), summed(INVERSE)
    for both, result in ((linear, -linear["worth"]), (inverse, inverse["coins"])):
        gross = result / both["notional"] * 1e4
        assert gross.to_list() == pytest.approx(both["gross_bps"].to_list(), abs=2e-5)


def test_the_net_result_is_what_was_paid_less_fees_and_funding():
    both = summed(SIMULATED)
    gained = -both["paid"] - both["fee"] - both["funding_bps"] * both["notional"] / 1e4
    assert gained.to_list() == pytest.approx(both["net"].to_list(), abs=1e-4)


@BOTH
def test_fills_are_numbered_from_the_entry_on(simulated):
    for fills in simulated.fills.partition_by("trade"):
        assert fills["number"].to_list() == list(range(fills.height))
        assert (fills["reason"][0], fills["moment"][0]) == ("entry", "open")
        assert "entry" not in fills["reason"][1:].to_list()
        assert set(fills["reason"][1:-1].to_list()) <= {"target"}
        assert fills["time"].is_sorted()


@BOTH
def test_no_fill_lies_outside_of_its_bar(simulated):
    bars = pl.concat([m.bars.with_columns(market=pl.lit(m.market)) for m in two_markets()]).filter(
        ~pl.col("is_gap") & (pl.col("volume") > 0)
    )
    fills = simulated.fills.join(bars, on=["market", "time"], how="left")
    assert fills["open"].null_count() == 0
    inside = fills["reference"].is_between(fills["low"], fills["high"])
    assert inside.all()
    for moment, price in (("open", "open"), ("close", "close")):
        there = fills.filter(pl.col("moment") == moment)
        assert there["reference"].to_list() == there[price].to_list()
        assert there.height >= 10
    assert fills.filter(pl.col("moment") == "inside").height > 100


@BOTH
def test_buyers_pay_more_and_sellers_get_less_than_the_market_but_at_targets(simulated):
    fills = simulated.fills
    resting = fills.filter(pl.col("reason") == "target")
    taken = fills.filter(pl.col("reason") != "target")
    assert resting["price"].to_list() == resting["reference"].to_list()
    assert set(resting["slippage"]) == {0.0}
    worse = (taken["price"] - taken["reference"]) * taken["quantity"].sign()
    assert (worse > 0).all()
    assert (taken["slippage"] > 0).all()


@BOTH
def test_every_exit_is_called_by_its_reason(simulated):
    assert set(simulated.trades["exit"].unique()) == WORDS
    ended = simulated.trades.filter(pl.col("exit") == "ended")
    assert ended["market"].unique().to_list() == ["AAA-1h"]
    assert (ended["exit_time"] >= at(395)).all()


@BOTH
def test_the_best_and_the_worst_lie_around_what_was_traded(simulated):
    trades = simulated.trades
    assert (trades["best_bps"] >= 0).all()
    assert (trades["worst_bps"] <= 0).all()
    single = trades.filter(pl.col("n_fills") == 2)
    reached = (single["exit_price"] / single["entry_price"] - 1) * single["side"] * 1e4
    assert (single["worst_bps"] <= reached + 1e-6).all()
    assert (single["best_bps"] >= reached - 1e-6).all()


def test_the_best_and_the_worst_are_those_of_the_bars_that_were_held():
    markets = {m.market: m.bars.filter(~pl.col("is_gap")) for m in two_markets()}
    signals = {m.market: random_signals(1, m, 0.1) for m in two_markets()}
    trades = trade(two_markets(), signals, "6h").trades.filter(pl.col("exit") == "time")
    for row in trades.iter_rows(named=True):
        bars = markets[row["market"]].filter(
            pl.col("time").is_between(row["entry_time"], row["exit_time"]) & (pl.col("volume") > 0)
        )
        at_open = row["exit_price"] == bars["open"][-1]
        bars = bars[:-1] if at_open and bars.height > 1 else bars
        edges = [(bars[n].max() if n == "high" else bars[n].min()) for n in ("high", "low")]
        prices = [*edges, row["exit_price"]]
        moves = [row["side"] * (p / row["entry_price"] - 1) * 1e4 for p in prices]
        assert row["best_bps"] == pytest.approx(max(*moves, 0.0))
        assert row["worst_bps"] == pytest.approx(min(*moves, 0.0))


@BOTH
def test_trades_are_numbered_by_their_entries(simulated):
    trades = simulated.trades
    assert trades["trade"].is_unique().all()
    assert trades["entry_time"].is_sorted()
    assert trades["trade"].max() < trades.height + simulated.n_open


@BOTH
def test_times_are_in_order(simulated):
    trades = simulated.trades
    assert set(trades["entry_time"] - trades["event_time"]) == {HOUR}
    assert (trades["exit_time"] >= trades["entry_time"]).all()


def test_the_curve_has_a_row_at_every_close_of_the_common_grid():
    equity = SIMULATED.equity
    expected = START + pl.duration(hours=pl.int_range(1, 601))
    assert equity["time"].to_list() == pl.select(expected).to_series().to_list()
    late = everything(start=ms(150), end=ms(160)).equity
    assert late["time"].to_list() == [at(h) for h in range(151, 161)]


def test_the_curve_of_a_late_market_starts_with_it():
    market = market_of(bars_of([100.0] * 3, first=7))
    equity = trade(market, signals_at([7], [1]), "1h", with_curve=True).equity
    assert equity["time"].to_list() == [at(8), at(9), at(10)]
    assert equity["n_open"].to_list() == [0, 0, 0]


def test_the_curve_starts_with_the_market_that_starts_first():
    late, early = (
        market_of(bars_of([100.0] * 3, first=f), n) for f, n in ((4, "A-1h"), (2, "B-1h"))
    )
    equity = trade([late, early], {"A-1h": signals_at([4], [1])}, "1h", with_curve=True).equity
    assert equity["time"].to_list() == [at(h) for h in range(3, 8)]


def test_the_curve_counts_what_is_held_at_the_closes():
    bars = bars_of([100.0, 100.0, 110.0, 120.0, 90.0], [100.0, 110.0, 120.0, 90.0, 90.0])
    sizing = Sizing(capital=5000.0, notional=1000.0)
    simulated = trade(
        market_of(bars), signals_at([0], [1]), "3h", terms_of(sizing=sizing), with_curve=True
    )
    assert simulated.equity["equity"].to_list() == pytest.approx([5000, 5100, 5200, 4900, 4900])
    assert simulated.equity["cash"].to_list() == pytest.approx([5000, 5000, 5000, 4900, 4900])
    assert simulated.equity["gross"].to_list() == pytest.approx([0, 1100, 1200, 0, 0])
    assert simulated.equity["n_open"].to_list() == [0, 1, 1, 0, 0]


def test_the_cash_changes_by_the_fills_and_the_funding():
    last = SIMULATED.equity.row(-1, named=True)
    booked = float(np.sum(SIMULATED.positions["net"]))
    assert last["cash"] == 1e6 + booked
    closed = math.fsum(SIMULATED.trades["net"])
    still = [p["net"] for p in SIMULATED.positions[~SIMULATED.is_closed]]
    assert closed + math.fsum(still) == booked


def test_the_equity_moves_the_same_with_and_without_a_curve():
    markets = two_markets()
    signals = {m.market: random_signals(3, m, 0.05) for m in markets}
    terms = terms_of(EXITS, costs=COSTS)
    seen, unseen = (
        trade(markets, signals, "12h", terms, with_curve=wanted) for wanted in (True, False)
    )
    assert seen.trades.equals(unseen.trades)
    assert seen.fills.equals(unseen.fills)
    assert seen.n_refused == unseen.n_refused
