"""A small seeded market for the tests: bars made of a walk whose volatility clusters."""

from __future__ import annotations

import numpy as np

from lake.time import duration_ms
from tasks.events.bars import Bars
from tasks.events.proving import START_MS, proving_ground
from tasks.events.registry import Analyzer

simulated = proving_ground


def bars_of(
    close: object,
    *,
    open: object = None,  # noqa: A002
    high: object = None,
    low: object = None,
    volume: object = 1.0,
    taker_buy_volume: object = np.nan,
    timeframe: str = "15m",
    **context: object,
) -> Bars:
    """Bars from their closes; each opens at the close before, without wicks, unless told.

    Context (funding, spot, leader, ...) by name.
    """
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
        taker_buy_volume=_column(taker_buy_volume, closes),
        is_gap=np.isnan(closes),
        timeframe=timeframe,
        **{name: _column(value, closes) for name, value in context.items()},
    )


def _column(value: object, like: np.ndarray) -> np.ndarray:
    return np.broadcast_to(np.asarray(value, dtype=np.float64), like.shape).copy()


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
