"""What trades in the confirmation era say of each candidate: net mean, clustered t, q over all."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lake.schema import BRIDGED
from lake.time import duration_ms
from tasks.bridge.config import BridgeConfig


def weigh_candidates(
    candidates: pl.DataFrame, trades: pl.DataFrame, config: BridgeConfig
) -> pl.DataFrame:
    """Return BRIDGED: one row per candidate, traded or not.

    A candidate without trades has n 0, p and q 1 and NaN elsewhere. With one cluster, or clusters
    that do not differ, there is no standard error: se and t are NaN, p is 1. q is that of
    Benjamini and Hochberg (1995) over all candidates, traded or not.

    Parameters
    ----------
    candidates : pl.DataFrame
        What `select_candidates` returned.
    trades : pl.DataFrame
        TRADES of these candidates.
    config : BridgeConfig
        Costs, and how long the blocks are.
    """
    if candidates.is_empty():
        return BRIDGED.empty()
    from scipy.stats import false_discovery_control

    traded = {str(name): group for (name,), group in trades.group_by("hypothesis")}
    rows = [
        _weigh(candidate, traded.get(candidate["hypothesis"], trades.clear()), config)
        for candidate in candidates.sort("hypothesis").iter_rows(named=True)
    ]
    bridged = pl.DataFrame(rows, schema={n: d for n, d in BRIDGED.columns.items() if n != "q"})
    q = false_discovery_control(bridged["p"].to_numpy(), method="bh")
    return bridged.with_columns(q=pl.Series(q)).select(list(BRIDGED.columns))


def block_of(
    times: NDArray[np.int64], horizon: str, min_block: str, block_horizons: int
) -> NDArray[np.int64]:
    """Calendar block of each time (ms since 1970): common to all markets, several horizons long.

    Source: shared statistics.md section 1.1, lessons iii and iv.
    """
    return times // max(duration_ms(min_block), block_horizons * duration_ms(horizon))


def clustered_t(values: NDArray[np.float64], blocks: NDArray[np.int64]) -> tuple[float, float, int]:
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
    _, labels = np.unique(blocks, return_inverse=True)
    n_clusters = int(labels.max()) + 1
    scores = np.bincount(labels, weights=values - mean) / len(values)
    rounding = np.finfo(np.float64).eps * np.max(np.abs(values))
    if n_clusters == 1 or np.max(np.abs(scores)) <= rounding:
        return np.nan, np.nan, n_clusters
    se = float(np.sqrt(n_clusters / (n_clusters - 1) * np.sum(scores**2)))
    return se, mean / se, n_clusters


def _weigh(candidate: dict[str, Any], trades: pl.DataFrame, config: BridgeConfig) -> dict[str, Any]:
    row = {"hypothesis": candidate["hypothesis"], "follow": candidate["follow"]}
    if trades.is_empty():
        unknown = {name: np.nan for name in BRIDGED.columns if name != "q"}
        return unknown | row | {"n_trades": 0, "n_clusters": 0, "p": 1.0}
    ordered = trades.sort("entry_time", "market")
    times = ordered["event_time"].to_physical().to_numpy()
    blocks = block_of(times, candidate["horizon"], config.min_block, config.block_horizons)
    gross, cost, net = (ordered[name].to_numpy() for name in ("gross_bps", "cost_bps", "net_bps"))
    return (
        row
        | _proof_of(net, blocks)
        | {
            "gross_bps": float(np.mean(gross)),
            "cost_bps": float(np.mean(cost)),
            "break_even_cost_bps": float(np.mean(net)) / 2 + config.cost_bps_per_side,
            "net_double_cost_bps": float(np.mean(net - cost)),
        }
    )


def _proof_of(net: NDArray[np.float64], blocks: NDArray[np.int64]) -> dict[str, Any]:
    from scipy.stats import t as student

    se, t, n_clusters = clustered_t(net, blocks)
    return {
        "n_trades": len(net),
        "n_clusters": n_clusters,
        "net_bps": float(np.mean(net)),
        "se_bps": se,
        "t": t,
        "p": 1.0 if np.isnan(t) else float(student.sf(t, n_clusters - 1)),
        "hit_rate": float(np.mean(net > 0)),
        "worst_bps": float(np.min(net)),
    }
