from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from lake.errors import InputError
from lake.schema import RAW_BARS, TRUTH
from lake.time import TIMEFRAMES, duration_ms
from tasks.events.bars import Bars
from tasks.events.registry import catalogue
from tasks.ingest.config import DemoConfig, IngestConfig
from tasks.ingest.demo import load, survey, truth
from tasks.ingest.demo_market import simulate
from tasks.ingest.snapshot import Snapshot

SHORT = DemoConfig(n_days=60)


def asked(**what):
    return IngestConfig(source="demo", **{"demo": SHORT, **what})


def bars(**what):
    return {s.symbol: load(None, s, (), None) for s in survey(asked(**what))}


def without_effects(config):
    flat = {"effect_bps": 0.0}
    return config.model_copy(
        update={
            "spike": config.spike.model_copy(update=flat),
            "thin_move": config.thin_move.model_copy(update=flat),
        }
    )


def test_a_real_symbol_is_not_simulated():
    with pytest.raises(InputError, match="BTCUSDT"):
        survey(asked(symbols=("DEMOA", "BTCUSDT")))


def test_nobody_takes_the_default_symbols_for_real():
    assert [s.market for s in survey(asked())] == ["DEMOA-5m", "DEMOB-5m"]


def test_a_market_is_the_same_whoever_else_is_asked_for():
    both, alone = bars(), bars(symbols=("DEMOB",))
    turned = bars(symbols=("DEMOXYZ", "DEMOB", "DEMOA"))
    assert both["DEMOB"].equals(alone["DEMOB"])
    assert both["DEMOB"].equals(turned["DEMOB"])
    assert both["DEMOA"].equals(turned["DEMOA"])


def test_a_market_is_made_again_from_its_written_fingerprint():
    (snapshot,) = survey(asked(symbols=("DEMOA",)))
    again = Snapshot.model_validate_json(snapshot.keyed.model_dump_json())
    assert load(None, again, (), None).equals(load(None, snapshot, (), None))


@pytest.mark.parametrize(
    "change", [{"seed": 1}, {"cooldown": "2h"}, {"first_day": date(2020, 2, 29)}]
)
def test_what_changes_the_bars_changes_the_fingerprint(change):
    changed = asked(demo=SHORT.model_copy(update=change))
    assert survey(changed)[0].settings != survey(asked())[0].settings


def test_other_seeds_and_symbols_give_other_markets():
    one = simulate(SHORT, "DEMOA", "5m").prices[3]
    for config, symbol in ((SHORT, "DEMOC"), (SHORT.model_copy(update={"seed": 1}), "DEMOA")):
        other = simulate(config, symbol, "5m").prices[3]
        assert np.max(np.abs(np.log(other / other[0]) - np.log(one / one[0]))) > 1e-3


def test_more_days_only_add_bars():
    long = simulate(SHORT.model_copy(update={"n_days": 80}), "DEMOA", "5m")
    short = simulate(SHORT, "DEMOA", "5m")
    np.testing.assert_array_equal(long.prices[:, : short.time.size], short.prices)
    np.testing.assert_array_equal(long.volume[: short.time.size], short.volume)


@pytest.mark.parametrize("timeframe", TIMEFRAMES)
def test_every_timeframe_yields_whole_bars(timeframe):
    days = SHORT.model_copy(update={"n_days": 30})
    (frame,) = bars(demo=days, symbols=("DEMOA",), timeframe=timeframe).values()
    step = duration_ms(timeframe)
    times = frame["time"].unique().dt.epoch("ms")
    assert RAW_BARS.conform(frame).equals(frame)
    assert (times % step == 0).all()
    assert times.max() - times.min() == 30 * 86_400_000 - step
    assert set(frame["part"]) == {0}
    assert np.isfinite(frame.drop("time").to_numpy()).all()


@pytest.mark.parametrize("timeframe", ["5m", "4h"])
def test_bars_hold_together(timeframe):
    (frame,) = bars(symbols=("DEMOA",), timeframe=timeframe).values()
    top, bottom = pl.max_horizontal("open", "close"), pl.min_horizontal("open", "close")
    faults = frame.filter(
        (pl.col("high") < top)
        | (pl.col("low") > bottom)
        | (pl.col("low") <= 0)
        | (pl.col("volume") <= 0)
        | (pl.col("trades") < 1)
        | (pl.col("trades") != pl.col("trades").round())
        | ~pl.col("taker_buy_volume").is_between(0, pl.col("volume"))
        | ~(pl.col("quote_volume") / pl.col("volume")).is_between("low", "high")
    )
    assert faults.is_empty()


def test_volatility_grows_with_the_root_of_time():
    spread = dict.fromkeys(("5m", "1h", "1d"), 0.0)
    for seed in range(6):
        year = without_effects(DemoConfig(n_days=730, seed=seed))
        for timeframe in spread:
            logs = np.diff(np.log(simulate(year, "DEMOA", timeframe).prices[3]))
            spread[timeframe] += logs.var() * 86_400_000 / duration_ms(timeframe)
    assert spread["1h"] == pytest.approx(spread["5m"], rel=0.3)
    assert spread["1d"] == pytest.approx(spread["5m"], rel=0.4)


def test_the_end_day_counts_and_a_span_is_a_part_of_the_whole():
    span = {"start": date(2023, 1, 10), "end": date(2023, 1, 12), "symbols": ("DEMOA",)}
    (part,), (whole,) = bars(**span).values(), bars(symbols=("DEMOA",)).values()
    first, last = datetime(2023, 1, 10, tzinfo=UTC), datetime(2023, 1, 13, tzinfo=UTC)
    assert part.equals(whole.filter(pl.col("time").is_between(first, last, closed="left")))
    assert part["time"].max() == last - timedelta(minutes=5)


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (date(2023, 2, 2), date(2023, 2, 1)),
        (date(2023, 3, 2), None),
        (None, date(2022, 12, 31)),
    ],
)
def test_a_span_without_simulated_days_is_refused(start, end):
    with pytest.raises(InputError, match="2023-01-01 to 2023-03-01"):
        survey(asked(start=start, end=end))


def test_each_year_has_an_outage_and_a_market_three_duplicates():
    frames = bars(demo=DemoConfig(n_days=730))
    missing = []
    for frame in frames.values():
        times = frame["time"]
        steps = times.diff().drop_nulls().dt.total_minutes()
        assert sorted(steps.filter(steps != 5)) == [0, 0, 0, 45, 45]
        assert frame.filter(frame["time"].is_duplicated()).unique().height == 3
        missing.append(times.filter(times.diff().dt.total_minutes() == 45))
    assert missing[0].equals(missing[1])
    assert missing[0].dt.year().to_list() == [2023, 2024]


def test_an_outage_shorter_than_a_bar_hides_none():
    clean = SHORT.model_copy(update={"dirt": SHORT.dirt.model_copy(update={"n_duplicates": 0})})
    (frame,) = bars(demo=clean, symbols=("DEMOA",), timeframe="1h").values()
    assert frame.height == 60 * 24


def test_a_plant_adds_its_drift_to_the_same_random_numbers():
    planted, null = (simulate(c, "DEMOA", "5m") for c in (SHORT, without_effects(SHORT)))
    returns = [m.prices[3] / m.prices[0] - 1.0 for m in (planted, null)]
    np.testing.assert_allclose(returns[0] - planted.drift, returns[1], atol=1e-12)
    assert not null.drift.any()
    np.testing.assert_array_equal(planted.volume, null.volume)


def test_the_truth_counts_what_was_planted():
    (snapshot,) = survey(asked(symbols=("DEMOA",)))
    frame, sides = truth(snapshot), simulate(SHORT, "DEMOA", "5m").sides
    assert TRUTH.conform(frame).equals(frame)
    assert frame["event"].to_list() == ["liquidity_shock", "vol_spike"]
    assert frame["horizon"].to_list() == ["4h", "1h"]
    assert frame["side"].to_list() == [-1, 1]
    assert frame["n_planted"].to_list() == [np.count_nonzero(sides[1]), np.count_nonzero(sides[0])]


def test_the_truth_of_a_span_counts_that_span():
    spans = [{"end": date(2023, 1, 31)}, {"start": date(2023, 2, 1)}, {}]
    counts = [truth(survey(asked(**span))[0])["n_planted"].to_numpy() for span in spans]
    np.testing.assert_array_equal(counts[0] + counts[1], counts[2])


def as_bars(market):
    value = market.volume * market.prices.mean(axis=0)
    return Bars(
        market.time,
        *market.prices,
        market.volume,
        value,
        market.volume * market.taker_share,
        np.zeros(market.time.size, dtype=bool),
        "5m",
    )


def test_the_catalogue_finds_what_was_planted():
    market = simulate(SHORT, "DEMOA", "5m")
    analyzers = {analyzer.name: analyzer for analyzer in catalogue()}
    for name, planted in zip(("vol_spike", "liquidity_shock"), market.sides, strict=True):
        marks = analyzers[name].marks(as_bars(market), "1h", {})
        found = marks.fired * marks.side
        both = np.count_nonzero((found == planted) & (planted != 0))
        assert both >= 0.97 * np.count_nonzero(planted) > 50
        assert both >= 0.95 * np.count_nonzero(found)
