"""From events to signals: the bars at whose close something is decided, and on which side."""

from __future__ import annotations

import re

import polars as pl

from lake.errors import SchemaError
from lake.schema import FEATURES, SIGN

EVERY_TIME = "all"


def choose_signals(
    events: pl.DataFrame, features: pl.DataFrame, event: str, condition: str, follow: int
) -> pl.DataFrame:
    """Return the signals of one rule in one market: `time` of the event's bar, and `side`.

    Parameters
    ----------
    events, features : pl.DataFrame
        EVENTS and FEATURES of the market.
    event : str
        Its name.
    condition : str
        ``all``, or a label of FEATURES at the event's own bar such as ``vol_regime=2``; where it is
        not known it is not met.
    follow : int
        +1 takes the event's side, -1 the other; an event without a side counts as long.

    Returns
    -------
    pl.DataFrame
        Sorted by time, sides +1 or -1, each bar once.

    Raises
    ------
    SchemaError
        When the condition is none.
    """
    meeting = meet_condition(events.filter(pl.col("event") == event), features, condition)
    side = pl.when(pl.col("side") == 0).then(1).otherwise(pl.col("side")) * follow
    return meeting.select("time", side=side.cast(SIGN)).sort("time")


def meet_condition(rows: pl.DataFrame, features: pl.DataFrame, condition: str) -> pl.DataFrame:
    """Rows with a `time` at which the condition is known to hold, sorted by time."""
    if condition == EVERY_TIME:
        return rows.sort("time")
    label, value = read_condition(condition)
    holds = features.filter(pl.col(label) == value).select("time")
    return rows.sort("time").join(holds, on="time", how="semi", maintain_order="left")


def read_condition(condition: str) -> tuple[str, int]:
    """Label and value of a condition.

    Examples
    --------
    >>> read_condition("trend_regime=-1")
    ('trend_regime', -1)
    """
    label, _, value = condition.partition("=")
    if FEATURES.columns.get(label) != SIGN or not re.fullmatch("-?[0-9]+", value):
        raise SchemaError(
            f"the condition {condition!r}",
            "all, or a label of FEATURES with a whole number, like vol_regime=2",
            "make discovery write such conditions",
        )
    return label, int(value)
