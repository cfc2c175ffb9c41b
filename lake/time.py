"""Durations, timeframes and market names: the words in which time is said."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator

from lake.ref import safe_name

UNITS_MS = {"m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}
TIMEFRAMES = ("1m", "3m", "5m", "15m", "30m", "1h", "2h", "4h", "6h", "8h", "12h", "1d")
_DURATION = re.compile(r"([1-9][0-9]{0,5})([mhdw])")
_SYMBOL = re.compile(r"[A-Z0-9][A-Z0-9._]{0,39}")


def duration_ms(duration: str) -> int:
    """Milliseconds of a duration such as ``5m``, ``8h``, ``10d``, ``2w``.

    Examples
    --------
    >>> duration_ms("8h")
    28800000
    """
    match = _DURATION.fullmatch(duration)
    if match is None:
        raise ValueError(f"{duration!r} is no duration: wanted a number and m, h, d or w, like 8h")
    return int(match[1]) * UNITS_MS[match[2]]


def n_bars(duration: str, timeframe: str) -> int:
    """Bars of `timeframe` in `duration`, at least one, rounded up.

    Examples
    --------
    >>> n_bars("1d", "5m"), n_bars("1h", "4h")
    (288, 1)
    """
    return max(1, -(-duration_ms(duration) // duration_ms(timeframe)))


def _checked_duration(value: str) -> str:
    duration_ms(value)
    return value


def _checked_timeframe(value: str) -> str:
    if value not in TIMEFRAMES:
        raise ValueError(f"{value!r} is no timeframe: wanted one of {', '.join(TIMEFRAMES)}")
    return value


def _checked_symbol(value: str) -> str:
    if not _SYMBOL.fullmatch(value) or ".." in value:
        raise ValueError(f"{value!r} is no symbol: wanted letters A-Z and digits, like BTCUSDT")
    return value


Duration = Annotated[str, AfterValidator(_checked_duration)]
Timeframe = Annotated[str, AfterValidator(_checked_timeframe)]
Symbol = Annotated[str, AfterValidator(_checked_symbol)]


def market_name(symbol: str, timeframe: str) -> str:
    """``BTCUSDT-5m``, checked: it becomes part of a path."""
    return safe_name(f"{_checked_symbol(symbol)}-{_checked_timeframe(timeframe)}")


def timeframe_of(market: str) -> str:
    """The timeframe of a market name."""
    return _checked_timeframe(market.rpartition("-")[2])


def symbol_of(market: str) -> str:
    """The symbol of a market name."""
    return market.rpartition("-")[0]
