"""Which archives and which pages a request needs: arithmetic on dates, no network.

Times are milliseconds since 1970, UTC; every span is half open, ``start <= open time < end``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from lake.config import Config
from lake.time import UNITS_MS, duration_ms
from tasks.ingest.binance_feeds import Feed, feed_of
from tasks.ingest.snapshot import Data, Snapshot

DAY_MS = UNITS_MS["d"]
ARCHIVE_ROOT = {"um": "data/futures/um", "spot": "data/spot"}


@dataclass(frozen=True)
class Request:
    """What is asked of the venue for one market.

    Attributes
    ----------
    symbol : str
        Whose data these are: for the leader's bars, the leader.
    start, until : int
        First wanted open time or stamp, and the moment up to which bars have closed.
    bounded : bool
        Whether the request ends in the past, so that its last month may be archived.
    """

    venue: str
    symbol: str
    timeframe: str
    start: int
    until: int
    bounded: bool
    data: Data = "bars"

    @property
    def feed(self) -> Feed:
        """How the venue serves it."""
        return feed_of(self.venue, self.data)

    @property
    def step(self) -> int:
        """Milliseconds from row to row, as a rule."""
        return self.feed.spacing_ms or duration_ms(self.timeframe)


@dataclass(frozen=True)
class Period:
    """A month or a day that one archive covers."""

    origin: str
    label: str
    start: int
    end: int


@dataclass(frozen=True)
class Span:
    """A half-open stretch of open times."""

    start: int
    end: int


class Piece(Config):
    """Bytes that the venue gave and the lake keeps: one row of FETCHED, and the span it answers."""

    origin: str
    name: str
    start: int
    end: int
    content: str
    n_bytes: int
    checksum: str | None
    checksum_holds: bool | None
    known_until: int


def request_of(snapshot: Snapshot) -> Request:
    """Read the request out of a snapshot that `tasks.ingest.binance.survey` made."""
    assert snapshot.start is not None
    until = ms(datetime.fromisoformat(snapshot.settings["known_until"]))
    end = None if snapshot.end is None else end_of(snapshot.end)
    first_day = feed_of(snapshot.settings["venue"], snapshot.data).first_day
    return Request(
        venue=snapshot.settings["venue"],
        symbol=snapshot.bars_of or snapshot.symbol,
        timeframe=snapshot.timeframe,
        start=start_of(max(snapshot.start, first_day or snapshot.start)),
        until=until,
        bounded=end == until,
        data=snapshot.data,
    )


def ms(moment: datetime) -> int:
    """Milliseconds since 1970 of an aware datetime."""
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


def moment(time: int) -> datetime:
    """The aware datetime of milliseconds since 1970."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=time)


def start_of(day: date) -> int:
    """Midnight that begins `day`."""
    return ms(datetime(day.year, day.month, day.day, tzinfo=UTC))


def end_of(day: date) -> int:
    """Midnight that ends `day`: the last day of a request is wanted whole."""
    return start_of(day) + DAY_MS


def months(request: Request) -> list[Period]:
    """Months that may be archived whole, oldest first.

    The month in which an unbounded request ends is still running, and has no archive.
    """
    if "monthly" not in request.feed.origins:
        return []
    found = []
    first = moment(request.start).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    while ms(first) < request.until:
        after = (first + timedelta(days=31)).replace(day=1)
        if ms(after) <= request.until or request.bounded:
            found.append(Period("monthly", f"{first:%Y-%m}", ms(first), ms(after)))
        first = after
    return found


def settings_of(venue: str, data: Data, known_until: str) -> dict[str, str]:
    """What a snapshot's rows depend on beside its symbol, timeframe, start and end."""
    feed = feed_of(venue, data)
    return {
        "venue": venue,
        "archives": f"{ARCHIVE_ROOT[venue]}/{{{','.join(feed.origins)}}}/{feed.folder}",
        "interface": feed.target,
        "known_until": known_until,
    }


def days(span: Span) -> list[Period]:
    """Days that lie wholly before the span's end, from the day that holds its start."""
    first = span.start // DAY_MS * DAY_MS
    return [
        Period("daily", f"{moment(time):%Y-%m-%d}", time, time + DAY_MS)
        for time in range(first, span.end - DAY_MS + 1, DAY_MS)
    ]


def holes(span: Span, covered: Iterable[Span]) -> list[Span]:
    """What of `span` none of `covered` holds, oldest first.

    Examples
    --------
    >>> holes(Span(0, 10), [Span(2, 4), Span(3, 5)])
    [Span(start=0, end=2), Span(start=5, end=10)]
    """
    found, reached = [], span.start
    for part in sorted(covered, key=lambda part: part.start):
        if reached < min(part.start, span.end):
            found.append(Span(reached, min(part.start, span.end)))
        reached = max(reached, part.end)
    if reached < span.end:
        found.append(Span(reached, span.end))
    return found


def windows(span: Span, width: int) -> list[Span]:
    """Cut `span` into stretches of at most `width` milliseconds."""
    return [
        Span(start, min(start + width, span.end)) for start in range(span.start, span.end, width)
    ]


def archive_path(request: Request, period: Period) -> str:
    """Where the venue's archive host keeps a month's or a day's rows."""
    symbol, timeframe, feed = request.symbol, request.timeframe, request.feed
    folder = f"{ARCHIVE_ROOT[request.venue]}/{period.origin}/{feed.folder}/{symbol}"
    if feed.is_stamped:
        return f"{folder}/{symbol}-{feed.folder}-{period.label}.zip"
    return f"{folder}/{timeframe}/{symbol}-{timeframe}-{period.label}.zip"
