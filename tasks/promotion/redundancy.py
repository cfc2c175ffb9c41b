"""Which candidates trade the same occasions as a broader one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl

Occasions = frozenset[tuple[str, datetime, int]]


@dataclass(frozen=True)
class Twin:
    """The broader candidate that another one repeats, and the share of trades that both have."""

    hypothesis: str
    overlap: float


def find_twins(
    rows: Iterable[Mapping[str, Any]], trades: pl.DataFrame, max_overlap_share: float
) -> dict[str, Twin]:
    """Return, for each candidate that repeats a broader one, the first that it repeats.

    Candidates are taken by falling number of hold-out trades, so that what returned how much
    chooses nothing among the nested; then by falling t and by name. One is redundant when its
    trades (market, entry time, direction) and those of a broader one that is not redundant itself
    overlap by more than `max_overlap_share` of the smaller set: a market's share of a pooled
    candidate, a regime's share of the whole, and another horizon of the same event are one with it.

    Parameters
    ----------
    rows : iterable of mapping
        Candidates, with `hypothesis`, `n_trades` and `t_holdout`.
    trades : pl.DataFrame
        TRADES.
    max_overlap_share : float
        0 to 1.
    """
    kept: dict[str, Occasions] = {}
    twins: dict[str, Twin] = {}
    for row in sorted(rows, key=_precedence):
        name = row["hypothesis"]
        mine = _occasions_of(name, trades)
        repeated = (Twin(other, overlap_share(mine, theirs)) for other, theirs in kept.items())
        twin = next((t for t in repeated if t.overlap > max_overlap_share), None)
        if twin is None:
            kept[name] = mine
        else:
            twins[name] = twin
    return twins


def _precedence(row: Mapping[str, Any]) -> tuple[int, float, str]:
    return -row["n_trades"], -row["t_holdout"], row["hypothesis"]


def overlap_share(one: Occasions, other: Occasions) -> float:
    """Share of the smaller set that the other has too (Szymkiewicz-Simpson); 0 if one is empty."""
    smaller = min(len(one), len(other))
    return len(one & other) / smaller if smaller else 0.0


def _occasions_of(hypothesis: str, trades: pl.DataFrame) -> Occasions:
    own = trades.filter(pl.col("hypothesis") == hypothesis)
    return frozenset(own.select("market", "entry_time", "side").iter_rows())
