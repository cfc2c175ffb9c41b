"""From the bytes of one file to raw rows, whatever the layout."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import PurePath

import polars as pl

from lake.errors import InputError
from tasks.ingest.columns import KLINE_COLUMNS, NUMBERS, match_columns, to_numbers, to_times
from tasks.ingest.csvs import read_csv, unzip

Choose = Callable[[Sequence[str]], list[str]]


@dataclass(frozen=True)
class Layout:
    """What a file's columns are to give.

    Attributes
    ----------
    holds : str
        What the rows are, for messages.
    numbers : tuple of str
        Beside `time`; NaN where the source has none.
    match : callable
        Says, of a file's name and columns, which column gives what; raises where one lacks.
    bare : tuple of str
        Columns of a CSV without header; empty where there has to be one.
    """

    holds: str
    numbers: tuple[str, ...]
    match: Callable[[str, Sequence[str]], dict[str, str]]
    bare: tuple[str, ...] = ()


BARS = Layout("bars", NUMBERS, match_columns, KLINE_COLUMNS)


def read_bars(name: str, data: bytes) -> pl.DataFrame:
    """Return the bars of a file; parameters, result and errors as in `read_rows`."""
    return read_rows(name, data, BARS)


def read_rows(name: str, data: bytes, layout: Layout) -> pl.DataFrame:
    """Return every row of a file, in the file's order.

    Parameters
    ----------
    name : str
        The file's name: its suffix tells the format, and messages quote it.
    data : bytes
        Parquet, CSV, or a zip of one CSV.

    Returns
    -------
    pl.DataFrame
        `time`, then the layout's numbers, NaN where the source has none; `time` is null where the
        source gives none.

    Raises
    ------
    InputError
        When the file is empty, cut, lacks columns, has text where numbers belong, or is of
        several symbols.
    """
    wanted = ("time", *layout.numbers, "symbol")
    table, columns, first_line = _read_table(name, data, layout, wanted)
    if "symbol" in columns:
        _refuse_several(name, table[columns["symbol"]])
    rows = {"time": to_times(name, table[columns["time"]], first_line)}
    for number in layout.numbers:
        if number in columns:
            rows[number] = to_numbers(name, table[columns[number]], first_line)
        else:
            rows[number] = pl.Series([float("nan")]).new_from_index(0, table.height)
    return pl.DataFrame(rows)


def read_times(name: str, data: bytes, layout: Layout = BARS) -> pl.Series:
    """Return the times of a file's rows, in the file's order; errors as in `read_rows`."""
    table, columns, first_line = _read_table(name, data, layout, ("time",))
    return to_times(name, table[columns["time"]], first_line)


def _refuse_several(name: str, symbols: pl.Series) -> None:
    n = symbols.n_unique()
    if n > 1:
        raise InputError(
            f"{name} is of {n} symbols", "one symbol in a file", "write a file for each symbol"
        )


def _read_table(
    name: str, data: bytes, layout: Layout, wanted: Sequence[str]
) -> tuple[pl.DataFrame, dict[str, str], int | None]:
    """Read the `wanted` columns as the file has them; say how it calls them and where it begins."""
    something = f"a file with {layout.holds}"
    if not data:
        raise InputError(f"{name} is empty", something, "download it again or remove it")
    columns: dict[str, str] = {}

    def choose(present: Sequence[str]) -> list[str]:
        matched = layout.match(name, present)
        columns.update({column: matched[column] for column in wanted if column in matched})
        return list(columns.values())

    table, first_line = _parse(name, data, choose, layout.bare)
    if not table.height:
        raise InputError(f"{name} has no rows", something, "download it again")
    return table, columns, first_line


def _parse(
    name: str, data: bytes, choose: Choose, bare: Sequence[str]
) -> tuple[pl.DataFrame, int | None]:
    suffix = PurePath(name).suffix.lower()
    if suffix == ".parquet":
        return _read_parquet(name, data, choose), None
    return read_csv(name, unzip(name, data) if suffix == ".zip" else data, choose, bare)


def _read_parquet(name: str, data: bytes, choose: Choose) -> pl.DataFrame:
    try:
        present = list(pl.read_parquet_schema(io.BytesIO(data)))
        return pl.read_parquet(io.BytesIO(data), columns=choose(present), glob=False)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise InputError(
            f"{name} is no whole Parquet file: {str(error).splitlines()[0]}",
            "a file that was written to its end",
            "download or write the file again",
        ) from error
