"""Why a row that comes in does not become a bar: the rules of `tasks.clean`, a row at a time.

A back-test reads a file that is finished, and of two rows of one time it takes the later. Live has
acted on the first by then: it stands, and a row that comes late fills no gap.
"""

from __future__ import annotations

import math
from collections import deque
from typing import Any, NamedTuple

import numpy as np

from tasks.clean.config import CleanConfig
from tasks.kernels.spikes import find_spikes
from tasks.live.tail import Tail

LATE = "late"
TAKEN = ""
N_PRICES = 4


class Row(NamedTuple):
    """A raw row.

    Attributes
    ----------
    time_ms : int or None
        Its open, ms since 1970.
    numbers : tuple of float
        Open, high, low, close, volume, and the others of BARS; NaN where the source has none.
    """

    time_ms: int | None
    numbers: tuple[float, ...]


class Screen:
    """Judges rows in the order in which they come.

    Parameters
    ----------
    config : CleanConfig
    tail : Tail
        The bars that were taken so far.
    """

    def __init__(self, config: CleanConfig, tail: Tail) -> None:
        self._config, self._tail = config, tail
        self._level = math.nan
        self._suspects: deque[Row] = deque(maxlen=config.level_patience_bars)

    def judge(self, row: Row) -> str:
        """Why the row is no bar, TAKEN where it is one.

        Besides the reasons of `tasks.clean.rejects` there is LATE: a slot after it has been dealt
        with, and it was no bar of this row's time.
        """
        reason = judge_alone(row, self._tail.step_ms) or self._judge_order(row)
        return reason or self._judge_level(row)

    def saved(self) -> dict[str, Any]:
        """All that is known besides the tail, for JSON."""
        return {"level": self._level, "suspects": list(self._suspects)}

    def restore(self, saved: dict[str, Any]) -> None:
        """Know what `saved` had said."""
        self._level = saved["level"]
        self._suspects.clear()
        self._suspects.extend(Row(time, tuple(numbers)) for time, numbers in saved["suspects"])

    def _judge_order(self, row: Row) -> str:
        assert row.time_ms is not None
        if not len(self._tail) or row.time_ms > self._tail.last_ms:
            return TAKEN
        there = self._tail.at(row.time_ms)
        if there is None:
            return LATE
        known = zip(row.numbers, there, strict=True)
        return "conflict" if any(a != b and a == a and b == b for a, b in known) else "duplicate"

    def _judge_level(self, row: Row) -> str:
        """Whether the row connects to the prices before it; see `find_spikes`."""
        before = [each for each in self._suspects if each.time_ms != row.time_ms]
        charts = [each.numbers[:N_PRICES] for each in (*before, row)]
        if not math.isnan(self._level):
            charts.insert(0, (self._level,) * N_PRICES)
        c = self._config
        prices = np.array(charts).T.copy()
        spikes = find_spikes(*prices, c.max_log_jump, c.max_log_reach, c.level_patience_bars)
        if spikes[-1]:
            self._suspects = deque([*before, row], maxlen=c.level_patience_bars)
            return "spike"
        self._level = row.numbers[N_PRICES - 1]
        self._suspects.clear()
        return TAKEN


def judge_alone(row: Row, step_ms: int) -> str:
    """What of `tasks.clean.rejects` is wrong with a row whatever came before, else TAKEN."""
    open_, high, low, close, volume = row.numbers[: N_PRICES + 1]
    prices = (open_, high, low, close)
    if row.time_ms is None:
        return "no_time"
    if row.time_ms % step_ms:
        return "off_grid"
    if not all(map(math.isfinite, prices)) or math.isinf(volume):
        return "not_a_number"
    if min(prices) <= 0 or volume < 0:
        return "not_positive"
    return "bad_ohlc" if high < max(prices) or low > min(prices) else TAKEN
