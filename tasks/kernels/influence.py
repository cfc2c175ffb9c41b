"""Estimates clustered by calendar block: excess over a baseline, its error, its influence."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tasks.kernels._jit import kernel

Reals = NDArray[np.float64]
Codes = NDArray[np.int64]

LANES = 8  # sums at once: a single one would wait for each addition to end


@kernel
def add_excess(
    excess: Reals,
    held: Reals,
    targets: Codes,
    offsets: Codes,
    cluster: Codes,
    weight: Reals,
    side: Reals,
    total: Reals,
    mu: Reals,
    baselines: Codes,
    errors: Reals,
    first: int,
) -> None:
    """Add one market's excess over its baseline to rows of cells, in place.

    Per cell and block g: ``E_g += T_g - D_g mu - D e_g`` and ``W_g += W_g``, with D the sum of
    the D_g, and e_g the influence of block g on mu, which sums to 0: the baseline errs with the
    blocks that it was estimated from. A cell without weight adds nothing.

    Parameters
    ----------
    excess, held : (K, G) float64
        E and W, changed in place; a row to which several markets add is pooled over them.
    targets : (k,) int64
        Row to which each cell adds.
    offsets : (k + 1,) int64
        Cell i has the places from ``offsets[i]`` up to ``offsets[i + 1]`` in the next four.
    cluster : (n,) int64
        Calendar block, from `first` to ``first + G - 1``.
    weight, side, total : (n,) float64
        W, D and T of the estimator, all finite, no weight negative.
    mu : (k,) float64
        Baseline mean of each cell; NaN makes the row NaN.
    baselines : (k,) int64
        Row of `errors` of each cell.
    errors : (C, G) float64
        Influence on each baseline mean: ``(T_g - W_g mu) / sum of W`` of the baseline.
    first : int
        The calendar block that is column 0.
    """
    for i in range(targets.size):
        e, w, error = excess[targets[i]], held[targets[i]], errors[baselines[i]]
        start, end = offsets[i], offsets[i + 1]
        if _sum(weight[start:end]) > 0.0:
            for j in range(start, end):
                place = np.uint64(cluster[j] - first)  # unsigned: never counted from the end
                e[place] += total[j] - side[j] * mu[i]
                w[place] += weight[j]
            sides = _sum(side[start:end])
            for g in range(error.size):
                e[g] -= sides * error[g]


@kernel
def estimate_rows(excess: Reals, held: Reals) -> tuple[Reals, Reals, Reals]:
    """Estimate each row's mean excess, its clustered error, and each block's influence on it.

    ``theta = sum of E / sum of W``, ``U_g = sqrt(G / (G - 1)) (E_g - W_g theta) / sum of W`` and
    ``se^2 = sum of U_g^2``, G counting the blocks with weight (Cameron and Miller, A
    practitioner's guide to cluster-robust inference, J. Human Resources 2015, section II).
    Products of rows of U are the covariances of the estimates.

    Parameters
    ----------
    excess, held : (K, G) float64
        E and W by block, of `add_excess`; `excess` is overwritten with the influence.

    Returns
    -------
    theta : (K,) float64
        NaN where nothing is held.
    se : (K,) float64
        NaN where fewer than two blocks hold anything.
    influence : (K, G) float64
        `excess` itself; 0 in a row without an error.
    """
    theta, se = np.full(held.shape[0], np.nan), np.full(held.shape[0], np.nan)
    for k in range(held.shape[0]):
        e, w, n_held = excess[k], held[k], 0
        for g in range(w.size):
            n_held += w[g] > 0.0
        mass = _sum(w)
        if n_held > 0:
            theta[k] = _sum(e) / mass
        if n_held > 1:
            factor = np.sqrt(n_held / (n_held - 1)) / mass
            for g in range(e.size):
                e[g] = factor * (e[g] - w[g] * theta[k])
            se[k] = np.sqrt(_sum(e * e))
        else:
            e[:] = 0.0
    return theta, se, excess


@kernel
def _sum(values: Reals) -> float:
    lanes = np.zeros(LANES)
    for start in range(0, values.size - LANES + 1, LANES):
        for lane in range(LANES):
            lanes[lane] += values[start + lane]
    total = lanes.sum()
    for rest in range(values.size - values.size % LANES, values.size):
        total += values[rest]
    return total
