"""What each stage cost: seconds and peak memory, kept beside the results, never in them."""

from __future__ import annotations

import resource
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

_STATM = Path("/proc/self/statm")
_PAGE = resource.getpagesize()
_PERIOD_SECONDS = 0.02


def rss_mb() -> float:
    """Resident memory of this process now, in MiB; its peak where the system does not say."""
    if _STATM.exists():
        return int(_STATM.read_text().split()[1]) * _PAGE / 2**20
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


@dataclass
class Cost:
    """What one stage has cost so far in this run."""

    seconds: float = 0.0
    peak_rss_mb: float = 0.0


@dataclass
class Meter:
    """Sums seconds per stage and samples memory while stages are under way."""

    costs: dict[str, Cost] = field(default_factory=dict)
    _active: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def measure(self, stage: str) -> Iterator[None]:
        """Charge what happens inside to `stage`."""
        started = time.perf_counter()
        with self._lock:
            self._active.append(stage)
        try:
            yield
        finally:
            with self._lock:
                self._active.remove(stage)
                cost = self.costs.setdefault(stage, Cost())
                cost.seconds += time.perf_counter() - started
                cost.peak_rss_mb = max(cost.peak_rss_mb, rss_mb())

    @contextmanager
    def sampling(self) -> Iterator[None]:
        """Sample memory in the background for as long as this lasts."""
        done = threading.Event()
        thread = threading.Thread(target=self._sample, args=(done,), daemon=True)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()

    def _sample(self, done: threading.Event) -> None:
        while not done.wait(_PERIOD_SECONDS):
            now = rss_mb()
            with self._lock:
                for stage in set(self._active):
                    cost = self.costs.setdefault(stage, Cost())
                    cost.peak_rss_mb = max(cost.peak_rss_mb, now)
