"""Shrinkage of many noisy effects in a tree around zero.

Every level is normal-normal: a child's effect is its parent's plus N(0, tau2). The
level's tau2 comes from all its groups of siblings at once, so that one, two or three siblings are
no special case. Estimates of one sample are correlated (a condition is part of "all"); their
covariances are carried up the tree, so that copies add no evidence.

Covariances stand beside the variances as a band: column d of row i is the covariance of estimates
i and i + 1 + d. Estimates of one sample stand together, and are independent of all others, so the
band is as wide as the largest sample less one, or (k, 0) where all are independent.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tasks.kernels._jit import kernel

Reals = NDArray[np.float64]
Codes = NDArray[np.int64]
TOLERANCE = 1e-12
LEAST_SHARE = 1e-6


@kernel
def pool(
    effects: Reals, variances: Reals, covariances: Reals, parent: Codes, n_parents: int, tau2: float
) -> tuple[Reals, Reals]:
    """Pool siblings by precision ``w = 1 / (v + tau2)``.

    Parameters
    ----------
    effects, variances : (k,) float64
        Estimates and their sampling variances, above zero; a child whose variance is not
        finite is left out.
    covariances : (k, b) float64
        Band of sampling covariances.
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
        parent without a usable child. Errors that cancel leave a millionth of what independent
        ones would.
    """
    weight = np.zeros(n_parents)
    mean = np.zeros(n_parents)
    alone = np.zeros(n_parents)
    shared = np.zeros(n_parents)
    for i in range(effects.size):
        if not np.isfinite(variances[i]):
            continue
        w = 1.0 / (variances[i] + tau2)
        weight[parent[i]] += w
        mean[parent[i]] += w * effects[i]
        alone[parent[i]] += w
        for d in range(min(covariances.shape[1], effects.size - 1 - i)):
            j = i + 1 + d
            if parent[j] == parent[i] and np.isfinite(variances[j]):
                shared[parent[i]] += 2.0 * w * covariances[i, d] / (variances[j] + tau2)
    variance = np.full(n_parents, np.inf)
    for j in range(n_parents):
        if weight[j] > 0.0:
            mean[j] /= weight[j]
            total = max(alone[j] + shared[j], LEAST_SHARE * alone[j])
            variance[j] = total / weight[j] ** 2
    return mean, variance


@kernel
def covary_parents(
    variances: Reals, covariances: Reals, parent: Codes, n_parents: int, tau2: float
) -> Reals:
    """Band of covariances of the parents that `pool` makes of the same children.

    Returns
    -------
    (n_parents, c) float64
        0 for a parent without a usable child; the parents of one sample stand together too.
    """
    weight = np.zeros(n_parents)
    width = 0
    for i in range(variances.size):
        if np.isfinite(variances[i]):
            weight[parent[i]] += 1.0 / (variances[i] + tau2)
        for d in range(min(covariances.shape[1], variances.size - 1 - i)):
            if covariances[i, d] != 0.0:
                width = max(width, abs(parent[i] - parent[i + 1 + d]))
    band = np.zeros((n_parents, width))
    for i in range(variances.size):
        for d in range(min(covariances.shape[1], variances.size - 1 - i)):
            j = i + 1 + d
            p, q = min(parent[i], parent[j]), max(parent[i], parent[j])
            if p < q <= p + width and np.isfinite(variances[i]) and np.isfinite(variances[j]):
                share = 1.0 / ((variances[i] + tau2) * (variances[j] + tau2))
                band[p, q - p - 1] += share * covariances[i, d] / (weight[p] * weight[q])
    return band


@kernel
def excess_spread(
    effects: Reals,
    variances: Reals,
    covariances: Reals,
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
    mean, variance = pool(effects, variances, covariances, parent, n_parents, tau2)
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
    covariances: Reals,
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
        effects, variances, covariances, parent, n_parents, around_zero, low
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
            effects, variances, covariances, parent, n_parents, around_zero, high
        )
    # Illinois: false position that halves the end it keeps, so that both ends close in.
    root, at_root, side = high, at_high, 0
    while abs(at_root) > TOLERANCE * max(expected, 1.0) and high - low > TOLERANCE * high:
        root = (low * at_high - high * at_low) / (at_high - at_low)
        at_root, expected = excess_spread(
            effects, variances, covariances, parent, n_parents, around_zero, root
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
        As `paule_mandel` returns them: nu is a whole number but for rounding, 2 often.

    Returns
    -------
    means, variances : (k,) float64
        The posterior; the parent's plus tau2 where the estimate says nothing.
    """
    means = np.empty(effects.size)
    spreads = np.empty(effects.size)
    factor = min(1.0, (expected - 2.0) / spread) if expected > 2.0 + TOLERANCE else 1.0
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
        if expected > 4.0 + TOLERANCE:
            doubt = (typical / weight + tau2) / (v + tau2)
            spreads[i] += 2.0 / (expected - 2.0) * (b * gap) ** 2 * doubt
    return means, spreads


@kernel
def shrink_tree(
    effects: Reals,
    variances: Reals,
    covariances: Reals,
    condition: Codes,
    event: Codes,
    family: Codes,
) -> tuple[Reals, Reals, Reals, Reals, Reals]:
    """Shrink cells towards conditions, those towards events, families and zero.

    Up the tree siblings are pooled (`pool`), down it each posterior is the prior of its children
    (`shrink`): exact for a Gaussian tree whose tau2 are known.

    Parameters
    ----------
    effects, variances, covariances : (k,), (k,), (k, b) float64
        The cells, as in `pool`; those of one event stand together.
    condition, event, family : (k,), (n_conditions,), (n_events,) int64
        The condition of each cell, its event, and the event's family, each from 0; an event's
        conditions are its own, and stand together.

    Returns
    -------
    means, variances, condition_means, condition_variances : float64
        Posteriors of cells and conditions; variances are inf where no cell has a usable one.
    tau2 : (4,) float64
        Of cells around conditions, those around events, families and zero.
    """
    n_conditions, n_events = event.size, family.size
    n_families = family.max() + 1 if n_events > 0 else 0
    cells = paule_mandel(effects, variances, covariances, condition, n_conditions, False)
    c, vc = pool(effects, variances, covariances, condition, n_conditions, cells[0])
    band = covary_parents(variances, covariances, condition, n_conditions, cells[0])
    conditions = paule_mandel(c, vc, band, event, n_events, False)
    e, ve = pool(c, vc, band, event, n_events, conditions[0])
    apart = np.zeros((n_events, 0))
    events = paule_mandel(e, ve, apart, family, n_families, False)
    f, vf = pool(e, ve, apart, family, n_families, events[0])
    root = np.zeros(n_families, np.int64)
    families = paule_mandel(f, vf, apart[:n_families], root, 1, True)
    zeros = np.zeros(n_families)
    weight = np.sum(1.0 / (vf + families[0]))
    f, vf = shrink(f, vf, zeros, zeros + 1.0 / weight, *families)
    e, ve = shrink(e, ve, f[family], vf[family], *events)
    c, vc = shrink(c, vc, e[event], ve[event], *conditions)
    means, spreads = shrink(effects, variances, c[condition], vc[condition], *cells)
    tau2 = np.array([cells[0], conditions[0], events[0], families[0]])
    return means, spreads, c, vc, tau2
