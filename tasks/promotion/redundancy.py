"""Which candidates hold the same positions as a broader one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lake.ref import EVERY_MARKET
from lake.time import duration_ms, timeframe_of

EVERY_TIME = "all"
Times = NDArray[np.int64]
Positions = dict[tuple[str, int], tuple[Times, Times]]


@dataclass(frozen=True)
class Twin:
    """The broader candidate that another one repeats, and the share that both have.

    The share is None where the other is a part of it: its regime or its market alone.
    """

    hypothesis: str
    overlap: float | None


def find_twins(
    rows: Iterable[Mapping[str, Any]], trades: pl.DataFrame, limit: float
) -> dict[str, Twin]:
    """Return, for each candidate that repeats a broader one, the first that it repeats.

    Candidates are taken by falling number of trades, so that what returned how much
    chooses nothing among the nested; then by falling t and by name. One is redundant to a broader
    one that is not redundant itself when it is a part of it, see `is_part`, or overlaps with it by
    more than `limit`, see `overlap_share`: another horizon of the same event, or
    another event at the same bars.

    Parameters
    ----------
    rows : iterable of mapping
        Candidates, with `hypothesis` and its parts, `n_trades` and `t_confirmed`.
    trades : pl.DataFrame
        TRADES.
    limit : float
        Largest share, 0 to 1, that different candidates have in common.
    """
    kept: list[tuple[Mapping[str, Any], Positions]] = []
    twins: dict[str, Twin] = {}
    for row in sorted(rows, key=_precedence):
        mine = _positions_of(row["hypothesis"], trades)
        twin = next(_repeated(row, mine, kept, limit), None)
        if twin is None:
            kept.append((row, mine))
        else:
            twins[row["hypothesis"]] = twin
    return twins


def _repeated(
    row: Mapping[str, Any],
    mine: Positions,
    kept: Iterable[tuple[Mapping[str, Any], Positions]],
    limit: float,
) -> Iterator[Twin]:
    for other, theirs in kept:
        share = None if is_part(row, other) else overlap_share(mine, theirs)
        if share is None or share > limit:
            yield Twin(other["hypothesis"], share)


def _precedence(row: Mapping[str, Any]) -> tuple[int, float, str]:
    return -row["n_trades"], -row["t_confirmed"], row["hypothesis"]


def is_part(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether a candidate is another one's market or regime alone.

    Its positions can differ: the broader one may hold one already when the narrower enters.

    Examples
    --------
    >>> whole = {"event": "oi_flush", "horizon": "4h", "market": "all", "condition": "all"}
    >>> is_part(whole | {"market": "BTCUSDT-5m", "condition": "session=1"}, whole)
    True
    >>> is_part(whole | {"horizon": "1h"}, whole)
    False
    """
    return (
        all(one[name] == other[name] for name in ("event", "horizon"))
        and other["market"] in (one["market"], EVERY_MARKET)
        and other["condition"] in (one["condition"], EVERY_TIME)
    )


def overlap_share(one: Positions, other: Positions) -> float:
    """Share of the entries, or of the time held, that two candidates have in common; 0 for none.

    Of whichever has fewer, or less; the larger of the two shares (Szymkiewicz-Simpson). Entries
    tell that two horizons of an event are one, time that positions are although one of them was
    entered while the other was open.

    Parameters
    ----------
    one, other : dict of (market, direction) to (starts, ends)
        Milliseconds, ascending; positions of one candidate in one market do not overlap.
    """
    both = one.keys() & other.keys()
    entered = [sum(starts.size for starts, _ in p.values()) for p in (one, other)]
    held = [sum(int((ends - starts).sum()) for starts, ends in p.values()) for p in (one, other)]
    if not min(entered):
        return 0.0
    same = sum(int(np.isin(one[key][0], other[key][0]).sum()) for key in both)
    shared = sum(_time_shared(*one[key], *other[key]) for key in both)
    return max(same / min(entered), shared / min(held))


def _time_shared(starts: Times, ends: Times, other_starts: Times, other_ends: Times) -> int:
    """Time inside both sets of intervals."""
    passed = np.concatenate([[0], np.cumsum(other_ends - other_starts)])

    def covered(until: Times) -> Times:
        begun = np.searchsorted(other_starts, until)
        last = np.maximum(begun - 1, 0)
        rest = np.maximum(other_ends[last] - until, 0)
        return passed[begun] - np.where(begun > 0, rest, 0)

    return int((covered(ends) - covered(starts)).sum())


def _positions_of(hypothesis: str, trades: pl.DataFrame) -> Positions:
    own = trades.filter(pl.col("hypothesis") == hypothesis).sort("entry_time")
    positions = {}
    for (market, side), group in own.group_by("market", "side", maintain_order=True):
        starts = group["entry_time"].dt.epoch("ms").to_numpy()
        ends = group["exit_time"].dt.epoch("ms").to_numpy() + duration_ms(timeframe_of(str(market)))
        positions[str(market), int(str(side))] = (starts, ends)
    return positions
