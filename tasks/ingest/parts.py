"""The files that a market's data consist of: what is in each, and what of it counts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl

from lake.errors import InputError
from lake.keys import sha256
from lake.time import UNITS_MS, duration_ms
from tasks.ingest.config import IngestConfig
from tasks.ingest.layouts import Layout, read_rows, read_times

DAY_MS = UNITS_MS["d"]


@dataclass(frozen=True, order=True)
class Part:
    """One file of a market; parts are ordered by first time, then by place.

    Attributes
    ----------
    first_ms, last_ms : int
        Earliest and latest time in the file.
    place : str
        The file's path.
    digest : str
        SHA-256 of the file.
    is_archive : bool
        Whether the file's last bar is final.
    """

    first_ms: int
    place: str
    last_ms: int
    digest: str
    is_archive: bool


def inspect_file(path: Path, layout: Layout, *, is_archive: bool) -> Part:
    """Read what a file holds, or raise InputError."""
    data = _read(path)
    times = read_times(str(path), data, layout).drop_nulls().cast(pl.Int64)
    if not times.len():
        raise InputError(f"{path} has no time in any row", "times", "download it again")
    first, last = int(times.min()), int(times.max())  # type: ignore[arg-type]
    return Part(first, str(path), last, sha256(data), is_archive)


def read_part(path: Path, digest: str, layout: Layout) -> pl.DataFrame:
    """Return the rows of a file that was surveyed, or raise InputError where it has changed."""
    data = _read(path)
    if sha256(data) != digest:
        raise InputError(
            f"{path} has changed since the run began", "the file as it was", "run again"
        )
    return read_rows(str(path), data, layout)


def join_parts(frames: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """One frame of all, each row with the number of its part."""
    return pl.concat(
        frame.with_columns(part=pl.lit(number, pl.Int16)) for number, frame in enumerate(frames)
    )


def within(parts: Iterable[Part], start_ms: int, end_ms: int) -> list[Part]:
    """The parts that may have rows from `start_ms` to, without, `end_ms`."""
    return [part for part in parts if part.last_ms >= start_ms and part.first_ms < end_ms]


def finality(
    used: Sequence[Part], timeframe: str, config: IngestConfig, now_ms: int
) -> dict[str, Any]:
    """What says which bars of the parts are final, for the fingerprint.

    The moment is in it only where a part holds a bar that closes later.
    """
    _, end_ms = span_ms(config.start, config.end)
    drops = [config.drop_unproven_last_bar and not part.is_archive for part in used]
    step = duration_ms(timeframe)
    if min(end_ms, max(part.last_ms for part in used) + step) <= now_ms:
        return {"drop_last_bar": drops}
    return {"drop_last_bar": drops, "known_until_ms": now_ms // step * step}


def final_bars(
    settings: dict[str, Any], parts: Sequence[pl.DataFrame], timeframe: str
) -> pl.DataFrame:
    """The rows of all parts without the bars that `settings` says are not final."""
    opens = pl.col("time")
    kept = [
        part.filter(opens.ne_missing(opens.max())) if drop_last else part
        for part, drop_last in zip(parts, settings["drop_last_bar"], strict=True)
    ]
    bars = join_parts(kept)
    if "known_until_ms" not in settings:
        return bars
    closes = opens.cast(pl.Int64) + duration_ms(timeframe)
    return bars.filter((closes <= settings["known_until_ms"]) | opens.is_null())


def between(start_ms: int, end_ms: int) -> pl.Expr:
    """Rows from the start to, without, the end; untimed rows stay."""
    stamp = pl.col("time").cast(pl.Int64)
    return ((stamp >= start_ms) & (stamp < end_ms)) | stamp.is_null()


def span_ms(start: date | None, end: date | None) -> tuple[int, int]:
    """First millisecond that counts, and the first after `end` that does not."""
    start_ms = _midnight_ms(start or date.min)
    return start_ms, _midnight_ms(end or date.max) + DAY_MS


def day_of(stamp_ms: int) -> str:
    """The day of a stamp, UTC."""
    return datetime.fromtimestamp(stamp_ms / 1000, UTC).date().isoformat()


def now_in_ms(now: datetime | None) -> int:
    """`now`, or the clock's, in milliseconds since 1970."""
    return int((now or datetime.now(UTC)).timestamp() * 1000)


def _read(path: Path) -> bytes:
    if path.exists() and not path.is_file():
        raise InputError(f"{path} is a pipe or a device", "a plain file", "move it elsewhere")
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(
            f"{path} cannot be read: {error.strerror}", "a readable file", "check its permissions"
        ) from error


def _midnight_ms(day: date) -> int:
    return (day - date(1970, 1, 1)).days * DAY_MS
