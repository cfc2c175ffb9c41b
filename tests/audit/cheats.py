"""Events and engines that cheat, each in one of the ways in which research has been fooled."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tasks.engines.momentum import MOMENTUM, MomentumConfig
from tasks.events.bars import Bars
from tasks.events.marks import Marks, marks
from tasks.events.readers import Output
from tasks.events.registry import Analyzer, event
from tasks.events.structure import EngineReader, tell_event
from tasks.kernels.chart import CLOSE
from tasks.kernels.momentum import TURN
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


class JoinedAtItsOpen(EngineReader):
    """Longer bars are laid beside the base bars by their open: each is known before it closed."""

    def read(self, memory, bars, config):
        told = super().read(memory, bars, config)
        opens = np.maximum(told.rows - (self.span(bars.timeframe, config) - 1), 0)
        return told._replace(rows=opens)


OUTSIDE = {"highest": -np.inf}


def forget_the_highest(memory, bars, rules, readings, notes):
    """A close above all before it; the highest is kept outside of the memory."""
    first, n = int(memory["chart"]["n"][0]), bars.shape[1]
    if first == 0:
        OUTSIDE["highest"] = -np.inf
    highest = np.maximum.accumulate(np.append(OUTSIDE["highest"], bars[CLOSE]))
    readings[:] = np.zeros((), readings.dtype)
    readings["side"][:, TURN] = readings["strength"][:, TURN] = highest[1:] > highest[:-1]
    readings["anchor"][:, TURN] = first + np.arange(n)
    OUTSIDE["highest"] = highest[-1]
    memory["chart"]["n"] += n
    return 0


def told_by(reader: EngineReader, name: str) -> Analyzer:
    return tell_event(
        Output(reader, TURN), __name__, name, "It cheats.", MomentumConfig().model_dump(), needs="O"
    )


joined_at_its_open = told_by(JoinedAtItsOpen("joined_at_its_open", MOMENTUM), "early_turn")
memory_with_a_hole = told_by(
    EngineReader("memory_with_a_hole", replace(MOMENTUM, fold=forget_the_highest)), "new_high"
)
honest_engine = told_by(EngineReader("honest_engine", MOMENTUM), "honest_turn")
