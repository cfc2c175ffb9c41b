"""Simulated markets and events for the tests of discovery."""

import numpy as np
import polars as pl

from lake.schema import EVENTS, FEATURES, TIME
from lake.time import duration_ms

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
    """Regimes that last for days, unknown over the first tenth."""
    rng = np.random.default_rng(seed)
    n = frame.height
    unknown = np.arange(n) < n // 10

    def regime(values):
        lasting = rng.choice(values, n // 500 + 1).repeat(500)[:n]
        return pl.select(pl.when(pl.Series(unknown)).then(None).otherwise(pl.Series(lasting)))

    columns = {name: np.full(n, np.nan) for name in FEATURES.columns}
    columns["time"] = frame["time"]
    for name, values in (("vol_regime", [0, 1, 2]), ("trend_regime", [-1, 0, 1])):
        columns[name] = regime(values).to_series()
    columns["session"] = np.zeros(n)
    return pl.DataFrame(columns).cast({name: FEATURES.columns[name] for name in FEATURES.columns})


def events(frame, rows_of, market="BTCUSDT-15m", family="volatility", sides_of=None, seed=0):
    """EVENTS from rows by name; sides are drawn unless given."""
    rng = np.random.default_rng(seed)
    parts = []
    for name, rows in rows_of.items():
        rows = np.sort(np.asarray(rows))
        sides = rng.choice([-1, 0, 1], rows.size) if sides_of is None else sides_of[name]
        parts.append(
            pl.DataFrame(
                {
                    "market": [market] * rows.size,
                    "event": [name] * rows.size,
                    "family": [family] * rows.size,
                    "time": frame["time"].gather(rows),
                    "known_at": frame["time"].gather(rows),
                    "anchor_time": frame["time"].gather(rows),
                    "side": sides,
                    "strength": np.ones(rows.size),
                    "parameters_key": ["0" * 12] * rows.size,
                }
            ).cast(dict(EVENTS.columns))
        )
    return pl.concat([EVENTS.empty(), *parts]).sort("time", "event")


def runs(n, n_runs, length, rng):
    """Rows in runs of neighbours, as a state that lasts would mark them."""
    starts = rng.choice(n - length, n_runs, replace=False)
    return np.unique((starts[:, None] + np.arange(length)).ravel())
