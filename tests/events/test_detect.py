from datetime import UTC, datetime

import numpy as np
import polars as pl
import pytest

from lake.keys import code_of
from lake.schema import BARS, EVENTS
from tasks.events.bars import Bars
from tasks.events.config import EventsConfig
from tasks.events.contract import (
    first_foresight,
    first_memory,
    first_unit,
    first_unmirrored,
    share_of_bars,
)
from tasks.events.detect import cover, find_events
from tasks.events.registry import analyzers, catalogue, families
from tests.events.market import bars_of, simulated, walk
from tests.real import REAL_DATA, needs_real_data

SPIKE = bars_of(walk([0.01, -0.01] * 200 + [0.1, 0.01]))


def test_an_event_stands_at_its_bar_and_is_known_at_its_close():
    found = find_events(SPIKE, "ABCUSDT-15m", "volatility", EventsConfig())
    row = found.filter(pl.col("event") == "vol_spike").row(0, named=True)
    opened = datetime.fromtimestamp((SPIKE.time[401]) / 1000, UTC)
    assert row["time"] == row["anchor_time"] == opened
    assert (row["known_at"] - row["time"]).total_seconds() == 900
    assert (row["market"], row["family"], row["side"]) == ("ABCUSDT-15m", "volatility", 1)
    assert row["strength"] == pytest.approx(0.1 / (0.01 * np.sqrt(np.pi / 2)), rel=1e-3)


@pytest.mark.parametrize("family", families())
def test_the_table_is_in_order_and_complete(family):
    found = find_events(simulated(), "ABCUSDT-15m", family, EventsConfig())
    assert found.schema == EVENTS.columns
    assert found.equals(found.sort(EVENTS.order))
    assert set(found["event"]) == {analyzer.name for analyzer in analyzers(family)}
    assert found.null_count().sum_horizontal().item() == 0
    assert (found["anchor_time"] <= found["time"]).all()


def test_parameters_and_cooldown_enter_the_key_and_the_result():
    usual, strict, slow = (
        find_events(simulated(), "ABCUSDT-15m", "volatility", config).filter(
            pl.col("event") == "vol_spike"
        )
        for config in (
            EventsConfig(),
            EventsConfig(parameters={"vol_spike": {"threshold": 6.0}}),
            EventsConfig(cooldown="1d"),
        )
    )
    assert strict.height < usual.height
    assert slow.height < usual.height
    assert len({frame["parameters_key"][0] for frame in (usual, strict, slow)}) == 3


def test_an_analyzer_without_its_data_is_named():
    silent = bars_of(SPIKE.close, volume=0.0)
    config = EventsConfig(names=("range_breakout", "false_breakout"))
    found = find_events(silent, "ABCUSDT-15m", "trend_structure", config)
    assert set(found["event"]) <= {"false_breakout"}
    told = cover(silent, "ABCUSDT-15m", {"trend_structure": found}, config)
    assert dict(told.select("event", "reason").iter_rows()) == {
        "range_breakout": "not runnable: needs volume",
        "false_breakout": "",
    }
    assert told.filter(pl.col("event") == "range_breakout")["share"].is_nan().all()


def test_a_family_whose_task_failed_is_not_said_to_have_found_nothing():
    told = cover(SPIKE, "ABCUSDT-15m", {}, EventsConfig(families=("volatility",)))
    assert told.height >= 3
    assert set(told["reason"]) == {"failed: its task ended with an error"}


def test_an_empty_market_has_no_events():
    for family in families():
        found = find_events(SPIKE.part(0, 0), "ABCUSDT-15m", family, EventsConfig())
        assert found.equals(EVENTS.empty())


def test_a_key_holds_its_own_family_and_no_other():
    shared = code_of("tasks.events.task")
    assert not [f for f in families() if f"tasks.events.{f}" in shared]
    assert "tasks.kernels.quantiles" in code_of("tasks.events.volatility")


PER_YEAR = {
    "band_break": (500, 1500),
    "breakout_trigger": (200, 800),
    "climax_volume_bar": (30, 150),
    "failed_continuation": (100, 500),
    "false_breakout": (300, 1200),
    "liquidity_shock": (50, 300),
    "range_breakout": (250, 1000),
    "sweep_stoprun": (15, 100),
    "vol_regime_shift": (50, 500),
    "vol_shock": (50, 250),
    "vol_spike": (100, 600),
    "zscore_stretch": (50, 300),
}


def bitcoin() -> Bars:
    path = REAL_DATA / "binance_um" / "klines" / "BTCUSDT" / "15m.parquet"
    frame = pl.read_parquet(path).rename({"open_time": "time"}).sort("time")
    absent = [pl.lit(float("nan")).alias(n) for n in BARS.columns if n not in frame.columns]
    return Bars.of(frame.with_columns(*absent).with_columns(is_gap=pl.lit(False)), "15m")


@needs_real_data
def test_six_years_of_bitcoin_have_a_sane_number_of_each():
    bars = bitcoin()
    found = pl.concat(
        [find_events(bars, "BTCUSDT-15m", family, EventsConfig()) for family in families()]
    )
    yearly = found.group_by("event", pl.col("time").dt.year().alias("year")).len()
    for name, (fewest, most) in PER_YEAR.items():
        whole = (pl.col("event") == name) & pl.col("year").is_between(2020, 2025)
        counts = yearly.filter(whole)["len"]
        assert len(counts) == 6, name
        assert fewest <= counts.mean() <= most, (name, counts.mean())


@needs_real_data
@pytest.mark.slow
@pytest.mark.parametrize("analyzer", catalogue(), ids=lambda a: a.name)
def test_the_contract_holds_on_real_bars(analyzer):
    bars = bitcoin().part(60_000, 75_000)
    assert first_foresight(analyzer, bars, n_places=6) is None
    assert first_memory(analyzer, bars, "1h", n_places=20) is None
    assert first_unmirrored(analyzer, bars) is None
    assert first_unit(analyzer, bars) is None
    assert 0.0 < share_of_bars(analyzer, bars, "1h") <= 0.05
