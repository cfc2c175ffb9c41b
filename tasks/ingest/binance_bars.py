"""From the venue's bytes to bars: zipped CSV and JSON pages of twelve columns."""

from __future__ import annotations

import json
from collections.abc import Callable

import polars as pl

from lake.errors import InputError
from tasks.ingest.binance_refusals import unusable
from tasks.ingest.columns import KLINE_COLUMNS, NUMBERS, SOURCE_NAMES, to_numbers, to_times
from tasks.ingest.layouts import read_bars, read_rows
from tasks.ingest.layouts_beside import MARK, PRICES

# The venue fills the columns of a mark price bar that have no meaning with 0 and a count.
_NO_FLOWS = [pl.lit(float("nan")).alias(name) for name in NUMBERS if name not in PRICES]


def read_archive(name: str, data: bytes) -> pl.DataFrame:
    """Read the bars of a zipped CSV, with or without header.

    Parameters
    ----------
    name : str
        How messages call it.
    data : bytes
        The zip's bytes.

    Returns
    -------
    DataFrame
        RAW_BARS without ``part``, in the file's order; an empty cell is NaN.

    Raises
    ------
    SourceError
        When the zip is broken or what is in it are not bars.
    """
    return checked(name, lambda: read_bars(name, data))


def read_page(name: str, data: bytes) -> pl.DataFrame:
    """Read the bars of a page of the venue's interface: a JSON list of lists of twelve.

    Returns and raises as `read_archive`; times that go backwards are refused too.
    """
    rows, width = parsed(name, data), len(KLINE_COLUMNS)
    if not isinstance(rows, list) or not all(isinstance(r, list) and len(r) == width for r in rows):
        raise unusable(name, f"is no list of rows of {width} columns")
    bars = checked(name, lambda: _bars_of(name, rows))
    if not bars["time"].is_sorted():
        raise unusable(name, "has times that go backwards")
    return bars


def _bars_of(name: str, rows: list[list[object]]) -> pl.DataFrame:
    cells = {column: [row[i] for row in rows] for i, column in enumerate(KLINE_COLUMNS)}
    try:
        time = pl.Series("open_time", cells["open_time"], pl.Int64)
        numbers = {n: pl.Series(n, cells[SOURCE_NAMES.get(n, n)]) for n in NUMBERS}
    except (TypeError, OverflowError, pl.exceptions.PolarsError) as error:
        raise unusable(name, "mixes numbers and something else in one column") from error
    return pl.DataFrame(
        {
            "time": to_times(name, time, None),
            **{n: to_numbers(name, column, None) for n, column in numbers.items()},
        }
    )


def read_mark_archive(name: str, data: bytes) -> pl.DataFrame:
    """Read the mark price of a zipped CSV, as `read_archive`; its flows stand for nothing."""
    return checked(name, lambda: read_rows(name, data, MARK))


def read_mark_page(name: str, data: bytes) -> pl.DataFrame:
    """Read the mark price of a page, as `read_page`; its flows stand for nothing."""
    return read_page(name, data).with_columns(_NO_FLOWS)


def parsed(name: str, data: bytes) -> object:
    """What a page says, or SourceError where it is no JSON."""
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise unusable(name, "is no JSON") from error


def checked(name: str, read: Callable[[], pl.DataFrame]) -> pl.DataFrame:
    """Read, every row with its time, calling the venue's fault what a file's reader calls input."""
    try:
        rows = read()
    except InputError as error:
        raise unusable(name, error.came.removeprefix(name).lstrip(", ")) from error
    if rows["time"].null_count():
        raise unusable(name, "has a row without time")
    if any(rows[number].is_infinite().any() for number in rows.columns if number != "time"):
        raise unusable(name, "has an infinite number")
    return rows
