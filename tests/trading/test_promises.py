"""What holds of every rule on every market, on simulated markets of a few thousand bars."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cache

import numpy as np
import polars as pl
import pytest

from lake.schema import SIGN
from tasks.trading.config import Costs, Exits, Limits, Sizing, Target
from tasks.trading.simulation import simulate
from tasks.trading.tape import lay_tape
from tests.trading.world import (
    FREE,
    UNLIMITED,
    at,
    bytes_of,
    features_from,
    mirror,
    ms,
    random_signals,
    settlements,
    terms_of,
    trade,
    walk,
)

N_BARS = 3000
HORIZON = "12h"
TARGETS = (Target(at=0.8, share=0.3), Target(at=1.4, share=0.5))
COSTS = Costs(half_spread_bps=2.0)
TERMS = {
    "by time": terms_of(costs=COSTS),
    "at the next open": terms_of(Exits(time_at="next_open", stop=1.0), costs=COSTS),
    "with every exit": terms_of(
        Exits(stop=1.0, trail=1.2, targets=TARGETS, stop_to_entry=True),
        Sizing(notional=30_000.0),
        Limits(per_market=3, cooldown="2h", lockout="10h", max_participation=5.0),
        COSTS,
    ),
    "by the equity": terms_of(
        Exits(unit="atr", stop=2.0, targets=(Target(at=3.0, share=1.0),)),
        Sizing(method="risk_share", share=0.02, max_leverage=2.0),
        Limits(max_open=3, per_market=3, max_gross=2.5),
        COSTS,
    ),
    "with breakers": terms_of(
        Exits(stop=1.0, trail=0.5, trail_from=1.0),
        Sizing(method="equity_share", share=0.15, max_notional=1.4e5),
        Limits(per_market=3, day_loss=0.01, week_loss=0.03, drawdown=0.6, loss_streak=14),
        COSTS.model_copy(update={"multiple": 0.2}),
    ),
    "by the volatility": terms_of(
        Exits(trail=1.0), Sizing(method="volatility_target", share=0.03), UNLIMITED, COSTS
    ),
}
EVERY_TERMS = pytest.mark.parametrize("terms", TERMS.values(), ids=TERMS)


@cache
def markets():
    """One has gaps and opens away from the last close, the other starts later, some bars still."""
    return (
        settlements(21, walk(11, N_BARS, "AAA-1h", p_gap=0.02, jumps=0.003)),
        settlements(22, walk(12, N_BARS - 200, "BBB-1h", first=200, p_still=0.05)),
    )


@cache
def signals():
    return {m.market: random_signals(i, m, 0.1) for i, m in enumerate(markets())}


def cut(market, hour):
    """The market as it was known at the open of that hour."""
    n = int((market.bars["time"] < at(hour)).sum())
    funding = market.funding.filter(pl.col("time") <= at(hour))
    return replace(market, bars=market.bars[:n], features=market.features[:n], funding=funding)


def before(simulated, hour):
    """What was closed before that hour: trades, and their fills."""
    trades = simulated.trades.filter(pl.col("exit_time") < at(hour))
    return trades, simulated.fills.join(trades, on="trade", how="semi", maintain_order="left")


CUTS = np.linspace(250, N_BARS - 1, 50).astype(int).tolist()


@EVERY_TERMS
def test_trades_that_were_closed_stay_when_the_bars_are_cut(terms):
    whole = trade(markets(), signals(), HORIZON, terms)
    laid = lay_tape(markets(), terms.costs, terms.sizing)
    assert whole.trades.height > 150
    for hour in CUTS:
        parts = [cut(market, hour) for market in markets()]
        early = {name: s.filter(pl.col("time") < at(hour)) for name, s in signals().items()}
        known = trade(parts, early, HORIZON, terms)
        expected = before(whole, hour)
        assert known.trades.equals(expected[0]), hour
        assert known.fills.equals(expected[1]), hour
        span = simulate(laid, signals(), HORIZON, terms, name="rule", end=ms(hour))
        assert bytes_of(span.trades, span.fills) == bytes_of(known.trades, known.fills)


@EVERY_TERMS
@pytest.mark.parametrize("hour", [700, 1500, 2400])
def test_nothing_that_comes_later_moves_what_was_closed(terms, hour):
    whole = trade(markets(), signals(), HORIZON, terms)
    others = []
    for i, market in enumerate(markets()):
        wild = walk(90 + i, market.bars.height, volatility=0.05, jumps=0.02, p_still=0.2)
        n = int((market.bars["time"] < at(hour)).sum())
        columns = [name for name in wild.bars.columns if name != "time"]
        bars = market.bars.with_columns(
            pl.when(pl.int_range(pl.len()) < n)
            .then(pl.col(name))
            .otherwise(wild.bars[name])
            .alias(name)
            for name in columns
        )
        features = pl.concat([market.features[:n], features_from(bars)[n:]])
        later = pl.col("time") > at(hour)
        funding = market.funding.with_columns(
            rate=pl.when(later).then(-5.0 * pl.col("rate")).otherwise("rate")
        )
        others.append(replace(market, bars=bars, features=features, funding=funding))
    turned = pl.when(pl.col("time") < at(hour)).then("side").otherwise(-pl.col("side"))
    moved = {name: s.with_columns(side=turned.cast(SIGN)) for name, s in signals().items()}
    other = trade(others, moved, HORIZON, terms)
    assert bytes_of(*before(other, hour)) == bytes_of(*before(whole, hour))
    assert not other.trades.equals(whole.trades)
    assert before(whole, hour)[0].height > 20


def test_the_breakers_of_these_terms_break():
    refused = trade(markets(), signals(), HORIZON, TERMS["with breakers"]).n_refused
    assert {"circuit breaker: day", "circuit breaker: week", "loss streak"} <= refused.keys()


def quote_as_base(market):
    """The market with as many coins traded as it traded quote units."""
    volume = market.bars["volume"] * market.bars["close"]
    return replace(market, bars=market.bars.with_columns(volume=volume))


@EVERY_TERMS
def test_upside_down_longs_and_shorts_swap(terms):
    assert terms.costs.funding == "own"
    free = {"assumed_funding_bps": 0.0}
    terms = terms.model_copy(update={"costs": terms.costs.model_copy(update=free)})
    linear = trade(markets(), signals(), HORIZON, terms)
    sizing = terms.sizing.model_copy(update={"contract": "inverse"})
    turned = terms.model_copy(update={"sizing": sizing})
    mirrored = [mirror(quote_as_base(market)) for market in markets()]
    opposite = {name: s.with_columns(side=-pl.col("side")) for name, s in signals().items()}
    inverse = trade(mirrored, opposite, HORIZON, turned)
    same = ["trade", "market", "event_time", "entry_time", "exit_time", "exit", "n_fills"]
    same += ["n_ambiguous"]
    assert inverse.trades.select(same).equals(linear.trades.select(same))
    assert inverse.trades["side"].to_list() == (-linear.trades["side"]).to_list()
    assert inverse.n_refused == linear.n_refused
    a, b = linear.trades, inverse.trades
    assert (1e4 / b["entry_price"]).to_list() == pytest.approx(a["entry_price"].to_list())
    # Each amount of money is rounded to 2^-17: two fills, three amounts each, and the funding.
    for name in ("gross", "fee", "slippage", "funding", "net"):
        apart = (a[f"{name}_bps"] - b[f"{name}_bps"]) * a["notional"] / 1e4
        assert apart.abs().max() < 20 * 2.0**-17, name
    assert a["side"].n_unique() == 2
    assert a["funding_bps"].abs().max() > 1.0


@EVERY_TERMS
def test_the_same_input_gives_the_same_bytes_again_and_in_threads_at_once(terms):
    def run(_):
        simulated = trade(markets(), signals(), HORIZON, terms, with_curve=True)
        return bytes_of(simulated.trades, simulated.fills, simulated.equity)

    first = run(0)
    with ThreadPoolExecutor(2) as pool:
        assert set(pool.map(run, range(12))) == {first}


def of_market(simulated, name="AAA-1h"):
    """Its trades, without the numbers that count all markets' positions."""
    return simulated.trades.filter(pl.col("market") == name).drop("trade")


PER_MARKET = {name: TERMS[name] for name in ("by time", "at the next open", "with every exit")}


@pytest.mark.parametrize("terms", PER_MARKET.values(), ids=PER_MARKET)
@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_another_market_does_not_change_trades_where_no_limit_is_shared(terms, order):
    both = trade([markets()[i] for i in order], signals(), HORIZON, terms)
    for market in markets():
        alone = trade([market], signals(), HORIZON, terms)
        assert of_market(both, market.market).equals(of_market(alone, market.market))
        assert of_market(alone, market.market).height > 80


@pytest.mark.parametrize("limits", [Limits(max_open=1), Limits(max_gross=0.15)])
def test_where_a_limit_is_shared_another_market_changes_later_trades_alone(limits):
    terms = terms_of(Exits(stop=1.5), limits=limits, costs=COSTS)
    aaa, bbb = markets()
    few = signals() | {"BBB-1h": signals()["BBB-1h"].filter(pl.col("time") > at(1000))}
    alone, both = (trade(m, few, HORIZON, terms) for m in ([aaa], [bbb, aaa]))
    lost = of_market(alone).join(of_market(both), on="event_time", how="anti")
    first = lost["event_time"].min()
    early = pl.col("event_time") < first
    assert of_market(both).filter(early).equals(of_market(alone).filter(early))
    assert at(1000) < first < at(2000)
    holding = of_market(both, "BBB-1h").filter(
        (pl.col("entry_time") <= lost["entry_time"].min()) & (pl.col("exit_time") >= first)
    )
    assert holding.height == 1
    refusals = {"too many positions", "too much exposure"} & both.n_refused.keys()
    assert len(refusals) == 1
    assert not refusals & alone.n_refused.keys()


N_RUNS, N_HOURS = 300, 300
FAIR = {
    "by time": Exits(),
    "at the next open": Exits(time_at="next_open"),
    "a stop": Exits(stop=0.7),
    "a trail": Exits(trail=0.7),
    "targets": Exits(targets=(Target(at=0.5, share=0.5), Target(at=1.0, share=0.5))),
    "all": Exits(stop=1.0, trail=1.2, targets=(Target(at=0.9, share=0.5),), stop_to_entry=True),
}


@cache
def fair_markets():
    """Martingales: nothing that is known foretells the direction."""
    return tuple(
        walk(seed, N_HOURS, f"M{seed}-1h", jumps=0.004, p_gap=0.02, p_still=0.02)
        for seed in range(N_RUNS)
    )


@cache
def random_sides():
    """Signals whose positions are all left before the end.

    Of those decided later, only the ones that a stop or a target leaves early would be trades: that
    alone takes 5 bps from each trade with a stop here, and gives as much to each with a target.
    """
    early = pl.col("time") < at(N_HOURS - 30)
    return {
        market.market: random_signals(500 + i, market, 0.3).filter(early)
        for i, market in enumerate(fair_markets())
    }


@cache
def fair_tape():
    return lay_tape(fair_markets(), FREE, Sizing())


def on_fair_markets(sides, exits):
    terms = terms_of(exits, Sizing(notional=100.0), Limits(max_open=4096), FREE)
    return simulate(fair_tape(), sides, "20h", terms, name="rule")


def mean_result(simulated):
    """Mean over the runs of what each run gained, and its standard error."""
    gained = simulated.trades.group_by("market").agg(pl.col("net_bps").sum())["net_bps"]
    assert len(gained) == N_RUNS
    return gained.mean(), gained.std() / N_RUNS**0.5


@pytest.mark.parametrize("exits", FAIR.values(), ids=FAIR)
@pytest.mark.parametrize("side", [0, 1, -1])
def test_nothing_pays_on_a_martingale_without_costs(exits, side):
    sides = random_sides()
    if side:
        sides = {k: s.with_columns(side=pl.lit(side, SIGN)) for k, s in sides.items()}
    simulated = on_fair_markets(sides, exits)
    assert simulated.n_open == 0
    mean, error = mean_result(simulated)
    assert abs(mean) < 4 * error
    assert simulated.trades.height > 4 * N_RUNS
    # Where a bar touches both it is decided for the stop: too seldom here to be seen.
    assert simulated.trades["n_ambiguous"].mean() < 0.01


def test_who_knew_the_next_bar_would_be_seen_to_be_paid():
    sides = {}
    for market in fair_markets():
        bars = market.bars
        moved = (bars["close"].shift(-1) > bars["open"].shift(-1)).fill_null(True)
        knowing = pl.DataFrame({"time": bars["time"], "side": moved.cast(pl.Int8) * 2 - 1})
        sides[market.market] = knowing.gather_every(20).cast({"side": SIGN})
    mean, error = mean_result(on_fair_markets(sides, Exits()))
    assert mean > 8 * error
