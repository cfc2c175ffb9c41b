"""Shrinkage of many noisy effects in a tree: cells within events within families around zero.

Every level is normal-normal: a child's effect is its parent's plus N(0, tau2). The level's tau2
comes from all its families of siblings at once, so that one, two or three siblings are no special
case. Estimates of one sample are correlated (a condition is part of "all"); the influence of each
cluster on each estimate carries that covariance up the tree, so that copies add no evidence.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tasks.kernels._jit import kernel

Reals = NDArray[np.float64]
Codes = NDArray[np.int64]
TOLERANCE = 1e-12


@kernel
def pool(
    effects: Reals, variances: Reals, influence: Reals, parent: Codes, n_parents: int, tau2: float
) -> tuple[Reals, Reals, Reals]:
    """Pool siblings by precision ``w = 1 / (v + tau2)``.

    Parameters
    ----------
    effects, variances : (k,) float64
        Estimates and their sampling variances, above zero; a child whose variance is not
        finite is left out.
    influence : (k, G) float64
        What each cluster adds to each estimate's error: covariance ``U U'``. The part of a
        variance that its row does not explain is the child's own.
    parent : (k,) int64
        From 0 to n_parents - 1.
    n_parents : int
        Length of the result.
    tau2 : float
        Variance of the children around their parent.

    Returns
    -------
    effects, variances : (n_parents,) float64
        Weighted means, and their variances around the parents' true effects; 0 and inf for a
        parent without a usable child.
    influence : (n_parents, G) float64
    """
    n_clusters = influence.shape[1]
    weight = np.zeros(n_parents)
    mean = np.zeros(n_parents)
    own = np.zeros(n_parents)
    shared = np.zeros((n_parents, n_clusters))
    for i in range(effects.size):
        if np.isfinite(variances[i]):
            w = 1.0 / (variances[i] + tau2)
            rest = variances[i]
            for g in range(n_clusters):
                rest -= influence[i, g] ** 2
                shared[parent[i], g] += w * influence[i, g]
            weight[parent[i]] += w
            mean[parent[i]] += w * effects[i]
            own[parent[i]] += w * w * (max(rest, 0.0) + tau2)
    variance = np.full(n_parents, np.inf)
    for j in range(n_parents):
        if weight[j] > 0.0:
            mean[j] /= weight[j]
            shared[j] /= weight[j]
            variance[j] = own[j] / weight[j] ** 2 + np.sum(shared[j] ** 2)
    return mean, variance, shared


@kernel
def excess_spread(
    effects: Reals,
    variances: Reals,
    influence: Reals,
    parent: Codes,
    n_parents: int,
    around_zero: bool,
    tau2: float,
) -> tuple[float, float]:
    """Spread of siblings beyond what sampling and `tau2` explain, and what they do explain.

    ``Q = sum w (y - mean)^2`` less its expectation ``sum w (v + tau2) - sum W Var(mean)``: k - 1
    for independent siblings, k around zero (DerSimonian and Kacker 2007, Contemporary Clinical
    Trials, section 3). Arguments as in `pool`; around zero there is no mean to estimate.

    Returns
    -------
    spread, expected : float
        Q less its expectation, and the expectation.
    """
    mean, variance, _ = pool(effects, variances, influence, parent, n_parents, tau2)
    q = 0.0
    expected = 0.0
    weight = np.zeros(n_parents)
    for i in range(effects.size):
        if np.isfinite(variances[i]):
            w = 1.0 / (variances[i] + tau2)
            centre = 0.0 if around_zero else mean[parent[i]]
            q += w * (effects[i] - centre) ** 2
            expected += 1.0
            weight[parent[i]] += w
    if not around_zero:
        for j in range(n_parents):
            if weight[j] > 0.0:
                expected -= weight[j] * variance[j]
    return q - expected, expected


@kernel
def paule_mandel(
    effects: Reals,
    variances: Reals,
    influence: Reals,
    parent: Codes,
    n_parents: int,
    around_zero: bool,
) -> tuple[float, float, float]:
    """Variance of the true effects of siblings around their parent.

    The root in tau2 of `excess_spread`, or 0 where sampling alone explains the spread
    (Paule and Mandel 1982, J. Res. Nat. Bur. Stand. 87; Veroniki et al. 2016).

    Returns
    -------
    tau2, spread, expected : float
        Q and its expectation at tau2.
    """
    low = high = 0.0
    at_low, expected = excess_spread(
        effects, variances, influence, parent, n_parents, around_zero, low
    )
    if not at_low > TOLERANCE * max(expected, 1.0):
        return 0.0, at_low + expected, expected
    for i in range(effects.size):
        if np.isfinite(variances[i]):
            high = max(high, variances[i])
    at_high = at_low
    while at_high > 0.0:
        high *= 2.0
        at_high, expected = excess_spread(
            effects, variances, influence, parent, n_parents, around_zero, high
        )
    # Illinois: false position that halves the end it keeps, so that both ends close in.
    root, at_root, side = high, at_high, 0
    while abs(at_root) > TOLERANCE * max(expected, 1.0) and high - low > TOLERANCE * high:
        root = (low * at_high - high * at_low) / (at_high - at_low)
        at_root, expected = excess_spread(
            effects, variances, influence, parent, n_parents, around_zero, root
        )
        if at_root > 0.0:
            at_high = at_high / 2.0 if side == 1 else at_high
            low, at_low, side = root, at_root, 1
        else:
            at_low = at_low / 2.0 if side == -1 else at_low
            high, at_high, side = root, at_root, -1
    return root, at_root + expected, expected


@kernel
def shrink(
    effects: Reals,
    variances: Reals,
    centres: Reals,
    centre_variances: Reals,
    tau2: float,
    spread: float,
    expected: float,
) -> tuple[Reals, Reals]:
    """Draw estimates towards their centres, each by how noisy it is.

    ``b = v / (v + tau2)``, times Stein's factor ``min(1, (nu - 2) / Q)`` for the estimation of
    tau2 from nu degrees of freedom (the (k - 3) / (k - 1) of Morris 1983, JASA 78:47-55, made
    continuous at tau2 = 0: with equal variances it is the positive-part James-Stein rule). The
    variance has Morris' terms for the centre's and for tau2's own uncertainty.

    Parameters
    ----------
    effects, variances : (k,) float64
        Estimates and sampling variances; one that is not finite says nothing.
    centres, centre_variances : (k,) float64
        Posterior of each one's parent.
    tau2, spread, expected : float
        As `paule_mandel` returns them.

    Returns
    -------
    means, variances : (k,) float64
        The posterior; the parent's plus tau2 where the estimate says nothing.
    """
    means = np.empty(effects.size)
    spreads = np.empty(effects.size)
    factor = min(1.0, (expected - 2.0) / spread) if expected > 2.0 else 1.0
    weight = typical = 0.0
    for i in range(effects.size):
        if np.isfinite(variances[i]):
            weight += 1.0 / (variances[i] + tau2)
            typical += variances[i] / (variances[i] + tau2)
    for i in range(effects.size):
        v = variances[i]
        if not np.isfinite(v):
            means[i] = centres[i]
            spreads[i] = centre_variances[i] + tau2
            continue
        b = factor * v / (v + tau2)
        gap = effects[i] - centres[i]
        means[i] = centres[i] + (1.0 - b) * gap
        spreads[i] = v * (1.0 - b) + b * b * centre_variances[i]
        if expected > 4.0:
            doubt = (typical / weight + tau2) / (v + tau2)
            spreads[i] += 2.0 / (expected - 2.0) * (b * gap) ** 2 * doubt
    return means, spreads


@kernel
def shrink_tree(
    effects: Reals, variances: Reals, influence: Reals, event: Codes, family: Codes
) -> tuple[Reals, Reals, Reals]:
    """Shrink cells towards their event, events towards their family, families towards zero.

    Up the tree siblings are pooled (`pool`), down it each posterior is the prior of its children
    (`shrink`): exact for a Gaussian tree whose tau2 are known.

    Parameters
    ----------
    effects, variances, influence : (k,), (k,), (k, G) float64
        The cells, as in `pool`.
    event : (k,) int64
        The event of each cell, from 0.
    family : (n_events,) int64
        The family of each event, from 0.

    Returns
    -------
    means, variances : (k,) float64
        Posterior of each cell; the variance is inf where no cell has a usable one.
    tau2 : (3,) float64
        Variance of cells around events, events around families, families around zero.
    """
    n_events = family.size
    n_families = family.max() + 1 if n_events > 0 else 0
    root = np.zeros(n_families, np.int64)
    in_event = paule_mandel(effects, variances, influence, event, n_events, False)
    e, ve, ue = pool(effects, variances, influence, event, n_events, in_event[0])
    in_family = paule_mandel(e, ve, ue, family, n_families, False)
    f, vf, uf = pool(e, ve, ue, family, n_families, in_family[0])
    in_world = paule_mandel(f, vf, uf, root, 1, True)
    weight = np.sum(1.0 / (vf + in_world[0]))
    zeros = np.zeros(n_families)
    f, vf = shrink(f, vf, zeros, zeros + 1.0 / weight, in_world[0], in_world[1], in_world[2])
    e, ve = shrink(e, ve, f[family], vf[family], in_family[0], in_family[1], in_family[2])
    means, spreads = shrink(
        effects, variances, e[event], ve[event], in_event[0], in_event[1], in_event[2]
    )
    return means, spreads, np.array([in_event[0], in_family[0], in_world[0]])
