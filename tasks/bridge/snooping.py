"""Data snooping: search long enough, and something looks good."""

from __future__ import annotations

from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from tasks.bridge.config import BridgeConfig
from tasks.kernels.overfitting import rank_winners


def superior_to_nothing(net: NDArray[np.float64], config: BridgeConfig) -> tuple[float, list[int]]:
    """Hansen's consistent p of superior predictive ability, and Romano and Wolf's superior set.

    `arch` does both on the same stationary bootstrap. It compares means whatever its
    `studentize` says, so the columns come in units of their own standard deviation; and it breaks
    down where every strategy proves superior, so doing nothing is one of them. p counts the
    sample as a draw: it is never 0 (Phipson and Smyth, 2010).

    Parameters
    ----------
    net : (n_days, k) float64
        Results that vary in each column, without NaN.
    config : BridgeConfig
        Blocks, draws, seed and level.
    """
    from arch.bootstrap import StepM

    n_days, k = net.shape
    idle = np.zeros((n_days, 1))
    losses = np.hstack([-net / np.std(net, axis=0), idle])
    step = StepM(
        idle,
        losses,
        size=config.search_level,
        block_size=config.bootstrap_days,
        reps=config.bootstrap_reps,
        seed=config.bootstrap_seed,
    )
    step.compute()
    step.spa.subset(np.arange(k + 1) < k)
    step.spa.compute()
    n_larger = step.spa.pvalues["consistent"] * config.bootstrap_reps
    p = float((np.rint(n_larger) + 1) / (config.bootstrap_reps + 1))
    return p, np.asarray(step.superior_models, dtype=np.int64).tolist()


def overfit_probability(net: NDArray[np.float64], n_blocks: int) -> float:
    """Share of the splits in which the best of one half is no better than the median in the other.

    Combinatorially symmetric cross-validation, see `tasks.kernels.overfitting`: the days are cut
    into blocks of equal length (to one day), and every half of the blocks is in sample once.

    Parameters
    ----------
    net : (n_days, k) float64
        At least two days per block and two columns, without NaN.
    n_blocks : int
        Even.
    """
    parts = np.array_split(net, n_blocks)
    sums = np.array([part.sum(axis=0) for part in parts])
    squares = np.array([(part**2).sum(axis=0) for part in parts])
    lengths = np.array([len(part) for part in parts])
    chosen = np.array(list(combinations(range(n_blocks), n_blocks // 2)))
    halves = np.zeros((len(chosen), n_blocks), dtype=np.bool_)
    np.put_along_axis(halves, chosen, True, axis=1)
    return float(np.mean(rank_winners(sums, squares, lengths, halves) <= 0.5))
