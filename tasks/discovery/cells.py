"""Cells of one horizon: event and condition, in one market or pooled, block by block."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tasks.discovery.effects import BASELINE

Reals = NDArray[np.float64]


@dataclass(frozen=True)
class Sums:
    """Sums of K cells over G calendar blocks. Those of two markets add up to the pooled ones.

    Attributes
    ----------
    n, total : (K, G) float64
        Events, and their signed returns.
    excess : (K, G) float64
        Signed returns less the side times the baseline's mean.
    drift : (K, G) float64
        Influence of the blocks on the baseline's mean, times the sum of the cell's sides.
    square, baseline : (K,) float64
        Sum of squared returns; sum of sides times the baseline's mean.
    n_markets : (K,) float64
        Markets in which the cell has events.
    """

    n: Reals
    total: Reals
    excess: Reals
    drift: Reals
    square: Reals
    baseline: Reals
    n_markets: Reals

    def __add__(self, other: Sums) -> Sums:
        return Sums(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))

    def take(self, rows: NDArray[np.int64]) -> Sums:
        return Sums(*(getattr(self, f.name)[rows] for f in fields(self)))


@dataclass(frozen=True)
class Estimates:
    """What K cells say, each an array of shape (K,), returns in shares.

    Attributes
    ----------
    n, n_clusters, effective_clusters
        Events, blocks that hold some, and ``n^2 / sum n_g^2``.
    mean, baseline, effect
        Signed mean, what the baseline would have given, and their difference.
    se
        Clustered standard error of the effect; NaN with events in fewer than two blocks.
    naive_t
        As if events were independent; NaN for a single event or without variation.
    scale
        Root mean square of the returns.
    influence : (K, G)
        What each block adds to the effect's error; its squares sum to ``se ** 2``.
    """

    n: Reals
    n_clusters: Reals
    effective_clusters: Reals
    mean: Reals
    baseline: Reals
    effect: Reals
    se: Reals
    naive_t: Reals
    scale: Reals
    influence: Reals


def list_cells(effects: pl.DataFrame) -> pl.DataFrame:
    """Every event and condition that occurs, sorted, ``all`` before any regime."""
    columns = ["family", "event", "condition"]
    return effects.filter(pl.col("event") != BASELINE).select(columns).unique().sort(columns)


def sum_cells(effects: pl.DataFrame, cells: pl.DataFrame, first: int, last: int) -> Sums:
    """Lay one market's EFFECTS of one horizon out as matrices.

    Parameters
    ----------
    effects : DataFrame of EFFECTS
        Of one market and horizon; the baseline may be there once per family.
    cells : DataFrame
        From `list_cells`; a cell without events in this market is all zeros.
    first, last : int
        Numbers of the first and last calendar block.

    Returns
    -------
    Sums
    """
    names = cells.select("condition").unique().sort("condition")
    everything = effects.filter(pl.col("event") == BASELINE)
    everything = everything.unique(["condition", "cluster"], keep="first", maintain_order=True)
    n_bars, bars = _spread(everything, names, ["n", "sum_return"], first, last)
    count = np.maximum(n_bars.sum(axis=1), 1.0)
    mu = bars.sum(axis=1) / count
    errors = (bars - n_bars * mu[:, None]) / count[:, None]
    columns = ["n", "n_sides", "sum_return", "sum_square"]
    n, sides, total, square = _spread(effects, cells, columns, first, last)
    condition = np.searchsorted(names["condition"].to_numpy(), cells["condition"].to_numpy())
    mu, errors = mu[condition], errors[condition]
    return Sums(
        n=n,
        total=total,
        excess=total - sides * mu[:, None],
        drift=sides.sum(axis=1)[:, None] * errors,
        square=square.sum(axis=1),
        baseline=sides.sum(axis=1) * mu,
        n_markets=(n.sum(axis=1) > 0).astype(np.float64),
    )


def estimate_cells(sums: Sums) -> Estimates:
    """Estimate each cell's effect over its baseline and its error, clustered by block.

    With events i of sides d_i and signed returns y_i in n, in block g::

        theta = mean(y) - sum_s (d_s / n) mu_s
        U_g = (S_g - sum_s d_gs mu_s - n_g theta) / n - sum_s (d_s / n) (B_gs - N_gs mu_s) / N_s
        SE = sqrt(G / (G - 1) sum_g U_g^2)

    over all blocks g, G of them with events, S, d sums over the cell's events and B, N over all
    bars of the symbol s and the condition (statistics.md 1.2; Cameron, Gelbach and Miller 2008).

    Parameters
    ----------
    sums : Sums
        Of cells that have events.

    Returns
    -------
    Estimates
    """
    n = sums.n.sum(axis=1)
    held = (sums.n > 0).sum(axis=1).astype(np.float64)
    mean, effect = sums.total.sum(axis=1) / n, sums.excess.sum(axis=1) / n
    with np.errstate(divide="ignore", invalid="ignore"):
        inflation = np.sqrt(held / (held - 1.0))
        deviation = np.sqrt(np.maximum(sums.square - n * mean**2, 0.0) / (n - 1.0))
        naive_t = effect / (deviation / np.sqrt(n))
    influence = (sums.excess - sums.n * effect[:, None] - sums.drift) / n[:, None]
    influence *= np.where(held > 1, inflation, 0.0)[:, None]
    return Estimates(
        n=n,
        n_clusters=held,
        effective_clusters=n**2 / (sums.n**2).sum(axis=1),
        mean=mean,
        baseline=sums.baseline / n,
        effect=effect,
        se=np.where(held > 1, np.sqrt((influence**2).sum(axis=1)), np.nan),
        naive_t=np.where(np.isfinite(naive_t), naive_t, np.nan),
        scale=np.sqrt(sums.square / n),
        influence=influence,
    )


def find_distinct(sums: Sums, cells: pl.DataFrame) -> NDArray[np.int64]:
    """Rows of the cells that have events, and not those of an earlier cell of the same event."""
    seen = set()
    rows = []
    events = cells["event"].to_list()
    for row in np.flatnonzero(sums.n.any(axis=1)).tolist():
        entries = (events[row], sums.n[row].tobytes(), sums.total[row].tobytes())
        if entries not in seen:
            seen.add(entries)
            rows.append(row)
    return np.array(rows, np.int64)


def _spread(
    effects: pl.DataFrame, cells: pl.DataFrame, columns: list[str], first: int, last: int
) -> Reals:
    """Matrices of the columns, cell by block, zero where there is no row."""
    placed = effects.join(cells.with_row_index("cell"), on=cells.columns)
    matrices = np.zeros((len(columns), cells.height, last - first + 1))
    at = placed["cell"].to_numpy(), placed["cluster"].to_numpy() - first
    for matrix, column in zip(matrices, columns, strict=True):
        matrix[at] = placed[column].to_numpy()
    return matrices
