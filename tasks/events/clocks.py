"""Hours that the world keeps: when they strike, and which bars stand at them.

Local times follow the tz database, daylight saving included, as polars ships it. Holidays of
exchanges and statistical offices are not known.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lake.time import UNITS_MS
from tasks.events.bars import Bars
from tasks.kernels.onset import Flags

Instants = NDArray[np.int64]
MONDAY, TUESDAY, WEDNESDAY, THURSDAY, FRIDAY, SATURDAY, SUNDAY = range(7)
FIRST_DAY_1970 = THURSDAY
EVERY_DAY = tuple(range(7))
MONDAY_TO_FRIDAY = tuple(range(MONDAY, SATURDAY))
LONDON, NEW_YORK = "Europe/London", "America/New_York"


@dataclass(frozen=True)
class Clock:
    """An hour that strikes on some days.

    Attributes
    ----------
    zone : str
        Name in the tz database.
    hour, minute : int
        Local time; none that daylight saving skips or repeats.
    weekdays : tuple of int
        Monday is 0.
    first_of_month : bool
        Only the first such weekday of a month.
    """

    zone: str
    hour: int
    minute: int
    weekdays: tuple[int, ...]
    first_of_month: bool = False


SESSION_OPENS = (
    Clock("UTC", 0, 0, EVERY_DAY),
    Clock(LONDON, 8, 0, MONDAY_TO_FRIDAY),
    Clock(NEW_YORK, 9, 30, MONDAY_TO_FRIDAY),
)
SESSION_CLOSES = (
    Clock("UTC", 8, 0, EVERY_DAY),
    Clock(LONDON, 16, 30, MONDAY_TO_FRIDAY),
    Clock(NEW_YORK, 16, 0, MONDAY_TO_FRIDAY),
)
US_RELEASES = (
    Clock(NEW_YORK, 8, 30, (THURSDAY,)),
    Clock(NEW_YORK, 8, 30, (FRIDAY,), first_of_month=True),
)


def strikes(clock: Clock, first: int, last: int) -> Instants:
    """When a clock strikes on the days from a day before `first` to a day after `last`.

    Parameters
    ----------
    first, last : int
        Milliseconds since 1970, UTC.

    Returns
    -------
    array of int64
        Milliseconds since 1970, UTC, ascending.
    """
    days = np.arange(first // UNITS_MS["d"] - 1, last // UNITS_MS["d"] + 2)
    kept = np.isin((days + FIRST_DAY_1970) % len(EVERY_DAY), clock.weekdays)
    if clock.first_of_month:
        dates = days.astype("datetime64[D]")
        day_of_month = (dates - dates.astype("datetime64[M]")).astype(np.int64)
        kept &= day_of_month < len(EVERY_DAY)
    wall = days[kept] * UNITS_MS["d"] + clock.hour * UNITS_MS["h"] + clock.minute * UNITS_MS["m"]
    local = pl.Series(wall).cast(pl.Datetime("ms")).dt.replace_time_zone(clock.zone)
    return local.dt.epoch("ms").to_numpy()


def first_bars_after(bars: Bars, clocks: tuple[Clock, ...]) -> Flags:
    """Bars that open when a clock strikes, or less than a bar's length after, shape (n,).

    Like the other functions of bars here it asks nothing but a bar's own time, and no gap stands.
    """
    struck = _struck(bars, clocks)
    return _standing(bars, np.searchsorted(bars.time, struck), bars.time, struck)


def last_bars_before(bars: Bars, clocks: tuple[Clock, ...]) -> Flags:
    """Bars that close when a clock strikes, or less than a bar's length before, shape (n,)."""
    struck = _struck(bars, clocks)
    at = np.searchsorted(bars.close_time, struck, "right") - 1
    return _standing(bars, at, bars.close_time, struck)


def last_bars_before_funding(bars: Bars, interval_ms: int) -> Flags:
    """Bars that close when funding is next due, or less than a bar's length before, shape (n,).

    It is due in steps of its interval from the last known settlement; where none is known, of
    `interval_ms` from midnight UTC.
    """
    hours = bars.funding_hours
    known = np.isfinite(bars.funding_time) & (hours > 0.0)
    anchor = np.where(known, bars.funding_time, 0.0)
    interval = np.where(known, hours * UNITS_MS["h"], float(interval_ms))
    wait = np.mod(anchor - bars.close_time, interval)
    return (wait < bars.step_ms) & ~bars.is_gap


def _struck(bars: Bars, clocks: tuple[Clock, ...]) -> Instants:
    """All that the clocks strike around these bars, in no order."""
    if not len(bars):
        return np.empty(0, dtype=np.int64)
    ends = int(bars.time[0]), int(bars.close_time[-1])
    return np.concatenate([strikes(clock, *ends) for clock in clocks])


def _standing(bars: Bars, at: Instants, edges: Instants, struck: Instants) -> Flags:
    there = (at >= 0) & (at < len(bars))
    at, struck = at[there], struck[there]
    fired = np.zeros(len(bars), dtype=np.bool_)
    fired[at[np.abs(edges[at] - struck) < bars.step_ms]] = True
    return fired & ~bars.is_gap
