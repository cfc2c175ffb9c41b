"""What has been measured of some bars, kept while it is likely to be asked for again."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import numpy as np

CAPACITY = 24


class Memo:
    """The last few results, by key; the one that was not asked for longest goes first.

    Analyzers of a family ask for the same volatilities and quantiles. All of them kept would be
    gigabytes on years of 5m bars, so only the last few are.
    """

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._capacity = capacity
        self._known: OrderedDict[tuple[Any, ...], Any] = OrderedDict()
        self._lock = threading.Lock()

    def once(self, key: tuple[Any, ...], make: Callable[[], Any]) -> Any:
        """Return what is known under `key`, else what `make` gives; arrays become read-only."""
        with self._lock:
            if key in self._known:
                self._known.move_to_end(key)
                return self._known[key]
        made = make()
        for part in made if isinstance(made, tuple) else (made,):
            if isinstance(part, np.ndarray):
                part.flags.writeable = False
        with self._lock:
            self._known[key] = made
            while len(self._known) > self._capacity:
                self._known.popitem(last=False)
        return made
