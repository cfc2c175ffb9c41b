"""The sweep: take the future away, replace it, start later, and see whether a reading changes.

For each cut the readings of the bars before it are taken with the future as it came, and again
with each other future of `tasks.events.futures`; and the reading of the last bar is taken from the
last ``lookback + 1`` bars alone. All must agree, bit for bit.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lake.schema import AUDIT
from tasks.audit.config import AuditConfig
from tasks.audit.places import cuts_of
from tasks.audit.subjects import Readings, Subject
from tasks.events.bars import Bars
from tasks.events.futures import FUTURES

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
        same = (one == other) | (np.isnan(one) & np.isnan(other))
        self.n_readings += one.shape[1]
        for bar in np.flatnonzero(~same.all(axis=0)):
            self.rewritten.setdefault(start + int(bar), how)


def audit(subject: Subject, bars: Bars, market: str, config: AuditConfig) -> pl.DataFrame:
    """Return AUDIT rows: one per name of `subject`."""
    tallies = {name: Tally() for name in subject.names}
    if len(bars):
        whole = subject.read(bars)
        for name, tally in tallies.items():
            _sweep(subject, name, tally, whole, bars, config)
    rows = [_row(market, subject, name, tally, bars) for name, tally in tallies.items()]
    return AUDIT.conform(pl.DataFrame(rows, schema=AUDIT.columns).sort(AUDIT.order))


def excused(market: str, kind: str, name: str, reason: str) -> pl.DataFrame:
    """Return the AUDIT row of something that could not run, and so could not be audited."""
    counts = dict.fromkeys(("n_cuts", "n_readings", "n_rewritten"), 0)
    row = {"market": market, "kind": kind, "name": name, **counts, "reason": reason, "how": ""}
    return AUDIT.conform(pl.DataFrame([{**row, "first_time": None}], schema=AUDIT.columns))


def _sweep(
    subject: Subject, name: str, tally: Tally, whole: Readings, bars: Bars, config: AuditConfig
) -> None:
    rng = np.random.default_rng(config.seed)
    for cut in cuts_of(whole[name][0], bars, config.n_cuts, rng):
        tally.n_cuts += 1
        _change_the_future(subject, name, tally, bars, int(cut), config, rng)
        _start_later(subject, name, tally, whole, bars, int(cut))


def _change_the_future(
    subject: Subject,
    name: str,
    tally: Tally,
    bars: Bars,
    cut: int,
    config: AuditConfig,
    rng: np.random.Generator,
) -> None:
    """Readings of the bars before `cut`, with the future as it came and with others."""
    start = max(0, cut - subject.lookback - config.n_before)
    around = bars.part(start, min(len(bars), cut + config.n_after))
    real = subject.read(around)[name][:, : cut - start]
    for how, future in FUTURES.items():
        other = subject.read(future(around, cut - start, rng))[name][:, : cut - start]
        tally.compare(how, start, real, other)


def _start_later(
    subject: Subject, name: str, tally: Tally, whole: Readings, bars: Bars, cut: int
) -> None:
    """The reading of the last bar before `cut`, from its lookback alone."""
    start = max(0, cut - 1 - subject.lookback)
    alone = subject.read(bars.part(start, cut))[name][:, -1:]
    tally.compare(RESTARTED, cut - 1, whole[name][:, cut - 1 : cut], alone)


def _row(market: str, subject: Subject, name: str, tally: Tally, bars: Bars) -> dict[str, Any]:
    first = min(tally.rewritten, default=None)
    return {
        "market": market,
        "kind": subject.kind,
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
