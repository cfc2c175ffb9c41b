"""What an audit counts, and how it becomes a table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lake.schema import AUDIT
from tasks.events.bars import Bars

RESTARTED = "restarted"


@dataclass
class Tally:
    """What became of the readings of one name.

    Attributes
    ----------
    rewritten : dict of int to str
        Bar, and what first rewrote its reading.
    """

    n_cuts: int = 0
    n_readings: int = 0
    rewritten: dict[int, str] = field(default_factory=dict)

    def compare(self, how: str, start: int, one: NDArray[Any], other: NDArray[Any]) -> None:
        """Note the bars, counted from `start`, whose readings differ; shapes (k, n)."""
        self.note(how, start, np.logical_and.reduce(agree(one, other)))

    def note(self, how: str, start: int, same: NDArray[np.bool_]) -> None:
        """Note the bars, counted from `start`, that are not the same; shape (n,)."""
        self.n_readings += same.size
        for bar in np.flatnonzero(~same):
            self.rewritten.setdefault(start + int(bar), how)


def agree(one: NDArray[Any], other: NDArray[Any]) -> NDArray[np.bool_]:
    """Where two readings are equal, or both NaN."""
    return (one == other) | (np.isnan(one) & np.isnan(other))


def tabulate(tallies: Mapping[tuple[str, str], Tally], bars: Bars, market: str) -> pl.DataFrame:
    """Return AUDIT: a row per kind and name."""
    rows = [_row(market, kind, name, tally, bars) for (kind, name), tally in tallies.items()]
    return AUDIT.conform(pl.DataFrame(rows, schema=AUDIT.columns).sort(AUDIT.order))


def excused(market: str, kind: str, name: str, reason: str) -> pl.DataFrame:
    """Return the AUDIT row of something that could not run, and so could not be audited."""
    counts = dict.fromkeys(("n_cuts", "n_readings", "n_rewritten"), 0)
    row = {"market": market, "kind": kind, "name": name, **counts, "reason": reason, "how": ""}
    return AUDIT.conform(pl.DataFrame([{**row, "first_time": None}], schema=AUDIT.columns))


def _row(market: str, kind: str, name: str, tally: Tally, bars: Bars) -> dict[str, Any]:
    first = min(tally.rewritten, default=None)
    return {
        "market": market,
        "kind": kind,
        "name": name,
        "n_cuts": tally.n_cuts,
        "n_readings": tally.n_readings,
        "n_rewritten": len(tally.rewritten),
        "first_time": None if first is None else _moment(bars, first),
        "how": "" if first is None else tally.rewritten[first],
        "reason": "",
    }


def _moment(bars: Bars, place: int) -> datetime:
    return datetime.fromtimestamp(int(bars.time[place]) / 1000, UTC)
