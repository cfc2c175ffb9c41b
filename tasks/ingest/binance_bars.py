"""From the venue's bytes to bars: zipped CSV and JSON pages of twelve columns."""

from __future__ import annotations

import json
from collections.abc import Callable

import polars as pl

from lake.errors import InputError
from tasks.ingest.binance_plan import unusable
from tasks.ingest.columns import KLINE_COLUMNS, NUMBERS, SOURCE_NAMES, to_numbers, to_times
from tasks.ingest.layouts import read_bars


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
    return _timed(name, lambda: read_bars(name, data))


def read_page(name: str, data: bytes) -> pl.DataFrame:
    """Read the bars of a page of the venue's interface: a JSON list of lists of twelve.

    Returns and raises as `read_archive`; times that go backwards are refused too.
    """
    try:
        rows = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise unusable(name, "is no JSON") from error
    width = len(KLINE_COLUMNS)
    if not isinstance(rows, list) or not all(isinstance(r, list) and len(r) == width for r in rows):
        raise unusable(name, f"is no list of rows of {width} columns")
    bars = _timed(name, lambda: _bars_of(name, rows))
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


def _timed(name: str, read: Callable[[], pl.DataFrame]) -> pl.DataFrame:
    """Read, every row with its time, calling the venue's fault what a file's reader calls input."""
    try:
        bars = read()
    except InputError as error:
        raise unusable(name, error.came.removeprefix(name).lstrip(", ")) from error
    if bars["time"].null_count():
        raise unusable(name, "has a row without time")
    if any(bars[number].is_infinite().any() for number in NUMBERS):
        raise unusable(name, "has an infinite number")
    return bars
