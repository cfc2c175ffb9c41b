"""Means of trades with errors by calendar block, and what they prove."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lake.time import duration_ms
from tasks.trading.simulation import Results

Reals = NDArray[np.float64]
Whole = NDArray[np.int64]


def block_of(times: Whole, horizon: str, min_block: str, block_horizons: int) -> Whole:
    """Calendar block of each time (ms since 1970): common to all markets, several horizons long.

    Source: shared statistics.md section 1.1, lessons iii and iv.
    """
    return times // max(duration_ms(min_block), block_horizons * duration_ms(horizon))


def clustered_t(values: Reals, blocks: Whole) -> tuple[float, float, int]:
    """Standard error of the mean with clusters, its t against zero, and the number of clusters.

    ``se^2 = G/(G-1) sum_g (sum_{i in g} (x_i - mean) / n)^2`` (Liang and Zeger 1986; Cameron,
    Gelbach and Miller 2008). NaN, NaN where there is one cluster, or where the clusters do not
    differ by more than rounding.

    Parameters
    ----------
    values : (n,) float64
        Without NaN, n at least 1.
    blocks : (n,) int64
        Cluster of each value.
    """
    mean = float(np.mean(values))
    se, n_clusters = _spread((values - mean) / len(values), blocks, np.max(np.abs(values)))
    return se, mean / se, n_clusters


def clustered_difference(
    values: Reals, blocks: Whole, others: Reals, other_blocks: Whole
) -> tuple[float, float, int]:
    """The same for ``mean(values) - mean(others)``, where both share the calendar's blocks.

    A block's influence is that of its values less that of its others, so what moved both in one
    block does not count twice.

    Parameters
    ----------
    values, others : (n,), (m,) float64
        Without NaN, both at least 1 long.
    blocks, other_blocks : (n,), (m,) int64
        Cluster of each.
    """
    means = float(np.mean(values)), float(np.mean(others))
    influence = np.concatenate(
        [(values - means[0]) / len(values), (means[1] - others) / len(others)]
    )
    largest = max(np.max(np.abs(values)), np.max(np.abs(others)))
    se, n_clusters = _spread(influence, np.concatenate([blocks, other_blocks]), largest)
    return se, (means[0] - means[1]) / se, n_clusters


def chance_of(t: float, n_clusters: int) -> float:
    """One-sided p of a t: that the mean is not above zero; 1 where there is no t."""
    from scipy.special import stdtr

    return 1.0 if np.isnan(t) else float(stdtr(n_clusters - 1, -t))


def describe(earned: Results, blocks: Whole) -> dict[str, Any]:
    """Counts, means and proof of some trades: the columns of STRESSED from `n_trades` on.

    Without trades the counts are 0, p is 1 and everything else NaN.

    Parameters
    ----------
    earned : Results
        Of n trades.
    blocks : (n,) int64
        Calendar block of each.
    """
    n = len(earned.net_bps)
    if not n:
        figures = ("gross_bps", "cost_bps", "net_bps", "se_bps", "t")
        return {"n_trades": 0, "n_clusters": 0, **dict.fromkeys(figures, np.nan), "p": 1.0}
    se, t, n_clusters = clustered_t(earned.net_bps, blocks)
    return {
        "n_trades": n,
        "n_clusters": n_clusters,
        "gross_bps": float(np.mean(earned.gross_bps)),
        "cost_bps": float(np.mean(earned.cost_bps)),
        "net_bps": float(np.mean(earned.net_bps)),
        "se_bps": se,
        "t": t,
        "p": chance_of(t, n_clusters),
    }


def _spread(influence: Reals, blocks: Whole, largest: float) -> tuple[float, int]:
    """Root of the sum of squared influences by block, and the number of blocks."""
    _, labels = np.unique(blocks, return_inverse=True)
    scores = np.bincount(labels, weights=influence)
    n_clusters = len(scores)
    if n_clusters == 1 or np.max(np.abs(scores)) <= np.finfo(np.float64).eps * largest:
        return np.nan, n_clusters
    return float(np.sqrt(n_clusters / (n_clusters - 1) * np.sum(scores**2))), n_clusters
