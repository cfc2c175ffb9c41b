"""A blueprint on bars makes the trades of the bridge, and none that the future changes."""

from dataclasses import replace

import polars as pl
import pytest

from lake.errors import ConfigError
from lake.schema import SIGN
from tasks.backtest.strategy import prepare
from tasks.blueprint.document import Condition
from tasks.blueprint.replay import first_difference
from tests.backtest.researched import (
    FOLD_HOURS,
    TERMS,
    anonymous,
    resealed,
    researched,
    tables,
    to_trade,
)
from tests.bridge.market import at


def ms(hour):
    return round(at(hour).timestamp() * 1000)


def traded(blueprint, markets=None, start=None, end=None):
    known = [to_trade(table) for table in tables()] if markets is None else markets
    return prepare(blueprint, known).trade(start, end).trades


def cut(market, hour):
    """What was known of a market at the open of that hour."""
    known = market.bars.bars["time"] < at(hour)
    bars = replace(
        market.bars,
        bars=market.bars.bars.filter(known),
        features=market.bars.features.filter(known),
    )
    return replace(market, bars=bars, events=market.events.filter(pl.col("time") < at(hour)))


# The same trades as the research.


@pytest.mark.parametrize("terms", TERMS)
@pytest.mark.parametrize("scaled_bps", [20.0, -20.0], ids=["followed", "faded"])
@pytest.mark.parametrize("condition", ["all", "vol_regime=2"])
@pytest.mark.parametrize("market", ["all", "BBB-1h"])
def test_the_replay_makes_the_bridge_s_trades_to_the_last_bit(terms, scaled_bps, condition, market):
    research = researched(condition, scaled_bps, market, terms)
    own = [m for m in research.traded if m.bars.market in research.blueprint.markets]
    replayed = prepare(research.blueprint, own).replay()
    assert research.trades.height > 15
    assert replayed.equals(research.trades)
    assert first_difference(research.blueprint.golden, replayed) is None


def test_folds_that_were_not_selected_are_not_replayed():
    research = researched()
    skipped = pl.col("entry_time").is_between(at(FOLD_HOURS[1]), at(FOLD_HOURS[2]), closed="left")
    replayed = prepare(research.blueprint, research.traded).replay()
    assert sorted(replayed["fold"].unique()) == [1, 3, 4]
    assert replayed.filter(skipped).is_empty()
    assert traded(research.blueprint).filter(skipped).height > 0


def test_a_blueprint_none_of_whose_folds_was_selected_replays_nothing():
    research = researched()
    prepared = prepare(research.blueprint, research.traded)
    idle = [
        fold.model_copy(update={"selected": False}) for fold in prepared.blueprint.evidence.folds
    ]
    evidence = research.blueprint.evidence.model_copy(update={"folds": tuple(idle)})
    unproven = research.blueprint.model_copy(update={"evidence": evidence})
    assert replace(prepared, blueprint=unproven).replay().is_empty()


# Which signals are taken, and on which side.


def expected_sides(rule):
    """Sides by market and time of the event: an event without a side counts as long."""
    turn = 1 if rule == "follow" else -1
    events = pl.concat([table.events for table in tables()]).select("market", "time", "side")
    return {(m, t): turn * (s or 1) for m, t, s in events.iter_rows()}


@pytest.mark.parametrize(("scaled_bps", "rule"), [(20.0, "follow"), (-20.0, "fade")])
def test_events_are_followed_or_faded_and_count_as_long_without_a_side(scaled_bps, rule):
    blueprint = researched(scaled_bps=scaled_bps).blueprint
    trades = traded(blueprint)
    sides = expected_sides(rule)
    assert blueprint.rule == rule
    assert trades.height > 200
    for market, event, side in trades.select("market", "event_time", "side").iter_rows():
        assert side == sides[market, event]


def test_several_conditions_must_all_hold_at_the_event_s_own_bar():
    conditions = (Condition(label="vol_regime", value=2), Condition(label="session", value=1))
    trades = traded(resealed(researched().blueprint, conditions=conditions))
    labels = pl.concat(
        table.features.select("time", "vol_regime", "session", market=pl.lit(table.market))
        for table in tables()
    )
    met = trades.join(labels, left_on=["market", "event_time"], right_on=["market", "time"])
    assert 10 < met.height == trades.height < traded(researched("vol_regime=2").blueprint).height
    assert met.select("vol_regime", "session").unique().rows() == [(2, 1)]


def test_other_events_of_the_family_make_no_trade():
    blueprint = researched().blueprint
    crowd = [
        replace(m, events=pl.concat([m.events, m.events.with_columns(event=pl.lit("vol_shock"))]))
        for m in researched().traded
    ]
    assert traded(blueprint, crowd).equals(traded(blueprint))


def test_a_market_without_an_event_is_not_traded():
    first, second = researched().traded
    quiet = replace(first, events=first.events.clear())
    trades = traded(researched().blueprint, [quiet, second])
    assert trades["market"].unique().to_list() == [second.bars.market]


def test_trades_are_named_after_the_blueprint_and_make_one_account():
    blueprint = researched().blueprint
    trades = traded(blueprint)
    assert trades["hypothesis"].unique().to_list() == [blueprint.name]
    assert trades["fold"].unique().to_list() == [0]
    assert trades["trade"].is_unique().all()


# Where it is traded.


@pytest.mark.parametrize(
    ("name", "said"), [(None, "no market"), ("AAA-5m", "AAA-5m"), ("AAA-1d", "AAA-1d")]
)
def test_markets_of_another_timeframe_and_none_at_all_are_refused(name, said):
    first, second = researched().traded
    renamed = replace(first, bars=replace(first.bars, market=name or ""))
    with pytest.raises(ConfigError, match=said) as caught:
        prepare(researched().blueprint, [renamed, second] if name else [])
    assert "--timeframe 1h" in caught.value.do


def test_bars_of_markets_that_the_research_did_not_have_can_be_traded():
    first, _ = researched().traded
    other = replace(first, bars=replace(first.bars, market="CCC-1h"))
    blueprint = researched("all", 20.0, "BBB-1h").blueprint
    trades = traded(blueprint, [other])
    assert trades["market"].unique().to_list() == ["CCC-1h"]
    assert (
        anonymous(trades)
        .drop("market")
        .equals(anonymous(traded(blueprint, [first])).drop("market"))
    )


@pytest.mark.parametrize("terms", TERMS)
def test_the_order_of_the_markets_does_not_matter(terms):
    research = researched(terms=terms)
    forth = prepare(research.blueprint, research.traded)
    back = prepare(research.blueprint, research.traded[::-1])
    assert forth.replay().equals(back.replay())
    one = forth.trade(None, None, with_curve=True)
    other = back.trade(None, None, with_curve=True)
    for name in ("trades", "fills", "equity"):
        assert getattr(one, name).equals(getattr(other, name))


# When.


@pytest.mark.parametrize("terms", TERMS)
def test_positions_closed_before_the_bars_are_cut_stay_as_they_were(terms):
    research = researched(terms=terms)
    whole, left = traded(research.blueprint), pl.col("exit_time")
    for hour in range(60, 960, 18):
        parts = [cut(market, hour) for market in research.traded]
        known = traded(research.blueprint, parts)
        assert known.equals(whole.filter(left < at(hour))), hour
    assert whole.height > 100


def test_a_span_trades_as_if_later_bars_were_not_there():
    research = researched(terms="with every exit")
    parts = [cut(market, 500) for market in research.traded]
    spanned = prepare(research.blueprint, research.traded).trade(None, ms(500), with_curve=True)
    known = prepare(research.blueprint, parts).trade(None, None, with_curve=True)
    assert spanned.trades.equals(known.trades)
    assert spanned.equity.equals(known.equity)
    assert spanned.equity["time"].max() == at(500)  # the close of the last bar


def test_a_span_begins_without_positions_and_decides_nothing_before_its_start():
    research = researched()
    prepared = prepare(research.blueprint, research.traded)
    late = prepared.trade(ms(400), None, with_curve=True)
    assert late.equity["time"].min() == at(401)  # the close of the first bar
    assert late.trades["event_time"].min() >= at(400)
    idle = prepared.trade(ms(2000), None, with_curve=True)
    assert idle.trades.is_empty()


def test_a_condition_that_is_not_known_is_not_met():
    research = researched("vol_regime=2")
    blind = [
        replace(
            m,
            bars=replace(
                m.bars, features=m.bars.features.with_columns(vol_regime=pl.lit(None, SIGN))
            ),
        )
        for m in research.traded
    ]
    assert traded(research.blueprint, blind).is_empty()
