"""The borders between what is searched, what confirms it, and what stays sealed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol

import polars as pl

from lake.errors import InputError
from lake.ref import Ref
from lake.schema import ERAS
from lake.time import duration_ms
from tasks.discovery.config import DiscoveryConfig

DISCOVERY, CONFIRMATION, SEALED = "discovery", "confirmation", "sealed"


class Reader(Protocol):
    """What can give the table that a ref names."""

    def read(self, ref: Ref) -> pl.DataFrame: ...


class Window:
    """The tables of one era: who holds one can open no bar outside it."""

    def __init__(self, lake: Reader, eras: Ref, era: str) -> None:
        self._lake, self._span = lake, span_of(lake.read(eras), era)

    def read(self, ref: Ref) -> pl.DataFrame:
        """Return the rows of the table that lie wholly in the window's span."""
        return cut_span(self._lake.read(ref), *self._span)


class Training(Window):
    """The tables that a fold is trained on: who holds one can open no bar of the fold or later."""

    def __init__(self, lake: Reader, folds: Ref, fold: int) -> None:
        self._lake, self._span = lake, training_of(lake.read(folds), fold)


def cut(frame: pl.DataFrame, eras: pl.DataFrame, era: str) -> pl.DataFrame:
    """Return the rows whose time, and exit where they have one, lie in the era."""
    return cut_span(frame, *span_of(eras, era))


def cut_span(frame: pl.DataFrame, start: int, end: int) -> pl.DataFrame:
    """Return the rows whose time, and exit where they have one, lie in [start, end): ms."""
    inside = pl.col("time").dt.epoch("ms").is_between(start, end, closed="left")
    if "exit_time" in frame.columns:
        inside &= pl.col("exit_time").dt.epoch("ms") < end
    return frame.filter(inside)


def draw_eras(
    bars: Sequence[pl.DataFrame],
    timeframes: Sequence[str],
    horizons: Sequence[str],
    config: DiscoveryConfig,
) -> pl.DataFrame:
    """Split the span of all markets into discovery, confirmation and a sealed end.

    Parameters
    ----------
    bars : sequence of DataFrame of BARS
        One per market; only their times are read.
    timeframes : sequence of str
        The markets' timeframes, in the same order.
    horizons : sequence of str
        The longest that fits into each of the eras lies between two of them.
    config : DiscoveryConfig
        Shares of the later eras.

    Returns
    -------
    DataFrame of ERAS
        From the first bar of any market to the end of the last bar of any, split at midnights
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
    later = config.confirmation_share + config.sealed_share
    first, second = (_midnight(start, end, share) for share in (later, config.sealed_share))
    lengths = [timedelta(milliseconds=duration_ms(horizon)) for horizon in horizons]
    shortest = min(first - start, second - first, end - second)
    gap = max((length for length in lengths if length < shortest), default=timedelta(0))
    if not start < first < second < end:
        raise _too_short(start, end)
    rows = {
        "era": [DISCOVERY, CONFIRMATION, SEALED],
        "start": [start, first + gap, second + gap],
        "end": [first, second, end],
    }
    return pl.DataFrame(rows, schema=ERAS.columns)


def span_of(eras: pl.DataFrame, era: str) -> tuple[int, int]:
    """Return start and end of an era in milliseconds since 1970.

    Raises
    ------
    InputError
        When there is no such era.
    """
    row = eras.filter(pl.col("era") == era).select(pl.col("start", "end").dt.epoch("ms"))
    if row.is_empty():
        named = ", ".join(eras["era"]) or "none"
        raise InputError(
            f"a split into the eras {named}",
            f"one with the era {era}",
            "draw the eras again with --refresh discovery",
        )
    return row["start"].item(), row["end"].item()


def training_of(folds: pl.DataFrame, fold: int) -> tuple[int, int]:
    """Return start and end of what a fold is trained on in milliseconds since 1970."""
    spans = folds.select("fold", pl.col("train_start", "train_end").dt.epoch("ms"))
    row = spans.filter(pl.col("fold") == fold)
    return row["train_start"].item(), row["train_end"].item()


def _span(bars: pl.DataFrame, timeframe: str) -> tuple[datetime, datetime]:
    first, last = bars.select(first=pl.col("time").min(), last=pl.col("time").max()).row(0)
    return first, last + timedelta(milliseconds=duration_ms(timeframe))


def _midnight(start: datetime, end: datetime, share_left: float) -> datetime:
    moment = start + (1.0 - share_left) * (end - start)
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)


def _too_short(start: datetime, end: datetime) -> InputError:
    return InputError(
        f"bars from {start:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M}",
        "enough days for three eras, split at midnights",
        "take a longer span",
    )
