import math

import numpy as np
import polars as pl
import pytest

from lake.errors import AccountError, SchemaError
from lake.schema import FILLS, TRADES
from tasks.trading import simulation
from tasks.trading.config import Costs, Exits, Limits, Sizing, Target
from tests.trading.world import (
    FREE,
    UNLIMITED,
    at,
    bars_of,
    funding_at,
    market_of,
    ms,
    random_signals,
    signals_at,
    terms_of,
    trade,
    walk,
)

TENTH = math.log(1.1) * 1e4
TWENTIETH = math.log(1.05) * 1e4
#        0    1    2    3    4    5    6    7    8    9
OPENS = [100, 100, 100, 101, 102, 108, 106, 104, 103, 106]
CLOSES = [100, 100, 101, 102, 108, 106, 104, 103, 105, 107]
HIGHS = [100, 100, 101, 103, 112, 109, 107, 105, 106, 108]
LOWS = [100, 100, 98, 100, 101, 105, 103, 102, 101, 105]
COSTS = Costs(taker_fee_bps=5, maker_fee_bps=2, half_spread_bps=2, impact=0.5)


def example(**columns):
    """Ten bars; an agitation of 2 and 1e8 of volume: a fill of 10 000 costs 4 + 1 bps."""
    known = {"sigma": 0.02, "rv_slow": 0.01} | columns
    bars = bars_of(OPENS, CLOSES, HIGHS, LOWS, volume=1.0, quote_volume=1e8)
    return market_of(bars, funding=funding_at([0, 8], [9e-4, 3e-4]), **known)


def in_bps(target=None, share=1.0, **exits):
    targets = () if target is None else (Target(at=target, share=share),)
    return Exits(unit="bps", targets=targets, **exits)


def only(simulated):
    assert simulated.trades.height == 1
    return simulated.trades.row(0, named=True)


SMALL = Sizing(notional=10_000.0)


def test_a_long_with_half_at_a_target_and_every_cost_on():
    terms = terms_of(in_bps(TENTH, 0.5), SMALL, costs=COSTS)
    simulated = trade(example(), signals_at([1], [1]), "7h", terms)
    # Bought at the open of bar 2: 100 at 100 (1 + 5e-4), of which the fee is 5 bps.
    # Half sold at 110 in bar 4, resting: 2 bps and no slippage.
    # Half sold at the close of bar 8, 105: value 5250, impact 1e-6 of its root.
    # At 08:00, the close of bar 7, 3 bps were paid on 50 at the open of 104.
    sold = 105 / (1 + 4e-4 + 1e-6 * math.sqrt(5250))
    fees = [100 * 100.05 * 5e-4, 50 * 110 * 2e-4, 50 * sold * 5e-4]
    slippage = [100 * 0.05, 0.0, 50 * (105 - sold)]
    assert simulated.fills["quantity"].to_list() == pytest.approx([100.0, -50.0, -50.0])
    assert simulated.fills["reference"].to_list() == pytest.approx([100.0, 110.0, 105.0])
    assert simulated.fills["price"].to_list() == pytest.approx([100.05, 110.0, sold])
    assert simulated.fills["fee"].to_list() == pytest.approx(fees, abs=1e-5)
    assert simulated.fills["slippage"].to_list() == pytest.approx(slippage, abs=1e-5)
    assert simulated.fills["time"].to_list() == [at(2), at(4), at(8)]
    assert simulated.fills["moment"].to_list() == ["open", "inside", "close"]
    assert simulated.fills["reason"].to_list() == ["entry", "target", "time"]
    row = only(simulated)
    assert (row["entry_price"], row["exit_price"]) == (100.0, pytest.approx(107.5))
    assert (row["quantity"], row["notional"]) == (100.0, 10_000.0)
    assert (row["event_time"], row["entry_time"], row["exit_time"]) == (at(1), at(2), at(8))
    assert (row["exit"], row["n_fills"], row["n_ambiguous"]) == ("time", 3, 0)
    assert (row["best_bps"], row["worst_bps"]) == (pytest.approx(1200.0), pytest.approx(-200.0))
    assert row["gross_bps"] == pytest.approx(750.0)
    assert row["fee_bps"] == pytest.approx(sum(fees), abs=1e-5)
    assert row["slippage_bps"] == pytest.approx(sum(slippage), abs=1e-5)
    assert row["funding_bps"] == pytest.approx(50 * 104 * 3e-4, abs=1e-5)
    costs = sum(fees) + sum(slippage) + 1.56
    assert row["cost_bps"] == pytest.approx(costs, abs=1e-5)
    assert row["net"] == pytest.approx(750.0 - costs, abs=1e-4)


def test_a_short_that_is_stopped_with_every_cost_on():
    terms = terms_of(in_bps(stop=TWENTIETH), SMALL, costs=COSTS)
    simulated = trade(example(), signals_at([1], [-1]), "7h", terms)
    bought = 105 * (1 + 4e-4 + 1e-6 * math.sqrt(10_500))
    sold = 100 / (1 + 5e-4)
    assert simulated.fills["quantity"].to_list() == pytest.approx([-100.0, 100.0])
    assert simulated.fills["reference"].to_list() == pytest.approx([100.0, 105.0])
    assert simulated.fills["price"].to_list() == pytest.approx([sold, bought])
    row = only(simulated)
    assert (row["exit"], row["exit_time"]) == ("stop", at(4))
    assert simulated.fills["moment"].to_list() == ["open", "inside"]
    assert row["gross_bps"] == pytest.approx(-500.0)
    assert row["fee_bps"] == pytest.approx(100 * (sold + bought) * 5e-4, abs=1e-5)
    assert row["slippage_bps"] == pytest.approx(100 * (100 - sold + bought - 105), abs=1e-5)
    assert row["funding_bps"] == 0.0
    assert (row["best_bps"], row["worst_bps"]) == (pytest.approx(200.0), pytest.approx(-500.0))


def test_a_short_of_an_inverse_contract_earns_coins():
    sizing = Sizing(notional=2.0, capital=10.0, contract="inverse")
    costs = COSTS.model_copy(update={"impact": 0.0, "unknown_impact_bps": 0.0})
    simulated = trade(example(), signals_at([1], [-1]), "7h", terms_of(sizing=sizing, costs=costs))
    # Two coins at 100 are 200 contracts of one quote unit; left at 105 they are worth 200 / 105.
    sold, bought = 100 / 1.0004, 105 * 1.0004
    coins = 200 / 100 - 200 / 105
    fee = 5e-4 * 200 * (1 / sold + 1 / bought)
    slippage = 200 * (1 / sold - 1 / 100 + 1 / 105 - 1 / bought)
    funding = -3e-4 * 200 / 103
    row = only(simulated)
    assert (row["quantity"], row["notional"]) == (pytest.approx(200.0), 2.0)
    assert row["gross_bps"] == pytest.approx(-coins / 2 * 1e4, abs=1e-4)
    assert row["fee_bps"] == pytest.approx(fee / 2 * 1e4, abs=1e-4)
    assert row["slippage_bps"] == pytest.approx(slippage / 2 * 1e4, abs=1e-4)
    assert row["funding_bps"] == pytest.approx(funding / 2 * 1e4, abs=1e-4)
    assert row["net"] == pytest.approx(-coins - fee - slippage - funding, abs=1e-9)


def test_costs_are_multiplied_and_funding_is_not():
    base = terms_of(sizing=SMALL, costs=COSTS)
    one, three = (
        only(trade(example(), signals_at([1], [1]), "7h", base.at_costs(m))) for m in (1.0, 3.0)
    )
    assert three["gross_bps"] == one["gross_bps"]
    assert three["funding_bps"] == one["funding_bps"]
    entry, left = 100.0, 105.0
    share = np.array([4e-4 + 1e-6 * 100, 4e-4 + 1e-6 * math.sqrt(10_500)]) * 3
    prices = entry * (1 + share[0]), left / (1 + share[1])
    slippage = 100 * (prices[0] - entry + left - prices[1])
    assert three["slippage_bps"] == pytest.approx(slippage, abs=1e-5)
    assert three["fee_bps"] == pytest.approx(100 * sum(prices) * 15e-4, abs=1e-5)


def test_shorts_receive_settled_funding_and_nothing_of_what_is_assumed():
    settled = trade(example(), signals_at([1], [-1]), "7h", terms_of(sizing=SMALL))
    assumed = FREE.model_copy(update={"funding": "assumed", "assumed_funding_bps": 3.0})
    # Who receives is paid at the close of the bar, 103.
    assert only(settled)["funding_bps"] == pytest.approx(-100 * 103 * 3e-4, abs=1e-5)
    for side, paid in ((1, 100 * 104 * 3e-4), (-1, 0.0)):
        terms = terms_of(sizing=SMALL, costs=assumed)
        row = only(trade(example(), signals_at([1], [side]), "7h", terms))
        assert row["funding_bps"] == pytest.approx(paid, abs=1e-5)


def test_a_position_that_is_left_at_the_next_open():
    row = only(trade(example(), signals_at([1], [1]), "7h", terms_of(Exits(time_at="next_open"))))
    assert (row["exit_time"], row["exit_price"], row["exit"]) == (at(9), 106.0, "time")


def test_a_bar_that_touches_stop_and_target_is_decided_for_the_stop_and_counted():
    row = only(trade(example(), signals_at([3], [-1]), "5h", terms_of(in_bps(90.0, stop=900.0))))
    # Sold at 102; bar 4 spans 101 to 112, and 102 exp(.09) is 111.6.
    assert (row["exit"], row["exit_time"], row["n_ambiguous"]) == ("stop", at(4), 1)
    assert row["exit_price"] == pytest.approx(102 * math.exp(0.09))


def test_an_open_beyond_the_stop_fills_there():
    opens, closes = [100.0, 100.0, 100.0, 90.0, 91.0, 91.0], [100.0, 100.0, 100.0, 91.0, 91.0, 91.0]
    market = market_of(bars_of(opens, closes))
    simulated = trade(market, signals_at([1], [1]), "3h", terms_of(in_bps(stop=100.0)))
    row = only(simulated)
    assert (row["exit"], row["exit_price"], row["exit_time"]) == ("stop", 90.0, at(3))
    assert simulated.fills["moment"].to_list() == ["open", "open"]


def test_an_open_beyond_the_target_fills_there():
    opens, closes = [100.0, 100.0, 100.0, 110.0, 91.0], [100.0, 100.0, 100.0, 91.0, 91.0]
    row = only(
        trade(market_of(bars_of(opens, closes)), signals_at([1], [1]), "3h", terms_of(in_bps(50.0)))
    )
    assert (row["exit"], row["exit_price"], row["exit_time"]) == ("target", 110.0, at(3))


def test_a_trail_follows_the_best_price_and_is_called_so():
    row = only(trade(example(), signals_at([1], [1]), "7h", terms_of(in_bps(trail=300.0))))
    # From bar 5 on the stop lies 3 % below the 112 of bar 4: 108.69; bar 5 opens at 108.
    assert (row["exit"], row["exit_time"], row["exit_price"]) == ("trail", at(5), 108.0)


def test_after_the_target_the_stop_lies_at_the_entry():
    bars = bars_of([100.0, 100.0, 103.0, 99.0, 98.0], highs=[100, 106, 103, 99, 98])
    exits = in_bps(500.0, 0.5, stop_to_entry=True)
    simulated = trade(market_of(bars), signals_at([0], [1]), "4h", terms_of(exits))
    assert simulated.fills["reason"].to_list() == ["entry", "target", "trail"]
    assert simulated.fills["reference"].to_list()[2] == pytest.approx(100.0)


def test_a_signal_without_a_side_leaves_the_market():
    simulated = trade(example(), signals_at([1, 4], [1, 0]), "7h")
    row = only(simulated)
    assert (row["exit"], row["exit_time"], row["exit_price"]) == ("signal", at(5), 108.0)
    assert simulated.n_refused == {}


def test_a_position_that_is_still_open_at_the_end_is_no_trade_and_is_in_the_equity():
    simulated = trade(
        example(),
        signals_at([1, 5], [1, 1]),
        "4h",
        terms_of(sizing=SMALL),
        end=ms(8),
        with_curve=True,
    )
    assert simulated.trades["event_time"].to_list() == [at(1)]
    assert simulated.fills["trade"].to_list() == [0, 0]
    assert simulated.n_open == 1
    # 100 contracts from 100 to 106, then 10000/106 from 106 to the 103 of bar 7.
    equity = 1e6 + 100 * 6 + 10_000 / 106 * (103 - 106)
    funding = -10_000 / 106 * 104 * 3e-4
    last = simulated.equity.row(-1, named=True)
    assert last["equity"] == pytest.approx(equity + funding, abs=1e-4)
    assert last["n_open"] == 1
    assert last["gross"] == pytest.approx(10_000 / 106 * 103)


def test_a_position_of_which_a_part_is_left_is_no_trade_yet():
    terms = terms_of(in_bps(TENTH, 0.5), SMALL)
    simulated = trade(example(), signals_at([1], [1]), "7h", terms, end=ms(7), with_curve=True)
    assert simulated.trades.is_empty()
    assert simulated.fills.is_empty()
    assert simulated.n_open == 1
    assert simulated.equity["cash"][-1] == pytest.approx(1e6 + 500)


def test_bars_from_the_end_on_do_not_exist():
    ended = trade(example(), signals_at([1], [1]), "7h", end=ms(8))
    closed = trade(example(), signals_at([1], [1]), "7h", end=ms(9))
    assert (ended.trades.height, ended.n_open) == (0, 1)
    assert (closed.trades.height, closed.n_open) == (1, 0)


def test_signals_before_the_start_are_not_traded_and_block_nothing():
    simulated = trade(example(), signals_at([1, 3], [1, 1]), "3h", start=ms(3))
    assert simulated.trades["event_time"].to_list() == [at(3)]


def test_a_market_that_ends_before_the_others_is_left_at_its_last_close():
    ended = market_of(bars_of([100.0, 100.0, 100.0], [100.0, 100.0, 104.0]), "AAA-1h")
    other = market_of(bars_of([50.0] * 6), "BBB-1h")
    signals = {"AAA-1h": signals_at([1], [1])}
    simulated = trade([ended, other], signals, "4h")
    row = only(simulated)
    assert (row["exit"], row["exit_time"], row["exit_price"]) == ("ended", at(2), 104.0)
    assert simulated.fills["moment"].to_list() == ["open", "close"]
    assert trade(ended, signals["AAA-1h"], "4h").n_open == 1


def test_what_is_due_in_a_gap_leaves_at_the_next_open_that_trades():
    market = market_of(
        bars_of(OPENS, CLOSES, HIGHS, LOWS, gaps=[4, 5], volume=[1] * 6 + [0] + [1] * 3)
    )
    row = only(trade(market, signals_at([1], [1]), "3h"))
    assert (row["exit_time"], row["exit_price"], row["exit"]) == (at(7), 104.0, "time")


def test_a_stop_is_not_met_in_a_bar_without_volume():
    volume = [1, 1, 1, 1, 0, 1, 1, 1, 1, 1]
    market = market_of(bars_of(OPENS, CLOSES, HIGHS, LOWS, volume=volume))
    simulated = trade(market, signals_at([1], [-1]), "6h", terms_of(in_bps(stop=TWENTIETH)))
    # Bar 4 would have touched 105; bar 5 opens beyond, at 108.
    assert (only(simulated)["exit"], only(simulated)["exit_price"]) == ("stop", 108.0)


def refused(signals, market=None, horizon="2h", **terms):
    return trade(market or example(), signals, horizon, terms_of(**terms)).n_refused


def test_refusals_are_counted_by_their_reason():
    many = signals_at([1, 2, 3], [1, 1, 1])
    assert refused(many) == {"another position of the market is open": 1}
    assert refused(many, limits=UNLIMITED) == {}
    limits = Limits(per_market=5, max_open=1)
    assert refused(many, limits=limits) == {"too many positions": 1}
    assert refused(many, limits=Limits(cooldown="5h"), horizon="1h") == {"cooldown": 2}
    limits = Limits(max_gross=0.15, per_market=5)
    assert refused(many, limits=limits) == {"too much exposure": 1}
    tight = Limits(max_participation=1e-4)
    assert refused(many, limits=tight) == {"too large for the market": 3}


def test_refusals_of_the_market_and_of_what_is_not_known():
    gap = market_of(bars_of(OPENS, gaps=[3, 4]))
    assert refused(signals_at([2, 3, 4], [1, 1, 1]), gap) == {"no trade in the next bar": 2}
    unknown = example(sigma=[math.nan, math.nan, 0.02, 0.0] + [0.02] * 6)
    stops = Exits(stop=1.0)
    found = refused(signals_at([1, 2, 3], [1, 1, 1]), unknown, exits=stops, limits=UNLIMITED)
    assert found == {"size or distance not known": 2}
    # Without distances no unit is needed.
    assert refused(signals_at([1, 2, 3], [1, 1, 1]), unknown, limits=UNLIMITED) == {}


def test_a_lockout_after_a_stop_is_of_the_same_side_alone():
    signals = signals_at([1, 4, 5], [-1, -1, 1])
    limits = Limits(lockout="6h")
    simulated = trade(example(), signals, "2h", terms_of(in_bps(stop=100.0), limits=limits))
    assert simulated.trades["side"].to_list() == [-1, 1]
    assert simulated.n_refused == {"lockout after a stop": 1}


def test_a_lockout_lasts_for_its_bars_after_the_stop():
    # Stopped inside bar 4: no entry at the opens of bars 5 and 6, one at that of bar 7.
    terms = terms_of(in_bps(stop=100.0), limits=Limits(lockout="2h"))
    simulated = trade(example(), signals_at([3, 4, 5, 6], [-1] * 4), "1h", terms)
    assert simulated.trades["event_time"].to_list() == [at(3), at(6)]
    assert simulated.n_refused == {"lockout after a stop": 2}


def test_a_cooldown_lasts_for_its_bars_after_any_exit():
    # Left at the close of bar 2, 03:00: none at the opens of 03:00 and 04:00, one at 05:00.
    terms = terms_of(limits=Limits(cooldown="2h"))
    simulated = trade(example(), signals_at([1, 2, 3, 4], [1, 1, -1, 1]), "1h", terms)
    assert simulated.trades["event_time"].to_list() == [at(1), at(4)]
    assert simulated.n_refused == {"cooldown": 2}


def test_who_is_ruined_trades_no_more():
    sizing = Sizing(capital=1000.0, notional=30_000.0)
    simulated = trade(
        example(), signals_at([4, 8], [1, 1]), "5h", terms_of(sizing=sizing), with_curve=True
    )
    # 30 times the capital from 108 to the close of bar 6, 104: the account is below nothing.
    row = only(simulated)
    assert (row["exit"], row["exit_time"], row["exit_price"]) == ("ruined", at(7), 104.0)
    assert simulated.n_refused == {"no equity": 1}
    assert simulated.equity["equity"][-1] == pytest.approx(1000 - 30_000 * 4 / 108)


@pytest.mark.parametrize("with_curve", [False, True])
def test_a_signal_at_the_last_bar_finds_no_next_one(with_curve):
    simulated = trade(example(), signals_at([6, 9], [1, 1]), "9h", with_curve=with_curve)
    assert simulated.n_refused == {"no trade in the next bar": 1}
    alone = trade(example(), signals_at([9], [1]), "9h", with_curve=with_curve)
    assert alone.n_refused == {"no trade in the next bar": 1}


def test_every_order_is_taken_or_refused():
    market = walk(3, 600, p_gap=0.05, p_still=0.05)
    signals = random_signals(4, market, 0.3)
    limits = Limits(per_market=2, cooldown="2h", lockout="6h", max_participation=0.5)
    exits = Exits(stop=0.5, trail=0.8, targets=(Target(at=1.0, share=0.5),))
    simulated = trade(market, signals, "5h", terms_of(exits, limits=limits))
    n_taken = simulated.trades.height + simulated.n_open
    assert n_taken + sum(simulated.n_refused.values()) == signals.height
    assert len(simulated.n_refused) >= 5


def test_a_delay_moves_entry_and_exit():
    one, late = (only(trade(example(), signals_at([1], [1]), "3h", delay=d)) for d in (0, 2))
    assert (one["event_time"], one["entry_time"], one["exit_time"]) == (at(1), at(2), at(4))
    assert (late["entry_time"], late["exit_time"]) == (at(4), at(6))
    assert (late["entry_price"], late["exit_price"]) == (102.0, 104.0)


def naive_trades(market, signals, horizon):
    """One position at a time, left at the close of its horizon: bar by bar from the definition."""
    bars = market.bars.to_dicts()
    lives = [
        not bar["is_gap"] and bar["volume"] != 0 and math.isfinite(bar["close"]) for bar in bars
    ]
    sides = dict(signals.iter_rows())
    found, busy_until = [], -1
    for t, bar in enumerate(bars[:-1]):
        side = sides.get(bar["time"])
        # A position that is left at the very open of t + 1 makes room for the next.
        if side is None or not lives[t + 1] or (t + 1, 0) < (busy_until, 1):
            continue
        due = t + horizon
        if due >= len(bars):
            busy_until = len(bars)
            continue
        if lives[due]:
            found.append((bar["time"], side, bars[t + 1]["open"], bars[due]["close"]))
            busy_until = due
            continue
        later = [row for row in range(due + 1, len(bars)) if lives[row]]
        busy_until = later[0] - 1 if later else len(bars)
        if later:
            found.append((bar["time"], side, bars[t + 1]["open"], bars[later[0]]["open"]))
    return found


@pytest.mark.parametrize("seed", range(5))
def test_trades_are_those_of_a_naive_loop(seed):
    market = walk(seed, 500, p_gap=0.1, p_still=0.1, jumps=0.004)
    signals = random_signals(seed + 100, market, 0.3)
    expected = naive_trades(market, signals, 5)
    trades = trade(market, signals, "5h").trades
    columns = ["event_time", "side", "entry_price", "exit_price"]
    assert trades.select(columns).rows() == expected
    assert len(expected) > 30
    gross = [side * (left / entry - 1) * 1e4 for _, side, entry, left in expected]
    assert trades["gross_bps"].to_list() == pytest.approx(gross, abs=1e-5)


def test_results_are_those_of_the_trades():
    market = walk(1, 300)
    simulated = trade(market, random_signals(2, market, 0.2), "5h", terms_of(costs=Costs()))
    trades, results = simulated.trades, simulated.results
    for name in ("gross_bps", "cost_bps", "net_bps"):
        assert getattr(results, name).tolist() == trades[name].to_list()
    assert results.event_ms.tolist() == trades["event_time"].dt.epoch("ms").to_list()
    assert results.market.tolist() == [0] * trades.height


def test_trades_are_called_by_their_rule_and_fold():
    simulated = trade(example(), signals_at([1], [1]), name="all|jump|3h|all", fold=4)
    for frame in (simulated.trades, simulated.fills):
        assert frame["hypothesis"].unique().to_list() == ["all|jump|3h|all"]
        assert frame["fold"].unique().to_list() == [4]


def test_no_signals_are_no_trades_and_a_flat_account():
    simulated = trade(example(), signals_at([1], [1]).head(0), with_curve=True)
    assert simulated.trades.equals(TRADES.empty())
    assert simulated.fills.equals(FILLS.empty())
    assert simulated.n_refused == {}
    assert simulated.equity["equity"].to_list() == [1e6] * 10


def test_no_bars_are_no_trades():
    empty = market_of(bars_of([]))
    simulated = trade(empty, signals_at([1], [1]), with_curve=True)
    assert simulated.trades.is_empty()
    assert simulated.equity.is_empty()


def test_a_signal_at_no_bar_is_refused():
    with pytest.raises(SchemaError, match="not on its grid"):
        trade(example(), signals_at([2.5], [1]))


def test_an_account_beyond_what_a_float_holds_exactly_is_refused():
    # Money counts in 2^-36 of the capital or a little less: 2^53 of them are 131 072 capitals.
    market = market_of(bars_of([1.0, 1.0, 1.0, 200_000.0, 200_000.0]))
    sizing = Sizing(capital=1024.0, notional=1024.0)
    with pytest.raises(AccountError, match="to the last bit"):
        trade(market, signals_at([0], [1]), "3h", terms_of(sizing=sizing))


def test_results_that_do_not_sum_to_the_change_of_the_cash_are_refused(monkeypatch):
    engine = simulation.run_account

    def losing_a_quantum(*given):
        positions, *rest = engine(*given)
        positions["net"][0] -= 2.0**-17
        return positions, *rest

    monkeypatch.setattr(simulation, "run_account", losing_a_quantum)
    with pytest.raises(AccountError, match="to the last bit"):
        trade(example(), signals_at([1], [1]))


@pytest.mark.parametrize("seed", range(3))
def test_the_cash_is_the_capital_and_the_results_to_the_last_bit(seed):
    market = walk(seed, 800, p_gap=0.02, jumps=0.003)
    exits = Exits(stop=1.0, targets=(Target(at=0.7, share=1 / 3), Target(at=1.1, share=1 / 3)))
    terms = terms_of(exits, Sizing(method="equity_share", share=0.3), UNLIMITED, Costs())
    signals = random_signals(seed, market, 0.4).filter(pl.col("time") < at(780))
    simulated = trade(market, signals, "6h", terms, with_curve=True)
    assert simulated.n_open == 0
    last = simulated.equity.row(-1, named=True)
    assert last["equity"] == last["cash"] == 1e6 + math.fsum(simulated.trades["net"])
    assert simulated.trades.height > 200


def test_shares_of_the_equity_grow_with_it():
    sizing = Sizing(method="equity_share", share=0.5, capital=1000.0)
    bars = bars_of([100.0, 100.0, 100.0, 200.0, 200.0, 200.0], [100.0, 100.0, 200.0] + [200.0] * 3)
    simulated = trade(market_of(bars), signals_at([1, 3], [1, 1]), "1h", terms_of(sizing=sizing))
    # 500 double, and the equity of 1500 bears 750.
    assert simulated.trades["notional"].to_list() == pytest.approx([500.0, 750.0])
