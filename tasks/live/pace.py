"""How fast bars come."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Event


class Pace:
    """So many bars per second, counted from the first: a bar that took long delays no other.

    Parameters
    ----------
    speed : float
        Bars per second, 0 for no waiting.
    stop : Event
        Ends every waiting.
    clock : callable
        Seconds.
    """

    def __init__(
        self, speed: float, stop: Event, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._speed, self._stop, self._clock = speed, stop, clock
        self._start, self._n = clock(), 0

    def goes_on(self) -> bool:
        """Wait until the next bar is due; False where there is to be none."""
        if self._speed:
            due = self._start + self._n / self._speed
            self._n += 1
            self._stop.wait(max(0.0, due - self._clock()))
        return not self._stop.is_set()
