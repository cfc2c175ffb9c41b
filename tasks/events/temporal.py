"""Events of the clock: all are known in advance, and depend on a bar's own time alone.

Their strength is one and they have no side. Weekends are trading time in Asia's session, not in
those of London and New York; holidays are not known.
"""

from __future__ import annotations

import numpy as np

from lake.time import duration_ms
from tasks.events.bars import Bars
from tasks.events.clocks import (
    SESSION_CLOSES,
    SESSION_OPENS,
    US_RELEASES,
    first_bars_after,
    last_bars_before,
    last_bars_before_funding,
)
from tasks.events.marks import Marks, marks
from tasks.events.registry import event
from tasks.kernels.onset import Flags


@event(lookback=(1,), needs="C", mirrored=True, lasts=False)
def session_open(bars: Bars) -> Marks:
    """First bar of the session of Asia, London or New York (catalogue).

    Asia opens at 00:00 UTC each day, London at 08:00 and New York at 09:30 local time, Monday to
    Friday. Where a bar's length does not fit, the first that opens after.
    """
    return _strike(first_bars_after(bars, SESSION_OPENS))


@event(lookback=(1,), needs="C", mirrored=True, lasts=False)
def session_close(bars: Bars) -> Marks:
    """Last bar of the session of Asia, London or New York (catalogue).

    Asia closes at 08:00 UTC each day, London at 16:30 and New York at 16:00 local time, Monday to
    Friday. Where a bar's length does not fit, the last that closes before.
    """
    return _strike(last_bars_before(bars, SESSION_CLOSES))


@event(lookback=(1,), needs="C", mirrored=True, lasts=False)
def funding_timestamp(bars: Bars, *, interval: str = "8h") -> Marks:
    """Last bar before funding is settled (catalogue).

    It is due an interval after the last known settlement, both by the data; without funding data
    every `interval` from midnight UTC. No source here has the predicted rate, so there is no side.
    """
    return _strike(last_bars_before_funding(bars, duration_ms(interval)))


@event(lookback=(1,), needs="C", mirrored=True, lasts=False)
def scheduled_news_window(bars: Bars) -> Marks:
    """Last bar before a release: US jobless claims, US employment, the user's own (catalogue).

    By rule: claims on Thursdays, employment on the first Friday of a month, both 08:30 in New
    York. The rule is wrong where holidays or the office move a release; what the user's calendar
    holds (`Bars.news`) comes on top.
    """
    own = (bars.news > 0.0) & ~bars.is_gap
    return _strike(last_bars_before(bars, US_RELEASES) | own)


def _strike(flags: Flags) -> Marks:
    return marks(flags, 0, np.ones(flags.size))
