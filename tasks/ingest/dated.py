"""Dated lists that only the user can give: the venue's fees, and a calendar of releases."""

from __future__ import annotations

import csv
import itertools
import math
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from lake.errors import InputError

Entry = TypeVar("Entry")
Row = dict[str, str]
MAX_FEE_BPS = 1000.0
FEES = ("time", "fee_bps")
RELEASES = ("time", "name")


def read_fees(path: str) -> list[tuple[int, float]]:
    """Read a fee schedule: a CSV with the columns ``time`` and ``fee_bps``.

    Parameters
    ----------
    path : str
        Each row says from when on which fee per side is in force; times are ISO, UTC where they
        name no zone.

    Returns
    -------
    list of (int, float)
        Milliseconds since 1970 and bps per side, oldest first.

    Raises
    ------
    InputError
        When the file is not readable, a cell is no time or no fee, or two rows say the same time.
    """
    entries = _read(path, FEES, lambda row: (_moment(row["time"]), _fee(row["fee_bps"])))
    times = [time for time, _ in entries]
    twice = [time for time, after in itertools.pairwise(times) if time == after]
    if twice:
        moment = datetime.fromtimestamp(twice[0] / 1000, UTC).isoformat()
        raise InputError(f"{path} says {moment} twice", "one fee from a time on", "remove one")
    return entries


def read_calendar(path: str) -> list[int]:
    """Read a calendar of releases: a CSV with the columns ``time`` and ``name``.

    Returns
    -------
    list of int
        Milliseconds since 1970 of the releases, oldest first, each once.

    Raises
    ------
    InputError
        When the file is not readable or a cell is no time.
    """
    return sorted(set(_read(path, RELEASES, lambda row: _moment(row["time"]))))


def _read(path: str, columns: tuple[str, ...], make: Callable[[Row], Entry]) -> list[Entry]:
    wanted = f"a CSV with the columns {','.join(columns)}"
    try:
        text = Path(path).expanduser().read_text(encoding="utf-8-sig")
        rows = list(csv.DictReader(text.splitlines(), strict=True))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path} cannot be read: {error}", wanted, "check the file") from error
    found = []
    for line, row in enumerate(rows, 2):
        try:
            found.append(make({name: row[name].strip() for name in columns}))
        except (KeyError, AttributeError, ValueError) as error:
            raise InputError(
                f"{path}, line {line}: {error or 'too few cells'}", wanted, "mend the line"
            ) from error
    if not found:
        raise InputError(f"{path} holds no row", wanted, "fill it, or leave the flag out")
    return sorted(found)  # type: ignore[type-var]


def _moment(text: str) -> int:
    moment = datetime.fromisoformat(text)
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return round(aware.timestamp() * 1000)


def _fee(text: str) -> float:
    fee = float(text)
    if not (math.isfinite(fee) and abs(fee) <= MAX_FEE_BPS):
        raise ValueError(f"{text!r} is no fee in bps per side")
    return fee
