"""What effects are believed to be once all others are known: everything of one horizon at once.

Block adaptive shrinkage is the answer (`tasks.discovery.adaptive`): the cells of an event share an
effect, and most events have none. A normal hierarchy (`tasks.kernels.shrinkage`) and the closed
form of James and Stein stand beside it; where the first two disagree, it is the prior that speaks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from tasks.discovery.adaptive import Blend, Block, blend_blocks
from tasks.discovery.config import DiscoveryConfig
from tasks.kernels.shrinkage import shrink_tree
from tasks.kernels.stein import james_stein

Reals = NDArray[np.float64]
Codes = NDArray[np.int64]
Flags = NDArray[np.bool_]
LEVEL = 0.95
MOST_CELLS = 150


@dataclass(frozen=True)
class Cells:
    """Estimates of one horizon: K cells of B events, those of an event together.

    Attributes
    ----------
    effect, n, n_clusters : (K,) float64
        Estimates in any one unit, occurrences, and calendar blocks that hold some.
    covariance : B arrays (m, m) float64
        Of the estimates of each event: ``U' U`` with ``G / (G - 1)``, squared standard errors on
        the diagonal. Rows of cells in fewer than two calendar blocks are not looked at.
    condition : (K,) int64
        Comparable inside an event.
    is_pooled : (K,) bool
        Whether the cell is all markets together.
    family : (B,) int64
        The family of each event, from 0.
    """

    effect: Reals
    n: Reals
    n_clusters: Reals
    covariance: Sequence[Reals]
    condition: Codes
    is_pooled: Flags
    family: Codes

    @property
    def event(self) -> Codes:
        """The event of each cell, (K,), from 0."""
        return np.repeat(np.arange(len(self.covariance)), [len(v) for v in self.covariance])

    @property
    def variance(self) -> Reals:
        """Squared standard errors, (K,)."""
        return np.concatenate([np.zeros(0), *(np.diag(v) for v in self.covariance)])


@dataclass(frozen=True)
class Posterior:
    """What K cells are believed to be, in the unit of the effects.

    Attributes
    ----------
    mean, sd, lower, upper : (K,) float64
        By block adaptive shrinkage; 95 % of the posterior lie from lower to upper.
    sign_rate, null_share : (K,) float64
        Posterior probability of the other sign or zero, and of no effect in the whole event.
    tree_mean, tree_sd : (K,) float64
        By the normal hierarchy; a pooled cell is its condition.
    james_stein : (K,) float64
        By the closed form; 0 for a cell without a usable variance.
    prior_dependent : (K,) bool
        The two posteriors disagree by more than the larger of their sds, or in sign, one of them
        beyond its own.
    weights : (S, S) float64
        The prior: weight of a common effect of scale i with deviations of scale j.
    scales : (S,) float64
        Standard deviations, 0 first.
    tau2 : (4,) float64
        The hierarchy's variances of markets, conditions, events and families around their parents.
    """

    mean: Reals
    sd: Reals
    lower: Reals
    upper: Reals
    sign_rate: Reals
    null_share: Reals
    tree_mean: Reals
    tree_sd: Reals
    james_stein: Reals
    prior_dependent: Flags
    weights: Reals
    scales: Reals
    tau2: Reals


def shrink_horizon(cells: Cells, config: DiscoveryConfig) -> Posterior:
    """Shrink the effects of one horizon, testable or not.

    A cell in fewer than `config.min_clusters` calendar blocks teaches the mixture nothing, as its
    correlations are noise, unless there are no others. A cell without a usable variance is left
    out of every fit, and gets what is believed of a new cell of its event. An event of more than
    MOST_CELLS cells falls apart into its conditions.

    Parameters
    ----------
    cells : Cells
    config : DiscoveryConfig

    Returns
    -------
    Posterior
        Where no cell at all has a standard error, every mean is 0 and sd, lower, upper, sign_rate,
        null_share and tree_sd are NaN; never otherwise.
    """
    variance = moderate_variances(cells, config)
    heard = np.isfinite(variance)
    effect = np.where(heard, cells.effect, 0.0)
    variance = widen(effect, variance, config.prior_clusters + cells.n_clusters - 1.0)
    known = heard & _has_error(cells)
    large = known & (cells.n_clusters >= config.min_clusters)
    correlations = _correlate(cells, known, large)
    se = np.sqrt(variance)
    raw = np.sqrt(np.where(known, cells.variance, variance))
    together = large if large.any() else heard
    blocks = _split(cells, correlations, together)
    blend = blend_blocks(blocks, effect, raw, se, together, LEVEL)
    tree_mean, tree_variance, tau2 = _climb(cells, effect, se, correlations)
    return Posterior(
        **_blank(blend, bool(heard.any())),
        tree_mean=tree_mean,
        tree_sd=np.where(np.isfinite(tree_variance), np.sqrt(tree_variance), np.nan),
        james_stein=james_stein(effect, variance),
        prior_dependent=_disagree(blend.mean, blend.sd, tree_mean, np.sqrt(tree_variance)),
        tau2=tau2,
    )


def moderate_variances(cells: Cells, config: DiscoveryConfig) -> Reals:
    """Draw each squared standard error towards what its siblings suggest for its n.

    ``(d0 v0 + d v) / (d0 + d)``, d = G - 1, v0 the median of the siblings' n v, over n (Smyth
    2004, Stat. Appl. Genet. Mol. Biol. 3:3): a cell of one event, or of one that never varied,
    is not certain.

    Returns
    -------
    (K,) float64
        Above zero; inf for a cell without an estimate or with an error that is not finite, and
        for all where none has a standard error.
    """
    spread = np.maximum(cells.n_clusters - 1.0, 0.0)
    own = np.where(spread > 0, cells.variance, 0.0)
    usable = np.isfinite(cells.effect) & np.isfinite(own) & (cells.n > 0)
    known = usable & _has_error(cells)
    if not known.any():
        return np.full(cells.n.size, np.inf)
    usual = np.median((cells.n * own)[known]) / np.where(usable, cells.n, 1.0)
    own = np.where(usable, own, 0.0)
    moderated = (config.prior_clusters * usual + spread * own) / (config.prior_clusters + spread)
    floor = config.variance_floor_share * np.median(moderated[usable])
    return np.where(usable, np.maximum(moderated, floor), np.inf)


def widen(effects: Reals, variances: Reals, freedom: Reals) -> Reals:
    """Widen variances of t-distributed estimates to those of normal ones with the same p.

    ``max(SE, |y| / z(p))``: estimates of few blocks are shrunk more (statistics.md 2.3).
    """
    from scipy.special import ndtri, stdtr

    with np.errstate(divide="ignore", invalid="ignore"):
        tail = stdtr(freedom, -np.abs(effects) / np.sqrt(variances))
        normal = effects / ndtri(tail)
    return np.fmax(variances, normal**2)


def _has_error(cells: Cells) -> Flags:
    return (cells.n_clusters > 1) & (cells.variance > 0) & np.isfinite(cells.variance)


def _correlate(cells: Cells, known: Flags, large: Flags) -> list[Reals]:
    """Correlations of the errors in each event; a cell without its own error is independent.

    From few clusters comes any correlation: a negative one, which would make averages look
    certain, counts only between large cells.
    """
    matrices, first = [], 0
    for covariance in cells.covariance:
        own = known[first : first + len(covariance)]
        sd = np.sqrt(np.where(own, np.diag(covariance), 1.0))
        matrix = np.where(np.outer(own, own), covariance / np.outer(sd, sd), 0.0)
        sure = large[first : first + len(covariance)]
        matrix = np.where(np.outer(sure, sure), matrix, np.maximum(matrix, 0.0))
        np.fill_diagonal(matrix, 1.0)
        matrices.append(matrix)
        first += len(covariance)
    return matrices


def _split(cells: Cells, correlations: Sequence[Reals], together: Flags) -> list[Block]:
    """One block per event, or per condition where it has too many cells."""
    blocks, first = [], 0
    for correlation in correlations:
        m = len(correlation)
        label = cells.condition[first : first + m] if m > MOST_CELLS else np.zeros(m, np.int64)
        for code in np.unique(label):
            rows = np.flatnonzero(label == code)
            n_clusters = cells.n_clusters[first + rows][together[first + rows]]
            freedom = float(np.median(n_clusters)) - 1.0 if n_clusters.size else 0.0
            blocks.append(Block(first + rows, correlation[np.ix_(rows, rows)], freedom))
        first += m
    return blocks


def _climb(
    cells: Cells, effect: Reals, se: Reals, correlations: Sequence[Reals]
) -> tuple[Reals, Reals, Reals]:
    """Mean and variance of each cell by the hierarchy, whose leaves are the single markets."""
    nodes, first, node = np.unique(
        np.column_stack([cells.event, cells.condition]),
        axis=0,
        return_index=True,
        return_inverse=True,
    )
    node = node.ravel()
    has_market = np.bincount(node, ~cells.is_pooled, minlength=len(nodes)) > 0
    leaf = ~(cells.is_pooled & has_market[node])
    mean, variance, tau2 = np.zeros(effect.size), np.zeros(effect.size), np.zeros(4)
    band = _band(correlations, se, leaf)
    mean[leaf], variance[leaf], in_node, node_variance, tau2 = shrink_tree(
        effect[leaf], se[leaf] ** 2, band, node[leaf], cells.event[first], cells.family
    )
    mean[~leaf], variance[~leaf] = in_node[node[~leaf]], node_variance[node[~leaf]]
    return mean, variance, tau2


def _band(correlations: Sequence[Reals], se: Reals, leaf: Flags) -> Reals:
    """Covariances of the leaves as `tasks.kernels.shrinkage` lays them out."""
    width = max((len(c) for c in correlations), default=1) - 1
    band = np.zeros((int(leaf.sum()), max(width, 0)))
    sd = np.where(np.isfinite(se), se, 0.0)
    first = at = 0
    for correlation in correlations:
        rows = np.flatnonzero(leaf[first : first + len(correlation)])
        own = correlation[np.ix_(rows, rows)] * np.outer(sd[first + rows], sd[first + rows])
        for i in range(len(rows)):
            band[at + i, : len(rows) - 1 - i] = own[i, i + 1 :]
        first, at = first + len(correlation), at + len(rows)
    return band


def _blank(blend: Blend, is_known: bool) -> dict[str, Reals]:
    """The blend's arrays; without a single standard error nothing but the mean is known."""
    arrays = {f.name: getattr(blend, f.name) for f in fields(Blend)}
    if not is_known:
        for name in ("sd", "lower", "upper", "sign_rate", "null_share"):
            arrays[name] = np.full(blend.mean.size, np.nan)
    return arrays


def _disagree(mean: Reals, sd: Reals, tree_mean: Reals, tree_sd: Reals) -> Flags:
    apart = np.abs(mean - tree_mean) > np.maximum(sd, tree_sd)
    matters = (np.abs(mean) > sd) | (np.abs(tree_mean) > tree_sd)
    return apart | (matters & (mean * tree_mean < 0))
