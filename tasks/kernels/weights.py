"""Weights of a mixture whose components are known."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tasks.kernels._jit import kernel

Reals = NDArray[np.float64]
Codes = NDArray[np.int64]
N_AWAKE, SLEEPY = 20, 1e-3


@kernel
def fit_weights(densities: Reals, counts: Reals, tolerance: float, most_steps: int) -> Reals:
    """Weights of a mixture's components by penalised EM (Stephens 2017, Biostatistics 18:275).

    Maximises ``sum_i log sum_j pi_j f_ij + sum_j counts_j log pi_j``. Components that hardly count
    rest between full steps.

    Parameters
    ----------
    densities : (n, J) float64
        Log densities of each observation under each component.
    counts : (J,) float64
        Observations that the prior adds to each component, at least one above zero.
    tolerance : float
        Ends once the maximum cannot be further off than this (a bound by the gradient, as the
        logarithm is concave), ...
    most_steps : int
        ... or after so many steps.

    Returns
    -------
    (J,) float64
        They sum to 1.
    """
    n, n_parts = densities.shape
    likelihood = np.empty((n, n_parts))
    for i in range(n):
        likelihood[i] = np.exp(densities[i] - np.max(densities[i]))
    by_part = likelihood.T.copy()
    total = n + np.sum(counts)
    weights = np.full(n_parts, 1.0 / n_parts)
    everyone = np.arange(n_parts)
    for _ in range(most_steps // N_AWAKE + 1):
        pull = _pull(by_part, counts, weights, everyone, np.zeros(n))
        if np.max(pull) - total <= tolerance:
            break
        weights *= pull / total
        is_awake = (weights * total > SLEEPY) | (pull > total)
        awake, asleep = everyone[is_awake], everyone[~is_awake]
        resting = _mix(by_part, weights, asleep, np.zeros(n))
        room = 1.0 - np.sum(weights[asleep])
        for _ in range(N_AWAKE):
            weights[awake] *= _pull(by_part, counts, weights, awake, resting)
            weights[awake] *= room / np.sum(weights[awake])
    return weights


@kernel
def _mix(by_part: Reals, weights: Reals, parts: Codes, given: Reals) -> Reals:
    """Density of each observation under some components, on top of what is given."""
    mixed = given.copy()
    for j in parts:
        for i in range(mixed.size):
            mixed[i] += by_part[j, i] * weights[j]
    return mixed


@kernel
def _pull(by_part: Reals, counts: Reals, weights: Reals, parts: Codes, given: Reals) -> Reals:
    """Gradient of the penalised log likelihood by the weights of some components."""
    inverse = 1.0 / _mix(by_part, weights, parts, given)
    pull = np.zeros(parts.size)
    for k in range(parts.size):
        j = parts[k]
        for i in range(inverse.size):
            pull[k] += by_part[j, i] * inverse[i]
        if counts[j] > 0.0:
            pull[k] += counts[j] / weights[j]
    return pull
