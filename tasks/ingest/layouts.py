"""From the bytes of one file to raw bars, whatever the layout."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from pathlib import PurePath

import polars as pl

from lake.errors import InputError
from tasks.ingest.columns import NUMBERS, match_columns, to_numbers, to_times
from tasks.ingest.csvs import read_csv, unzip

Choose = Callable[[Sequence[str]], list[str]]


def read_bars(name: str, data: bytes) -> pl.DataFrame:
    """Return the bars of a file, every row, in the file's order.

    Parameters
    ----------
    name : str
        The file's name: its suffix tells the format, and messages quote it.
    data : bytes
        Parquet, CSV, or a zip of one CSV.

    Returns
    -------
    pl.DataFrame
        `time`, then nine numbers, NaN where the source has none; `time` is null where the source
        gives none.

    Raises
    ------
    InputError
        When the file is empty, cut, lacks columns, or has text where numbers belong.
    """
    table, columns, first_line = _read_table(name, data, ("time", *NUMBERS))
    bars = {"time": to_times(name, table[columns["time"]], first_line)}
    for number in NUMBERS:
        if number in columns:
            bars[number] = to_numbers(name, table[columns[number]], first_line)
        else:
            bars[number] = pl.Series([float("nan")]).new_from_index(0, table.height)
    return pl.DataFrame(bars)


def read_times(name: str, data: bytes) -> pl.Series:
    """Return the open times of a file's bars, in the file's order; errors as in `read_bars`."""
    table, columns, first_line = _read_table(name, data, ("time",))
    return to_times(name, table[columns["time"]], first_line)


def _read_table(
    name: str, data: bytes, wanted: Sequence[str]
) -> tuple[pl.DataFrame, dict[str, str], int | None]:
    """Read the `wanted` columns as the file has them; say how it calls them and where it begins."""
    if not data:
        raise InputError(f"{name} is empty", "a file with bars", "download it again or remove it")
    columns: dict[str, str] = {}

    def choose(present: Sequence[str]) -> list[str]:
        matched = match_columns(name, present)
        columns.update({column: matched[column] for column in wanted if column in matched})
        return list(columns.values())

    table, first_line = _parse(name, data, choose)
    if not table.height:
        raise InputError(f"{name} has no rows", "a file with bars", "download it again")
    return table, columns, first_line


def _parse(name: str, data: bytes, choose: Choose) -> tuple[pl.DataFrame, int | None]:
    suffix = PurePath(name).suffix.lower()
    if suffix == ".parquet":
        return _read_parquet(name, data, choose), None
    return read_csv(name, unzip(name, data) if suffix == ".zip" else data, choose)


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
