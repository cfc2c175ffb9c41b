"""The sweep: take the future away, replace it, start later, and see whether a reading changes.

For each cut the readings of the bars before it are taken with the future as it came, and again
with each other future of `tasks.events.futures`; and the reading of the last bar is taken from the
last ``lookback + 1`` bars alone. All must agree, bit for bit. What remembers instead of looking
back is swept by `tasks.audit.folded`.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from tasks.audit.config import AuditConfig
from tasks.audit.places import cuts_of
from tasks.audit.subjects import Readings, Subject
from tasks.audit.tally import RESTARTED, Tally, tabulate
from tasks.events.bars import Bars
from tasks.events.futures import FUTURES


def audit(subject: Subject, bars: Bars, market: str, config: AuditConfig) -> pl.DataFrame:
    """Return AUDIT rows: one per name of `subject`."""
    tallies = {name: Tally() for name in subject.names}
    if len(bars):
        whole = subject.read(bars)
        for name, tally in tallies.items():
            _sweep(subject, name, tally, whole, bars, config)
    return tabulate({(subject.kind, name): tally for name, tally in tallies.items()}, bars, market)


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
    start = _before(cut - config.n_before, subject.lookback)
    around = bars.part(start, min(len(bars), cut + config.n_after))
    real = subject.read(around)[name][:, : cut - start]
    for how, future in FUTURES.items():
        other = subject.read(future(around, cut - start, rng))[name][:, : cut - start]
        tally.compare(how, start, real, other)


def _start_later(
    subject: Subject, name: str, tally: Tally, whole: Readings, bars: Bars, cut: int
) -> None:
    """The reading of the last bar before `cut`, from its lookback alone."""
    start = _before(cut - 1, subject.lookback)
    alone = subject.read(bars.part(start, cut))[name][:, -1:]
    tally.compare(RESTARTED, cut - 1, whole[name][:, cut - 1 : cut], alone)


def _before(place: int, lookback: int | None) -> int:
    """Where bars must begin for the reading at `place`: with the first where there is no end."""
    return 0 if lookback is None else max(0, place - lookback)
