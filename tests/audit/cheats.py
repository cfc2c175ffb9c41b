"""Events that cheat, each in one of the ways in which research has been fooled."""

from __future__ import annotations

import numpy as np

from tasks.events.bars import Bars
from tasks.events.marks import Marks, marks
from tasks.events.registry import event
from tasks.kernels.rolling import before

PIVOT = 3


@event(lookback=(48,), needs="O", mirrored=True)
def centred_window(bars: Bars, *, window: int = 5) -> Marks:
    """A return far from the mean of the bars around it, on both sides."""
    padded = np.pad(bars.log_return, window // 2, constant_values=np.nan)
    around = np.lib.stride_tricks.sliding_window_view(padded, window)
    away = bars.log_return - around.mean(axis=1)
    return marks(np.abs(away) > 0.01, away, np.abs(away))


@event(lookback=(48,), needs="O", mirrored=True)
def full_sample_quantile(bars: Bars, *, probability: float = 0.995) -> Marks:
    """A return beyond a quantile of all returns, later ones too."""
    size = np.abs(bars.log_return)
    known = size[np.isfinite(size)]
    threshold = np.quantile(known, probability) if known.size else np.inf
    return marks(size > threshold, bars.log_return, size)


@event(lookback=(200,), needs="OV", mirrored=True)
def backward_fill(bars: Bars, *, multiple: float = 3.0) -> Marks:
    """Open interest a day and more old is filled from what comes next."""
    known = np.where(np.arange(len(bars)) % 96 == 95, bars.open_interest, np.nan)
    filled = known.copy()
    for t in range(len(bars) - 2, -1, -1):
        filled[t] = filled[t + 1] if np.isnan(filled[t]) else filled[t]
    change = np.append(np.nan, np.diff(np.log(filled)))
    return marks(np.abs(change) > 0.01, bars.log_return, np.abs(change))


@event(lookback=(48,), needs="O", mirrored=False)
def pivot_at_its_extreme(bars: Bars, *, strength: float = 1.0) -> Marks:
    """A swing high, dated at its high instead of when it is confirmed."""
    padded = np.pad(bars.high, PIVOT, constant_values=np.nan)
    around = np.lib.stride_tricks.sliding_window_view(padded, 2 * PIVOT + 1)
    return marks(bars.high == around.max(axis=1), -1, np.full(len(bars), strength))


@event(lookback=(200,), needs="O", mirrored=True)
def hour_joined_at_its_open(bars: Bars, *, level: float = 0.01) -> Marks:
    """The return of the hour, known at the hour's first bar."""
    hour = bars.time // 3_600_000
    last = np.append(np.flatnonzero(np.diff(hour)), len(bars) - 1) if len(bars) else [0]
    close_of_hour = bars.close[last][np.searchsorted(hour[last], hour)] if len(bars) else bars.close
    move = np.log(close_of_hour / bars.open)
    first = np.append(True, np.diff(hour) > 0) if len(bars) else np.zeros(0, bool)
    return marks(first & (np.abs(move) > level), move, np.abs(move))


@event(lookback=(2,), needs="O", mirrored=True)
def too_short_a_lookback(bars: Bars, *, window: int = 150) -> Marks:
    """Honest, but it looks further back than it says."""
    move = np.log(bars.close / before(bars.close, window))
    return marks(np.abs(move) > 0.05, move, np.abs(move))


@event(lookback=(2,), needs="O", mirrored=True)
def honest_move(bars: Bars, *, level: float = 0.01) -> Marks:
    """A large return: the control."""
    size = np.abs(bars.log_return)
    return marks(size > level, bars.log_return, size / level)
