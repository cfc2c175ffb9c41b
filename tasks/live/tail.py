"""The last bars of a market: what features and costs of the next fill are made of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lake.schema import BARS

NUMBERS = tuple(name for name in BARS.columns if name not in ("time", "is_gap"))
SPARE = 4  # times the length: how far the bars wander before they are moved back
Reals = NDArray[np.float64]


class Tail:
    """At most so many of the last slots of a market, oldest first.

    Parameters
    ----------
    length : int
        Slots that are kept.
    step_ms : int
        Milliseconds of a slot.
    """

    def __init__(self, length: int, step_ms: int) -> None:
        self.length, self.step_ms = length, step_ms
        self._numbers = np.empty((len(NUMBERS), SPARE * length))
        self._is_gap = np.empty(SPARE * length, np.bool_)
        self._end, self._last_ms = 0, 0

    def __len__(self) -> int:
        return min(self._end, self.length)

    @property
    def last_ms(self) -> int:
        """Open of the last slot, ms since 1970."""
        return self._last_ms

    def push(self, time_ms: int, numbers: tuple[float, ...] | None) -> None:
        """Add the next slot; None for a gap."""
        if self._end == self._is_gap.size:
            self._move_back()
        self._numbers[:, self._end] = np.nan if numbers is None else numbers
        self._is_gap[self._end] = numbers is None
        self._end += 1
        self._last_ms = time_ms

    def at(self, time_ms: int) -> tuple[float, ...] | None:
        """The bar of a time, None where there is none or it is no longer known."""
        age = (self._last_ms - time_ms) // self.step_ms
        if not 0 <= age < len(self) or self._is_gap[self._end - 1 - age]:
            return None
        return tuple(self._numbers[:, self._end - 1 - age].tolist())

    def bars(self) -> pl.DataFrame:
        """BARS of the slots."""
        n, here = len(self), slice(self._end - len(self), self._end)
        times = self._last_ms + self.step_ms * np.arange(1 - n, 1)
        columns: dict[str, Any] = {"time": pl.Series(times).cast(BARS.columns["time"])}
        columns |= dict(zip(NUMBERS, self._numbers[:, here], strict=True))
        return pl.DataFrame(columns | {"is_gap": self._is_gap[here]}, schema=BARS.columns)

    def saved(self) -> dict[str, NDArray[Any]]:
        """All that is known, as arrays."""
        here = slice(self._end - len(self), self._end)
        last = np.array([self._last_ms], np.int64)
        return {"numbers": self._numbers[:, here], "is_gap": self._is_gap[here], "last_ms": last}

    def restore(self, saved: Mapping[str, NDArray[Any]]) -> None:
        """Know what `saved` had written, and nothing else."""
        n = saved["is_gap"].size
        self._numbers[:, :n], self._is_gap[:n] = saved["numbers"], saved["is_gap"]
        self._end, self._last_ms = n, int(saved["last_ms"][0])

    def _move_back(self) -> None:
        kept = slice(self._end - self.length, self._end)
        self._numbers[:, : self.length] = self._numbers[:, kept]
        self._is_gap[: self.length] = self._is_gap[kept]
        self._end = self.length
