"""From open interest as it came to readings that can be one."""

from __future__ import annotations

import polars as pl

from lake.schema import INTEREST


def gauge_interest(raw: pl.DataFrame) -> pl.DataFrame:
    """Return the readings by the stamp at which they were known, late stamps as they came.

    Left out are rows without time, rows that are no reading (`is_reading`), and of several rows
    with one stamp all but the first.

    Parameters
    ----------
    raw : pl.DataFrame
        RAW_INTEREST in any order.

    Returns
    -------
    pl.DataFrame
        INTEREST; a number that a reading lacks is NaN.
    """
    readings = raw.filter(pl.col("time").is_not_null() & is_reading())
    ordered = (
        readings.with_columns(row=pl.int_range(pl.len()))
        .sort("time", "part", "row")
        .unique("time", keep="first", maintain_order=True)
        .rename({"time": "known_at"})
    )
    return INTEREST.conform(ordered.select(list(INTEREST.columns)))


def is_reading() -> pl.Expr:
    """Whether a row has contracts or value, and what it has is above zero and finite.

    Nobody holds nothing in a market that trades: the exchange writes zero where it does not know.
    """
    numbers = pl.col("contracts", "value")
    fits = numbers.is_nan() | ((numbers > 0) & numbers.is_finite())
    return pl.all_horizontal(fits) & pl.any_horizontal(numbers.is_not_nan())
