"""What is to be known of the quality of a market's bars."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lake.schema import QUALITY
from tasks.clean.rejects import REASONS

NOTES = {
    "raw_rows": "rows as they came from the source",
    "bars": "rows that became bars",
    "no_time": "rows without an open time",
    "off_grid": "rows whose open time is no multiple of the timeframe",
    "not_a_number": "rows with a missing or infinite price",
    "not_positive": "rows with a price of zero or less, or a negative volume",
    "bad_ohlc": "rows whose high is not the highest or whose low is not the lowest price",
    "duplicate": "rows that a later row repeats",
    "conflict": "rows that a later row of the same time contradicts; the later row counts",
    "spike": "rows out of all proportion to the price before them",
    "zero_volume": "bars in which nothing was traded",
    "flat_bars": "bars whose four prices are equal",
    "unsorted": "rows that open before the row above them in the same part",
    "stale": "bars in the longest run of one unchanged close",
    "parts": "files or pages that the rows came from",
    "overlap_rows": "rows of times that a later part holds too",
    "overlap_differences": "those of them whose numbers the later part contradicts",
}
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Check:
    """One line of the report: how many rows it concerns, out of how many, and where they are."""

    name: str
    n: int
    n_all: int
    times: pl.Series
    note: str = ""

    def row(self, market: str) -> dict[str, object]:
        return {
            "market": market,
            "check": self.name,
            "n": self.n,
            "share": self.n / self.n_all if self.n_all else float("nan"),
            "first_time": self.times.min(),
            "last_time": self.times.max(),
            "note": self.note or NOTES[self.name],
        }


def assess_quality(
    raw: pl.DataFrame, rejected: pl.DataFrame, bars: pl.DataFrame, market: str
) -> pl.DataFrame:
    """Return the quality report of a market.

    Parameters
    ----------
    raw, rejected, bars : pl.DataFrame
        RAW_BARS, its QUARANTINE and its BARS.
    market : str
        ``BTCUSDT-5m``.

    Returns
    -------
    pl.DataFrame
        QUALITY: a row per check, also where it found nothing (`n` zero, times null). `share` is
        of the grid for `gaps` and `longest_gap`, NaN for `parts`, of the raw rows otherwise.
    """
    checks = [
        *_check_rows(raw, rejected, bars),
        *_check_gaps(bars),
        *_check_bars(bars, raw.height),
        *_check_order(raw, rejected),
    ]
    rows = [check.row(market) for check in sorted(checks, key=lambda check: check.name)]
    return QUALITY.conform(pl.DataFrame(rows, schema=QUALITY.columns))


def _check_rows(raw: pl.DataFrame, rejected: pl.DataFrame, bars: pl.DataFrame) -> list[Check]:
    kept = bars.filter(~pl.col("is_gap"))["time"]
    checks = [
        Check("raw_rows", raw.height, raw.height, raw["time"]),
        Check("bars", kept.len(), raw.height, kept),
    ]
    for reason in REASONS:
        times = rejected.filter(pl.col("reason") == reason)["time"]
        checks.append(Check(reason, times.len(), raw.height, times))
    return checks


def _check_gaps(bars: pl.DataFrame) -> list[Check]:
    is_gap = bars["is_gap"].to_numpy()
    starts, lengths = _runs(is_gap[1:] == is_gap[:-1])
    gap_runs = np.flatnonzero(is_gap[starts])
    longest = max(gap_runs, key=lambda run: lengths[run], default=None)
    n_longest = 0 if longest is None else int(lengths[longest])
    start = 0 if longest is None else int(starts[longest])
    in_gaps = f"missing bars; gaps: {gap_runs.size}, slots of the grid: {bars.height}"
    return [
        Check("gaps", int(is_gap.sum()), bars.height, bars.filter(is_gap)["time"], in_gaps),
        Check(
            "longest_gap",
            n_longest,
            bars.height,
            bars["time"].slice(start, n_longest),
            "missing bars in the longest gap",
        ),
    ]


def _check_bars(bars: pl.DataFrame, n_raw: int) -> list[Check]:
    close = bars["close"].to_numpy()
    starts, lengths = _runs(close[1:] == close[:-1])
    longest = int(np.argmax(lengths))
    idle = bars.filter(pl.col("volume") == 0)["time"]
    flat = bars.filter((pl.col("high") == pl.col("low")) & ~pl.col("is_gap"))["time"]
    stale = bars["time"].slice(int(starts[longest]), int(lengths[longest]))
    return [
        Check("zero_volume", idle.len(), n_raw, idle),
        Check("flat_bars", flat.len(), n_raw, flat),
        Check("stale", stale.len(), n_raw, stale),
    ]


def _check_order(raw: pl.DataFrame, rejected: pl.DataFrame) -> list[Check]:
    part = pl.col("part")
    steps_ms = pl.col("time").cast(pl.Int64).diff()
    jumps = raw.filter((steps_ms < 0) & (part == part.shift()))["time"]
    latest = raw.group_by("time").agg(latest=part.max())
    held = _held_later(raw, latest)
    differing = _held_later(rejected.filter(pl.col("reason") == "conflict"), latest)
    n_parts = raw["part"].n_unique()
    return [
        Check("unsorted", jumps.len(), raw.height, jumps),
        Check("parts", n_parts, 0, raw["time"]),
        Check("overlap_rows", held.len(), raw.height, held),
        Check("overlap_differences", differing.len(), raw.height, differing),
    ]


def _held_later(rows: pl.DataFrame, latest: pl.DataFrame) -> pl.Series:
    """Times of the rows whose time a later part holds too."""
    return rows.join(latest, on="time").filter(pl.col("part") < pl.col("latest"))["time"]


def _runs(goes_on: Mask) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Starts and lengths of the runs of rows, given which rows go on with the row before."""
    starts = np.flatnonzero(np.concatenate(([True], ~goes_on)))
    return starts, np.diff(starts, append=goes_on.size + 1)
