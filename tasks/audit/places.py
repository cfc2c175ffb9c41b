"""Where to cut: where leaks hide."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from tasks.events.bars import Bars

Places = NDArray[np.int64]


def cuts_of(reading: NDArray[np.float64], bars: Bars, n: int, rng: np.random.Generator) -> Places:
    """Return about `n` places before which a reading is to be compared, see `cuts_of_all`."""
    return cuts_of_all([reading], bars, n, rng)


def cuts_of_all(
    readings: Iterable[NDArray[np.float64]], bars: Bars, n: int, rng: np.random.Generator
) -> Places:
    """Return places before which readings are to be compared, sorted: about `n` for one of them.

    A cut at c leaves the bars before c. `n` // 2 stand right after a bar at which a reading
    flips, or just before it: there a reading that peeks gives itself away. The rest, which serve
    all, stand after the largest moves and volumes, beside gaps, among the first bars, and anywhere.

    Parameters
    ----------
    readings : arrays of float64, shape (n_bars,)
        A flip is a change of a reading with few values, and one of the largest of another.
    """
    n_bars = len(bars)
    flips = [_some(_flips(reading, n), -(-n // 2), rng) for reading in readings]
    some = np.concatenate(flips)
    offset = rng.integers(0, 2, some.size)
    quarter = max(1, n // 8)
    sizes = (np.abs(bars.log_return), bars.volume)
    large = [np.argsort(np.nan_to_num(size))[-quarter:] + 1 for size in sizes]
    edges = _some(np.flatnonzero(np.diff(bars.is_gap.astype(np.int8))) + 1, quarter, rng)
    early = np.arange(1, 3)
    anywhere = rng.integers(1, n_bars + 1, quarter)
    places = np.concatenate([some + offset, *large, edges, early, anywhere])
    return np.unique(places[(places > 0) & (places <= n_bars)])


def _flips(reading: NDArray[np.float64], n: int) -> Places:
    """Bars at which the reading is another than at the bar before."""
    with np.errstate(invalid="ignore"):
        step = np.abs(np.diff(reading))
    changes = np.flatnonzero((step > 0.0) | (np.diff(np.isnan(reading).astype(np.int8)) != 0)) + 1
    if changes.size < reading.size // 2:
        return changes
    return np.argsort(np.nan_to_num(step))[-n:] + 1


def _some(places: Places, n: int, rng: np.random.Generator) -> Places:
    return rng.choice(places, min(n, places.size), replace=False)
