"""The border between what is searched and what is kept for the proof."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import polars as pl

from lake.errors import InputError
from lake.schema import ERAS
from lake.time import duration_ms

DISCOVERY, HOLDOUT = "discovery", "holdout"


def draw_eras(
    bars: Sequence[pl.DataFrame], timeframes: Sequence[str], holdout_share: float
) -> pl.DataFrame:
    """Split the span of all markets into a discovery era and a later hold-out.

    Parameters
    ----------
    bars : sequence of DataFrame of BARS
        One per market; only their times are read.
    timeframes : sequence of str
        The markets' timeframes, in the same order.
    holdout_share : float
        Share of the span that is held out.

    Returns
    -------
    DataFrame of ERAS
        From the first bar of any market to the end of the last bar of any, split at a midnight
        UTC, the same for every market.

    Raises
    ------
    InputError
        When there are no bars, or too few days to split.
    """
    spans = [
        _span(frame, timeframe)
        for frame, timeframe in zip(bars, timeframes, strict=True)
        if frame.height > 0
    ]
    if not spans:
        raise InputError("no bars", "at least one market with bars", "name another market or span")
    start, end = min(span[0] for span in spans), max(span[1] for span in spans)
    split = (start + (1.0 - holdout_share) * (end - start)).replace(
        hour=0, minute=0, second=0, microsecond=0
    )
    if split <= start:
        raise InputError(
            f"bars from {start:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M}",
            f"enough days to hold out the last {holdout_share:.0%} from a midnight on",
            "take a longer span, or lower discovery.holdout_share",
        )
    rows = {"era": [DISCOVERY, HOLDOUT], "start": [start, split], "end": [split, end]}
    return pl.DataFrame(rows, schema=ERAS.columns)


def span_of(eras: pl.DataFrame, era: str) -> tuple[int, int]:
    """Return start and end of an era in milliseconds since 1970."""
    row = eras.filter(pl.col("era") == era).select(pl.col("start", "end").dt.epoch("ms"))
    return row["start"].item(), row["end"].item()


def _span(bars: pl.DataFrame, timeframe: str) -> tuple[datetime, datetime]:
    first, last = bars.select(first=pl.col("time").min(), last=pl.col("time").max()).row(0)
    return first, last + timedelta(milliseconds=duration_ms(timeframe))
