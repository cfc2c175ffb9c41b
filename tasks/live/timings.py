"""What each engine takes of the time, counted bar by bar."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

US_PER_S = 1e6


class Took(NamedTuple):
    """Microseconds per bar: the mean and the worst."""

    mean_us: float
    worst_us: float


class Timings:
    """Counters of seconds by name, since they were flushed last and since the beginning."""

    def __init__(self) -> None:
        self._n, self._n_before = 0, 0
        self._sums: dict[str, float] = {}
        self._worst: dict[str, float] = {}
        self._sums_before: dict[str, float] = {}
        self._worst_before: dict[str, float] = {}

    @property
    def n_bars(self) -> int:
        """Bars since the last flush."""
        return self._n

    def add(self, took: Mapping[str, float]) -> None:
        """Count the seconds of one bar."""
        self._n += 1
        for name, seconds in took.items():
            self._sums[name] = self._sums.get(name, 0.0) + seconds
            if seconds > self._worst.get(name, 0.0):
                self._worst[name] = seconds

    def flush(self) -> dict[str, Took]:
        """What the bars since the last flush took; they are counted as flushed."""
        flushed = _told(self._sums, self._worst, self._n)
        for name, seconds in self._sums.items():
            self._sums_before[name] = self._sums_before.get(name, 0.0) + seconds
            worst = self._worst.get(name, 0.0)
            self._worst_before[name] = max(worst, self._worst_before.get(name, 0.0))
        self._n_before += self._n
        self._n, self._sums, self._worst = 0, {}, {}
        return flushed

    def whole(self) -> dict[str, Any]:
        """What all bars that were flushed took, for JSON."""
        told = _told(self._sums_before, self._worst_before, self._n_before)
        return {name: took._asdict() for name, took in told.items()}


def _told(sums: Mapping[str, float], worst: Mapping[str, float], n: int) -> dict[str, Took]:
    return {
        name: Took(seconds / n * US_PER_S, worst.get(name, 0.0) * US_PER_S)
        for name, seconds in sums.items()
    }
