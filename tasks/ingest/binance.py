"""Bars from Binance: monthly archives, then daily ones, then the interface for the rest.

`survey` says what is asked and up to which closed bar, `fetch` brings it into the lake's blobs,
`load` reads the blobs. The kept bytes, not the venue, are what a run depends on. What lies beside
the bars (funding, open interest, spot, mark price, the leader) takes the same way by
`survey_beside` and `load_beside`; there the venue may have nothing.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from typing import Any

import polars as pl

from lake.errors import ConfigError, InputError
from lake.keys import sha256
from lake.schema import FETCHED
from lake.store import Lake
from lake.time import duration_ms
from tasks.ingest.binance_archive import Archives
from tasks.ingest.binance_beside import survey_beside
from tasks.ingest.binance_client import Client, checked_url
from tasks.ingest.binance_plan import (
    Piece,
    Request,
    Span,
    days,
    end_of,
    holes,
    moment,
    months,
    request_of,
    settings_of,
    start_of,
)
from tasks.ingest.binance_refusals import NothingThere, UnknownSymbol
from tasks.ingest.binance_rest import Interface
from tasks.ingest.config import IngestConfig
from tasks.ingest.snapshot import Snapshot

__all__ = ["fetch", "load", "load_beside", "survey", "survey_beside"]

# A bar is asked for only when it has been closed this long: the venue needs a moment to settle it.
SETTLE_SECONDS = 5.0
_EMPTY_PAGE = sha256(b"[]")
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
    settings = settings_of(config.binance.venue, "bars", moment(until).isoformat())
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
    as it has come. The list is empty where the venue has nothing to lay beside the bars.

    Parameters
    ----------
    client : Client, optional
        Who asks; one of `config` by default, at the snapshot's venue.

    Raises
    ------
    SourceError
        When the venue cannot be reached, refuses, or answers something unusable.
    InputError
        When it does not know the market's symbol, or has no bars of it in the span.
    """
    request = request_of(snapshot)
    asked = config.binance.model_copy(update={"venue": request.venue})
    session: AbstractContextManager[Client] = (
        Client(asked) if client is None else nullcontext(client)
    )
    with session as asking:
        archives = Archives(lake, asking, request)
        interface = Interface(lake, asking, request, config.binance.overlap_bars)
        try:
            found = _bring(archives, interface, request)
        except (NothingThere, UnknownSymbol) as error:
            if request.data == "bars":
                raise
            _LOG.warning("no %s of %s: %s", request.feed.rows, request.symbol, error.came)
            found = []
    says_something = request.data == "bars" or any(p.content != _EMPTY_PAGE for p in found)
    return _listed(found if says_something else [])


def load(
    lake: Lake, snapshot: Snapshot, where: Sequence[str], fetched: pl.DataFrame | None
) -> pl.DataFrame:
    """Read the bars of a fetch (RAW_BARS): final ones only, of the request's span, as they came.

    Bars that came twice stay twice, each with its `part`; `clean` compares them.
    """
    bars = load_beside(lake, snapshot, where, fetched)
    if bars.is_empty():
        raise _nothing(request_of(snapshot))
    return bars


def load_beside(
    lake: Lake, snapshot: Snapshot, where: Sequence[str], fetched: pl.DataFrame | None
) -> pl.DataFrame:
    """Read what a fetch brought, as `load` does, maybe nothing.

    Returns
    -------
    DataFrame
        RAW_FUNDING, RAW_INTEREST or RAW_BARS, as ``snapshot.data`` says. Settlements and readings
        are those stamped from the request's start to ``known_until``, both included.
    """
    assert fetched is not None
    request = request_of(snapshot)
    table = request.feed.table
    parts = [
        _final(lake, row, request).with_columns(part=pl.lit(row["order"], pl.Int16))
        for row in fetched.sort("order").iter_rows(named=True)
    ]
    return table.conform(pl.concat([table.empty(), *parts]))


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


def _bring(archives: Archives, interface: Interface, request: Request) -> list[Piece]:
    found, listed = _bring_archives(archives, interface, request)
    covered = [Span(piece.start, piece.end) for piece in found]
    return found + _bring_rest(interface, holes(Span(listed, request.until), covered), bool(found))


def _bring_archives(
    archives: Archives, interface: Interface, request: Request
) -> tuple[list[Piece], int]:
    """Return the archives, and when the wanted rows begin: at the start or at the listing."""
    monthly = archives.bring(months(request))
    unarchived = _unarchived(request, monthly)
    listed = request.start
    if monthly:
        listed = max(listed, monthly[0].start)
    elif listed < unarchived:
        listed = _first(interface) // request.step * request.step
    elif request.feed.origins == ("daily",):
        listed = _first_by_bars(archives, interface, request)
    if listed > request.start:
        _LOG.info("%s has %s from %s on", request.symbol, request.feed.rows, moment(listed))
    if "daily" not in request.feed.origins:
        return monthly, listed
    daily = days(Span(max(listed, unarchived), request.until))
    return monthly + archives.bring(daily), listed


def _first(interface: Interface) -> int:
    """Time of the first row of the request, which the interface must know."""
    first = interface.first_row()
    if first is None or first >= interface.request.until:
        raise _nothing(interface.request)
    return first


def _first_by_bars(archives: Archives, interface: Interface, request: Request) -> int:
    """When daily archives may begin: at the start, or where the market's bars do.

    Asking for every day of years before the listing would take thousands of requests.
    """
    earliest = days(Span(request.start, request.until))[:1]
    if not earliest or archives.bring(earliest):
        return request.start
    try:
        return max(request.start, _first(replace(interface, request=replace(request, data="bars"))))
    except UnknownSymbol:
        return request.start


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
    feed = request.feed
    read = feed.read_page if row["origin"] == "rest" else feed.read_archive
    rows = read(row["name"], lake.get_blob(row["content"]))
    lasts = 0 if feed.is_stamped else request.step
    return rows.filter(
        pl.col("time") >= moment(request.start),
        pl.col("time") + pl.duration(milliseconds=lasts)
        <= min(row["known_until"], moment(request.until)),
    )


def _nothing(request: Request) -> NothingThere:
    return NothingThere(
        f"the venue has no {request.feed.rows} of {request.symbol} {request.timeframe} from "
        f"{moment(request.start):%Y-%m-%d %H:%M} to {moment(request.until):%Y-%m-%d %H:%M} UTC",
        "a span in which the symbol was traded",
        "mend --start, --end or --symbols",
    )
