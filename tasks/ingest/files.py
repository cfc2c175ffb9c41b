"""Bars from files: a folder of them, or one.

Which file holds which market is said by `tasks.ingest.folders`, how it is read by
`tasks.ingest.layouts`, what lies beside the bars by `tasks.ingest.files_beside`. Overlaps between
the parts of a market are kept: clean resolves them.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import polars as pl

from lake.errors import InputError
from lake.schema import RAW_BARS
from lake.store import Lake
from tasks.ingest.config import IngestConfig
from tasks.ingest.files_beside import load_beside, survey_beside
from tasks.ingest.folders import find_markets
from tasks.ingest.layouts import BARS
from tasks.ingest.parts import (
    Part,
    between,
    day_of,
    final_bars,
    finality,
    inspect_file,
    now_in_ms,
    read_part,
    span_ms,
    within,
)
from tasks.ingest.snapshot import Snapshot

__all__ = ["load", "load_beside", "survey", "survey_beside"]


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
    now_ms = now_in_ms(now)
    found, seen = [], []
    for (symbol, timeframe), files in find_markets(config).items():
        parts = sorted(
            inspect_file(path, BARS, is_archive=named.is_archive) for path, named in files.items()
        )
        seen += parts
        used = within(parts, *span_ms(config.start, config.end))
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
    parts = [
        read_part(Path(place), digest, BARS)
        for place, digest in zip(where, snapshot.parts, strict=True)
    ]
    bars = final_bars(snapshot.settings, parts, snapshot.timeframe)
    return RAW_BARS.conform(bars.filter(between(*span_ms(snapshot.start, snapshot.end))))


def _no_bar(market: str, config: IngestConfig, parts: list[Part]) -> InputError:
    first, last = min(parts).first_ms, max(part.last_ms for part in parts)
    return InputError(
        f"no bar of {market} from {config.start or 'the beginning'} to {config.end or 'the end'}",
        f"days between {day_of(first)} and {day_of(last)}",
        "change --start or --end",
    )


def _snapshot(
    symbol: str, timeframe: str, used: list[Part], config: IngestConfig, now_ms: int
) -> Snapshot:
    return Snapshot(
        source="files",
        symbol=symbol,
        timeframe=timeframe,
        start=config.start,
        end=config.end,
        parts=tuple(part.digest for part in used),
        settings=finality(used, timeframe, config, now_ms),
        places=tuple(part.place for part in used),
    )
