"""Block adaptive shrinkage: the prior is learnt from all blocks, then each block is blended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tasks.kernels.eigen import rotate_block
from tasks.kernels.mixture import blend_block, block_densities
from tasks.kernels.weights import fit_weights

Reals = NDArray[np.float64]
Codes = NDArray[np.int64]
Flags = NDArray[np.bool_]

# Stephens 2017: the null counts as ten observations; scales are sqrt(2) apart, from a tenth of the
# least standard error to twice the largest effect that sampling does not explain, or, where it
# explains all, to eight times the first.
NULL_COUNT = 10.0
SCALE_STEP, LEAST_SCALE, LARGEST_SCALE, NOTHING_LARGE = 2.0**0.5, 0.1, 2.0, 8.0
MOST_SCALES = 24
FIT_TOLERANCE, MOST_FIT_STEPS = 0.01, 5_000  # nats: no posterior moves by a tenth of its sd
NEARLY_SAME = 0.05


@dataclass(frozen=True)
class Block:
    """Cells that share an effect, and are independent of all others.

    Attributes
    ----------
    rows : (m,) int64
        Where its cells stand among all.
    correlation : (m, m) float64
        Of their sampling errors.
    freedom : float
        Degrees of freedom of the correlation.
    """

    rows: Codes
    correlation: Reals
    freedom: float


@dataclass(frozen=True)
class Blend:
    """Posterior of K cells, as `tasks.kernels.mixture.blend_block` and `Posterior` have it."""

    mean: Reals
    sd: Reals
    lower: Reals
    upper: Reals
    sign_rate: Reals
    null_share: Reals
    weights: Reals
    scales: Reals


def blend_blocks(
    blocks: Sequence[Block],
    effect: Reals,
    raw: Reals,
    se: Reals,
    together: Flags,
    level: float,
) -> Blend:
    """Shrink blocks of cells by the mixture that fits them best.

    Parameters
    ----------
    blocks : sequence of Block
        Each of the K cells is in one.
    effect : (K,) float64
    raw, se : (K,) float64
        Standard errors as estimated, in which averages of cells are known as such, and those to
        be used; a cell whose `se` is inf says nothing.
    together : (K,) bool
        Cells that learn from each other. Any other is too small to say how its errors go with
        theirs: it teaches nobody, and learns from its block before it speaks for itself.
    level : float
        Of the interval.

    Returns
    -------
    Blend
    """
    scales = list_scales(effect[together], se[together])
    axes = [_rotate(block, together, raw, se) for block in blocks]
    grid = scales**2
    densities = [
        block_densities(basis, values, effect[block.rows], grid, grid)
        for block, (basis, values) in zip(blocks, axes, strict=True)
    ]
    weights = _fit([d for d, (_, values) in zip(densities, axes, strict=True) if values.size])
    weights = weights if weights is not None else _null(scales.size)
    posterior = np.zeros((6, effect.size))
    for block, (basis, values), density in zip(blocks, axes, densities, strict=True):
        share = weights * np.exp(density - density.max())
        share /= share.sum()
        posterior[:, block.rows] = blend_block(
            basis, values, effect[block.rows], se[block.rows] ** 2, grid, grid, share, level
        )
    return Blend(*_rows(posterior), weights, scales)


def list_scales(effect: Reals, se: Reals) -> Reals:
    """Standard deviations of the prior's components, 0 first (Stephens 2017)."""
    if not effect.size:
        return np.zeros(1)
    least = LEAST_SCALE * se.min()
    unexplained = np.max(effect**2 - se**2)
    largest = LARGEST_SCALE * np.sqrt(unexplained) if unexplained > 0 else 0.0
    largest = max(largest, NOTHING_LARGE * least)
    n = min(MOST_SCALES, round(np.log(largest / least) / np.log(SCALE_STEP)) + 1)
    return np.concatenate([[0.0], np.geomspace(least, largest, n)])


def _rows(a: Reals) -> tuple[Reals, Reals, Reals, Reals, Reals, Reals]:
    return a[0], a[1], a[2], a[3], a[4], a[5]


def _rotate(block: Block, together: Flags, raw: Reals, se: Reals) -> tuple[Reals, Reals]:
    """The block's axes; the column of a cell that is not in them is zero."""
    used = together[block.rows]
    rows = block.rows[used]
    correlation = np.ascontiguousarray(block.correlation[np.ix_(used, used)])
    if not rows.size:
        return np.zeros((0, used.size)), np.zeros(0)
    narrow, values = rotate_block(correlation, raw[rows], se[rows], block.freedom, NEARLY_SAME)
    basis = np.zeros((values.size, used.size))
    basis[:, used] = narrow
    return basis, values


def _null(n_scales: int) -> Reals:
    weights = np.zeros((n_scales, n_scales))
    weights[0, 0] = 1.0
    return weights


def _fit(densities: Sequence[Reals]) -> Reals | None:
    if not densities:
        return None
    counts = NULL_COUNT * _null(len(densities[0]))
    counts[0, 0] -= 1.0
    flat = np.stack([d.ravel() for d in densities])
    weights: Reals = fit_weights(flat, counts.ravel(), FIT_TOLERANCE, MOST_FIT_STEPS)
    return weights.reshape(counts.shape)
