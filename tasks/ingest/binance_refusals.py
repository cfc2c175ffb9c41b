"""What an answer of the venue means: how long to wait, or why to give up."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from lake.errors import AssayError, InputError, SourceError

TOO_MANY, BANNED, BLOCKED = 429, 418, 451
SHORTEST_BAN_SECONDS, LONGEST_BAN_SECONDS = 120.0, 30 * 86_400.0
LONGEST_WAIT_SECONDS = 600.0
UNKNOWN_SYMBOL = -1121


@dataclass(frozen=True)
class Answer:
    """One answer: status, headers by lower-case name, and the whole body."""

    host: str
    target: str
    status: int
    headers: Mapping[str, str]
    body: bytes


class UnknownSymbol(InputError):
    """The venue does not trade the symbol."""


class NothingThere(InputError):
    """The venue has nothing of what is asked."""


def unusable(name: str, what: str) -> SourceError:
    """An answer that came whole but is not what was asked for."""
    return SourceError(
        f"{name} {what}",
        "rows in the venue's documented layout, of the span that was asked",
        "run again later; if it stays so, name another mirror or use --source files",
    )


def wait_asked(answer: Answer, backoff: float, now: float) -> float:
    """Return the seconds to wait before asking again, or raise what cannot be waited for.

    Parameters
    ----------
    answer : Answer
        With a status of 300 or more.
    backoff : float
        Seconds to wait where the venue asks for none.
    now : float
        Seconds since 1970, to read a Retry-After that is a date.

    Raises
    ------
    UnknownSymbol, SourceError
        When asking again soon would not help.
    """
    if answer.status in (TOO_MANY, BANNED):
        floor = SHORTEST_BAN_SECONDS if answer.status == BANNED else backoff
        asked = retry_after(answer.headers.get("retry-after"), now)
        wait = floor if asked is None else asked
        if wait > LONGEST_WAIT_SECONDS:
            raise _come_back(answer, now + wait)
        return wait
    if answer.status >= 500:
        asked = retry_after(answer.headers.get("retry-after"), now)
        return backoff if asked is None else min(asked, LONGEST_WAIT_SECONDS)
    raise _hopeless(answer)


def retry_after(text: str | None, now: float) -> float | None:
    """Seconds that a Retry-After header asks for, given as seconds or as a date."""
    if text is None:
        return None
    if text.isdecimal():
        return min(float(text), LONGEST_BAN_SECONDS)
    moment = server_time(text)
    return None if moment is None else max(0.0, moment - now)


def server_time(text: str | None) -> float | None:
    """Seconds since 1970 of an HTTP date, None where it is none."""
    if text is None:
        return None
    try:
        return parsedate_to_datetime(text).timestamp()
    except ValueError:
        return None


def tired(answer: Answer, n_tries: int) -> SourceError:
    """The venue kept refusing."""
    return SourceError(
        f"{answer.host} answered {answer.status} to {answer.target}, {n_tries} times running"
        + _said(answer),
        "the data",
        "run again later: what has come so far is kept",
    )


def _come_back(answer: Answer, moment: float) -> SourceError:
    when = datetime.fromtimestamp(moment, tz=UTC)
    return SourceError(
        f"{answer.host} answered {answer.status}: too many requests from this address",
        "a wait of minutes at most",
        f"come back after {when:%Y-%m-%d %H:%M:%S} UTC: what has come so far is kept",
    )


def _hopeless(answer: Answer) -> AssayError:
    if answer.status == BLOCKED:
        return SourceError(
            f"{answer.host} answered 451: the venue blocks the region of this address",
            "an address from which the venue may be asked",
            "read archives that you have with --source files, or set binance.archive_url and "
            "binance.rest_url to a host that you may use",
        )
    code, _ = _error_of(answer)
    if answer.status == 400 and code == UNKNOWN_SYMBOL:
        return UnknownSymbol(
            f"{answer.host} does not know the symbol of {answer.target}",
            "a symbol that the venue trades, like BTCUSDT",
            "mend --symbols, or binance.venue (um or spot)",
        )
    return SourceError(
        f"{answer.host} answered {answer.status} to {answer.target}" + _said(answer),
        "the data",
        "mend what it says; if nothing is wrong here, run again later",
    )


def _error_of(answer: Answer) -> tuple[int | None, str]:
    try:
        said = json.loads(answer.body)
    except (ValueError, RecursionError):
        return None, ""
    if not isinstance(said, dict):
        return None, ""
    code = said.get("code")
    return code if isinstance(code, int) else None, str(said.get("msg", ""))


def _said(answer: Answer) -> str:
    message = _error_of(answer)[1]
    return f": {message[:200]}" if message else ""
