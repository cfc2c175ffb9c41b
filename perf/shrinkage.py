"""Shrinkage of all hypotheses of a run against the same by numpy and scipy."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from perf.harness import Bench
from tasks.discovery.adaptive import Block, blend_blocks, list_scales
from tasks.kernels.stein import james_stein, shrink_normal

Reals = NDArray[np.float64]
N_HYPOTHESES, N_EVENTS, N_MARKETS, N_CLUSTERS, N_STEPS, N_HALVINGS = 100_000, 240, 5, 200, 300, 40
LEVEL, NEARLY_SAME, NEGLIGIBLE, SEED = 0.95, 0.05, 1e-6, 7


def benches(wanted: Callable[[str], bool]) -> Iterator[Bench]:
    """Closed forms and tests of 100,000 hypotheses; the mixture of 10,080 cells in 240 blocks."""
    rng = np.random.default_rng(SEED)
    if wanted("James-Stein and normal Bayes") or wanted("shrink and test"):
        yield from _closed_forms(rng, wanted)
    if wanted("block adaptive shrinkage"):
        blocks, effect, se = _blocks(rng)
        yield Bench(
            "block adaptive shrinkage",
            f"numpy, scipy, {effect.size:,} cells",
            lambda: blend_blocks(blocks, effect, se, se, np.ones(effect.size, np.bool_), LEVEL),
            lambda: _numpy_blend(blocks, effect, se),
            n_rounds=3,
        )


def _closed_forms(rng: np.random.Generator, wanted: Callable[[str], bool]) -> Iterator[Bench]:
    variances = rng.uniform(0.5, 4.0, N_HYPOTHESES)
    effects = rng.normal(0.0, np.sqrt(variances + 0.5))
    freedom = rng.integers(20, 400, N_HYPOTHESES).astype(np.float64)

    def ours() -> object:
        return james_stein(effects, variances), shrink_normal(effects, variances)

    def theirs() -> object:
        return _numpy_james_stein(effects, variances), _numpy_normal(effects, variances)

    def test() -> object:
        from scipy.special import stdtr
        from scipy.stats import false_discovery_control

        p = 2 * stdtr(freedom, -np.abs(effects) / np.sqrt(variances))
        return false_discovery_control(p)

    peer = f"numpy, scipy, {N_HYPOTHESES:,} hypotheses"
    if wanted("James-Stein and normal Bayes"):
        yield Bench("James-Stein and normal Bayes", peer, ours, theirs)
    if wanted("shrink and test"):
        yield Bench("shrink and test", peer, lambda: (ours(), test()), lambda: (theirs(), test()))


def _numpy_james_stein(effects: Reals, variances: Reals) -> Reals:
    return effects * max(0.0, 1 - (effects.size - 2) / np.sum(effects**2 / variances))


def _numpy_normal(effects: Reals, variances: Reals) -> tuple[Reals, Reals]:
    from scipy.optimize import brentq

    def spread(tau2: float) -> float:
        w = 1 / (variances + tau2)
        return float(np.sum(w * (effects - np.sum(w * effects) / np.sum(w)) ** 2))

    k = effects.size
    tau2 = brentq(lambda t: spread(t) - (k - 1), 0, np.var(effects)) if spread(0) > k - 1 else 0.0
    w = 1 / (variances + tau2)
    gap = effects - np.sum(w * effects) / np.sum(w)
    b = (k - 3) / spread(tau2) * variances * w
    doubt = 2 / (k - 3) * (b * gap) ** 2 * (np.sum(w * variances) / np.sum(w) + tau2) * w
    return effects - b * gap, variances * (1 - b) + b**2 / np.sum(w) + doubt


def _blocks(rng: np.random.Generator) -> tuple[list[Block], Reals, Reals]:
    """Cells of five markets and all pooled, in all bars and six overlapping regimes."""
    regimes = [np.ones((3, 3)), *(np.eye(3)[[i]].T @ np.ones((1, 3)) for i in range(3))]
    regimes += [regime.T for regime in regimes[1:]]
    markets = [*np.eye(N_MARKETS), np.ones(N_MARKETS)]
    cells = np.array([np.outer(m, r.ravel()).ravel() for r in regimes for m in markets])
    blocks, effects, ses = [], [], []
    for event in range(N_EVENTS):
        share = cells * rng.dirichlet(np.full(9, 3.0), N_MARKETS).ravel()
        share /= share.sum(axis=1, keepdims=True)
        truth = rng.normal(0, 2) * (rng.random() < 0.1) + rng.normal(0, 0.3, N_MARKETS * 9)
        atoms = rng.normal(0, 1, (N_CLUSTERS, N_MARKETS * 9)) + rng.normal(0, 1, (N_CLUSTERS, 1))
        covariance = np.cov(share @ atoms.T) / rng.uniform(1, 50)
        se = np.sqrt(np.diag(covariance))
        rows = event * len(cells) + np.arange(len(cells))
        blocks.append(Block(rows, covariance / np.outer(se, se), N_CLUSTERS - 1.0))
        effects.append(share @ truth + rng.multivariate_normal(np.zeros(len(cells)), covariance))
        ses.append(se)
    return blocks, np.concatenate(effects), np.concatenate(ses)


def _numpy_blend(blocks: Sequence[Block], effect: Reals, se: Reals) -> list[Reals]:
    """The same model by LAPACK, broadcasting and halving; as many steps for the weights."""
    scales = list_scales(effect, se)
    a2, b2 = (grid.ravel() for grid in np.meshgrid(scales**2, scales**2, indexing="ij"))
    axes = [_numpy_axes(block, se[block.rows]) for block in blocks]
    seen = [
        (basis @ effect[block.rows], basis.sum(axis=1))
        for (basis, _), block in zip(axes, blocks, strict=True)
    ]
    density = np.array(
        [_numpy_density(values, *y, a2, b2) for (_, values), y in zip(axes, seen, strict=True)]
    )
    likelihood = np.exp(density - density.max(axis=1, keepdims=True))
    weights = np.full(a2.size, 1 / a2.size)
    for _ in range(N_STEPS):
        weights = weights * (likelihood.T @ (1 / (likelihood @ weights)))
        weights[0] += 9.0
        weights /= weights.sum()
    shares = likelihood * weights
    shares /= shares.sum(axis=1, keepdims=True)
    return [
        _numpy_posterior(*axis, *y, a2, b2, share)
        for axis, y, share in zip(axes, seen, shares, strict=True)
    ]


def _numpy_axes(block: Block, se: Reals) -> tuple[Reals, Reals]:
    values, vectors = np.linalg.eigh(block.correlation)
    null = vectors[:, values < NEARLY_SAME] / se[:, None]
    kept = np.linalg.qr(null, mode="complete")[0][:, null.shape[1] :]
    inside = kept.T @ (block.correlation * np.outer(se, se)) @ kept
    values, vectors = np.linalg.eigh(inside)
    return (kept @ vectors).T, np.maximum(values, NEARLY_SAME * se.min() ** 2)


def _numpy_density(values: Reals, y: Reals, ones: Reals, a2: Reals, b2: Reals) -> Reals:
    total = values[:, None] + b2
    s, t = (ones[:, None] ** 2 / total).sum(axis=0), ((ones * y)[:, None] / total).sum(axis=0)
    fit = (y[:, None] ** 2 / total).sum(axis=0) - a2 * t**2 / (1 + a2 * s)
    density: Reals = -0.5 * (np.log(total).sum(axis=0) + np.log(1 + a2 * s) + fit)
    return density


def _numpy_posterior(
    basis: Reals, values: Reals, y: Reals, ones: Reals, a2: Reals, b2: Reals, share: Reals
) -> Reals:
    from scipy.special import ndtr

    a2, b2, share = (x[share > NEGLIGIBLE] for x in (a2, b2, share))
    total = values[:, None] + b2
    s, t = (ones[:, None] ** 2 / total).sum(axis=0), ((ones * y)[:, None] / total).sum(axis=0)
    reach = basis.T @ (ones[:, None] * values[:, None] / total)
    doubt = a2 / (1 + a2 * s)
    mean = basis.T @ (b2 / total * y[:, None]) + doubt * t * reach
    sd = np.sqrt((basis**2).T @ (b2 / total * values[:, None]) + doubt * reach**2)
    sd = np.maximum(sd, 1e-12)
    ends = []
    for tail in (0.5 - LEVEL / 2, 0.5 + LEVEL / 2):
        low, high = (mean - 9 * sd).min(axis=1), (mean + 9 * sd).max(axis=1)
        for _ in range(N_HALVINGS):
            middle = (low + high) / 2
            below = ndtr((middle[:, None] - mean) / sd) @ share < tail
            low, high = np.where(below, middle, low), np.where(below, high, middle)
        ends.append(high)
    sure = ndtr(np.abs(mean) / sd) @ share
    return np.array([mean @ share, (mean**2 + sd**2) @ share - (mean @ share) ** 2, *ends, sure])
