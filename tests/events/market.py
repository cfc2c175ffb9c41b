"""A small seeded market for the tests: bars made of a walk whose volatility clusters."""

from __future__ import annotations

import numpy as np

from lake.time import duration_ms
from tasks.events.bars import Bars
from tasks.events.registry import Analyzer

START_MS = 1_600_000_000_000 // 86_400_000 * 86_400_000
N_STEPS = 12


def simulated(n_bars: int = 8000, timeframe: str = "15m", seed: int = 7) -> Bars:
    """Bars with clustered volatility, fat tails and volume that follows the range loosely."""
    rng = np.random.default_rng(seed)
    slow = _autoregression(rng, n_bars, 0.995, 0.05)
    fast = _autoregression(rng, n_bars, 0.9, 0.25)
    sigma = 0.002 * np.exp(slow + fast)
    steps = rng.standard_t(4, (n_bars, N_STEPS)) * (sigma / np.sqrt(2 * N_STEPS))[:, None]
    path = np.log(20_000.0) + np.cumsum(steps).reshape(n_bars, N_STEPS)
    first = np.concatenate([[np.log(20_000.0)], path[:-1, -1]])
    path = np.exp(np.column_stack([first, path]))
    volume = 1e5 * sigma * np.exp(rng.normal(0.0, 0.6, n_bars))
    return bars_of(
        open=path[:, 0],
        high=path.max(axis=1),
        low=path.min(axis=1),
        close=path[:, -1],
        volume=volume,
        timeframe=timeframe,
    )


def bars_of(
    close: object,
    *,
    open: object = None,  # noqa: A002
    high: object = None,
    low: object = None,
    volume: object = 1.0,
    timeframe: str = "15m",
) -> Bars:
    """Bars from their closes; each opens at the close before, without wicks, unless told."""
    closes = np.asarray(close, dtype=np.float64)
    opens = np.concatenate([closes[:1], closes[:-1]]) if open is None else _column(open, closes)
    highs = np.maximum(opens, closes) if high is None else _column(high, closes)
    lows = np.minimum(opens, closes) if low is None else _column(low, closes)
    volumes = _column(volume, closes)
    return Bars(
        time=START_MS + np.arange(closes.size) * duration_ms(timeframe),
        open=opens,
        high=highs,
        low=lows,
        close=closes,
        volume=volumes,
        quote_volume=volumes * closes,
        taker_buy_volume=np.full(closes.size, np.nan),
        is_gap=np.isnan(closes),
        timeframe=timeframe,
    )


def _column(value: object, like: np.ndarray) -> np.ndarray:
    return np.broadcast_to(np.asarray(value, dtype=np.float64), like.shape).copy()


def _autoregression(rng: np.random.Generator, n: int, keep: float, noise: float) -> np.ndarray:
    shocks = rng.normal(0.0, noise, n)
    out = np.zeros(n)
    for t in range(1, n):
        out[t] = keep * out[t - 1] + shocks[t]
    return out


def fired(analyzer: Analyzer, bars: Bars, **parameters: int | float | str) -> list[tuple[int, int]]:
    """Bar and side of each mark, without a cooldown to speak of."""
    found = analyzer.marks(bars, bars.timeframe, parameters)
    return [(int(t), int(found.side[t])) for t in np.flatnonzero(found.fired)]


def last_fired(analyzer: Analyzer, bars: Bars, **parameters: int | float | str) -> int | None:
    """Side of the last bar's mark, None where it has none."""
    return dict(fired(analyzer, bars, **parameters)).get(len(bars) - 1)


def walk(returns: object) -> np.ndarray:
    """Closes that start at 100 and make the given log returns."""
    return 100.0 * np.exp(np.concatenate([[0.0], np.cumsum(returns)]))
