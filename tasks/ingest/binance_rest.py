"""Bring the bars that no archive holds from the venue's interface, page by page.

What pages gave is noted in a ledger per request. A later fetch of the same request asks only
for what is new, and again for the last few bars of what it had: where the venue has rewritten
them, both versions reach `clean`, which reports the conflict.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from lake.store import Lake
from tasks.ingest.binance_archive import read_notes
from tasks.ingest.binance_bars import read_page
from tasks.ingest.binance_client import Client, host_of
from tasks.ingest.binance_plan import Piece, Request, Span, ms, unusable, windows

TARGET = {"um": "/fapi/v1/klines", "spot": "/api/v3/klines"}
# Largest `limit` of each price, and the price: Binance's documentation of the two endpoints.
PRICES = {"um": ((99, 1), (499, 2), (1000, 5), (1500, 10)), "spot": ((1000, 2),)}


@dataclass(frozen=True)
class Interface:
    """The interface's pages of one market, as asked for by one request."""

    lake: Lake
    client: Client
    request: Request
    overlap_bars: int

    def first_bar(self) -> int | None:
        """Open time of the first bar at or after the request's start, None where there is none."""
        target = f"{self._target}&startTime={self.request.start}&limit=1"
        _, price = PRICES[self.request.venue][0]
        bars = read_page(target, self.client.interface(target, price, self.request.start))
        return None if bars.is_empty() else ms(bars["time"][0])

    def bring(self, holes: list[Span]) -> list[Piece]:
        """Return pages that cover `holes`, with an overlap to what lies before each.

        Raises
        ------
        SourceError, UnknownSymbol
            When the venue refuses, or answers something else.
        """
        ledger = self._recall(holes)
        found: dict[str, Piece] = {}
        for hole in holes:
            start = max(self.request.start, hole.start - self._overlap)
            for piece in self._cover(Span(start, hole.end), ledger):
                found[piece.content + piece.name] = piece
        return list(found.values())

    @property
    def _overlap(self) -> int:
        return self.overlap_bars * self.request.step

    @property
    def _target(self) -> str:
        request = self.request
        return f"{TARGET[request.venue]}?symbol={request.symbol}&interval={request.timeframe}"

    @property
    def _name(self) -> str:
        """The ledger's name: the same at whatever moment the same is asked."""
        end = self.request.until if self.request.bounded else "now"
        return f"{host_of(self.client.rest_url)}{self._target}&from={self.request.start}&to={end}"

    def _recall(self, holes: list[Span]) -> list[Piece]:
        """Pages of earlier fetches that still matter, as they were asked."""
        record = self.lake.recall(self._name) or {"pages": []}
        return [
            page
            for page in read_notes(self.lake, record["pages"])
            if any(h.start - self._overlap < page.end and page.start < h.end for h in holes)
        ]

    def _cover(self, span: Span, ledger: list[Piece]) -> Iterator[Piece]:
        """Yield the ledger's pages that lead on from the span's start, then new ones."""
        reached, is_old = span.start, False
        usable = [p for p in ledger if p.known_until <= self.request.until]
        for page in sorted(usable, key=lambda page: (page.known_until, page.start)):
            if page.start <= reached < page.end and page.start < span.end:
                yield page
                reached, is_old = page.end, page.known_until < self.request.until
        if reached < span.end:
            start = max(span.start, reached - self._overlap) if is_old else reached
            limit, _ = PRICES[self.request.venue][-1]
            for window in windows(Span(start, span.end), limit * self.request.step):
                yield self._ask(window, ledger)

    def _ask(self, window: Span, ledger: list[Piece]) -> Piece:
        n_bars = (window.end - window.start) // self.request.step
        limit, price = next(p for p in PRICES[self.request.venue] if p[0] >= n_bars)
        query = f"&startTime={window.start}&endTime={window.end - 1}&limit={limit}"
        target = self._target + query
        data = self.client.interface(target, price, self.request.until)
        bars = read_page(target, data)
        if not bars.is_empty() and ms(bars["time"][0]) < window.start:
            raise unusable(target, f"answers with bars from {bars['time'][0]} on")
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
