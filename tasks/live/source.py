"""The file that is replayed: whose bars it holds, and its rows in the order in which they stand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lake.errors import InputError
from lake.schema import FUNDING
from lake.time import TIMEFRAMES, duration_ms
from tasks.clean.config import CleanConfig
from tasks.clean.funding import settle_funding
from tasks.clean.grid import lay_on_grid
from tasks.clean.rejects import find_rejects
from tasks.ingest import files
from tasks.ingest.config import IngestConfig
from tasks.ingest.layouts import read_times
from tasks.ingest.names import read_name
from tasks.ingest.snapshot import Snapshot
from tasks.live.screen import Row
from tasks.live.tail import NUMBERS

ANY_TIMEFRAME = IngestConfig.model_fields["timeframe"].default
NO_TIME = np.iinfo(np.int64).min


@dataclass(frozen=True, eq=False)
class Source:
    """A file of one market's bars.

    Attributes
    ----------
    place : str
    market, timeframe : str
    times_ms : (n,) int64
        Opens of its rows, ms since 1970; NO_TIME where a row has none.
    numbers : (n, 9) float64
        In the order of `tail.NUMBERS`.
    funding : pl.DataFrame or None
        FUNDING of the market, where a file of it is given.
    """

    place: str
    market: str
    timeframe: str
    times_ms: NDArray[np.int64]
    numbers: NDArray[np.float64]
    funding: pl.DataFrame | None

    def rows(self, start: int = 0) -> Iterator[Row]:
        """The rows from number `start` on."""
        for time_ms, numbers in zip(self.times_ms[start:], self.numbers[start:], strict=True):
            yield Row(None if time_ms == NO_TIME else int(time_ms), tuple(numbers.tolist()))

    @cached_property
    def bits(self) -> NDArray[np.float64]:
        """Every row's time and numbers as they are in memory, (n, 10): what a digest is made of."""
        return np.ascontiguousarray(np.column_stack([self.times_ms.view(np.float64), self.numbers]))

    def __len__(self) -> int:
        return int(self.times_ms.size)


def open_source(
    place: str, asked: IngestConfig, clean: CleanConfig, now: datetime | None = None
) -> Source:
    """Read a file as ingest does, and refuse what clean would refuse as a whole.

    Parameters
    ----------
    place : str
        Parquet, CSV or a zip of one CSV, in the layouts of `tasks.ingest.layouts`.
    asked : IngestConfig
        Its symbols and timeframe where the file's name does not say them; the days; where funding
        settlements are.
    clean : CleanConfig
    now : datetime, optional
        See `tasks.ingest.files.survey`.

    Raises
    ------
    InputError
        When there is no such file, it is not readable, its name, its bars and what is asked do not
        agree, or it holds no market.
    """
    path = _plain_file(place)
    timeframe = _timeframe(path, asked)
    updates = {"source": "files", "data": str(path), "timeframe": timeframe}
    config = asked.model_copy(update=updates | {"beside": ("funding",)})
    snapshots = files.survey(config, now)
    raw = files.load(None, snapshots[0], snapshots[0].places)  # type: ignore[arg-type]
    market = snapshots[0].market
    lay_on_grid(raw, find_rejects(raw, market, clean), market, clean)
    funding = _funding(config, snapshots, now)
    times = raw["time"].cast(pl.Int64).fill_null(NO_TIME).to_numpy()
    numbers = np.ascontiguousarray(raw.select(NUMBERS).to_numpy())
    return Source(str(path), market, timeframe, times, numbers, funding)


def _plain_file(place: str) -> Path:
    path = Path(place).expanduser()
    if not path.exists():
        raise InputError(f"{place} is not there", "a file of bars", "check --replay")
    if path.is_dir():
        raise InputError(f"{place} is a folder", "one file of bars", "name a file with --replay")
    return path


def _timeframe(path: Path, asked: IngestConfig) -> str:
    """What the name says, else what is asked, else how far the bars are apart; all must agree."""
    named = read_name(path)
    said = {"its bars are": _spacing(path), "its name says": named.timeframe if named else None}
    if asked.timeframe != ANY_TIMEFRAME:
        said["--timeframe says"] = asked.timeframe
    known = {who: frame for who, frame in said.items() if frame is not None}
    if len(set(known.values())) > 1:
        raise InputError(
            f"{path}: " + ", ".join(f"{who} {frame}" for who, frame in known.items()),
            "one timeframe",
            "check the file, its name and --timeframe",
        )
    return next(iter(known.values()), asked.timeframe)


def _spacing(path: Path) -> str | None:
    """The timeframe that is the commonest distance of the bars, None where that is none."""
    if not path.is_file():
        return None
    times = read_times(str(path), path.read_bytes())
    steps = times.drop_nulls().cast(pl.Int64).unique().sort().diff().drop_nulls()
    commonest = steps.mode().to_list()
    return next((frame for frame in TIMEFRAMES if [duration_ms(frame)] == commonest), None)


def _funding(
    config: IngestConfig, snapshots: list[Snapshot], now: datetime | None
) -> pl.DataFrame | None:
    found = files.survey_beside(config, snapshots, now)
    if not found:
        return None
    raw = files.load_beside(None, found[0], found[0].places)  # type: ignore[arg-type]
    return FUNDING.conform(settle_funding(raw))
