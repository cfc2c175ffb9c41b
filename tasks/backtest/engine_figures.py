"""How much each engine said, what it earned on its own, and how long it took."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import polars as pl

from lake.time import TIMEFRAMES, duration_ms
from tasks.backtest.decided import Told
from tasks.backtest.engine_member import FUSION, Member, members_of
from tasks.engines.desk import BASE
from tasks.kernels.fusion_memory import FRAMES, MEMBERS

OF_THE_ACCOUNT = {
    "net": ("profit", "value"),
    "net_share": ("total_return", "value"),
    "sharpe": ("sharpe", "value"),
    "sharpe_lower": ("sharpe", "lower"),
    "sharpe_upper": ("sharpe", "upper"),
    "n_trades": ("trades", "value"),
}
CONTEXT, LONGER_BARS, ALL = "context", "longer bars", "all"
SEEN = (*FRAMES, BASE)


class Timing(NamedTuple):
    """How long something took."""

    what: str
    n_bars: int
    seconds: float

    @property
    def ns_per_bar(self) -> float:
        """Nanoseconds per bar; NaN without bars."""
        return 1e9 * self.seconds / self.n_bars if self.n_bars else math.nan


@dataclass(frozen=True)
class Gist:
    """How much was said of one market.

    Attributes
    ----------
    engine : str
        Whose stance is traded.
    timeframes : dict of str to str
        What each member reads; of the fusion, the base bars.
    n_bars, n_in_stance : dict of str to int
        Bars that each read, and at how many it had a stance.
    added : dict of str to float
        Sum of the sizes of its contributions to the score; of the fusion, of the score.
    n_seen : int
        Bars that the context's trends read.
    took : dict of str to float
        Seconds.
    """

    engine: str
    timeframes: dict[str, str]
    n_bars: dict[str, int]
    n_in_stance: dict[str, int]
    added: dict[str, float]
    n_seen: int
    took: dict[str, float]


def gist_of(told: Told) -> Gist:
    """Count what a desk said."""
    heard, fused = told.decided.heard, told.decided.fused
    stances = {name: heard[name].readings["stance"] for name in MEMBERS}
    stances[FUSION] = fused["stance"]
    sizes = {name: fused["contributions"][:, k] for k, name in enumerate(MEMBERS)}
    sizes[FUSION] = fused["score"]
    return Gist(
        engine=told.engine,
        timeframes={name: timeframe_read(told, name) for name in stances},
        n_bars={name: len(said) for name, said in stances.items()},
        n_in_stance={name: int(np.count_nonzero(said)) for name, said in stances.items()},
        added={name: float(np.sum(np.abs(size))) for name, size in sizes.items()},
        n_seen=sum(len(heard[name].readings) for name in SEEN),
        took=dict(told.decided.took),
    )


def quickest(gists: Sequence[Gist]) -> Gist:
    """The same market counted several times, with the least that each part took."""
    took = {name: min(gist.took[name] for gist in gists) for name in gists[0].took}
    return replace(gists[0], took=took)


def timeframe_read(told: Told, member: str) -> str:
    """Of the bars that a member reads; of the fusion, the base bars."""
    length = told.length_ms if member == FUSION else told.desk.lengths[member]
    return next(frame for frame in TIMEFRAMES if duration_ms(frame) == length)


def list_members(gists: Sequence[Gist], metrics: Mapping[str, pl.DataFrame]) -> list[Member]:
    """The engines in the order in which they are heard; a fusion last.

    Parameters
    ----------
    gists : sequence of Gist
        Of each market, at least one.
    metrics : mapping of str to DataFrame
        METRICS of the accounts, by engine.
    """
    engine = gists[0].engine
    names = (*members_of(engine), *([FUSION] if engine == FUSION else []))
    return [_member(gists, name, metrics.get(name)) for name in names]


def list_timings(gists: Sequence[Gist]) -> list[Timing]:
    """What each engine took, then the context's trends, the longer bars, the fusion, and all."""
    n_slots = _sum(gists, "n_bars", FUSION)
    rows = [Timing(n, int(_sum(gists, "n_bars", n)), _sum(gists, "took", n)) for n in MEMBERS]
    context = sum(_sum(gists, "took", name) for name in SEEN)
    rows.append(Timing(CONTEXT, sum(gist.n_seen for gist in gists), context))
    for what, name in ((LONGER_BARS, "bars"), (FUSION, FUSION)):
        rows.append(Timing(what, int(n_slots), _sum(gists, "took", name)))
    return [*rows, Timing(ALL, int(n_slots), sum(row.seconds for row in rows))]


def _member(gists: Sequence[Gist], name: str, metrics: pl.DataFrame | None) -> Member:
    n, n_slots = _sum(gists, "n_bars", name), _sum(gists, "n_bars", FUSION)
    own: dict[str, float | None] = {}
    if metrics is not None:
        known = {row["metric"]: row for row in metrics.to_dicts()}
        own = {field: _finite(known[name][end]) for field, (name, end) in OF_THE_ACCOUNT.items()}
    return Member(
        engine=name,
        timeframe=gists[0].timeframes[name],
        n_bars=int(n),
        in_stance=_sum(gists, "n_in_stance", name) / n if n else None,
        contribution=_sum(gists, "added", name) / n_slots if n_slots else None,
        **own,
    )


def _sum(gists: Sequence[Gist], field: str, name: str) -> float:
    return math.fsum(getattr(gist, field)[name] for gist in gists)


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
