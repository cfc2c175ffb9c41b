"""What lies beside the simulated bars: that it leaves them alone, looks real, foretells nothing."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import cache, partial

import numpy as np
import polars as pl
import pytest

import tasks.ingest.task as ingest_task
from lake.errors import InputError
from lake.schema import RAW_BARS, RAW_FUNDING, RAW_INTEREST
from lake.store import open_lake
from lake.time import TIMEFRAMES, duration_ms
from tasks.clean.config import CleanConfig
from tasks.clean.context import Companions, lay_beside
from tasks.clean.funding import settle_funding
from tasks.clean.grid import lay_on_grid
from tasks.clean.interest import gauge_interest
from tasks.clean.rejects import find_rejects
from tasks.ingest.config import DemoConfig, IngestConfig
from tasks.ingest.demo import load, load_beside, survey, survey_beside
from tasks.ingest.demo_context import draw_funding, draw_interest, draw_mark, draw_spot
from tasks.ingest.demo_market import simulate
from tests.ingest.test_demo import SHORT, asked, without_effects

CLEAN = CleanConfig()
TABLES = {"funding": RAW_FUNDING, "interest": RAW_INTEREST}
NULL = without_effects(DemoConfig())


def beside(config):
    """Of the first market: raw tables by the kind of data."""
    markets = survey(config)
    found = survey_beside(config, markets)
    first = [each for each in found if each.market == markets[0].market]
    return {each.data: load_beside(None, each.keyed, (), None) for each in first}


def cleaned(raw, market):
    return lay_on_grid(raw, find_rejects(raw, market, CLEAN), market, CLEAN)


@cache
def aligned(timeframe, config=NULL, symbol="DEMOB"):
    """Bars of a market without planted effects, and its context."""
    asks = IngestConfig(timeframe=timeframe, symbols=(symbol,), demo=config)
    (market,) = survey(asks)
    own = cleaned(load(None, market, (), None), market.market)
    raw = beside(asks)
    companions = Companions(
        funding=settle_funding(raw["funding"]),
        interest=gauge_interest(raw["interest"]),
        **{name: cleaned(raw[name], market.market) for name in ("spot", "leader", "mark")},
    )
    return own, lay_beside(own, market.market, companions, CLEAN)


def correlation(x, y):
    ok = np.isfinite(x) & np.isfinite(y)
    return float(np.corrcoef(x[ok], y[ok])[0, 1])


@pytest.mark.parametrize(
    ("symbol", "timeframe", "known"),
    [
        (
            "DEMOA",
            "5m",
            (277.958821314, 18671196.379741, 465448704.9505, 8652.1596896134, 0.7225),
        ),
        (
            "DEMOB",
            "1h",
            (21.515896965375, 123695.32808943, 7147069367.634, 720.657175549, 0.145),
        ),
    ],
)
def test_the_bars_are_those_of_before_there_was_anything_beside_them(symbol, timeframe, known):
    """Sums written down before; byte for byte they are the same on one machine only."""
    market = simulate(SHORT, symbol, timeframe)
    arrays = (market.prices, market.volume, market.taker_share, abs(market.drift))
    found = [market.prices[3, -1], *(array.sum() for array in arrays)]
    np.testing.assert_allclose(found, known, rtol=1e-10)


def test_the_stages_store_what_the_source_yields(tmp_path):
    config = asked(symbols=("DEMOB",), timeframe="1h")
    (market,) = survey(config)
    found = ingest_task.survey_beside(config, [market])
    assert [each.data for each in found] == ["funding", "interest", "leader", "mark", "spot"]
    stages = {
        "funding": ingest_task.ingest_funding,
        "interest": ingest_task.ingest_interest,
        "spot": partial(ingest_task.ingest_beside.fn, part="spot"),
    }
    lake = open_lake(str(tmp_path))
    for each in found:
        stage = stages.get(each.data)
        if stage is not None:
            make = getattr(stage, "fn", stage)
            ref = make(lake=str(tmp_path), market=each.market, snapshot=each.keyed, fetched=[])
            assert ref.market == "DEMOB-1h"
            assert lake.read(ref).equals(load_beside(None, each, (), None))


def test_everything_lies_beside_each_market_but_the_leader_beside_itself():
    markets = survey(asked())
    found = survey_beside(asked(), markets)
    kinds = ["funding", "interest", "spot", "mark"]
    assert [each.data for each in found if each.symbol == "DEMOA"] == kinds
    assert [each.data for each in found if each.symbol == "DEMOB"] == kinds
    (alone,) = survey(asked(symbols=("DEMOB",)))
    led = survey_beside(asked(symbols=("DEMOB",)), [alone])
    assert [(each.data, each.bars_of) for each in led][-1] == ("leader", "DEMOA")
    assert {each.market for each in led} == {"DEMOB-5m"}
    named = asked(symbols=("DEMOB",), leader="DEMOX", beside=("leader", "spot"))
    assert [each.bars_of for each in survey_beside(named, [alone])] == ["DEMOX", "DEMOB"]


def test_a_real_symbol_does_not_lead_the_simulated_market():
    config = asked(leader="ETHUSDT")
    with pytest.raises(InputError, match="ETHUSDT"):
        survey_beside(config, survey(config))


def test_the_leaders_bars_are_the_leaders_own():
    (leader,) = survey(asked(symbols=("DEMOA",)))
    led = beside(asked(symbols=("DEMOB",)))["leader"]
    assert led.equals(load(None, leader, (), None))


def test_it_is_the_same_each_time_and_other_for_other_seeds_and_symbols():
    config = asked(symbols=("DEMOB",))
    one, again = beside(config), beside(config)
    seeded = beside(asked(symbols=("DEMOB",), demo=SHORT.model_copy(update={"seed": 1})))
    other = beside(asked(symbols=("DEMOC",)))
    for name, frame in one.items():
        assert frame.equals(again[name])
        assert not frame.equals(seeded[name])
        assert name == "leader" or not frame.equals(other[name])


@pytest.mark.parametrize("timeframe", TIMEFRAMES)
def test_every_timeframe_has_all_of_it(timeframe):
    days = SHORT.model_copy(update={"n_days": 30})
    for name, frame in beside(asked(demo=days, symbols=("DEMOB",), timeframe=timeframe)).items():
        table = TABLES.get(name, RAW_BARS)
        assert table.conform(frame).equals(frame)
        numbers = [n for n in frame.columns if n not in ("time", "part")]
        prices = ("open", "high", "low", "close")
        wanted = prices if name == "mark" else numbers
        assert np.isfinite(frame.select(wanted).to_numpy()).all()
        if name not in TABLES:
            assert (frame["time"].dt.epoch("ms") % duration_ms(timeframe) == 0).all()
            top, bottom = pl.max_horizontal(prices), pl.min_horizontal(prices)
            assert frame.filter((top != pl.col("high")) | (bottom != pl.col("low"))).is_empty()
            assert frame["low"].min() > 0


def test_more_days_only_add_to_it():
    long = SHORT.model_copy(update={"n_days": 80})
    short, longer = (simulate(config, "DEMOA", "15m") for config in (SHORT, long))
    for draw in (draw_funding, draw_interest):
        clean = {"n_zeros": 0, "n_late": 0, "outage": "1m"}
        few, many = (
            draw(
                config.model_copy(update={"interest": config.interest.model_copy(update=clean)}),
                *("DEMOA", market, "15m"),
            )
            for config, market in ((SHORT, short), (long, longer))
        )
        stamps = few[0][np.isin(few[0], many[0])]
        assert stamps.size >= few[0].size - 2
        for mine, other in zip(few, many, strict=True):
            np.testing.assert_array_equal(
                mine[np.isin(few[0], stamps)], other[np.isin(many[0], stamps)]
            )
    for draw in (draw_spot, draw_mark):
        few, many = draw(SHORT, "DEMOA", short, "15m"), draw(long, "DEMOA", longer, "15m")
        np.testing.assert_array_equal(few.prices, many.prices[:, : few.time.size])


def test_days_asked_for_are_a_part_of_the_whole_with_the_day_before():
    span = {"start": date(2023, 1, 10), "end": date(2023, 1, 12), "symbols": ("DEMOA",)}
    part, whole = beside(asked(**span)), beside(asked(symbols=("DEMOA",)))
    first, last = datetime(2023, 1, 10, tzinfo=UTC), datetime(2023, 1, 13, tzinfo=UTC)
    inside = pl.col("time").is_between(first, last, closed="left")
    assert part["spot"].equals(whole["spot"].filter(inside))
    known = pl.col("time").is_between(first - timedelta(days=1), last, closed="right")
    assert part["interest"].equals(whole["interest"].filter(known))
    assert part["interest"]["time"].max() == last


def test_funding_looks_real():
    """Real rates of BTC 2019-26: mean 1.1, sd 2.1, 35 % at 1 bp, 14 % negative, memory 0.8."""
    raws = [
        beside(asked(symbols=(symbol,), demo=NULL, timeframe="15m", beside=("funding",)))["funding"]
        for symbol in ("DEMOB", "DEMOC")
    ]
    rates = 1e4 * np.concatenate([settle_funding(raw)["rate_8h"].to_numpy() for raw in raws])
    assert 0.7 < rates.mean() < 1.8
    assert 1.0 < rates.std() < 4.0
    assert 0.3 < np.mean(np.abs(rates - 1.0) < 1e-9) < 0.65
    assert 0.05 < np.mean(rates < 0) < 0.2
    assert correlation(rates[1:], rates[:-1]) > 0.6
    assert np.abs(rates).max() <= 75.0


def test_funding_follows_slow_past_returns():
    own, context = aligned("15m")
    log_close, week = np.log(own["close"].to_numpy()), 7 * 96
    rates = context["funding"].to_numpy()
    assert correlation(log_close[week:] - log_close[:-week], rates[week:]) > 0.15


def test_settlements_are_stamped_a_moment_late():
    raw = beside(asked(symbols=("DEMOA",)))["funding"]
    late = raw["time"].cast(pl.Int64) % duration_ms("8h")
    assert (late < 20).all()
    assert late.n_unique() > 5
    assert raw["hours"].to_list() == [8.0] * (60 * 3)


def test_open_interest_looks_real():
    """Real contracts of BTC: 36 bps of change in 15 minutes, 4 % in a day, heavy tails."""
    own, context = aligned("15m")
    close = own["close"].to_numpy()
    logs = np.log(context["open_interest"].to_numpy() / close)
    change, move = np.diff(logs), np.abs(np.diff(np.log(close)))
    assert 20 < 1e4 * np.nanstd(change) < 70
    assert 0.025 < np.nanstd(logs[96:] - logs[:-96]) < 0.07
    assert np.nanmean(change[move > 0.03]) < -0.01
    assert np.nanmean(change[move < 0.005]) > -1e-4
    assert np.nanmean((change / np.nanstd(change)) ** 4) > 5


def test_open_interest_has_zeros_late_stamps_and_an_outage():
    raw = beside(asked(symbols=("DEMOA",), demo=DemoConfig(), timeframe="1h"))["interest"]
    assert raw.filter(pl.col("contracts") == 0).height in (2, 3)
    late = raw["time"].cast(pl.Int64) % duration_ms("5m")
    assert 15 <= (late != 0).sum() <= 20
    assert late.max() <= 30_000
    waits = raw["time"].sort().diff().drop_nulls().dt.total_minutes()
    assert (waits > 30).sum() == 1
    assert 180 <= waits.max() <= 186


def test_the_basis_comes_back_and_spot_is_a_market_of_its_own():
    own, context = aligned("15m")
    basis = np.log(own["close"].to_numpy() / context["spot"].to_numpy()) * 1e4
    assert -4 < np.nanmean(basis) < 3
    assert 2 < np.nanstd(basis) < 8
    assert 0.8 < correlation(basis[1:], basis[:-1]) < 0.995
    month = 30 * 96
    assert abs(correlation(basis[month:], basis[:-month])) < 0.3
    spot = beside(asked(symbols=("DEMOB",), demo=NULL, timeframe="15m"))["spot"]
    assert spot.filter(pl.col("high") / pl.col("low") > 1).height > 0.99 * spot.height
    assert spot["volume"].median() < own["volume"].median()
    mark = np.log(own["close"].to_numpy() / context["mark"].to_numpy()) * 1e4
    assert 0.3 < np.nanstd(mark) < 2


@pytest.mark.parametrize("timeframe", ["15m", "1h"])
def test_nothing_beside_the_bars_foretells_their_direction(timeframe):
    """The next return, in past volatility, against everything that is known; t below 4 for all."""
    n_bars = duration_ms("1d") // duration_ms(timeframe)
    own, context = aligned(timeframe)
    close = own["close"].to_numpy()
    returns = close[1:] / close[:-1] - 1.0
    usual = pl.Series(returns).fill_nan(None).rolling_std(n_bars, min_samples=n_bars // 2)
    scaled = (returns[1:] / usual.to_numpy()[:-1])[n_bars:]
    interest = np.log(context["open_interest"].to_numpy() / close)
    basis = np.log(close / context["spot"].to_numpy())
    known = {
        "funding": context["funding"].to_numpy(),
        "interest": interest,
        "interest change": np.diff(interest, prepend=np.nan),
        "basis": basis,
        "basis change": np.diff(basis, prepend=np.nan),
        "mark": np.log(close / context["mark"].to_numpy()),
        "leader": np.diff(np.log(context["leader"].to_numpy()), prepend=np.nan),
    }
    scores = {}
    for name, values in known.items():
        seen = values[1:-1][n_bars:]
        ok = np.isfinite(seen) & np.isfinite(scaled)
        scores[name] = correlation(seen, scaled) * np.sqrt(ok.sum())
    assert {name: t for name, t in scores.items() if not abs(t) < 4} == {}
