"""Which candidates trade the same occasions as a better one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl

Occasions = frozenset[tuple[str, datetime, int]]


@dataclass(frozen=True)
class Twin:
    """The better candidate that another one repeats, and the share of trades that both have."""

    hypothesis: str
    overlap: float


def find_twins(
    rows: Iterable[Mapping[str, Any]], trades: pl.DataFrame, max_overlap_share: float
) -> dict[str, Twin]:
    """Return, for each candidate that repeats a better one, the best that it repeats.

    Candidates are taken by falling hold-out t, ties by name; one is redundant when its trades
    (market, entry time, direction) and those of a better candidate that is not redundant itself
    have a Jaccard index above `max_overlap_share`.

    Parameters
    ----------
    rows : iterable of mapping
        Candidates, with `hypothesis` and `t_holdout`.
    trades : pl.DataFrame
        TRADES.
    max_overlap_share : float
        0 to 1.
    """
    kept: dict[str, Occasions] = {}
    twins: dict[str, Twin] = {}
    for row in sorted(rows, key=lambda row: (-row["t_holdout"], row["hypothesis"])):
        name = row["hypothesis"]
        mine = _occasions_of(name, trades)
        repeated = (Twin(other, jaccard(mine, theirs)) for other, theirs in kept.items())
        twin = next((t for t in repeated if t.overlap > max_overlap_share), None)
        if twin is None:
            kept[name] = mine
        else:
            twins[name] = twin
    return twins


def jaccard(one: Occasions, other: Occasions) -> float:
    """Share of the union that both have; 0 where both are empty."""
    union = len(one | other)
    return len(one & other) / union if union else 0.0


def _occasions_of(hypothesis: str, trades: pl.DataFrame) -> Occasions:
    own = trades.filter(pl.col("hypothesis") == hypothesis)
    return frozenset(own.select("market", "entry_time", "side").iter_rows())
