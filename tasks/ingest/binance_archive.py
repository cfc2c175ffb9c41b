"""Bring the venue's monthly and daily archives: checked, kept as bytes, never brought twice."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from lake.errors import LakeError, SourceError
from lake.keys import sha256
from lake.store import Lake
from tasks.ingest.binance_client import Client, host_of
from tasks.ingest.binance_feeds import Feed
from tasks.ingest.binance_plan import Period, Piece, Request, archive_path, ms
from tasks.ingest.binance_refusals import unusable

N_DOWNLOADS = 4
N_DOWNLOADS_PER_ARCHIVE = 2
_LOG = logging.getLogger(__name__)
_DIGEST = re.compile(rb"\s*([0-9a-fA-F]{64})\b")


@dataclass(frozen=True)
class Archives:
    """The archives of one market, as asked for by one request."""

    lake: Lake
    client: Client
    request: Request

    def bring(self, periods: list[Period]) -> list[Piece]:
        """Return the archives of `periods` that the venue has, in that order.

        Raises
        ------
        SourceError
            When one cannot be brought whole.
        """
        with ThreadPoolExecutor(N_DOWNLOADS) as pool:
            return [piece for piece in pool.map(self._bring, periods) if piece is not None]

    def _bring(self, period: Period) -> Piece | None:
        path = archive_path(self.request, period)
        name = f"{host_of(self.client.archive_url)}/{path}"
        kept = read_notes(self.lake, [self.lake.recall(name)])
        if kept:
            return kept[0].model_copy(update={"known_until": self.request.until})
        piece = self._download(path, period)
        if piece is not None:
            self.lake.remember(name, piece.model_dump())
        return piece

    def _download(self, path: str, period: Period) -> Piece | None:
        """Return the archive, asked for once more where it is not whole; None where none is."""
        for attempt in range(N_DOWNLOADS_PER_ARCHIVE):
            data = self.client.archive(path)
            if data is None:
                return None
            published = _published(self.client.archive(f"{path}.CHECKSUM"))
            holds = None if published is None else published == sha256(data)
            flaw = _flaw(self.request.feed, path, data, period)
            if flaw is None and (holds is not False or attempt == N_DOWNLOADS_PER_ARCHIVE - 1):
                return self._keep(path, period, data, published)
            _LOG.warning("%s, download %d: %s", path, attempt + 1, flaw or "checksum differs")
        assert flaw is not None
        raise flaw

    def _keep(self, path: str, period: Period, data: bytes, published: str | None) -> Piece:
        content = self.lake.put_blob(data)
        holds = None if published is None else published == content
        if holds is False:
            _LOG.warning("%s is a whole zip: kept, although its checksum differs", path)
        return Piece(
            origin=period.origin,
            name=path,
            start=period.start,
            end=period.end,
            content=content,
            n_bytes=len(data),
            checksum=published,
            checksum_holds=holds,
            known_until=self.request.until,
        )


def read_notes(lake: Lake, notes: Iterable[dict[str, Any] | None]) -> list[Piece]:
    """Return the noted pieces whose bytes the lake still holds, unchanged."""
    pieces = []
    for note in notes:
        try:
            piece = Piece.model_validate(note)
            lake.get_blob(piece.content)
        except (ValidationError, LakeError):
            continue
        pieces.append(piece)
    return pieces


def _published(text: bytes | None) -> str | None:
    """The digest of a CHECKSUM file; empty where the file holds none, which no zip matches."""
    if text is None:
        return None
    match = _DIGEST.match(text)
    return "" if match is None else match[1].decode().lower()


def _flaw(feed: Feed, path: str, data: bytes, period: Period) -> SourceError | None:
    """Say why an archive cannot be used, None where it can."""
    try:
        rows = feed.read_archive(path, data)
    except SourceError as error:
        return error
    if rows.is_empty():
        return unusable(path, f"holds no {feed.rows}")
    times = rows["time"].sort()
    slack = feed.slack_ms
    if ms(times[0]) < period.start - slack or ms(times[-1]) >= period.end + slack:
        return unusable(path, f"holds {feed.rows} from {times[0]} to {times[-1]}")
    if not rows["time"].is_sorted():
        _LOG.warning("%s holds %s out of order: they are sorted when cleaned", path, feed.rows)
    return None
