"""A venue on loopback: both of Binance's interfaces, replayed from bars, with faults by script."""

from __future__ import annotations

import hashlib
import io
import json
import threading
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import numpy as np
import polars as pl

from lake.schema import RAW_BARS, TIME
from lake.time import duration_ms
from tests.real import REAL_DATA

REAL_BARS = REAL_DATA / "binance_spot/klines12/BTCUSDT/5m_2022_07.parquet"
NUMBERS = [name for name in RAW_BARS.columns if name not in ("time", "part")]
FUNDING_HEADER = "calc_time,funding_interval_hours,last_funding_rate"
METRICS_HEADER = (
    "create_time,symbol,sum_open_interest,sum_open_interest_value,count_toptrader_long_short_ratio,"
    "sum_toptrader_long_short_ratio,count_long_short_ratio,sum_taker_long_short_vol_ratio"
)
ROOTS = {"um": "data/futures/um", "spot": "data/spot"}
KLINES = {"um": "/fapi/v1/klines", "spot": "/api/v3/klines"}
PAGES = {
    *KLINES.values(),
    "/fapi/v1/markPriceKlines",
    "/fapi/v1/fundingRate",
    "/futures/data/openInterestHist",
}
BAD_START = b'{"code":-1130,"msg":"parameter \'startTime\' is invalid."}'
HEADER = (
    "open_time,open,high,low,close,volume,close_time,quote_volume,count,"
    "taker_buy_volume,taker_buy_quote_volume,ignore"
)


# Packed once for all tests. The bars are kept beside, so that no other frame takes their id.
_ZIPS: dict[tuple[object, ...], tuple[pl.DataFrame, bytes]] = {}


@dataclass(frozen=True)
class Refusal:
    """An answer other than the data."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True)
class Cut:
    """Half of the body, then a closed connection."""


Fault = Refusal | Cut | Callable[[bytes], bytes]


def whole_body(body: bytes) -> bytes:
    """No fault: a place in a script that lets one request through."""
    return body


def truncated(body: bytes) -> bytes:
    """Half of the body, said to be the whole."""
    return body[: len(body) // 2]


def wrong_checksum(body: bytes) -> bytes:
    """A digest of something else."""
    return hashlib.sha256(body).hexdigest().encode() + b"  other.zip\n"


def bars_5m() -> pl.DataFrame:
    """BTCUSDT spot at 5m, 2022-07-14 to 2022-08-16: real where the data are, else simulated."""
    if REAL_BARS.exists():
        return pl.read_parquet(REAL_BARS).select(
            pl.col("open_time").alias("time"), *(pl.col(name).cast(pl.Float64) for name in NUMBERS)
        )
    return _simulated()


def _simulated() -> pl.DataFrame:
    n, rng = 9792, np.random.default_rng(7)
    first = datetime(2022, 7, 14, tzinfo=UTC)
    times = pl.Series([first + timedelta(minutes=5 * i) for i in range(n)], dtype=TIME)
    close = np.round(20_000 * np.exp(np.cumsum(rng.normal(0, 1e-3, n))), 2)
    open_ = np.concatenate([[20_000.0], close[:-1]])
    flows = {name: np.round(rng.exponential(50.0, n), 5) for name in NUMBERS[4:]}
    flows["trades"] = np.floor(flows["trades"])
    prices = {"open": open_, "high": np.maximum(open_, close), "low": np.minimum(open_, close)}
    return pl.DataFrame({"time": times, **prices, "close": close, **flows})


Lines = list[list[int | str]]


@dataclass(frozen=True)
class Shelf:
    """One kind of data of one symbol: where the venue keeps it, and how it writes it.

    Attributes
    ----------
    folder, stem : str
        Where its archives lie below the venue's root and monthly or daily, and how they begin.
    rows : DataFrame
        Sorted by `time`, which is what the venue stamps.
    lines : callable
        Rows and the scale of their stamps to cells of a CSV.
    page : callable
        Rows to what the interface says, before it becomes JSON.
    takes_end : bool
        Whether an archive holds the stamp at its end and not the one at its start.
    """

    root: str
    origins: tuple[str, ...]
    folder: str
    stem: str
    target: str
    symbol: str
    rows: pl.DataFrame
    header: str | None
    lines: Callable[[pl.DataFrame, int], Lines]
    page: Callable[[pl.DataFrame], list[object]]
    takes_end: bool = False
    reach: timedelta | None = None

    def within(self, start: datetime, end: datetime) -> pl.DataFrame:
        closed = "right" if self.takes_end else "left"
        return self.rows.filter(pl.col("time").is_between(start, end, closed=closed))


def funding_shelf(rows: pl.DataFrame, symbol: str = "BTCUSDT") -> Shelf:
    """Settlements (`time`, `rate`, `hours`): monthly archives, and pages that tell no hours."""

    def lines(rows: pl.DataFrame, scale: int) -> Lines:
        stamps = rows["time"].dt.epoch("ms")
        return [
            [stamp * scale, int(hours), repr(rate)]
            for stamp, rate, hours in zip(stamps, rows["rate"], rows["hours"], strict=True)
        ]

    def page(rows: pl.DataFrame) -> list[object]:
        return [
            {"symbol": symbol, "fundingTime": t, "fundingRate": repr(rate), "markPrice": ""}
            for t, rate in zip(rows["time"].dt.epoch("ms"), rows["rate"], strict=True)
        ]

    return Shelf(
        root=ROOTS["um"],
        origins=("monthly",),
        folder=f"fundingRate/{symbol}",
        stem=f"{symbol}-fundingRate-",
        target="/fapi/v1/fundingRate",
        symbol=symbol,
        rows=rows,
        header=FUNDING_HEADER,
        lines=lines,
        page=page,
    )


def interest_shelf(rows: pl.DataFrame, symbol: str = "BTCUSDT", *, takes_end: bool = True) -> Shelf:
    """Readings (`time`, `contracts`, `value`): daily archives, and pages of the last 30 days."""

    def lines(rows: pl.DataFrame, scale: int) -> Lines:
        texts = rows["time"].dt.strftime("%Y-%m-%d %H:%M:%S")
        return [
            [text, symbol, *("" if n != n else repr(n) for n in numbers), "1.2", "1.1", "0.9", ""]
            for text, *numbers in zip(texts, rows["contracts"], rows["value"], strict=True)
        ]

    def page(rows: pl.DataFrame) -> list[object]:
        return [
            {
                "symbol": symbol,
                "sumOpenInterest": f"{contracts:.8f}",
                "sumOpenInterestValue": f"{value:.8f}",
                "timestamp": t,
            }
            for t, contracts, value in zip(
                rows["time"].dt.epoch("ms"), rows["contracts"], rows["value"], strict=True
            )
        ]

    return Shelf(
        root=ROOTS["um"],
        origins=("daily",),
        folder=f"metrics/{symbol}",
        stem=f"{symbol}-metrics-",
        target="/futures/data/openInterestHist",
        symbol=symbol,
        rows=rows,
        header=METRICS_HEADER,
        lines=lines,
        page=page,
        takes_end=takes_end,
        reach=timedelta(days=30),
    )


def bars_shelf(
    rows: pl.DataFrame,
    *,
    venue: str = "um",
    symbol: str = "BTCUSDT",
    timeframe: str = "5m",
    is_mark: bool = False,
    header: str | None = None,
    page_scale: int = 1,
) -> Shelf:
    """Bars, or the bars of the mark price: monthly and daily archives, and pages."""
    step = duration_ms(timeframe)
    folder = "markPriceKlines" if is_mark else "klines"
    return Shelf(
        root=ROOTS[venue],
        origins=("monthly", "daily"),
        folder=f"{folder}/{symbol}/{timeframe}",
        stem=f"{symbol}-{timeframe}-",
        target="/fapi/v1/markPriceKlines" if is_mark else KLINES[venue],
        symbol=symbol,
        rows=rows,
        header=header,
        lines=lambda rows, scale: _bar_lines(rows, step, scale),
        page=lambda rows: list(_bar_lines(rows, step, page_scale)),
    )


def _bar_lines(bars: pl.DataFrame, step: int, scale: int) -> Lines:
    rows = []
    for time, *numbers in bars.with_columns(pl.col("time").dt.epoch("ms")).iter_rows():
        cells: list[int | str] = [repr(number) for number in numbers]
        cells[6] = int(numbers[6])
        rows.append([time * scale, *cells[:5], (time + step) * scale - 1, *cells[5:], "0"])
    return rows


class FakeTime:
    """A clock that moves only when someone sleeps."""

    def __init__(self, now: datetime) -> None:
        self.now, self.slept = now.timestamp(), []

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


class Replay:
    """The venue. Change its attributes to script what it does.

    Attributes
    ----------
    lacking : set of str
        Labels (``2022-07``, ``2022-08-03``) of archives that are not published.
    has_header, in_microseconds : bool
        How the archives' CSVs look; the interface answers in milliseconds unless
        `pages_in_microseconds`.
    heeds_end : bool
        Whether the interface keeps to endTime, or also sends the bar that is still open.
    requests : list of str
        Paths with queries, as they came.
    beside : list of Shelf
        What it has beside the bars.
    """

    def __init__(self, bars: pl.DataFrame, now: datetime, venue: str = "spot") -> None:
        self.bars, self.now, self.venue = bars, now, venue
        self.symbol, self.timeframe = "BTCUSDT", "5m"
        self.lacking: set[str] = set()
        self.has_header = self.in_microseconds = self.pages_in_microseconds = False
        self.heeds_end = True
        self.used_weight: int | None = None
        self.requests: list[str] = []
        self.beside: list[Shelf] = []
        self._faults: list[tuple[str, list[Fault]]] = []
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", 0), _handler(self))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Replay:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def when(self, match: str, *faults: Fault) -> None:
        """Answer the next requests whose path holds `match` with `faults`, one each."""
        self._faults.append((match, list(faults)))

    def count(self, match: str) -> int:
        return sum(match in request for request in self.requests)

    def answer(self, target: str) -> tuple[Refusal, Fault | None]:
        """The right answer to a request, and the fault to spoil it with."""
        with self._lock:
            self.requests.append(target)
            fault = next((f.pop(0) for match, f in self._faults if match in target and f), None)
            parts = urlsplit(target)
            return (self._page(target) if parts.path in PAGES else self._archive(parts.path)), fault

    @property
    def shelves(self) -> list[Shelf]:
        """All that it has, its own bars first."""
        bars = bars_shelf(
            self.bars,
            venue=self.venue,
            symbol=self.symbol,
            timeframe=self.timeframe,
            header=HEADER if self.has_header else None,
            page_scale=1000 if self.pages_in_microseconds else 1,
        )
        return [bars, *self.beside]

    def _archive(self, path: str) -> Refusal:
        for shelf in self.shelves:
            for origin in shelf.origins:
                folder = f"/{shelf.root}/{origin}/{shelf.folder}/{shelf.stem}"
                if path.startswith(folder):
                    label = path.removeprefix(folder).removesuffix(".CHECKSUM").removesuffix(".zip")
                    data = self._zip(shelf, label)
                    if data is not None and path.endswith(".CHECKSUM"):
                        digest = hashlib.sha256(data).hexdigest()
                        return Refusal(200, {}, f"{digest}  {shelf.stem}{label}.zip\n".encode())
                    if data is not None:
                        return Refusal(200, {}, data)
        return Refusal(404, {}, b"<Error><Code>NoSuchKey</Code></Error>")

    def _zip(self, shelf: Shelf, label: str) -> bytes | None:
        form = (id(shelf.rows), shelf.folder, label, shelf.header, self.in_microseconds)
        start, end = _span(label)
        rows = shelf.within(start, end)
        if label in self.lacking or end > self.now or rows.is_empty():
            return None
        if form not in _ZIPS:
            _ZIPS[form] = shelf.rows, self._packed(shelf, label, rows)
        return _ZIPS[form][1]

    def _packed(self, shelf: Shelf, label: str, rows: pl.DataFrame) -> bytes:
        scale = 1000 if self.in_microseconds else 1
        lines = [",".join(map(str, cells)) for cells in shelf.lines(rows, scale)]
        text = "\n".join(([shelf.header] if shelf.header else []) + lines) + "\n"
        name = f"{shelf.stem}{label}.csv"
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(zipfile.ZipInfo(name), text)
        return buffer.getvalue()

    def _page(self, target: str) -> Refusal:
        query = {name: values[0] for name, values in parse_qs(urlsplit(target).query).items()}
        weight = {} if self.used_weight is None else {"X-MBX-USED-WEIGHT-1M": str(self.used_weight)}
        path, symbol = urlsplit(target).path, query["symbol"]
        shelves = [shelf for shelf in self.shelves if shelf.target == path]
        shelf = next((shelf for shelf in shelves if shelf.symbol == symbol), None)
        if shelf is None and path.endswith("lines"):
            return Refusal(400, weight, b'{"code":-1121,"msg":"Invalid symbol."}')
        if shelf is None:
            return Refusal(200, {}, b"[]")
        if shelf.reach is not None and _moment(query["startTime"]) < self.now - shelf.reach:
            return Refusal(400, {}, BAD_START)
        stamps = pl.col("time").dt.epoch("ms")
        last = int(query.get("endTime", 2**62)) if self.heeds_end else 2**62
        is_asked = (stamps >= int(query["startTime"])) & (stamps <= last)
        rows = shelf.rows.filter(is_asked, pl.col("time") <= self.now).head(int(query["limit"]))
        return Refusal(200, weight, json.dumps(shelf.page(rows)).encode())


def _moment(stamp: str) -> datetime:
    return datetime.fromtimestamp(int(stamp) / 1000, tz=UTC)


def _span(label: str) -> tuple[datetime, datetime]:
    first = date.fromisoformat(label if label.count("-") == 2 else f"{label}-01")
    start = datetime(first.year, first.month, first.day, tzinfo=UTC)
    if label.count("-") == 2:
        return start, start + timedelta(days=1)
    return start, (start + timedelta(days=31)).replace(day=1)


class _Server(ThreadingHTTPServer):
    def handle_error(self, *request: object) -> None:
        """Say nothing: an asker that was killed or gave up hangs up."""


def _handler(replay: Replay) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            right, fault = replay.answer(self.path)
            answer = fault if isinstance(fault, Refusal) else right
            body = fault(answer.body) if callable(fault) else answer.body
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if isinstance(fault, Cut):
                self.wfile.write(body[: len(body) // 2])
                self.close_connection = True
            else:
                self.wfile.write(body)

        def date_time_string(self, timestamp: float | None = None) -> str:
            return formatdate(replay.now.timestamp(), usegmt=True)

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    return Handler
