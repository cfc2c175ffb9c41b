"""What every fake of a table needs."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import polars as pl

from lake.schema import Table

FIRST = datetime(2023, 1, 1, tzinfo=timezone.utc)  # noqa: UP017 - the project runs on 3.11 too
HOUR = timedelta(hours=1)


def fit(table: Table, rows: list[dict] | pl.DataFrame) -> pl.DataFrame:
    """Rows as a frame of `table`, in its order."""
    frame = pl.DataFrame(rows, schema=table.columns) if isinstance(rows, list) else rows
    cast = frame.cast(dict(table.columns))
    return table.conform(cast.sort(table.order) if table.order else cast)
