"""Funding as the series of its settlements, and what stands on them put back on bars.

A settlement stands at the bar at whose close it was first known. Windows are in time: they hold
what was due in them. So a value depends on the bars of its window alone, whatever came late.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lake.time import UNITS_MS, duration_ms
from tasks.events.bars import Bars
from tasks.events.marks import Marks, marks
from tasks.kernels.onset import Flags, Indices
from tasks.kernels.rolling import Reals
from tasks.kernels.since import quantile_since


@dataclass(frozen=True, eq=False)
class Settlements:
    """The settlements that some bars know of, oldest first, each array of shape (m,).

    Attributes
    ----------
    bar : array of int64
        The first bar at whose close it was known; of the first one, the first bar that knows it.
    known : array of float64
        That close, milliseconds since 1970.
    due : array of float64
        When it was due, milliseconds since 1970, never falling.
    rate : array of float64
        Rate per eight hours.
    interval : array of float64
        Milliseconds to the one before as the bars can show them: a bar's length at least.
    """

    bar: Indices
    known: Reals
    due: Reals
    rate: Reals
    interval: Reals

    def quantile(self, x: Reals, probability: float, history: str) -> Reals:
        """Past quantile of `x` over the settlements due in `history` before each, shape (m,).

        NaN where fewer are known than a third of those that the interval promises.
        """
        window = duration_ms(history)
        start = np.searchsorted(self.due, self.known - window)
        return quantile_since(x, start, probability, np.ceil(window / self.interval / 3.0))

    def tails(self, probability: float, history: str) -> tuple[Reals, Reals]:
        """Lower and upper past quantile of the rates, the same with the rates negated."""
        low = -self.quantile(-self.rate, probability, history)
        return low, self.quantile(self.rate, probability, history)

    def linked(self, link: float, reach: str) -> Flags:
        """Whether none is missing between each and the one before, shape (m,).

        They are at most `link` intervals apart, and never more than `reach`.
        """
        usual = np.maximum(self.interval, np.append(self.interval[:1], self.interval[:-1]))
        farthest = np.minimum(link * usual, duration_ms(reach))
        return _after_first(self.known[1:] - self.due[:-1] <= farthest[1:], self.due.size)

    def within(self, since: Indices, duration: str) -> Flags:
        """Whether the settlement of index `since` was due in the `duration` before each."""
        age = self.known - self.due[np.maximum(since, 0)]
        return (since >= 0) & (age <= duration_ms(duration))

    def stand(
        self, bars: Bars, holds: Flags, side: Reals, strength: Reals, anchor: Indices | None = None
    ) -> Marks:
        """Marks on bars of what holds at settlements; `anchor` are settlements too.

        What became known in a gap stands nowhere.
        """
        fired = np.zeros(len(bars), dtype=np.bool_)
        sides, sizes = np.zeros(len(bars)), np.zeros(len(bars))
        began = np.arange(len(bars), dtype=np.int64)
        fired[self.bar] = holds & ~bars.is_gap[self.bar]
        sides[self.bar], sizes[self.bar] = side, strength
        began[self.bar] = self.bar if anchor is None else self.bar[anchor]
        return marks(fired, sides, sizes, began)


def settlements(bars: Bars) -> Settlements:
    """The settlements that `bars` know of; those without rate, time or interval are not known."""
    return bars.once(("settlements",), lambda: _settlements(bars))


def previous(holds: Flags) -> Flags:
    """Whether it held at the settlement before, shape (m,)."""
    return _after_first(holds[:-1], holds.size)


def run_length(key: NDArray[np.int8], linked: Flags) -> Indices:
    """How many settlements up to each have its key, none missing between; 0 where the key is."""
    own = np.arange(key.size, dtype=np.int64)
    goes_on = linked & _after_first(key[1:] == key[:-1], key.size)
    start = np.maximum.accumulate(np.where(goes_on, 0, own))
    return np.where(key != 0, own - start + 1, 0)


def _settlements(bars: Bars) -> Settlements:
    hours = bars.funding_hours
    known = np.isfinite(bars.funding) & np.isfinite(bars.funding_time) & (hours > 0.0)
    at = np.flatnonzero(known)
    due = bars.funding_time[at]
    bar = at[np.append(np.ones(min(at.size, 1), np.bool_), due[1:] != due[:-1])]
    interval = np.maximum(hours[bar] * UNITS_MS["h"], float(bars.step_ms))
    # Never falling even where a made-up future is out of order: the search must not go astray.
    ordered = np.maximum.accumulate(bars.funding_time[bar])
    closes = (bars.time[bar] + bars.step_ms).astype(np.float64)
    return Settlements(bar, closes, ordered, bars.funding[bar], interval)


def _after_first(rest: Flags, size: int) -> Flags:
    """`rest` behind one that is false."""
    out = np.zeros(size, dtype=np.bool_)
    out[1:] = rest
    return out
