from dataclasses import replace

import numpy as np
import pandas as pd
import polars as pl
import pytest

from lake.schema import FEATURES
from tasks.events.bars import Bars
from tasks.features.config import FeaturesConfig
from tasks.features.table import features_of, warm_up
from tests.events.market import bars_of, simulated

CONFIG = FeaturesConfig(regime_history="20d", atr_memory="4d")
N = 4000


@pytest.fixture(scope="module")
def bars() -> Bars:
    return simulated(N)


@pytest.fixture(scope="module")
def features(bars: Bars) -> pl.DataFrame:
    return features_of(bars, CONFIG)


def test_there_is_a_row_per_bar(bars, features):
    assert features.schema == FEATURES.columns
    assert features["time"].dt.epoch("ms").to_list() == bars.time.tolist()


def test_returns_and_trends_are_logs_of_closes(bars, features):
    close = pd.Series(bars.close)
    for name, n in (("log_return", 1), ("trend_fast", 4), ("trend_slow", 96)):
        np.testing.assert_allclose(features[name], np.log(close / close.shift(n)), rtol=1e-12)


def test_realised_volatility_is_a_root_mean_square(bars, features):
    squares = pd.Series(bars.log_return) ** 2
    for name, n, least in (("rv_fast", 4, 2), ("rv_slow", 96, 32)):
        wanted = np.sqrt(squares.rolling(n, min_periods=least).mean())
        np.testing.assert_allclose(features[name], wanted, rtol=1e-9)


def test_sigma_is_the_root_of_two_exponential_means(bars, features):
    squares = pd.Series(bars.log_return) ** 2
    fast, slow = (squares.ewm(halflife=n, ignore_na=False).mean() for n in (8, 96))
    # the weights end after ten half-lives: a thousandth of them is left out
    np.testing.assert_allclose(
        features["sigma"][40:], np.sqrt(0.5 * fast + 0.5 * slow)[40:], rtol=5e-3
    )


def test_the_true_range_is_smoothed_as_wilder_does(bars):
    high, low, close = (pd.Series(getattr(bars, name)) for name in ("high", "low", "close"))
    spans = pd.concat(
        [high - low, (high - close.shift()).abs(), (low - close.shift()).abs()], axis=1
    )
    wanted = spans.max(axis=1)[1:].ewm(alpha=1 / 96).mean()
    got = features_of(bars, FeaturesConfig(atr_memory="40d", regime_history="20d"))["atr"]
    np.testing.assert_allclose(got[40:], wanted[39:], rtol=1e-9)


def test_volume_is_compared_with_its_past_median(bars, features):
    volume = pd.Series(bars.volume)
    wanted = volume / volume.shift().rolling(96, min_periods=32).median()
    np.testing.assert_allclose(features["volume_ratio"], wanted, rtol=1e-12)


def test_the_volatility_regime_is_a_tercile_of_its_past(bars, features):
    level = features["rv_slow"].to_numpy()
    for t in (2500, 2777, 3333, N - 1):
        low, high = np.nanquantile(level[t - 20 * 96 : t], [1 / 3, 2 / 3])
        assert features["vol_regime"][t] == int(level[t] > low) + int(level[t] > high)
    assert features["vol_regime"][: 32 + 640].null_count() == 32 + 640


def test_the_trend_regime_is_a_trend_beyond_chance(features):
    trend, level = (features[name].to_numpy() for name in ("trend_slow", "rv_slow"))
    known = np.isfinite(trend)
    far = np.abs(trend) > 0.5 * level * np.sqrt(96)
    wanted = np.where(far, np.sign(trend), 0)[known]
    assert features["trend_regime"].to_numpy()[known].tolist() == wanted.tolist()
    assert features["trend_regime"].null_count() == (~known).sum() == 96


def test_sessions_follow_the_hour_of_the_close(features):
    by_close = {
        t.hour + t.minute / 60: s
        for t, s in zip(features["time"], features["session"], strict=True)
    }
    # a bar of 15 minutes that opens at 07:45 closes at 08:00, when Europe begins
    assert [by_close[hour] for hour in (23.75, 7.5, 7.75, 13.5, 13.75, 23.5)] == [0, 0, 1, 1, 2, 2]


def test_the_future_changes_no_row(bars, features):
    for cut in (1, 2, 700, 2500, 2501, N - 1):
        assert features_of(bars.part(0, cut), CONFIG).equals(features[:cut])


def test_the_warm_up_is_enough(bars, features):
    n = warm_up(CONFIG, "15m")
    assert n < N - 100
    for t in (n, n + 37, N - 1):
        last = features_of(bars.part(t - n, t + 1), CONFIG)[-1]
        assert last.equals(features[t]), t


def test_a_gap_stays_a_gap(bars):
    gap = np.zeros(N, dtype=bool)
    gap[2000:2050] = True
    names = ("open", "high", "low", "close", "volume")
    holed = replace(
        bars, is_gap=gap, **{name: np.where(gap, np.nan, getattr(bars, name)) for name in names}
    )
    found = features_of(holed, CONFIG)
    numbers = found.drop("time", "session")
    assert (
        numbers[2000:2050]
        .with_columns(pl.all().cast(pl.Float64).fill_null(np.nan))
        .select(pl.all().is_nan().all())
        .row(0)
        == (True,) * numbers.width
    )
    assert np.isnan(found["log_return"][2050])
    assert found["log_return"].is_finite()[2051]


def test_prices_that_stand_still_have_no_trend_and_no_ratio():
    still = features_of(bars_of(np.full(300, 100.0), volume=0.0), CONFIG)
    assert still["trend_regime"][-1] == 0
    assert still["sigma"][-1] == 0.0
    assert still["volume_ratio"].is_nan().all()


def test_an_empty_market_has_no_rows(bars):
    assert features_of(bars.part(0, 0), CONFIG).equals(FEATURES.empty())
