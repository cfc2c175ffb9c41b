"""Bring what no archive holds from the venue's interface, page by page.

What pages gave is noted in a ledger per request. A later fetch of the same request asks only
for what is new, and again for the last few rows of what it had: where the venue has rewritten
them, both versions reach `clean`, which reports the conflict.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from lake.store import Lake
from tasks.ingest.binance_archive import read_notes
from tasks.ingest.binance_client import Client, host_of
from tasks.ingest.binance_plan import Piece, Request, Span, holes, moment, ms, windows
from tasks.ingest.binance_refusals import unusable

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Interface:
    """The interface's pages of one market, as asked for by one request."""

    lake: Lake
    client: Client
    request: Request
    overlap_bars: int

    def first_row(self) -> int | None:
        """Time of the first row at or after the request's start, None where there is none."""
        feed = self.request.feed
        target = f"{self._target}&startTime={self.request.start}&limit=1"
        _, price = feed.prices[0]
        data = self.client.interface(target, price, self.request.start, feed.purse)
        rows = feed.read_page(target, data)
        return None if rows.is_empty() else ms(rows["time"][0])

    def bring(self, wanted: list[Span]) -> list[Piece]:
        """Return pages that cover the `wanted` spans, with an overlap to what lies before each.

        Raises
        ------
        SourceError, UnknownSymbol
            When the venue refuses, or answers something else.
        """
        ledger = self._recall(wanted)
        found: dict[str, Piece] = {}
        for span in wanted:
            start = max(self.request.start, span.start - self._overlap)
            for piece in self._cover(Span(start, span.end), ledger):
                found[piece.content + piece.name] = piece
        covered = [Span(piece.start, piece.end) for piece in found.values()]
        lost = [hole for span in wanted for hole in holes(span, covered)]
        if lost:
            text = "%s does not go back to %s: %d spans without archive stay empty"
            _LOG.warning(text, self._target, moment(lost[0].start), len(lost))
        return list(found.values())

    @property
    def _overlap(self) -> int:
        return self.overlap_bars * self.request.step

    @property
    def _reach(self) -> int:
        """The earliest moment that the interface still tells of."""
        reach, step = self.request.feed.reach_ms, self.request.step
        if reach is None:
            return 0
        return -((reach - int(self.client.clock() * 1000)) // step) * step

    @property
    def _target(self) -> str:
        request = self.request
        parameter = request.feed.parameter.format(timeframe=request.timeframe)
        return f"{request.feed.target}?symbol={request.symbol}{parameter}"

    @property
    def _name(self) -> str:
        """The ledger's name: the same at whatever moment the same is asked."""
        end = self.request.until if self.request.bounded else "now"
        return f"{host_of(self.client.rest_url)}{self._target}&from={self.request.start}&to={end}"

    @property
    def _width(self) -> int:
        """Milliseconds that one page can hold, both ends of them where rows are stamped."""
        feed = self.request.feed
        limit, _ = feed.prices[-1]
        return (limit - feed.is_stamped) * self.request.step // feed.room

    def _price(self, window: Span) -> tuple[int, int]:
        """The least `limit` that holds the rows of `window`, and what it costs."""
        feed = self.request.feed
        n_rows = (window.end - window.start) * feed.room // self.request.step + feed.is_stamped
        return next(price for price in feed.prices if price[0] >= n_rows)

    def _recall(self, wanted: list[Span]) -> list[Piece]:
        """Pages of earlier fetches that still matter, as they were asked."""
        record = self.lake.recall(self._name) or {"pages": []}
        return [
            page
            for page in read_notes(self.lake, record["pages"])
            if any(s.start - self._overlap < page.end and page.start < s.end for s in wanted)
        ]

    def _cover(self, span: Span, ledger: list[Piece]) -> Iterator[Piece]:
        """Yield the ledger's pages that lead on from the span's start, then new ones.

        What lies before the interface's reach cannot be asked any more, so that a page that begins
        within it leads on all the same.
        """
        reached, is_old, reach = span.start, False, self._reach
        usable = [p for p in ledger if p.known_until <= self.request.until]
        for page in sorted(usable, key=lambda page: (page.known_until, page.start)):
            if page.start <= max(reached, reach) and reached < page.end and page.start < span.end:
                yield page
                reached, is_old = page.end, page.known_until < self.request.until
        if reached < span.end:
            start = max(span.start, reached - self._overlap) if is_old else reached
            for window in windows(Span(max(start, reach), span.end), self._width):
                yield self._ask(window, ledger)

    def _ask(self, window: Span, ledger: list[Piece]) -> Piece:
        feed = self.request.feed
        limit, price = self._price(window)
        # An open time may not be the end of the span, a stamp may: it was known by then.
        last = window.end if feed.is_stamped else window.end - 1
        target = f"{self._target}&startTime={window.start}&endTime={last}&limit={limit}"
        data = self.client.interface(target, price, self.request.until, feed.purse)
        earliest = feed.read_page(target, data)["time"].min()
        if isinstance(earliest, datetime) and ms(earliest) < window.start - feed.slack_ms:
            raise unusable(target, f"answers with {feed.rows} from {earliest} on")
        piece = Piece(
            origin="rest",
            name=target,
            start=window.start,
            end=window.end,
            content=self.lake.put_blob(data),
            n_bytes=len(data),
            checksum=None,
            checksum_holds=None,
            known_until=self.request.until,
        )
        ledger.append(piece)
        self.lake.remember(self._name, {"pages": [page.model_dump() for page in ledger]})
        return piece
