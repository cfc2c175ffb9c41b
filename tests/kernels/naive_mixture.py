"""The mixture prior of statistics.md 2.1 with whole matrices, scipy's densities and its roots."""

import numpy as np
from scipy.optimize import brentq
from scipy.stats import multivariate_normal, norm


def block_densities(basis, values, effects, common, own):
    m, y, ones = len(values), basis @ effects, basis.sum(axis=1)
    return np.array(
        [
            [
                multivariate_normal.logpdf(
                    y, np.zeros(m), np.diag(values) + a2 * np.outer(ones, ones) + b2 * np.eye(m)
                )
                for b2 in own
            ]
            for a2 in common
        ]
    ).reshape(len(common), len(own))


def fit_weights(densities, counts, tolerance, most_steps):
    likelihood = np.exp(densities - densities.max(axis=1, keepdims=True))
    weights = np.full(likelihood.shape[1], 1 / likelihood.shape[1])
    for _ in range(most_steps):
        shares = likelihood * weights
        shares /= shares.sum(axis=1, keepdims=True)
        weights = (shares.sum(axis=0) + counts) / (len(shares) + counts.sum())
        slope = np.divide(counts, weights, out=np.zeros_like(weights), where=counts > 0)
        slope += (likelihood / (likelihood @ weights)[:, None]).sum(axis=0)
        if slope.max() - len(shares) - counts.sum() <= tolerance:
            break
    return weights


def blend_block(basis, values, effects, alone, common, own, weights, level):
    """Condition theta on y in each component, then a cell beside the axes on its own estimate."""
    chosen = np.argwhere(weights > 1e-6)
    conditional = [_condition(basis, values, effects, common[i], own[j]) for i, j in chosen]
    share = weights[tuple(chosen.T)] / weights[tuple(chosen.T)].sum()
    return np.column_stack(
        [
            _cell(
                share,
                np.array([mean[i] for mean, _ in conditional]),
                np.array([sd[i] for _, sd in conditional]),
                effects[i],
                alone[i] if not basis[:, i].any() else np.inf,
                (1 - level) / 2,
                is_null=(chosen == 0).all(axis=1),
            )
            for i in range(effects.size)
        ]
    )


def _condition(basis, values, effects, a2, b2):
    heard = basis.any(axis=0)
    seen = basis[:, heard]
    inside = seen.T @ seen
    ones = inside.sum(axis=1)
    prior = a2 * np.outer(ones, ones) + b2 * inside
    inverse = np.linalg.inv(seen @ prior @ seen.T + np.diag(values))
    spread = prior - prior @ seen.T @ inverse @ seen @ prior
    mean, sd = np.zeros(heard.size), np.zeros(heard.size)
    mean[heard] = prior @ seen.T @ inverse @ seen @ effects[heard]
    sd[heard] = np.sqrt(np.maximum(np.diag(spread), 0))
    to_new = a2 * ones @ seen.T @ inverse
    mean[~heard] = to_new @ seen @ effects[heard]
    sd[~heard] = np.sqrt(max(a2 + b2 - a2 * to_new @ seen @ ones, 0))
    return mean, np.where(sd < 1e-9, 0, sd)


def _cell(share, mean, sd, y, v, tail, is_null):
    if np.isfinite(v):
        share = share * norm.pdf(y, mean, np.sqrt(sd**2 + v))
        share = share / share.sum()
        with np.errstate(divide="ignore"):
            precision = 1 / sd**2 + 1 / v
        mean = np.where(sd > 0, mean + (y - mean) / v / precision, mean)
        sd = np.where(sd > 0, precision**-0.5, 0)
    wide = sd > 0
    below = share[wide] @ norm.cdf(0, mean[wide], sd[wide])
    above = share[wide] @ norm.sf(0, mean[wide], sd[wide])
    return [
        share @ mean,
        np.sqrt(share @ (sd**2 + mean**2) - (share @ mean) ** 2),
        mixture_quantile(share, mean, sd, tail),
        mixture_quantile(share, mean, sd, 1 - tail),
        1 - max(below, above),
        share[is_null].sum(),
    ]


def mixture_quantile(share, means, sds, level):
    wide = sds > 0
    at_zero = share[~wide].sum()

    def below(x):
        return np.sum(share[wide] * norm.cdf(x, means[wide], sds[wide])) + at_zero * (x > 0)

    if below(0.0) < level <= below(0.0) + at_zero:
        return 0.0
    far = np.abs(means).max() + 10 * sds.max()
    return brentq(lambda x: below(x) - level, -far, far, xtol=1e-13)
