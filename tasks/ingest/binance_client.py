"""The one place that speaks to the venue: patient, within its limits, and wary of its answers."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Self
from urllib.parse import urljoin, urlsplit

from lake.errors import ConfigError, SourceError
from tasks.ingest.binance_refusals import Answer, server_time, tired, wait_asked
from tasks.ingest.config import BinanceConfig

if TYPE_CHECKING:
    from ssl import SSLContext

    import httpx

REST_URL = {"um": "https://fapi.binance.com", "spot": "https://api.binance.com"}
WEIGHT_PER_MINUTE = {"um": 2400, "spot": 6000}
# Requests per minute that have limits of their own: 500 and 1,000 in five minutes from an address.
REQUESTS_PER_MINUTE = {"funding": 100, "statistics": 200}
WEIGHT_HEADER = "x-mbx-used-weight-1m"
FIRST_BACKOFF_SECONDS, LONGEST_BACKOFF_SECONDS = 1.0, 60.0
MAX_BODY_BYTES = 2**28
MAX_REDIRECTS, MAX_DIGITS = 3, 10


class Budget:
    """Weight spent in the running minute, as the venue counts it.

    Parameters
    ----------
    allowed : float
        Weight per minute that may be spent.
    clock, sleep : callable
        Seconds since 1970, and how to wait some.
    """

    def __init__(
        self, allowed: float, clock: Callable[[], float], sleep: Callable[[float], None]
    ) -> None:
        self.allowed, self.clock, self.sleep = allowed, clock, sleep
        self._minute, self._used = -1, 0

    def spend(self, weight: int) -> None:
        """Wait for the next minute where this one has no room for `weight`."""
        self._turn()
        if self._used and self._used + weight > self.allowed:
            self.sleep(60.0 - self.clock() % 60.0)
            self._turn()
        self._used += weight

    def learn(self, used: str | None) -> None:
        """Believe the venue's own count where it gives one."""
        if used is not None and used.isdecimal() and len(used) < MAX_DIGITS:
            self._used = int(used)

    def _turn(self) -> None:
        minute = int(self.clock() // 60.0)
        if minute != self._minute:
            self._minute, self._used = minute, 0


class Client:
    """Asks the venue's archives and interface; close it, or use it in a ``with``.

    Parameters
    ----------
    config : BinanceConfig
        Hosts, patience and share of the weight limit.
    clock, sleep, jitter : callable
        Seconds since 1970, how to wait, and a number from 0 to 1: tests bring their own.
    """

    def __init__(
        self,
        config: BinanceConfig,
        *,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        import httpx

        self.archive_url = checked_url("archive_url", config.archive_url)
        self.rest_url = checked_url("rest_url", config.rest_url or REST_URL[config.venue])
        self.n_tries = config.n_tries
        self.clock, self.sleep, self.jitter = clock, sleep, jitter
        limits = {"weight": WEIGHT_PER_MINUTE[config.venue], **REQUESTS_PER_MINUTE}
        self._budgets = {
            purse: Budget(limit * config.max_weight_share, clock, sleep)
            for purse, limit in limits.items()
        }
        self._turnstile = threading.Lock()
        self._reached: set[str] = set()
        self._http = httpx.Client(
            timeout=config.timeout_seconds, follow_redirects=False, verify=_certificates()
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._http.close()

    def archive(self, path: str) -> bytes | None:
        """Return the archive host's file at `path`, None where it has none."""
        answer = self._ask(f"{self.archive_url}/{path}")
        return None if answer.status == 404 else answer.body

    def interface(self, target: str, weight: int, known_until: int, purse: str = "weight") -> bytes:
        """Return the interface's answer to `target` (a path with its query).

        Parameters
        ----------
        weight : int
            What the venue says the request costs.
        known_until : int
            Milliseconds: bars that close by then are taken as final, so the venue's clock must
            have passed it.
        purse : str
            What the request is paid from: the common ``weight``, or a key of REQUESTS_PER_MINUTE.
        """
        with self._turnstile:
            self._budgets[purse].spend(weight)
            answer = self._ask(f"{self.rest_url}{target}", self._budgets["weight"])
        if answer.status == 404:
            raise SourceError(
                f"{answer.host} knows no {answer.target}",
                "the venue's interface",
                "mend binance.rest_url",
            )
        _check_clock(answer, known_until)
        return answer.body

    def _ask(self, url: str, budget: Budget | None = None) -> Answer:
        """Ask until there is an answer of 200 or 404."""
        import httpx

        for attempt in range(self.n_tries):
            is_last = attempt == self.n_tries - 1
            try:
                answer = self._follow(url)
            except httpx.RequestError as error:
                host = host_of(url)
                if is_last or (isinstance(error, _never_there()) and host not in self._reached):
                    raise _unreachable(host, error) from error
                self.sleep(self._backoff(attempt))
                continue
            if budget is not None:
                budget.learn(answer.headers.get(WEIGHT_HEADER))
            if answer.status in (200, 404):
                return answer
            wait = wait_asked(answer, self._backoff(attempt), self.clock())
            if is_last:
                raise tired(answer, self.n_tries)
            self.sleep(wait)
        raise AssertionError("n_tries is at least one")

    def _follow(self, url: str) -> Answer:
        """Ask once, following redirects that stay on the host."""
        for _ in range(MAX_REDIRECTS):
            answer = self._once(url)
            if answer.status // 100 != 3:
                return answer
            onward = urljoin(url, answer.headers.get("location", ""))
            if urlsplit(onward)[:2] != urlsplit(url)[:2]:
                break
            url = onward
        raise SourceError(
            f"{answer.host} sends {answer.target} on to {host_of(onward)}",
            "an answer from the host itself",
            "set binance.archive_url and binance.rest_url to hosts that you trust",
        )

    def _once(self, url: str) -> Answer:
        host, parts = host_of(url), urlsplit(url)
        with self._http.stream("GET", url) as response:
            self._reached.add(host)
            body = b"".join(_bounded(response, host))
            target = parts.path + (f"?{parts.query}" if parts.query else "")
            headers = {name.lower(): value for name, value in response.headers.items()}
            return Answer(host, target, response.status_code, headers, body)

    def _backoff(self, attempt: int) -> float:
        """Doubling, with half of it by chance so that many clients do not return together."""
        longest = min(FIRST_BACKOFF_SECONDS * 2.0**attempt, LONGEST_BACKOFF_SECONDS)
        return longest * (1.0 + self.jitter()) / 2.0


def host_of(url: str) -> str:
    """Host and port, without the name and password that a URL may carry."""
    return urlsplit(url).netloc.rpartition("@")[2]


def checked_url(field: str, url: str) -> str:
    """Return a base URL without closing slash, or raise ConfigError."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise ConfigError(
            f"binance.{field} is {url.rpartition('@')[2]!r}",
            "a base URL like https://data.binance.vision",
            f"mend binance.{field}",
        )
    return url.rstrip("/")


def _bounded(response: httpx.Response, host: str) -> list[bytes]:
    chunks, size = [], 0
    for chunk in response.iter_bytes():
        size += len(chunk)
        if size > MAX_BODY_BYTES:
            raise SourceError(
                f"{host} sends more than {MAX_BODY_BYTES:,} bytes in one answer",
                "an archive or a page",
                "check binance.archive_url and binance.rest_url",
            )
        chunks.append(chunk)
    return chunks


def _check_clock(answer: Answer, known_until: int) -> None:
    """Refuse to call bars final that are still open by the venue's clock (told in seconds)."""
    theirs = server_time(answer.headers.get("date"))
    if theirs is not None and theirs + 1.0 < known_until / 1000.0:
        raise SourceError(
            f"the clock of {answer.host} is {known_until / 1000.0 - theirs:.0f} s behind this one",
            "clocks that agree: bars are final only once the venue has closed them",
            "set this machine's clock",
        )


@cache
def _certificates() -> SSLContext:
    """The default trust, read once: it takes longer than a request."""
    import httpx

    return httpx.create_ssl_context()


def _never_there() -> tuple[type[Exception], ...]:
    """Errors that say, on a first request, that there is no network: patience would not help."""
    import httpx

    return httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError


def _unreachable(host: str, error: Exception) -> SourceError:
    return SourceError(
        f"could not reach {host}: {error or type(error).__name__}",
        "a connection to the venue",
        "check the network, or work without one: --source files or --source demo",
    )
