"""Bars from Binance: monthly archives, then daily ones, then the interface for the rest.

`survey` says what is asked and up to which closed bar, `fetch` brings it into the lake's blobs,
`load` reads the blobs. The kept bytes, not the venue, are what a run depends on.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import polars as pl

from lake.errors import ConfigError, InputError
from lake.schema import FETCHED, RAW_BARS
from lake.store import Lake
from lake.time import duration_ms
from tasks.ingest.binance_archive import Archives
from tasks.ingest.binance_bars import read_archive, read_page
from tasks.ingest.binance_client import Client, checked_url
from tasks.ingest.binance_plan import (
    ARCHIVE_ROOT,
    Piece,
    Request,
    Span,
    days,
    end_of,
    holes,
    moment,
    months,
    request_of,
    start_of,
)
from tasks.ingest.binance_refusals import UnknownSymbol
from tasks.ingest.binance_rest import TARGET, Interface
from tasks.ingest.config import IngestConfig
from tasks.ingest.snapshot import Snapshot

# A bar is asked for only when it has been closed this long: the venue needs a moment to settle it.
SETTLE_SECONDS = 5.0
_LOG = logging.getLogger(__name__)


def survey(config: IngestConfig, *, clock: Callable[[], float] = time.time) -> list[Snapshot]:
    """Say what will be asked of the venue, one snapshot per symbol.

    The same request within one bar gives the same snapshots: ``settings["known_until"]`` is the
    boundary up to which bars have closed, or the end of the request where that is past.

    Parameters
    ----------
    config : IngestConfig
        Symbols and start are needed; both the first and the last day are wanted whole.
    clock : callable
        Seconds since 1970.

    Raises
    ------
    ConfigError, InputError
        When the request lacks something or asks for nothing.
    """
    _check(config)
    until = _known_until(config, clock())
    venue = config.binance.venue
    settings = {
        "venue": venue,
        "archives": f"{ARCHIVE_ROOT[venue]}/{{monthly,daily}}/klines",
        "interface": TARGET[venue],
        "known_until": moment(until).isoformat(),
    }
    return [
        Snapshot(
            source="binance",
            symbol=symbol,
            timeframe=config.timeframe,
            start=config.start,
            end=config.end,
            settings=settings,
        )
        for symbol in sorted(set(config.symbols))
    ]


def fetch(
    lake: Lake, snapshot: Snapshot, config: IngestConfig, *, client: Client | None = None
) -> pl.DataFrame:
    """Bring what the venue has into the lake's blobs, and list it (FETCHED).

    An interrupted fetch goes on where it stopped: each archive and page is kept and noted as soon
    as it has come.

    Parameters
    ----------
    client : Client, optional
        Who asks; one of `config` by default.

    Raises
    ------
    SourceError
        When the venue cannot be reached, refuses, or answers something unusable.
    InputError
        When it does not know the symbol, or has no bars of it in the span.
    """
    request = request_of(snapshot)
    session: AbstractContextManager[Client] = (
        Client(config.binance) if client is None else nullcontext(client)
    )
    with session as asking:
        archives = Archives(lake, asking, request)
        interface = Interface(lake, asking, request, config.binance.overlap_bars)
        found, listed = _bring_archives(archives, interface, request)
        covered = [Span(piece.start, piece.end) for piece in found]
        found += _bring_rest(interface, holes(Span(listed, request.until), covered), bool(found))
    return _listed(found)


def load(
    lake: Lake, snapshot: Snapshot, where: Sequence[str], fetched: pl.DataFrame | None
) -> pl.DataFrame:
    """Read the bars of a fetch (RAW_BARS): final ones only, of the request's span, as they came.

    Bars that came twice stay twice, each with its `part`; `clean` compares them.
    """
    assert fetched is not None
    request = request_of(snapshot)
    parts = [
        _final(lake, row, request).with_columns(part=pl.lit(row["order"], pl.Int16))
        for row in fetched.sort("order").iter_rows(named=True)
    ]
    bars = pl.concat([RAW_BARS.empty(), *parts])
    if bars.is_empty():
        raise _nothing(request)
    return RAW_BARS.conform(bars)


def _known_until(config: IngestConfig, now: float) -> int:
    step = duration_ms(config.timeframe)
    closed = int((now - SETTLE_SECONDS) * 1000) // step * step
    until = closed if config.end is None else min(closed, end_of(config.end))
    assert config.start is not None
    if start_of(config.start) >= until:
        raise InputError(
            f"a request from {config.start} to {config.end or 'now'}, of which no bar has closed",
            "a start before the end, and in the past",
            "mend --start and --end",
        )
    return until


def _check(config: IngestConfig) -> None:
    if not config.symbols:
        raise ConfigError(
            "source binance without symbols", "which markets to bring", "give --symbols BTCUSDT"
        )
    if config.start is None:
        raise InputError(
            "source binance without a start", "the first day to bring", "give --start 2024-01-01"
        )
    checked_url("archive_url", config.binance.archive_url)
    if config.binance.rest_url is not None:
        checked_url("rest_url", config.binance.rest_url)


def _bring_archives(
    archives: Archives, interface: Interface, request: Request
) -> tuple[list[Piece], int]:
    """Return the archives, and when the wanted bars begin: at the start or at the listing."""
    monthly = archives.bring(months(request))
    unarchived = _unarchived(request, monthly)
    listed = request.start
    if monthly:
        listed = max(listed, monthly[0].start)
    elif listed < unarchived:
        first = interface.first_bar()
        if first is None or first >= request.until:
            raise _nothing(request)
        listed = first // request.step * request.step
    if listed > request.start:
        _LOG.info("%s has bars from %s on", request.symbol, moment(listed))
    daily = days(Span(max(listed, unarchived), request.until))
    return monthly + archives.bring(daily), listed


def _unarchived(request: Request, monthly: list[Piece]) -> int:
    """Return the moment from which daily archives are asked for.

    That is the running month, and the one before where its archive is not out yet. An older month
    without archive is asked of the interface, which takes fewer requests.
    """
    wanted = months(request)
    if not wanted:
        return request.start
    is_out = any(piece.start == wanted[-1].start for piece in monthly)
    return wanted[-1].end if is_out else wanted[-1].start


def _bring_rest(interface: Interface, spans: list[Span], has_archives: bool) -> list[Piece]:
    try:
        return interface.bring(spans)
    except UnknownSymbol:
        if not has_archives:
            raise
        _LOG.warning("%s has archives but is not traded any more", interface.request.symbol)
        return []


def _listed(pieces: list[Piece]) -> pl.DataFrame:
    ordered = sorted(pieces, key=lambda piece: (piece.start, piece.known_until, piece.name))
    rows = [
        {**piece.model_dump(), "order": order, "known_until": moment(piece.known_until)}
        for order, piece in enumerate(ordered)
    ]
    return FETCHED.conform(pl.DataFrame(rows, schema=FETCHED.columns))


def _final(lake: Lake, row: dict[str, Any], request: Request) -> pl.DataFrame:
    read = read_page if row["origin"] == "rest" else read_archive
    bars = read(row["name"], lake.get_blob(row["content"]))
    closes = pl.col("time") + pl.duration(milliseconds=request.step)
    return bars.filter(
        pl.col("time") >= moment(request.start),
        closes <= min(row["known_until"], moment(request.until)),
    )


def _nothing(request: Request) -> InputError:
    return InputError(
        f"the venue has no bars of {request.symbol} {request.timeframe} from "
        f"{moment(request.start):%Y-%m-%d %H:%M} to {moment(request.until):%Y-%m-%d %H:%M} UTC",
        "a span in which the symbol was traded",
        "mend --start, --end or --symbols",
    )
