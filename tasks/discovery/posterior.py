"""What an effect is believed to be once all others are known."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tasks.discovery.cells import Estimates
from tasks.discovery.config import DiscoveryConfig
from tasks.kernels.shrinkage import shrink_tree

Reals = NDArray[np.float64]


def moderate_variances(found: Estimates, config: DiscoveryConfig) -> Reals:
    """Draw each squared standard error towards what its siblings suggest for its n.

    ``(d0 v0 + d v) / (d0 + d)``, d = G - 1, v0 the median of the siblings' n v, over n (Smyth
    2004, Stat. Appl. Genet. Mol. Biol. 3:3): a cell of one event, or of one that never varied,
    is not certain.

    Returns
    -------
    (K,) float64
        Above zero; inf where no cell has a standard error.
    """
    spread = found.n_clusters - 1.0
    known = (spread > 0) & (found.se > 0)
    if not known.any():
        return np.full(found.n.size, np.inf)
    usual = np.median((found.n * found.se**2)[known]) / found.n
    own = np.where(spread > 0, spread * np.nan_to_num(found.se) ** 2, 0.0)
    moderated = (config.prior_clusters * usual + own) / (config.prior_clusters + spread)
    return np.maximum(moderated, config.variance_floor_share * np.median(moderated))


def widen(effects: Reals, variances: Reals, freedom: Reals) -> Reals:
    """Widen variances of t-distributed estimates to those of normal ones with the same p.

    ``max(SE, |y| / z(p))``: estimates of few blocks are shrunk more (statistics.md 2.3).
    """
    from scipy.stats import norm, t

    with np.errstate(divide="ignore", invalid="ignore"):
        tail = t.sf(np.abs(effects) / np.sqrt(variances), freedom)
        normal = np.abs(effects) / norm.isf(tail)
    return np.fmax(variances, normal**2)


def shrink_effects(
    found: Estimates,
    event: NDArray[np.int64],
    family: NDArray[np.int64],
    config: DiscoveryConfig,
) -> tuple[Reals, Reals]:
    """Shrink the effects of one horizon: cells to events, to families, to zero.

    Parameters
    ----------
    found : Estimates
        All cells of the horizon, testable or not.
    event : (K,) int64
        The event of each cell, from 0.
    family : (n_events,) int64
        The family of each event, from 0.
    config : DiscoveryConfig

    Returns
    -------
    mean, sd : (K,) float64
        Posterior, in the unit of the effects; sd is NaN where no cell has a standard error.
    """
    variances = moderate_variances(found, config)
    freedom = config.prior_clusters + found.n_clusters - 1.0
    variances = widen(found.effect, variances, freedom)
    explained = (found.influence**2).sum(axis=1)
    usable = np.isfinite(variances) & (explained > 0)
    stretch = np.sqrt(np.where(usable, variances, 0.0) / np.where(usable, explained, 1.0))
    influence = found.influence * stretch[:, None]
    mean, spread, _ = shrink_tree(found.effect, variances, influence, event, family)
    return mean, np.where(np.isfinite(spread), np.sqrt(spread), np.nan)
