"""From the venue's bytes to stamped rows: funding settlements and readings of open interest."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import polars as pl

from lake.schema import REAL, TIME
from lake.time import UNITS_MS
from tasks.ingest.binance_bars import checked, parsed
from tasks.ingest.binance_refusals import unusable
from tasks.ingest.columns import to_numbers, to_times
from tasks.ingest.layouts import Layout, read_rows
from tasks.ingest.layouts_beside import FUNDING, INTEREST

PERIOD_MS = 5 * UNITS_MS["m"]
# Until then a reading bears the end of its five minutes, since then their start, when nobody knew
# it yet (binance-public-data, issue 491; up to 2026-02 the value over the contracts is the price
# at the stamp). Which of the two an archive does is told by whether it reaches into the next day.
START_LABELS_SINCE = datetime(2026, 6, 25, tzinfo=UTC)
_BARE = ("calc_time", "funding_interval_hours", "last_funding_rate")
_ARCHIVED_FUNDING = replace(FUNDING, bare=_BARE)
_IS_START_LABEL = pl.col("time") >= START_LABELS_SINCE
_AT_THE_END = pl.col("time") + pl.duration(milliseconds=PERIOD_MS)


def read_funding_archive(name: str, data: bytes) -> pl.DataFrame:
    """Read the settlements of a zipped CSV.

    Returns
    -------
    DataFrame
        RAW_FUNDING without ``part``, in the file's order; an empty cell is NaN.

    Raises
    ------
    SourceError
        When the zip is broken or what is in it are no settlements.
    """
    return checked(name, lambda: read_rows(name, data, _ARCHIVED_FUNDING))


def read_funding_page(name: str, data: bytes) -> pl.DataFrame:
    """Read the settlements of a page; it does not say for how many hours they are.

    Returns and raises as `read_funding_archive`.
    """
    return checked(name, lambda: _from_page(name, data, FUNDING))


def read_interest_archive(name: str, data: bytes) -> pl.DataFrame:
    """Read the open interest of a day's zipped CSV, stamped with when it was read.

    Returns
    -------
    DataFrame
        RAW_INTEREST without ``part``, in the file's order; an empty cell is NaN.

    Raises
    ------
    SourceError
        When the zip is broken or what is in it are no readings.
    """
    rows = checked(name, lambda: read_rows(name, data, INTEREST))
    is_of_one_day = rows["time"].dt.date().n_unique() == 1
    if is_of_one_day and rows.select(_IS_START_LABEL.all()).item():
        return rows.with_columns(time=_AT_THE_END)
    return rows


def read_interest_page(name: str, data: bytes) -> pl.DataFrame:
    """Read the open interest of a page, stamped with when it was read.

    Returns and raises as `read_interest_archive`.
    """
    rows = checked(name, lambda: _from_page(name, data, INTEREST))
    return rows.with_columns(time=pl.when(_IS_START_LABEL).then(_AT_THE_END).otherwise("time"))


def _from_page(name: str, data: bytes, layout: Layout) -> pl.DataFrame:
    rows = parsed(name, data)
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise unusable(name, "is no list of rows with names")
    if not rows:
        return pl.DataFrame(schema={"time": TIME, **dict.fromkeys(layout.numbers, REAL)})
    theirs = layout.match(name, list(rows[0]))
    if any(not row.keys() >= set(theirs.values()) for row in rows):
        raise unusable(name, "has rows without what the first one has")
    try:
        cells = {
            our: pl.Series(their, [row[their] for row in rows]) for our, their in theirs.items()
        }
    except (TypeError, OverflowError, pl.exceptions.PolarsError) as error:
        raise unusable(name, "mixes numbers and something else in one column") from error
    missing = pl.Series([float("nan")]).new_from_index(0, len(rows))
    numbers = {
        our: to_numbers(name, cells[our], None) if our in cells else missing
        for our in layout.numbers
    }
    return pl.DataFrame({"time": to_times(name, cells["time"], None), **numbers})
