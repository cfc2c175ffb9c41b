"""The whole way from raw bars to findings, on bars whose hold-out era is another one."""

import numpy as np
import polars as pl
import pytest

from lake.time import duration_ms
from tasks.clean.config import CleanConfig
from tasks.clean.grid import lay_on_grid
from tasks.clean.rejects import find_rejects
from tasks.discovery.config import DiscoveryConfig
from tasks.discovery.effects import estimate
from tasks.discovery.eras import DISCOVERY, draw_eras, span_of
from tasks.discovery.findings import judge
from tasks.discovery.paths import trace
from tasks.events.bars import Bars
from tasks.events.config import EventsConfig
from tasks.events.detect import find_events
from tasks.features.config import FeaturesConfig
from tasks.features.table import features_of
from tasks.ingest.config import DemoConfig, IngestConfig
from tasks.ingest.demo import load, survey
from tasks.outcomes.forward import measure

TIMEFRAME = "15m"
HORIZONS = ("1h", "1d")
CONFIG = DiscoveryConfig(min_events=5, min_clusters=5, min_effective_clusters=3)
EVENTS = EventsConfig()


def _raw_bars():
    ingest = IngestConfig(timeframe=TIMEFRAME, demo=DemoConfig(n_days=90))
    return {found.market: load(None, found, (), None) for found in survey(ingest)}


def _discover(raw):
    """FINDINGS, and the curves of every market."""
    bars = {
        name: lay_on_grid(rows, find_rejects(rows, name, CleanConfig()), name, CleanConfig())
        for name, rows in raw.items()
    }
    eras = draw_eras(list(bars.values()), [TIMEFRAME] * len(bars), CONFIG.holdout_share)
    effects, curves = [], []
    for name, frame in bars.items():
        arrays = Bars.of(frame, TIMEFRAME)
        features = features_of(arrays, FeaturesConfig())
        outcomes = {horizon: measure(frame, TIMEFRAME, horizon) for horizon in HORIZONS}
        events = [find_events(arrays, name, family, EVENTS) for family in EVENTS.chosen()]
        effects += [estimate(name, found, features, outcomes, eras, CONFIG) for found in events]
        curves.append(trace(name, frame, pl.concat(events), eras, CONFIG))
    return judge(effects, CONFIG), pl.concat(curves), span_of(eras, DISCOVERY)[1]


def _walk_elsewhere(rows, split, rng):
    """Prices that leave for elsewhere from `split` on, on other volume."""
    late = (rows["time"].dt.epoch("ms") >= split).to_numpy()
    path = np.exp(np.cumsum(np.where(late, rng.normal(0.0, 0.004, late.size), 0.0)))
    busy = np.where(late, rng.lognormal(0.0, 2.0, late.size), 1.0)
    prices = [pl.col(name) * path for name in ("open", "high", "low", "close")]
    return rows.with_columns(*prices, pl.col("volume", "quote_volume") * busy)


def _lose_bars(rows, split, rng):
    """Bars at and after `split` that never came, but for the first and the last of the span."""
    time = rows["time"].dt.epoch("ms").to_numpy()
    kept = (time < split) | (time == time[-1]) | (rng.random(time.size) < 0.3)
    return rows.filter(pl.Series(kept))


def _break_bars(rows, split, rng):
    """Wrong numbers among the bars from `split` on."""
    late = (rows["time"].dt.epoch("ms") >= split).to_numpy()
    wrong = late & (rng.random(late.size) < 0.2)
    return rows.with_columns(close=pl.when(pl.Series(wrong)).then(np.nan).otherwise("close"))


@pytest.fixture(scope="module")
def raw():
    return _raw_bars()


@pytest.fixture(scope="module")
def discovered(raw):
    return _discover(raw)


@pytest.mark.parametrize("change", [_walk_elsewhere, _lose_bars, _break_bars])
def test_findings_are_the_same_whatever_the_holdout_holds(raw, discovered, change):
    findings, curves, split = discovered
    assert findings["p"].is_not_nan().sum() > 100
    rng = np.random.default_rng(0)
    changed = {name: change(rows, split, rng) for name, rows in raw.items()}
    assert all(not changed[name].equals(raw[name]) for name in raw)
    findings_then, curves_then, split_then = _discover(changed)
    assert split_then == split
    assert findings_then.equals(findings)
    assert curves_then.equals(curves)


def test_findings_move_with_the_last_bar_of_the_discovery_era(raw, discovered):
    findings, _, split = discovered
    last = pl.col("time").dt.epoch("ms") == split - duration_ms(TIMEFRAME)
    prices = pl.col("open", "high", "low", "close")
    changed = {
        name: rows.with_columns(pl.when(last).then(prices * 1.01).otherwise(prices))
        for name, rows in raw.items()
    }
    assert not _discover(changed)[0].equals(findings)
