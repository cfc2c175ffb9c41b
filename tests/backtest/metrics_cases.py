"""Small accounts whose metrics can be worked out by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl

from lake.schema import EQUITY, TRADES
from lake.time import duration_ms
from tasks.backtest.config import MetricsConfig
from tasks.backtest.metrics import measure

START = datetime(2024, 1, 1, tzinfo=UTC)
QUICK = MetricsConfig(bootstrap_reps=100)


def after(hours):
    return START + timedelta(hours=hours)


def curve(levels, timeframe="1d", gross=None, n_open=None):
    """EQUITY of bars that start with 2024, one level per close."""
    hours = duration_ms(timeframe) / duration_ms("1h")
    n = len(levels)
    return pl.DataFrame(
        {
            "time": [after(hours * (k + 1)) for k in range(n)],
            "equity": np.asarray(levels, float),
            "cash": np.asarray(levels, float),
            "gross": np.zeros(n) if gross is None else np.asarray(gross, float),
            "n_open": np.zeros(n, int) if n_open is None else n_open,
        },
        schema=EQUITY.columns,
    )


def compounded(returns, capital=1000.0):
    return capital * np.cumprod(1 + np.asarray(returns))


def traded(net, entry_hours=None, exit_hours=None, **columns):
    """TRADES with these results, by default one a day of one hour; what is not said is missing."""
    n = len(net)
    entry = np.arange(n) * 24 if entry_hours is None else entry_hours
    left = entry if exit_hours is None else exit_hours
    rows = {
        name: [float("nan") if d.is_float() else None] * n for name, d in TRADES.columns.items()
    }
    rows |= {
        "hypothesis": ["h"] * n,
        "fold": [0] * n,
        "trade": list(range(n)),
        "market": ["AAA-1h"] * n,
        "entry_time": [after(int(h)) for h in entry],
        "exit_time": [after(int(h)) for h in left],
        "n_ambiguous": [0] * n,
        "notional": [100.0] * n,
        "net": np.asarray(net, float),
        "net_bps": np.asarray(net, float) * 100,
    }
    return pl.DataFrame(rows | columns, schema=TRADES.columns)


def metrics_of(
    equity, trades=None, capital=1000.0, timeframe="1d", config=QUICK, trials=None, column="value"
):
    """What `measure` says, by name."""
    frame = measure(
        equity,
        TRADES.empty() if trades is None else trades,
        capital=capital,
        timeframe=timeframe,
        config=config,
        trials=trials,
    )
    return dict(zip(frame["metric"], frame[column], strict=True))
