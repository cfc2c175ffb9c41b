"""Which candidates hold the same positions as a broader one."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
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
class Likeness:
    """How much of a candidate a broader one already holds.

    Attributes
    ----------
    hypothesis : str
        The broader one, empty where there is none.
    share : float
        Of the positions that both have in common.
    is_part : bool
        Whether it is the other's regime or market alone.
    """

    hypothesis: str = ""
    share: float = 0.0
    is_part: bool = False


def compare_positions(
    rows: Iterable[Mapping[str, Any]], stand: Collection[str], trades: pl.DataFrame, limit: float
) -> dict[str, Likeness]:
    """Return, for each candidate, the first broader one that it repeats, or else comes nearest to.

    Candidates are taken by falling number of trades, so that what returned how much
    chooses nothing among the nested; then by falling t and by name. One is redundant to a broader
    one that stands and is not redundant itself when it is a part of it, see `is_part`, or overlaps
    with it by more than `limit`, see `overlap_share`: another horizon of the same event, or
    another event at the same bars.

    Parameters
    ----------
    rows : iterable of mapping
        Candidates, with `hypothesis` and its parts, `n_trades` and `t_confirmed`.
    stand : collection of str
        Those that nothing else speaks against; they alone make others redundant.
    trades : pl.DataFrame
        TRADES, of all folds: which folds each was selected for does not make them different.
    limit : float
        Largest share, 0 to 1, that different candidates have in common.
    """
    kept: list[tuple[Mapping[str, Any], Positions]] = []
    likeness: dict[str, Likeness] = {}
    positions = _positions_of(trades)
    for row in sorted(rows, key=_precedence):
        name = row["hypothesis"]
        mine = positions.get(name, {})
        likeness[name] = _nearest(row, mine, kept, limit)
        if name in stand and not (likeness[name].is_part or likeness[name].share > limit):
            kept.append((row, mine))
    return likeness


def _nearest(
    row: Mapping[str, Any],
    mine: Positions,
    kept: Iterable[tuple[Mapping[str, Any], Positions]],
    limit: float,
) -> Likeness:
    nearest = Likeness()
    for other, theirs in kept:
        share, part = overlap_share(mine, theirs), is_part(row, other)
        if part or share > nearest.share:
            nearest = Likeness(other["hypothesis"], share, part)
        if part or share > limit:
            break
    return nearest


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


def _positions_of(trades: pl.DataFrame) -> dict[str, Positions]:
    """Starts and ends by hypothesis, market and direction."""
    positions: dict[str, Positions] = {}
    key = ("hypothesis", "market", "side")
    for (name, market, side), group in trades.sort("entry_time").group_by(key):
        starts = group["entry_time"].dt.epoch("ms").to_numpy()
        ends = group["exit_time"].dt.epoch("ms").to_numpy() + duration_ms(timeframe_of(str(market)))
        positions.setdefault(str(name), {})[str(market), int(str(side))] = (starts, ends)
    return positions
