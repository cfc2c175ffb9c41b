"""From funding settlements as they came to dated cash flows with their intervals."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lake.schema import FUNDING
from lake.time import UNITS_MS

INTERVALS_H = (1.0, 2.0, 4.0, 8.0)  # those that exchanges settle at
EIGHT_HOURS = 8.0
Reals = NDArray[np.float64]


def settle_funding(raw: pl.DataFrame) -> pl.DataFrame:
    """Return each settlement once, by the moment at which it was due.

    A settlement's stamp comes some milliseconds after the moment: `time` is the stamp's whole
    minute, `known_at` the stamp itself. Rows without time or rate are left out. Of several stamps
    within a minute the first counts, of several rows with one stamp the last: later parts come
    after earlier ones.

    The interval is what the source says; else the distance to the settlement before, where that
    is 1, 2, 4 or 8 hours; else that of the settlement before. It never depends on a later one.

    Parameters
    ----------
    raw : pl.DataFrame
        RAW_FUNDING in any order.

    Returns
    -------
    pl.DataFrame
        FUNDING; `hours` and `rate_8h` are NaN as long as no interval is known.
    """
    settled = _once(raw)
    hours = pl.Series("hours", _interval(settled))
    rate_8h = settled["rate"] * EIGHT_HOURS / hours
    return FUNDING.conform(
        settled.with_columns(hours, rate_8h.alias("rate_8h")).select(list(FUNDING.columns))
    )


def hours_between(settled: pl.DataFrame) -> Reals:
    """Hours from each settlement to the one before, shape (n,), NaN at the first."""
    times_ms = settled["time"].cast(pl.Int64).to_numpy()
    return np.concatenate([[np.nan], np.diff(times_ms) / UNITS_MS["h"]])[: times_ms.size]


def _once(raw: pl.DataFrame) -> pl.DataFrame:
    """Rows of `raw` that are settlements, each once, by time; with `known_at`."""
    settled = raw.filter(pl.col("time").is_not_null() & pl.col("rate").is_finite())
    minute = pl.col("time").dt.truncate("1m")
    return (
        settled.with_columns(known_at=pl.col("time"), time=minute, row=pl.int_range(pl.len()))
        .sort("known_at", "part", "row")
        .unique("known_at", keep="last", maintain_order=True)
        .unique("time", keep="first", maintain_order=True)
    )


def _interval(settled: pl.DataFrame) -> Reals:
    """Hours that each settlement is for, shape (n,): said, found or carried on."""
    said, between = settled["hours"].to_numpy(), hours_between(settled)
    is_said = np.isfinite(said) & (said > 0)
    found = np.where(np.isin(between, INTERVALS_H), between, np.nan)
    hours = np.where(is_said, said, found)
    known = np.where(np.isnan(hours), -1, np.arange(hours.size))
    return np.append(hours, np.nan)[np.maximum.accumulate(known)]
