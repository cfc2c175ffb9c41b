"""Adaptive shrinkage of blocks of correlated estimates (mash: Urbut et al. 2019, Nat. Genet. 51).

The true effects of the cells of one block are ``theta ~ sum_ab pi_ab N(0, a^2 J + b^2 I)``: an
effect a common to the block, a deviation b of each cell, and a point mass at zero, (0, 0). What
was seen is ``y ~ N(theta, V)``. The weights pi are common to all blocks. In the axes of V,
``V + b^2 I`` is diagonal and the common effect a matter of Sherman and Morrison, so that a
component costs no more than reading the block.

Cells that are averages of others (a pooled market, a condition and its parts) make V singular, and
their true effects obey the same identities. Seen without noise in such a direction, any prior with
b > 0 would look impossible; so the prior is that of effects that obey the identities: the block is
described in the directions that remain (`rotate_block` of `tasks.kernels.eigen`).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from tasks.kernels._jit import kernel

Reals = NDArray[np.float64]
NEGLIGIBLE = 1e-6
REACH, CLOSE, MOST_STEPS = 9.0, 1e-10, 200
ROOT_TWO = math.sqrt(2.0)
PER_ROOT_TAU = 1.0 / math.sqrt(2.0 * math.pi)


@kernel
def _project(basis: Reals, effects: Reals) -> tuple[Reals, Reals]:
    """The effects and a vector of ones along the axes."""
    y, ones = np.zeros(basis.shape[0]), np.zeros(basis.shape[0])
    for k in range(basis.shape[0]):
        for i in range(effects.size):
            y[k] += basis[k, i] * effects[i]
            ones[k] += basis[k, i]
    return y, ones


@kernel
def block_densities(
    basis: Reals, values: Reals, effects: Reals, common: Reals, own: Reals
) -> Reals:
    """Log density of a block's estimates under each component of the prior.

    Parameters
    ----------
    basis, values : (r, m), (r,) float64
        From `rotate_block`.
    effects : (m,) float64
    common, own : (A,), (B,) float64
        Variances a^2 and b^2 of the components.

    Returns
    -------
    (A, B) float64
        ``log N(y; 0, V + a^2 J + b^2 I)`` along the axes.
    """
    y, ones = _project(basis, effects)
    densities = np.empty((common.size, own.size))
    for j in range(own.size):
        s = t = q = 0.0
        log_volume = y.size * math.log(2.0 * math.pi)
        for k in range(y.size):
            total = values[k] + own[j]
            s += ones[k] * ones[k] / total
            t += ones[k] * y[k] / total
            q += y[k] * y[k] / total
            log_volume += math.log(total)
        for i in range(common.size):
            stretch = 1.0 + common[i] * s
            fit = q - common[i] * t * t / stretch
            densities[i, j] = -0.5 * (log_volume + math.log(stretch) + fit)
    return densities


@kernel
def blend_block(
    basis: Reals,
    values: Reals,
    effects: Reals,
    alone: Reals,
    common: Reals,
    own: Reals,
    weights: Reals,
    level: float,
) -> Reals:
    """Posterior of each cell of a block.

    Parameters
    ----------
    basis, values, effects, common, own
        As in `block_densities`; the column of a cell that the axes leave out is zero.
    alone : (m,) float64
        Sampling variance of such a cell, which speaks for itself alone: what the block says of a
        new cell is its prior, and its posterior where the variance is inf. Not read elsewhere.
    weights : (A, B) float64
        Posterior probabilities of the components; negligible ones are left out.
    level : float
        Of the credible interval, such as 0.95.

    Returns
    -------
    (6, m) float64
        Mean, standard deviation, both ends of the interval (quantiles of the mixture, its point
        mass included), the local false sign rate ``1 - max(P(theta > 0), P(theta < 0))``, and the
        probability of the first component.
    """
    part, means, sds = _components(basis, values, effects, common, own, weights)
    posterior = np.empty((6, effects.size))
    for i in range(effects.size):
        share, mean, sd = part.copy(), means[:, i].copy(), sds[:, i].copy()
        if np.all(basis[:, i] == 0.0) and np.isfinite(alone[i]):
            _update(share, mean, sd, effects[i], alone[i])
        posterior[0, i] = np.sum(share * mean)
        posterior[1, i] = math.sqrt(np.sum(share * (sd**2 + (mean - posterior[0, i]) ** 2)))
        below, at_zero = _mass(share, mean, sd, 0.0)
        posterior[2, i] = mixture_quantile(share, mean, sd, 0.5 - 0.5 * level)
        posterior[3, i] = mixture_quantile(share, mean, sd, 0.5 + 0.5 * level)
        posterior[4, i] = max(0.0, min(at_zero + below, 1.0 - below))
        posterior[5, i] = share[0] if weights[0, 0] > NEGLIGIBLE else 0.0
    return posterior


@kernel
def _components(
    basis: Reals, values: Reals, effects: Reals, common: Reals, own: Reals, weights: Reals
) -> tuple[Reals, Reals, Reals]:
    """Shares of the components that count, and each cell's mean and deviation in them."""
    y, ones = _project(basis, effects)
    n_parts = int(np.sum(weights > NEGLIGIBLE))
    share = np.empty(n_parts)
    means, sds = np.empty((n_parts, effects.size)), np.empty((n_parts, effects.size))
    at = 0
    for j in range(own.size):
        if np.max(weights[:, j]) <= NEGLIGIBLE:
            continue
        mean, variance, reach = _deviations(basis, values, y, ones, own[j])
        s = t = 0.0
        for k in range(y.size):
            s += ones[k] * ones[k] / (values[k] + own[j])
            t += ones[k] * y[k] / (values[k] + own[j])
        for i in range(common.size):
            if weights[i, j] > NEGLIGIBLE:
                doubt = common[i] / (1.0 + common[i] * s)
                share[at] = weights[i, j]
                means[at] = mean + doubt * t * reach
                sds[at] = np.sqrt(variance + doubt * reach**2)
                at += 1
    return share / np.sum(share), means, sds


@kernel
def _update(share: Reals, mean: Reals, sd: Reals, y: float, v: float) -> None:
    """Turn a mixture into its posterior after one estimate y of variance v, in place."""
    fit = np.empty(share.size)
    for j in range(share.size):
        total = sd[j] ** 2 + v
        fit[j] = -0.5 * (math.log(total) + (y - mean[j]) ** 2 / total)
    fit = share * np.exp(fit - np.max(fit))
    for j in range(share.size):
        share[j] = fit[j] / np.sum(fit)
        kept = v / (sd[j] ** 2 + v)
        mean[j] += (1.0 - kept) * (y - mean[j])
        sd[j] *= math.sqrt(kept)


@kernel
def _deviations(
    basis: Reals, values: Reals, y: Reals, ones: Reals, own: float
) -> tuple[Reals, Reals, Reals]:
    """Given the common effect c, a cell is ``mean + c reach``, with that variance."""
    m = basis.shape[1]
    mean, variance, reach = np.zeros(m), np.zeros(m), np.zeros(m)
    silent = np.ones(m, np.bool_)
    for k in range(values.size):
        kept = own / (values[k] + own)
        for i in range(m):
            along = basis[k, i]
            mean[i] += along * kept * y[k]
            variance[i] += along * along * kept * values[k]
            reach[i] += along * ones[k] * (1.0 - kept)
            silent[i] &= along == 0.0
    for i in range(m):
        if silent[i]:
            variance[i] = own
            reach[i] = 1.0
    return mean, variance, reach


@kernel
def _mass(share: Reals, means: Reals, sds: Reals, x: float) -> tuple[float, float]:
    """Mass of a mixture of normal distributions below x, and exactly at x."""
    below = at = 0.0
    for j in range(share.size):
        if sds[j] > 0.0:
            below += share[j] * 0.5 * math.erfc((means[j] - x) / (sds[j] * ROOT_TWO))
        elif means[j] < x:
            below += share[j]
        elif means[j] == x:
            at += share[j]
    return below, at


@kernel
def mixture_quantile(share: Reals, means: Reals, sds: Reals, level: float) -> float:
    """Quantile of a mixture of normal distributions and of a point mass at zero.

    Newton's steps, halving where they would leave the bracket.

    Parameters
    ----------
    share, means, sds : (J,) float64
        Shares sum to 1; a component without width stands at zero.
    level : float
        Between 0 and 1.

    Returns
    -------
    float
        The least x with at least `level` of the mass at or below it.
    """
    below, at = _mass(share, means, sds, 0.0)
    if below < level <= below + at:
        return 0.0
    widest = np.max(sds)
    low = float(np.min(means) - REACH * widest)
    high = float(np.max(means) + REACH * widest)
    x = min(max(0.0, low), high)
    for _ in range(MOST_STEPS):
        mass = slope = 0.0
        for j in range(share.size):
            if sds[j] > 0.0:
                z = (x - means[j]) / sds[j]
                mass += share[j] * 0.5 * math.erfc(-z / ROOT_TWO)
                slope += share[j] * math.exp(-0.5 * z * z) * PER_ROOT_TAU / sds[j]
            elif means[j] <= x:
                mass += share[j]
        low, high = (x, high) if mass < level else (low, x)
        following = x - (mass - level) / slope
        if not low < following < high:
            following = 0.5 * (low + high)
        if abs(following - x) <= CLOSE * widest:
            return following
        x = following
    return x
