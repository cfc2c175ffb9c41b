from datetime import timedelta

import numpy as np
import polars as pl
import pytest

from lake.errors import ConfigError
from lake.schema import OUTCOMES
from tasks.outcomes.forward import measure
from tests.real import REAL_DATA, needs_real_data


def _bars(close, timeframe_minutes=5):
    close = np.asarray(close, float)
    time = pl.Series(np.arange(len(close)) * timeframe_minutes * 60_000).cast(
        pl.Datetime("ms", "UTC")
    )
    return pl.DataFrame(
        {"time": time, "open": close, "high": close + 1, "low": close - 1, "close": close}
    )


def test_outcomes_fit_their_table():
    bars = _bars([10.0, 11, 12, 13])
    outcomes = measure(bars, "5m", "10m")
    assert OUTCOMES.conform(outcomes).equals(outcomes)
    assert (outcomes["exit_time"] - bars["time"] == timedelta(minutes=10)).all()
    np.testing.assert_allclose(outcomes["forward_return"][:2], [12 / 11 - 1, 13 / 12 - 1])
    np.testing.assert_allclose(outcomes["highest"][:2], [13 / 11 - 1, 14 / 12 - 1])
    np.testing.assert_allclose(outcomes["lowest"][:2], [10 / 11 - 1, 11 / 12 - 1])
    assert outcomes["forward_return"].is_nan().to_list() == [False, False, True, True]


def test_an_outcome_that_spans_a_gap_is_missing():
    outcomes = measure(_bars([1.0, 2, np.nan, 4, 5, 6]), "5m", "5m")
    assert outcomes["forward_return"].is_nan().to_list() == [False, True, True, False, False, True]


def test_a_horizon_that_is_no_whole_number_of_bars_is_rounded_up():
    bars = _bars(np.arange(10.0, 30.0), 15)
    assert measure(bars, "15m", "20m").equals(measure(bars, "15m", "30m"))


def test_a_horizon_shorter_than_a_bar_is_refused():
    with pytest.raises(ConfigError, match="at least one bar"):
        measure(_bars([1.0, 2.0]), "1h", "15m")


def test_no_bar_gives_no_outcome():
    assert measure(_bars([]), "5m", "1h").height == 0


@needs_real_data
def test_real_outcomes_lie_between_their_excursions():
    folder = REAL_DATA / "binance_um" / "klines" / "BTCUSDT"
    bars = pl.read_parquet(next(iter(sorted(folder.glob("15m*.parquet")))))
    prices = bars.select(pl.col("open", "high", "low", "close").cast(pl.Float64))
    frame = prices.with_columns(_bars(np.zeros(bars.height), 15)["time"])
    outcomes = measure(frame, "15m", "1h").filter(pl.col("forward_return").is_not_nan())
    assert outcomes.height == bars.height - 4
    assert outcomes.select((pl.col("highest") >= pl.col("forward_return")).all()).item()
    assert outcomes.select((pl.col("lowest") <= pl.col("forward_return")).all()).item()
