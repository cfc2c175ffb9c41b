"""Macro scores that the user gives: each counts from its publication until it is stale.

Source: shared engines.md, Fusion (vetoes).
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray
from pydantic import Field

from lake.config import Config
from lake.errors import InputError
from lake.keys import sha256
from lake.time import Duration, duration_ms

COLUMNS = ("published", "value")
WANTED = "a CSV or Parquet file with the columns published (UTC) and value (0 to 1)"
STAMP = pl.Datetime("ms", "UTC")
Reals = NDArray[np.float64]
Whole = NDArray[np.int64]


class MacroSeries(Config):
    """A series of macro scores.

    Attributes
    ----------
    path : str
        CSV or Parquet with ``published``, the time at which a value was known, UTC where it names
        no zone, and ``value``, 0 to 1.
    every : str
        How often a value is published.
    stale_after : float
        A value counts for so many times as long after its publication.
    """

    path: str = Field(min_length=1)
    every: Duration
    stale_after: float = Field(2.0, ge=1, le=1000)

    @property
    def lasts_ms(self) -> int:
        """How long a value counts."""
        return round(self.stale_after * duration_ms(self.every))


@dataclass(frozen=True)
class Published:
    """The values of a series, oldest first.

    Attributes
    ----------
    times : (k,) int64
        When each was known, ms since 1970, ascending.
    values : (k,) float64
    lasts_ms : int
        How long a value counts.
    """

    times: Whole
    values: Reals
    lasts_ms: int


def keyed_series(series: Sequence[MacroSeries]) -> tuple[MacroSeries, ...]:
    """The series with what is in each file in the place of where it lies: what a key is made of."""
    return tuple(s.model_copy(update={"path": sha256(_bytes(s.path))}) for s in series)


def read_series(series: Sequence[MacroSeries], places: Sequence[str]) -> list[Published]:
    """Read the files of series.

    Parameters
    ----------
    series : sequence of MacroSeries
        As the user gave them, or as `keyed_series` made them: then the files must still be those.
    places : sequence of str
        Their files.

    Raises
    ------
    InputError
        When a file cannot be read, has no value, or has one that is no score; when two values of
        one series were published at once; when a file is not what was keyed.
    """
    return [_read_one(s, place) for s, place in zip(series, places, strict=True)]


def score_at(known_at: Whole, series: Sequence[Published]) -> Reals:
    """The largest of the values that count at each time, NaN where none does.

    A value counts from its publication on, until the next of its series or until it is stale.

    Parameters
    ----------
    known_at : (n,) int64
        Closes of bars, ms since 1970.
    series : sequence of Published

    Returns
    -------
    scores : (n,) float64
    """
    scores = np.full(known_at.shape, np.nan)
    for one in series:
        last = np.searchsorted(one.times, known_at, side="right") - 1
        age = known_at - one.times[np.maximum(last, 0)]
        counts = (last >= 0) & (age <= one.lasts_ms)
        scores = np.fmax(scores, np.where(counts, one.values[last], np.nan))
    return scores


def _read_one(series: MacroSeries, place: str) -> Published:
    data = _bytes(place)
    if series.path not in (place, sha256(data)):
        raise InputError(
            f"{place} is not what it was when the run began", "a file at rest", "run again"
        )
    frame = _scores(place, _table(place, data)).sort("published")
    twice = frame.filter(pl.col("published").is_duplicated())
    if twice.height:
        raise InputError(
            f"{place} says {_said(twice['published'][0])} twice",
            "one value for each time of publication",
            "keep the one that was known first, and give a revision the time at which it was known",
        )
    times = frame["published"].to_physical().to_numpy()
    return Published(times, frame["value"].to_numpy(), series.lasts_ms)


def _bytes(place: str) -> bytes:
    try:
        return Path(place).expanduser().read_bytes()
    except OSError as error:
        raise InputError(
            f"{place} cannot be read: {error}", WANTED, "check engines.macro"
        ) from error


def _table(place: str, data: bytes) -> pl.DataFrame:
    read = pl.read_parquet if place.lower().endswith(".parquet") else pl.read_csv
    try:
        frame = read(io.BytesIO(data))
    except (pl.exceptions.PolarsError, OSError) as error:
        said = str(error).splitlines()[0]
        raise InputError(f"{place} cannot be read: {said}", WANTED, "mend the file") from error
    missing = [name for name in COLUMNS if name not in frame.columns]
    if missing or frame.is_empty():
        came = f"lacks {', '.join(missing)}" if missing else "has no row"
        raise InputError(f"{place} {came}", WANTED, "mend the file, or leave the series out")
    return frame.select(COLUMNS)


def _scores(place: str, frame: pl.DataFrame) -> pl.DataFrame:
    """The table with times and numbers; the first row that has none is told."""
    told = frame.with_columns(
        _moments(frame["published"]), pl.col("value").cast(pl.Float64, strict=False)
    )
    is_score = pl.col("published").is_not_null() & pl.col("value").is_between(0, 1)
    wrong = told.with_row_index().filter(~is_score.fill_null(False))["index"]
    if len(wrong):
        row = frame.row(wrong[0])
        raise InputError(
            f"{place}, row {wrong[0] + 1}: {', '.join(map(str, row))}",
            "a time like 2024-03-20T18:00:00Z and a value from 0 to 1",
            "mend the row",
        )
    return told


def _moments(column: pl.Series) -> pl.Series:
    if column.dtype == pl.Date:
        return column.cast(pl.Datetime("ms")).dt.replace_time_zone("UTC")
    if isinstance(column.dtype, pl.Datetime):
        aware = column if column.dtype.time_zone else column.dt.replace_time_zone("UTC")
        return aware.dt.convert_time_zone("UTC").cast(STAMP)
    found = [_moment(text) for text in column.to_list()]
    return pl.Series(column.name, found, dtype=STAMP)


def _moment(text: object) -> datetime | None:
    try:
        moment = datetime.fromisoformat(str(text).strip())
    except ValueError:
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _said(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")
