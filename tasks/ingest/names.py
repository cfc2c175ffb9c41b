"""What a file's name says: whose bars it holds, and whether it is an exchange's archive."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePath

from lake.time import TIMEFRAMES, market_name

SUFFIXES = (".parquet", ".csv", ".zip")
_SYMBOL = r"(?P<symbol>[A-Z0-9][A-Z0-9._]*)"
_TIMEFRAME = f"(?P<timeframe>{'|'.join(TIMEFRAMES)})"
_REST = r"(?:[-_](?P<rest>.*))?"
_WITH_SYMBOL = re.compile(rf"{_SYMBOL}[-_]{_TIMEFRAME}{_REST}")
_IN_FOLDER = re.compile(_TIMEFRAME + _REST)
_FUNDING = re.compile(rf"{_SYMBOL}(?:[-_]funding(?:Rate)?(?:[-_].*)?)?")
_INTEREST = re.compile(rf"{_SYMBOL}(?:[-_](?:metrics|open_interest|{_TIMEFRAME})(?:[-_].*)?)?")
_PERIOD = re.compile(r"20[0-9]{2}-[01][0-9](-[0-3][0-9])?")


@dataclass(frozen=True)
class Named:
    """What the name of a file says.

    Attributes
    ----------
    symbol, timeframe : str
        Whose bars it holds.
    is_archive : bool
        Whether it is named like an exchange's archive of a whole month or day, so that its last
        bar is final.
    """

    symbol: str
    timeframe: str
    is_archive: bool


def read_name(path: PurePath) -> Named | None:
    """Return what `path` says of its content, or None where it says nothing.

    Examples
    --------
    >>> read_name(PurePath("BTCUSDT-5m-2023-01.zip"))
    Named(symbol='BTCUSDT', timeframe='5m', is_archive=True)
    >>> read_name(PurePath("ETHUSDT/5m_2023_2024.parquet"))
    Named(symbol='ETHUSDT', timeframe='5m', is_archive=False)
    >>> read_name(PurePath("ETHUSDT/funding.parquet"))
    """
    if path.suffix.lower() not in SUFFIXES:
        return None
    match = _WITH_SYMBOL.fullmatch(path.stem)
    if match is not None:
        is_archive = _PERIOD.fullmatch(match["rest"] or "") is not None
        return _checked(match["symbol"], match["timeframe"], is_archive)
    match = _IN_FOLDER.fullmatch(path.stem)
    return None if match is None else _checked(path.parent.name, match["timeframe"], False)


def read_funding_name(path: PurePath) -> str | None:
    """Return the symbol whose funding `path` holds, or None where it says nothing.

    Examples
    --------
    >>> read_funding_name(PurePath("BTCUSDT-fundingRate-2024-01.zip"))
    'BTCUSDT'
    >>> read_funding_name(PurePath("BTCUSDT-5m.csv"))
    """
    return _symbol(path, _FUNDING)


def read_interest_name(path: PurePath) -> str | None:
    """Return the symbol whose open interest `path` holds, or None where it says nothing.

    Examples
    --------
    >>> read_interest_name(PurePath("BTCUSDT-metrics-2024-01-31.zip"))
    'BTCUSDT'
    >>> read_interest_name(PurePath("BTCUSDT_5m.parquet"))
    'BTCUSDT'
    """
    return _symbol(path, _INTEREST)


def _symbol(path: PurePath, names: re.Pattern[str]) -> str | None:
    match = names.fullmatch(path.stem) if path.suffix.lower() in SUFFIXES else None
    if match is None or ".." in match["symbol"]:
        return None
    return match["symbol"]


def _checked(symbol: str, timeframe: str, is_archive: bool) -> Named | None:
    try:
        market_name(symbol, timeframe)
    except ValueError:
        return None
    return Named(symbol, timeframe, is_archive)
