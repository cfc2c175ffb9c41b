"""What the venue serves of a market, and how: archives, pages, prices, readers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date

import polars as pl

from lake.schema import RAW_BARS, RAW_FUNDING, RAW_INTEREST, Table
from lake.time import UNITS_MS
from tasks.ingest.binance_bars import (
    read_archive,
    read_mark_archive,
    read_mark_page,
    read_page,
)
from tasks.ingest.binance_rows import (
    PERIOD_MS,
    read_funding_archive,
    read_funding_page,
    read_interest_archive,
    read_interest_page,
)
from tasks.ingest.snapshot import Data

Read = Callable[[str, bytes], pl.DataFrame]


@dataclass(frozen=True)
class Feed:
    """One kind of data.

    Attributes
    ----------
    table : Table
        What its rows become.
    rows : str
        How messages call them.
    folder : str
        Of its archives.
    origins : tuple of str
        Which archives there are: monthly, daily.
    target, parameter : str
        Path of the interface, and what it is asked beside symbol, span and limit.
    prices : tuple of (int, int)
        Largest `limit` of each price, and the price: Binance's documentation of the endpoint.
    read_archive, read_page : callable
        From a name and bytes to rows without their part.
    spacing_ms : int, optional
        From row to row as a rule, where rows bear the moment at which they were known; None for
        bars, which bear their open and come every timeframe.
    room : int
        How many times more rows than the rule a page has to hold.
    purse : str
        What the interface counts its requests in.
    slack_ms : int
        How far a row may lie outside the period of its archive or page.
    reach_ms : int, optional
        How far back the interface goes, None where to the beginning.
    first_day : date, optional
        Of the oldest archive, where it is known.
    """

    table: Table
    rows: str
    folder: str
    origins: tuple[str, ...]
    target: str
    parameter: str
    prices: tuple[tuple[int, int], ...]
    read_archive: Read
    read_page: Read
    spacing_ms: int | None = None
    room: int = 1
    purse: str = "weight"
    slack_ms: int = 0
    reach_ms: int | None = None
    first_day: date | None = None

    @property
    def is_stamped(self) -> bool:
        """Whether a row bears the moment at which it was known."""
        return self.spacing_ms is not None


_BOTH = ("monthly", "daily")
_KLINES = Feed(
    table=RAW_BARS,
    rows="bars",
    folder="klines",
    origins=_BOTH,
    target="/fapi/v1/klines",
    parameter="&interval={timeframe}",
    prices=((99, 1), (499, 2), (1000, 5), (1500, 10)),
    read_archive=read_archive,
    read_page=read_page,
)
_SPOT_KLINES = replace(_KLINES, target="/api/v3/klines", prices=((1000, 2),))
_MARK = replace(
    _KLINES,
    rows="mark price bars",
    folder="markPriceKlines",
    target="/fapi/v1/markPriceKlines",
    read_archive=read_mark_archive,
    read_page=read_mark_page,
)
# A settlement comes every eight hours, where the venue changes the interval every four or even
# every hour, and now and then one more; its stamp is some milliseconds late.
_FUNDING = Feed(
    table=RAW_FUNDING,
    rows="funding settlements",
    folder="fundingRate",
    origins=("monthly",),
    target="/fapi/v1/fundingRate",
    parameter="",
    prices=((1000, 1),),
    read_archive=read_funding_archive,
    read_page=read_funding_page,
    spacing_ms=8 * UNITS_MS["h"],
    room=16,
    purse="funding",
    slack_ms=UNITS_MS["m"],
)
# The interface gives the latest 30 days and refuses an earlier start: an hour is left for clocks.
_INTEREST = Feed(
    table=RAW_INTEREST,
    rows="readings of open interest",
    folder="metrics",
    origins=("daily",),
    target="/futures/data/openInterestHist",
    parameter="&period=5m",
    prices=((500, 1),),
    read_archive=read_interest_archive,
    read_page=read_interest_page,
    spacing_ms=PERIOD_MS,
    purse="statistics",
    slack_ms=PERIOD_MS,
    reach_ms=30 * UNITS_MS["d"] - UNITS_MS["h"],
    first_day=date(2020, 9, 1),
)
_UM: dict[Data, Feed] = {
    "bars": _KLINES,
    "leader": _KLINES,
    "mark": _MARK,
    "funding": _FUNDING,
    "interest": _INTEREST,
}


def feed_of(venue: str, data: Data) -> Feed:
    """How `venue` serves `data`; spot serves nothing but bars."""
    return _SPOT_KLINES if venue == "spot" else _UM[data]
