"""Bars from files: a folder of them, or one.

Which file holds which market is said by `tasks.ingest.folders`, how it is read by
`tasks.ingest.layouts`. Overlaps between the parts of a market are kept: clean resolves them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl

from lake.errors import InputError
from lake.keys import sha256
from lake.schema import RAW_BARS
from lake.store import Lake
from lake.time import UNITS_MS, duration_ms
from tasks.ingest.config import IngestConfig
from tasks.ingest.folders import find_markets
from tasks.ingest.layouts import read_bars, read_times
from tasks.ingest.names import Named
from tasks.ingest.snapshot import Snapshot

DAY_MS = UNITS_MS["d"]


@dataclass(frozen=True, order=True)
class Part:
    """One file of a market; parts are ordered by first time, then by place.

    Attributes
    ----------
    first_ms, last_ms : int
        Earliest and latest open time in the file.
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


def survey(config: IngestConfig, now: datetime | None = None) -> list[Snapshot]:
    """Return the markets that `config` asks for, by name, with the fingerprint of each.

    Without `symbols`, all markets of the timeframe that have bars in the days asked for; a single
    file may say its own timeframe.
    `end` is included: its whole day counts.

    Parameters
    ----------
    now : datetime, optional
        Bars that close later are not final; the clock's by default. It becomes part of the
        fingerprint only where a file holds such a bar, rounded down to the timeframe.

    Raises
    ------
    InputError
        When there is no such folder, file, market or day, or a file is not readable.
    """
    now_ms = int((now or datetime.now(UTC)).timestamp() * 1000)
    found, seen = [], []
    for (symbol, timeframe), files in find_markets(config).items():
        parts = sorted(_inspect(path, named) for path, named in files.items())
        seen += parts
        used = _within(parts, config)
        if used:
            found.append(_snapshot(symbol, timeframe, used, config, now_ms))
        elif config.symbols:
            raise _no_bar(f"{symbol}-{timeframe}", config, parts)
    if not found:
        raise _no_bar("any market", config, seen)
    return found


def load(
    lake: Lake, snapshot: Snapshot, where: Sequence[str], fetched: pl.DataFrame | None = None
) -> pl.DataFrame:
    """Return the raw bars of a market: every row of every part, except bars that are not final.

    Parameters
    ----------
    lake, fetched
        Not used: files bring their own bars.
    snapshot : Snapshot
        As `survey` made it.
    where : sequence of str
        The places of its parts on this machine, in its order.

    Raises
    ------
    InputError
        When a file is not readable, or is not what was surveyed.
    """
    drops = snapshot.settings["drop_last_bar"]
    parts = [
        _read_part(Path(place), digest, drop_last).with_columns(part=pl.lit(number, pl.Int16))
        for number, (place, digest, drop_last) in enumerate(
            zip(where, snapshot.parts, drops, strict=True)
        )
    ]
    return RAW_BARS.conform(pl.concat(parts).filter(_wanted(snapshot)))


def _read_part(path: Path, digest: str, drop_last: bool) -> pl.DataFrame:
    data = _read(path)
    if sha256(data) != digest:
        raise InputError(
            f"{path} has changed since the run began", "the file as it was", "run again"
        )
    bars = read_bars(str(path), data)
    if drop_last:
        return bars.filter(pl.col("time").ne_missing(pl.col("time").max()))
    return bars


def _wanted(snapshot: Snapshot) -> pl.Expr:
    """Rows from the start to the end of the days asked for, final ones; untimed rows stay."""
    opens = pl.col("time").cast(pl.Int64)
    start_ms, end_ms = _span_ms(snapshot.start, snapshot.end)
    wanted = (opens >= start_ms) & (opens < end_ms)
    if "known_until_ms" in snapshot.settings:
        closes = opens + duration_ms(snapshot.timeframe)
        wanted &= closes <= snapshot.settings["known_until_ms"]
    return wanted | opens.is_null()


def _within(parts: list[Part], config: IngestConfig) -> list[Part]:
    start_ms, end_ms = _span_ms(config.start, config.end)
    return [part for part in parts if part.last_ms >= start_ms and part.first_ms < end_ms]


def _no_bar(market: str, config: IngestConfig, parts: list[Part]) -> InputError:
    first, last = min(parts).first_ms, max(part.last_ms for part in parts)
    return InputError(
        f"no bar of {market} from {config.start or 'the beginning'} to {config.end or 'the end'}",
        f"days between {_day(first)} and {_day(last)}",
        "change --start or --end",
    )


def _snapshot(
    symbol: str, timeframe: str, used: list[Part], config: IngestConfig, now_ms: int
) -> Snapshot:
    _, end_ms = _span_ms(config.start, config.end)
    settings: dict[str, Any] = {
        "drop_last_bar": [config.drop_unproven_last_bar and not part.is_archive for part in used]
    }
    step = duration_ms(timeframe)
    if min(end_ms, max(part.last_ms for part in used) + step) > now_ms:
        settings["known_until_ms"] = now_ms // step * step
    return Snapshot(
        source="files",
        symbol=symbol,
        timeframe=timeframe,
        start=config.start,
        end=config.end,
        parts=tuple(part.digest for part in used),
        settings=settings,
        places=tuple(part.place for part in used),
    )


def _inspect(path: Path, named: Named) -> Part:
    data = _read(path)
    times = read_times(str(path), data).drop_nulls().cast(pl.Int64)
    if not times.len():
        raise InputError(f"{path} has no open time in any row", "times", "download it again")
    first, last = int(times.min()), int(times.max())  # type: ignore[arg-type]
    return Part(first, str(path), last, sha256(data), named.is_archive)


def _read(path: Path) -> bytes:
    if path.exists() and not path.is_file():
        raise InputError(f"{path} is a pipe or a device", "a plain file", "move it elsewhere")
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(
            f"{path} cannot be read: {error.strerror}", "a readable file", "check its permissions"
        ) from error


def _span_ms(start: date | None, end: date | None) -> tuple[int, int]:
    """First millisecond that counts, and the first after `end` that does not."""
    start_ms = _midnight_ms(start or date.min)
    return start_ms, _midnight_ms(end or date.max) + DAY_MS


def _midnight_ms(day: date) -> int:
    return (day - date(1970, 1, 1)).days * DAY_MS


def _day(stamp_ms: int) -> str:
    return datetime.fromtimestamp(stamp_ms / 1000, UTC).date().isoformat()
