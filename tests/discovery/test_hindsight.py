"""The whole way from raw bars to findings, on bars that are others after the discovery era."""

import numpy as np
import polars as pl
import pytest

from lake.time import duration_ms
from tasks.clean.config import CleanConfig
from tasks.clean.grid import lay_on_grid
from tasks.clean.rejects import find_rejects
from tasks.discovery.conclusion import conclude
from tasks.discovery.config import DiscoveryConfig
from tasks.discovery.effects import estimate
from tasks.discovery.entries import list_entries
from tasks.discovery.eras import DISCOVERY, cut, draw_eras, span_of
from tasks.discovery.findings import judge
from tasks.discovery.grid import draw_grid
from tasks.discovery.paths import trace
from tasks.discovery.scrutiny import MarketOutcomes, choose_top, scrutinise
from tasks.discovery.stability import slice_effects
from tasks.events.bars import Bars
from tasks.events.config import EventsConfig
from tasks.events.detect import find_events
from tasks.features.config import FeaturesConfig
from tasks.features.table import features_of
from tasks.ingest.config import DemoConfig, IngestConfig
from tasks.ingest.demo import load, survey
from tasks.outcomes.forward import measure
from tests.discovery import market

TIMEFRAME = "15m"
HORIZONS = ("1h", "1d")
FEW = {
    "min_events": 5,
    "min_clusters": 5,
    "min_effective_clusters": 3,
    "n_sign_flips": 99,
    "n_shifts": 99,
}
CONFIG = DiscoveryConfig(**FEW)
FEATURES = FeaturesConfig(regime_history="10d")
EVENTS = EventsConfig()
PRICES = ("open", "high", "low", "close")


def clean(raw):
    return {
        name: lay_on_grid(rows, find_rejects(rows, name, CleanConfig()), name, CleanConfig())
        for name, rows in raw.items()
    }


def discover(bars):
    """Every table of the discovery era, and the era's end."""
    eras = draw_eras(list(bars.values()), [TIMEFRAME] * len(bars), HORIZONS, CONFIG)
    found, seen = {"entries": [], "effects": [], "curves": []}, {}
    for name, frame in bars.items():
        arrays = Bars.of(frame, TIMEFRAME)
        families = [find_events(arrays, name, family, EVENTS) for family in EVENTS.chosen()]
        events = cut(pl.concat(families), eras, DISCOVERY)
        features = cut(features_of(arrays, FEATURES), eras, DISCOVERY)
        measured = {horizon: measure(frame, TIMEFRAME, horizon) for horizon in HORIZONS}
        outcomes = {horizon: cut(known, eras, DISCOVERY) for horizon, known in measured.items()}
        seen[name] = MarketOutcomes(events, features, outcomes)
        found["entries"].append(list_entries(name, events, features, CONFIG))
        found["effects"].append(estimate(name, events, features, outcomes, CONFIG))
        found["curves"].append(trace(name, cut(frame, eras, DISCOVERY), events, CONFIG))
    grid = draw_grid(found["entries"], HORIZONS)
    judged = judge(found["effects"], grid, CONFIG)
    top = choose_top(judged, CONFIG)
    tables = {name: pl.concat(parts) for name, parts in found.items()} | {"grid": grid}
    tables["scrutiny"] = scrutinise(top, seen, eras, CONFIG)
    tables["stability"] = slice_effects(top, found["effects"], CONFIG)
    tables["findings"] = conclude(judged, tables["scrutiny"], tables["stability"], CONFIG)
    return tables, span_of(eras, DISCOVERY)[1]


def is_late(rows, end):
    return (rows["time"].dt.epoch("ms") >= end).to_numpy()


def walk_elsewhere(rows, end, rng):
    """Prices three times as high that leave for elsewhere, on other volume."""
    late = is_late(rows, end)
    path = np.exp(np.cumsum(np.where(late, rng.normal(0.0, 0.004, late.size), 0.0)))
    path, busy = (
        np.where(late, 3 * path, 1.0),
        np.where(late, rng.lognormal(0.0, 2.0, late.size), 1),
    )
    prices = [pl.col(name) * path for name in PRICES]
    return rows.with_columns(*prices, pl.col("volume", "quote_volume") * busy)


def shuffle(rows, end, rng):
    """The same numbers in another order, but for the times."""
    late = is_late(rows, end)
    order = np.arange(late.size)
    order[late] = rng.permutation(order[late])
    return rows.select("time", pl.exclude("time").gather(order)).select(rows.columns)


def lose(rows, end, rng):
    """Bars that never came, but for the last of the span."""
    late = is_late(rows, end)
    kept = ~late | (np.arange(late.size) == late.size - 1)
    return rows.filter(pl.Series(kept))


@pytest.fixture(scope="module")
def raw():
    ingest = IngestConfig(timeframe=TIMEFRAME, demo=DemoConfig(n_days=45))
    return {found.market: load(None, found, (), None) for found in survey(ingest)}


@pytest.fixture(scope="module")
def discovered(raw):
    return discover(clean(raw))


@pytest.mark.parametrize("change", [walk_elsewhere, shuffle, lose])
def test_every_table_is_the_same_whatever_came_after_the_discovery_era(raw, discovered, change):
    tables, end = discovered
    assert tables["findings"]["p"].is_not_nan().sum() > 100
    rng = np.random.default_rng(0)
    changed = {name: change(rows, end, rng) for name, rows in raw.items()}
    assert all(not changed[name].equals(raw[name]) for name in raw)
    then, end_then = discover(clean(changed))
    assert end_then == end
    for name, table in tables.items():
        assert then[name].equals(table), name


def test_findings_move_with_the_last_bar_of_the_discovery_era(raw, discovered):
    tables, end = discovered
    last = pl.col("time").dt.epoch("ms") == end - duration_ms(TIMEFRAME)
    changed = {
        name: rows.with_columns(
            pl.when(last).then(pl.col(*PRICES) * 1.01).otherwise(pl.col(*PRICES))
        )
        for name, rows in raw.items()
    }
    then, _ = discover(clean(changed))
    assert not then["findings"].equals(tables["findings"])
    assert then["grid"]["hypothesis"].is_in(tables["grid"]["hypothesis"].implode()).any()


def test_an_outcome_that_crosses_the_border_is_in_no_sum():
    frame = market.bars(96 * 40)
    eras = draw_eras([frame], [TIMEFRAME], HORIZONS, CONFIG)
    border = span_of(eras, DISCOVERY)[1]
    row = frame["time"].dt.epoch("ms").to_list().index(border)
    rows = {"crosses": [row - 4], "stays": [row - 5]}
    events = cut(market.events(frame, rows), eras, DISCOVERY)
    outcomes = {"1h": cut(measure(frame, TIMEFRAME, "1h"), eras, DISCOVERY)}
    features = cut(market.features(frame), eras, DISCOVERY)
    effects = estimate("BTCUSDT-15m", events, features, outcomes, CONFIG)
    assert set(effects["event"]) == {"", "stays"}
    # The entry is asked all the same: it does not know that its exit lies beyond.
    entries = list_entries("BTCUSDT-15m", events, features, CONFIG)
    assert set(entries["event"]) == {"crosses", "stays"}
