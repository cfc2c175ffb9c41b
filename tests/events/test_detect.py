from datetime import UTC, datetime

import numpy as np
import polars as pl
import pytest

from lake.keys import code_of
from lake.schema import EVENTS
from tasks.events.config import EventsConfig
from tasks.events.contract import (
    first_foresight,
    first_memory,
    first_unit,
    first_unmirrored,
)
from tasks.events.detect import cover, find_events
from tasks.events.registry import analyzers, families, obstacle
from tests.events.market import bars_of, simulated, walk
from tests.events.real_bars import real_bars
from tests.real import needs_real_data

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
    bars = simulated(20_000, "1h") if family == "wyckoff_daily" else simulated()
    found = find_events(bars, f"ABCUSDT-{bars.timeframe}", family, EventsConfig())
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


TOLD = [family for family in families() if any(a.output for a in analyzers(family))]
NO_SOURCE = [
    "absorption",
    "fee_regime_change",
    "forced_flow_exhaustion",
    "orderflow_imbalance_shock",
]


@needs_real_data
def test_six_years_of_ether_have_a_sane_number_of_each():
    bars = real_bars("ETHUSDT")
    found = {f: find_events(bars, "ETHUSDT-15m", f, EventsConfig()) for f in families()}
    told = cover(bars, "ETHUSDT-15m", found, EventsConfig())
    by_engines = [a.name for family in families() for a in analyzers(family) if a.output]
    assert told.height - len(by_engines) == 57
    assert set(by_engines) < set(told["event"])
    assert sorted(told.filter(pl.col("reason") != "")["event"]) == NO_SOURCE
    ran = told.filter(pl.col("reason") == "")
    assert (ran["n_events"] > 0).all()
    assert (ran.filter(pl.col("family") != "temporal")["share"] <= 0.05).all()
    dated = ran.filter(pl.col("event") == "funding_timestamp")
    assert abs(dated["n_events"][0] - 3 * len(bars) / 96) < 20  # three settlements a day


@needs_real_data
@pytest.mark.slow
@pytest.mark.parametrize("family", families())
def test_the_contract_holds_on_real_bars(family):
    bars = real_bars("ETHUSDT").part(104_000, 114_000)
    able = tuple(a for a in analyzers(family) if obstacle(a, bars) is None)
    for asked in [able] if family in TOLD else [(analyzer,) for analyzer in able]:
        names = [analyzer.name for analyzer in asked]
        assert first_foresight(asked, bars, n_places=2) is None, names
        assert first_memory(asked, bars, "1h", n_places=8) is None, names
        assert first_unmirrored(asked, bars) is None, names
        assert first_unit(asked, bars) is None, names
