"""Placebos: trades that know nothing of the event and ought to earn nothing."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lake.schema import SIGN, TIME
from lake.time import duration_ms
from tasks.bridge.case import Case
from tasks.bridge.clustered import chance_of, clustered_difference, describe
from tasks.bridge.ground import Fold, Signals
from tasks.bridge.orders import pool
from tasks.trading.simulation import Results

Whole = NDArray[np.int64]
Entries = tuple[Whole, Whole]


def shifted(signals: Signals, shift: str) -> Signals:
    """The same signals so much later, on the same sides."""
    later = pl.col("time") + pl.duration(milliseconds=duration_ms(shift))
    return {market: rows.with_columns(later) for market, rows in signals.items()}


def random_entries(case: Case) -> Results:
    """What random entries in place of the candidate's trades earn, over all replicas.

    In each market and fold as many entries as the candidate has trades there, with as many on each
    side, at bars that traded and met the candidate's condition, each bar at most once in a replica,
    early enough to leave again in the fold. The engine refuses those that come while another is
    open, as it does the candidate's.
    """
    draws = [_drawn(case, fold) for fold in case.folds]
    replicas = (
        {market: _signals([draw[market][k] for draw in draws]) for market in case.signals}
        for k in range(case.config.random_replicas if draws else 0)
    )
    return pool([case.play(case.write(signals)) for signals in replicas])


def describe_random(
    earned: Results, blocks: Whole, drawn: Results, drawn_blocks: Whole
) -> dict[str, Any]:
    """The columns of STRESSED from `n_trades` on, of random entries against the candidate's.

    Counts and means are those of the random entries; `se_bps`, `t` and `p` are of the difference:
    that the candidate earns no more. `n_clusters` counts the blocks of both.
    """
    row = describe(drawn, drawn_blocks)
    if not len(earned.net_bps) or not len(drawn.net_bps):
        return row | {"se_bps": np.nan, "t": np.nan, "p": 1.0}
    se, t, n_clusters = clustered_difference(earned.net_bps, blocks, drawn.net_bps, drawn_blocks)
    return row | {"n_clusters": n_clusters, "se_bps": se, "t": t, "p": chance_of(t, n_clusters)}


def _drawn(case: Case, fold: Fold) -> dict[str, list[Entries]]:
    """By market, times and sides of each replica's entries in one fold."""
    laid, done = case.ground.laid, case.simulated[fold.number]
    closed = done.positions[done.is_closed]
    draws = {}
    for name in case.signals:
        market = laid.markets.index(name)
        sides = closed["side"][closed["market"] == market]
        rows = case.ground.eligible(fold, market, case.condition, case.horizon)
        n = min(len(rows), len(sides))
        generator = _generator(case, name, fold)
        draws[name] = [
            (laid.times[generator.choice(rows, n, replace=False)], generator.permutation(sides)[:n])
            for _ in range(case.config.random_replicas)
        ]
    return draws


def _generator(case: Case, market: str, fold: Fold) -> np.random.Generator:
    """Draws that depend on what is drawn for and on nothing else, such as the other candidates."""
    named = sha256(f"{case.hypothesis}|{market}".encode()).digest()[:8]
    return np.random.default_rng([case.config.seed, fold.number, int.from_bytes(named)])


def _signals(parts: Sequence[Entries]) -> pl.DataFrame:
    times, sides = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    stamps = pl.Series(times, dtype=pl.Int64).cast(TIME)
    return pl.DataFrame({"time": stamps, "side": pl.Series(sides, dtype=pl.Int64).cast(SIGN)})
