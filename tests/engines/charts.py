"""Charts for the engines' tests: simulated ones on a grid that floats hold exactly, and real ones.

A chart is an array (5, n): open, high, low, close, volume.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tests.real import REAL_DATA

Reals = NDArray[np.float64]
GRID = 2.0**-10  # of prices: sums and differences of them are exact
MIDDLE = 16384.0


def market(n: int = 3000, seed: int = 0) -> Reals:
    """A chart with clustered volatility, fat tails, trends that tire, and volume that follows."""
    rng = np.random.default_rng(seed)
    slow = _autoregression(rng, n, 0.99, 0.08)
    sigma = 0.008 * np.exp(slow + _autoregression(rng, n, 0.85, 0.2))
    drift = 0.15 * _autoregression(rng, n, 0.97, 0.25)
    steps = (rng.standard_t(4, (n, 8)) / np.sqrt(2.0) + drift[:, None] / 4) * (sigma / np.sqrt(8))[
        :, None
    ]
    path = np.cumsum(steps.ravel())
    path -= np.linspace(0.0, path[-1], path.size)
    path = 0.9 * np.tanh(path / 0.9)
    closes = (np.exp(path) * 4096.0).reshape(n, 8)
    opens = np.concatenate([[4096.0], closes[:-1, -1]])
    whole = np.round(np.column_stack([opens, closes]) / GRID) * GRID
    size = np.abs(whole[:, -1] / whole[:, 0] - 1.0) / 0.008
    volume = np.round(1000.0 * np.exp(rng.normal(0, 0.4, n) + 0.8 * np.minimum(size, 3.0)))
    return np.array([whole[:, 0], whole.max(axis=1), whole.min(axis=1), whole[:, -1], volume])


def turned_over(chart: Reals) -> Reals:
    """The chart upside down: p becomes 2 m - p. Exact where prices lie on the grid."""
    o, h, low, c, v = chart
    return np.array([2 * MIDDLE - o, 2 * MIDDLE - low, 2 * MIDDLE - h, 2 * MIDDLE - c, v])


def times_four(chart: Reals) -> Reals:
    """The same in another unit of account."""
    return np.concatenate([chart[:4] * 4.0, chart[4:]])


def real(symbol: str = "ETHUSDT", timeframe: str = "1h", n: int | None = None) -> Reals:
    """The last bars of a real market; a test that calls this is marked `needs_real_data`."""
    path = REAL_DATA / "binance_um" / "klines" / symbol / f"{timeframe}.parquet"
    frame = pl.read_parquet(path, columns=["open", "high", "low", "close", "volume"])
    return np.ascontiguousarray(frame.tail(n or frame.height).to_numpy().T)


def _autoregression(rng: np.random.Generator, n: int, decay: float, scale: float) -> Reals:
    noise = rng.normal(0.0, scale, n)
    out = np.empty(n)
    last = 0.0
    for t in range(n):
        last = decay * last + noise[t]
        out[t] = last
    return out
