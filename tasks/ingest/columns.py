"""From the columns of a source to those of raw bars: names, units, numbers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

import polars as pl

from lake.errors import InputError
from lake.schema import RAW_BARS, TIME

KLINE_COLUMNS = (
    "open_time",
    "open",
    "high",
    "low",
    "close",
    "volume",
    "close_time",
    "quote_volume",
    "count",
    "taker_buy_volume",
    "taker_buy_quote_volume",
    "ignore",
)
NUMBERS = tuple(name for name in RAW_BARS.columns if name not in ("time", "part"))
SOURCE_NAMES = {"time": "open_time", "trades": "count"}
REQUIRED = ("open", "high", "low", "close", "volume")
EARLIEST_MS, LATEST_MS = 100_000_000_000, 4_102_444_800_000  # 1973 and 2100: no stamp in
# milliseconds reaches the microseconds' range, none in seconds reaches the milliseconds'
US_PER_MS = 1000
MAX_QUOTED = 200  # characters of a foreign header in a message
A_TIME = "milliseconds or microseconds since 1970, or a UTC time like 2024-01-31 08:00:00"
_STAMP = r"[0-9]+(\.[0-9]*)?([eE]\+?[0-9]+)?"
_UTC = r"(Z|[+-]00:?00)$"
_ISO = ("%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d")


def match_columns(name: str, present: Iterable[str]) -> dict[str, str]:
    """Return which column of the file gives which column of raw bars.

    Parameters
    ----------
    name : str
        The file, for messages.
    present : iterable of str
        Its columns, in any order and case.

    Raises
    ------
    InputError
        When the open time, a price or the volume is not there.
    """
    found = {column.strip().lower(): column for column in present}
    missing = [column for column in ("open_time", *REQUIRED) if column not in found]
    if missing:
        raise InputError(
            f"{name} lacks the columns {', '.join(missing)}; it has {_quoted(found)}",
            f"open_time, {', '.join(REQUIRED)}, or the 12 columns of the exchange's archives",
            "rename the columns, or add a header line that names them",
        )
    spelt = {column: found.get(SOURCE_NAMES.get(column, column)) for column in ("time", *NUMBERS)}
    if "trades" in found:
        spelt["trades"] = found["trades"]
    return {column: spelling for column, spelling in spelt.items() if spelling is not None}


def match_spellings(
    name: str,
    present: Iterable[str],
    spellings: Mapping[str, Sequence[str]],
    optional: Iterable[str] = (),
) -> dict[str, str]:
    """Return which column of the file gives which of `spellings`, by the first spelling found.

    Parameters
    ----------
    name, present
        As in `match_columns`.
    spellings : mapping of str to sequence of str
        How sources call each column, in lower case.

    Raises
    ------
    InputError
        When a column that is not `optional` is not there.
    """
    found = {column.strip().lower(): column for column in present}
    matched = {
        column: found[spelling]
        for column, ways in spellings.items()
        for spelling in reversed(ways)
        if spelling in found
    }
    missing = [column for column in spellings if column not in matched and column not in optional]
    if missing:
        ways = " or ".join(spellings[missing[0]])
        raise InputError(
            f"{name} has no column for {', '.join(missing)}; it has {_quoted(found)}",
            f"a column {ways}",
            "rename the columns, or add a header line that names them",
        )
    return matched


def _quoted(names: Iterable[str]) -> str:
    """Names that may be anything, a line's worth of them."""
    text = ", ".join(name if name.isprintable() else ascii(name) for name in names)
    return (text if len(text) <= MAX_QUOTED else f"{text[:MAX_QUOTED]}...") or "none"


def to_times(name: str, column: pl.Series, first_line: int | None) -> pl.Series:
    """Return open times as the lake keeps them, null where the source says nothing.

    Parameters
    ----------
    column : pl.Series
        Datetimes, dates, ISO text in UTC, or stamps since 1970 in milliseconds or microseconds;
        the unit is read off each stamp, for spot archives switch on 2025-01-01.
    first_line : int or None
        Line of the first row in a text file, for messages.

    Raises
    ------
    InputError
        At the first cell that is no time.
    """
    dtype = column.dtype
    if dtype == pl.Date or isinstance(dtype, pl.Datetime):
        return _from_datetimes(column)
    _check_type(name, column, "times")
    if dtype == pl.String and not _are_stamps(column):
        times = _from_text(column)
    else:
        times = _from_stamps(column.cast(pl.Float64, strict=False))
    _check_cells(name, column, times.is_null() & column.is_not_null(), first_line, A_TIME)
    return times


def to_numbers(name: str, column: pl.Series, first_line: int | None) -> pl.Series:
    """Return a column as Float64, NaN where the source says nothing.

    Raises
    ------
    InputError
        At the first cell that is no number.
    """
    _check_type(name, column, "numbers")
    numbers = column.cast(pl.Float64, strict=False)
    _check_cells(name, column, numbers.is_null() & column.is_not_null(), first_line, "a number")
    return numbers.fill_null(float("nan"))


def _check_type(name: str, column: pl.Series, wanted: str) -> None:
    dtype = column.dtype
    if not (dtype.is_numeric() or dtype in (pl.String, pl.Null)):
        raise InputError(
            f"{name}, column {column.name}: {dtype}", wanted, "convert the column of the file"
        )


def _from_datetimes(column: pl.Series) -> pl.Series:
    times = column.cast(pl.Datetime("ms")) if column.dtype == pl.Date else column
    if getattr(times.dtype, "time_zone", None) is None:
        times = times.dt.replace_time_zone("UTC")
    return times.cast(TIME)


def _are_stamps(column: pl.Series) -> bool:
    filled = column.drop_nulls()
    return bool(filled.len()) and re.fullmatch(_STAMP, filled[0].strip()) is not None


def _from_stamps(stamps: pl.Series) -> pl.Series:
    frame = pl.DataFrame({"stamp": stamps.fill_nan(None)})
    stamp = pl.col("stamp")
    in_us = stamp >= EARLIEST_MS * US_PER_MS
    in_ms = pl.when(in_us).then((stamp / US_PER_MS).floor()).otherwise(stamp)
    return frame.select(
        pl.when(in_ms.is_between(EARLIEST_MS, LATEST_MS)).then(in_ms).cast(pl.Int64).cast(TIME)
    ).to_series()


def _from_text(column: pl.Series) -> pl.Series:
    bare = pl.col("text").str.strip_chars().str.replace(_UTC, "")
    spellings = [bare.str.to_datetime(each, time_unit="ms", strict=False) for each in _ISO]
    frame = pl.DataFrame({"text": column})
    return _from_datetimes(frame.select(pl.coalesce(spellings)).to_series())


def _check_cells(
    name: str, column: pl.Series, is_bad: pl.Series, first_line: int | None, wanted: str
) -> None:
    if not is_bad.any():
        return
    row = int(is_bad.arg_max() or 0)
    place = f"row {row + 1}" if first_line is None else f"line {row + first_line}"
    raise InputError(
        f"{name}, {place}, column {column.name.strip()}: {column[row]!r}",
        wanted,
        "mend or remove the row, or download the file again",
    )
