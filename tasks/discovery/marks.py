"""Observations on the grid of bars: occurrences of events, or every bar."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lake.errors import InputError

Codes = NDArray[np.int64]


@dataclass(frozen=True)
class Marks:
    """Observations, sorted by event and bar.

    Attributes
    ----------
    names, families, parameters : list of str
        The events, by code, with the keys of their parameters.
    rows, codes, sides : (n,) int64
        Bar, event and side (+1 or -1) of each observation.
    """

    names: list[str]
    families: list[str]
    parameters: list[str]
    rows: Codes
    codes: Codes
    sides: Codes

    def parts(self, n_events: int) -> Iterator[Marks]:
        """The observations of so many events at a time."""
        for first in range(0, len(self.names), n_events):
            some = slice(first, first + n_events)
            start, end = np.searchsorted(self.codes, (first, first + n_events))
            yield Marks(
                self.names[some],
                self.families[some],
                self.parameters[some],
                self.rows[start:end],
                self.codes[start:end] - first,
                self.sides[start:end],
            )


def every_bar(n_bars: int) -> Marks:
    """Every bar on the long side, under the name of no event."""
    rows = np.arange(n_bars)
    return Marks([""], [""], [""], rows, rows * 0, rows * 0 + 1)


def locate(events: pl.DataFrame, times: Codes) -> Marks:
    """Find the bars of EVENTS that stand before the end of `times` (milliseconds, sorted).

    Where an event has no side, the long side counts.

    Raises
    ------
    InputError
        When an event stands where the grid has no bar.
    """
    if times.size == 0:
        events = events.clear()
    else:
        events = events.filter(pl.col("time").dt.epoch("ms") <= times[-1])
    events = events.sort("event", "family", "time", maintain_order=True)
    known = milliseconds(events["time"])
    rows = np.searchsorted(times, known)
    if not np.array_equal(times[rows], known):
        raise InputError(
            "events at times at which the grid has no bar",
            "events of the same bars as the features",
            "run again with --refresh events",
        )
    names = events.group_by("event", "family").agg(pl.col("parameters_key").first())
    names = names.sort("event", "family").with_row_index("code")
    codes = events.join(names, on=["event", "family"], how="left", maintain_order="left")["code"]
    return Marks(
        names["event"].to_list(),
        names["family"].to_list(),
        names["parameters_key"].to_list(),
        rows.astype(np.int64),
        codes.to_numpy().astype(np.int64),
        np.where(events["side"].to_numpy() < 0, -1, 1).astype(np.int64),
    )


def milliseconds(times: pl.Series) -> Codes:
    """Times as milliseconds since 1970."""
    return times.dt.epoch("ms").to_numpy()
