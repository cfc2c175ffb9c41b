"""Simulated markets and events for the tests of discovery."""

import numpy as np
import polars as pl

from lake.schema import EVENTS, FEATURES, TIME
from lake.time import duration_ms, timeframe_of
from tasks.discovery.effects import estimate
from tasks.discovery.entries import list_entries
from tasks.discovery.findings import judge
from tasks.discovery.grid import draw_grid
from tasks.outcomes.forward import measure

START = 1_672_531_200_000  # 2023-01-01


def times(n, timeframe="15m", start=START):
    return pl.Series("time", start + np.arange(n) * duration_ms(timeframe)).cast(TIME)


def bars(n, seed=0, timeframe="15m", drift=0.0, gaps=0.0, shared=None):
    """A random walk whose volatility wanders and whose opens are the last closes."""
    rng = np.random.default_rng(seed)
    volatility = 0.002 * np.exp(np.cumsum(rng.normal(0, 0.02, n)) - 0.02 * np.sqrt(np.arange(n)))
    volatility = np.clip(volatility, 0.0005, 0.01)
    shocks = rng.normal(0, 1, n) if shared is None else shared
    close = 100 * np.cumprod(1 + drift + volatility * shocks)
    open_ = np.concatenate([[100.0], close[:-1]])
    frame = pl.DataFrame(
        {
            "time": times(n, timeframe),
            "open": open_,
            "high": np.maximum(open_, close),
            "low": np.minimum(open_, close),
            "close": close,
            "is_gap": rng.random(n) < gaps,
        }
    )
    return frame.with_columns(
        pl.when("is_gap").then(np.nan).otherwise(pl.col(name)).alias(name)
        for name in ("open", "high", "low", "close")
    )


def features(frame, seed=0):
    """Volatility as it was, and regimes that last for days, unknown over the first tenth."""
    rng = np.random.default_rng(seed)
    n = frame.height
    unknown = np.arange(n) < n // 10

    def regime(values):
        lasting = rng.choice(values, n // 500 + 1).repeat(500)[:n]
        return pl.select(pl.when(pl.Series(unknown)).then(None).otherwise(pl.Series(lasting)))

    columns = {name: np.full(n, np.nan) for name in FEATURES.columns}
    columns["time"] = frame["time"]
    squares = frame["close"].fill_nan(None).pct_change() ** 2
    columns["sigma"] = squares.ewm_mean(half_life=48).sqrt().fill_null(np.nan)
    signed = [-1, 0, 1]
    regimes = {"vol_regime": [0, 1, 2], "trend_regime": signed, "funding_regime": signed}
    for name, values in regimes.items():
        columns[name] = regime(values).to_series()
    columns["session"] = np.zeros(n)
    return pl.DataFrame(columns).cast({name: FEATURES.columns[name] for name in FEATURES.columns})


def events(frame, rows_of, market="BTCUSDT-15m", family="volatility", sides_of=None, seed=0):
    """EVENTS from rows by name; sides are drawn unless given."""
    rng = np.random.default_rng(seed)
    rows = [np.sort(np.asarray(own, np.int64)) for own in rows_of.values()]
    if sides_of is None:
        sides = [rng.choice([-1, 0, 1], own.size) for own in rows]
    else:
        sides = [np.asarray(sides_of[name]) for name in rows_of]
    names = np.repeat(np.array(list(rows_of), object), [own.size for own in rows])
    none = np.zeros(0, np.int64)
    time = frame["time"].gather(np.concatenate([none, *rows]))
    same = {"market": market, "family": family, "strength": 1.0, "parameters_key": "0" * 12}
    whole = pl.DataFrame(
        {
            "event": pl.Series(names, dtype=pl.String),
            **dict.fromkeys(("time", "known_at", "anchor_time"), time),
            "side": np.concatenate([none, *sides]),
        }
    ).with_columns(**{name: pl.lit(value) for name, value in same.items()})
    typed = whole.select(pl.col(name).cast(dtype) for name, dtype in EVENTS.columns.items())
    return EVENTS.conform(typed).sort("time", "event")


def runs(n, n_runs, length, rng):
    """Rows in runs of neighbours, as a state that lasts would mark them."""
    starts = rng.choice(n - length, n_runs, replace=False)
    return np.unique((starts[:, None] + np.arange(length)).ravel())


def outcomes(frame, horizons=("1h", "1d"), timeframe="15m"):
    return {horizon: measure(frame, timeframe, horizon) for horizon in horizons}


def entries_of(found, frame, config, seed=0):
    """ENTRIES of a market's events, whose name the events say."""
    return list_entries(found["market"][0], found, features(frame, seed), config)


def effects_of(found, frame, config, horizons=("1h", "1d"), seed=0, name=None):
    """EFFECTS of a market's events over the whole frame."""
    named = name or found["market"][0]
    beside = features(frame, seed), outcomes(frame, horizons, timeframe_of(named))
    return estimate(named, found, *beside, config)


def judged(markets, config, horizons=("1h", "1d"), earlier=None):
    """GRID and FINDINGS of (events, bars) of several markets, with features of equal seeds."""
    entries = [entries_of(found, frame, config) for found, frame in markets]
    effects = [effects_of(found, frame, config, horizons) for found, frame in markets]
    grid = draw_grid(entries, horizons)
    return grid, judge(effects, grid, config, earlier)
