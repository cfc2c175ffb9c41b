"""Estimates of the cells of one event and horizon: its conditions, in each market and pooled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from lake.ref import EVERY_MARKET
from tasks.discovery.panels import ESTIMATORS, Blocks, Panel
from tasks.kernels.influence import add_excess, estimate_rows
from tasks.kernels.products import cross_products

Reals = NDArray[np.float64]
Codes = NDArray[np.int64]
Cell = tuple[str, str]
HEADLINE = "scaled"
TESTED = ("scaled", "mean", "weighted")


@dataclass(frozen=True)
class Estimates:
    """What K cells say; arrays of shape (K,) unless said otherwise, returns in shares.

    Attributes
    ----------
    n, n_clusters, effective_clusters
        Observations, blocks that hold some, and ``n^2 / sum n_g^2``.
    sigma
        Harmonic mean of the volatility over the horizon at the observations.
    mean, naive_t
        Signed mean; its excess over its error as if observations were independent.
    theta, se : (K, 4)
        By the estimators `scaled`, `mean`, `weighted`, `score`, in excess of the condition's own
        baseline. se is NaN with observations in fewer than two blocks.
    plain_theta, plain_se : (K, 3)
        By the first three, in excess of all bars of the market.
    """

    n: Reals
    n_clusters: Reals
    effective_clusters: Reals
    sigma: Reals
    mean: Reals
    naive_t: Reals
    theta: Reals
    se: Reals
    plain_theta: Reals
    plain_se: Reals

    @classmethod
    def joined(cls, parts: Sequence[Estimates]) -> Estimates:
        """One after the other."""
        every = {f.name: np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(cls)}
        return cls(**every)


@dataclass(frozen=True)
class Errors:
    """How the scaled estimates of K cells err together.

    Attributes
    ----------
    covariance : (K, K) float64
    scores : (K, G) float32
        What each block adds to the estimate where there is no effect.
    """

    covariance: Reals
    scores: NDArray[np.float32]


class Court:
    """The panels of one horizon, with the baselines that all events are measured against."""

    def __init__(self, panels: Mapping[str, Panel], blocks: Blocks) -> None:
        self.panels, self.blocks = panels, blocks
        self.baselines = {
            (market, estimator): panel.baseline(estimator, blocks)
            for market, panel in panels.items()
            for estimator in ESTIMATORS
        }

    def hear(self, event: str, cells: Sequence[Cell]) -> tuple[Estimates, Errors]:
        """Estimate the cells of an event and how they err together.

        With observations i of sides d_i, weights w_i and signed outcomes y_i::

            theta = sum w y / sum w - sum_s (sum_s w d / sum w) mu_s
            U_g = (sum_g w y - sum_s d_gs mu_s - w_g theta - sum_s d_s e_gs) / sum w
            SE = sqrt(G / (G - 1) sum_g U_g^2)

        mu_s is the baseline of market s and e_gs what block g adds to its error
        (statistics.md 1.2; Cameron, Gelbach and Miller 2008, REStat 90).

        Parameters
        ----------
        event : str
        cells : sequence of (market, condition)
            Those of all markets pooled under the name of every market.
        """
        parts = [Part.of(m, panel, event, cells) for m, panel in self.panels.items()]
        heard = [part for part in parts if part is not None]
        theta, se = np.empty((len(cells), 4)), np.empty((len(cells), 4))
        plain_theta, plain_se = np.empty((len(cells), 3)), np.empty((len(cells), 3))
        for j, estimator in enumerate(ESTIMATORS):
            excess, weight = self._excess(heard, len(cells), estimator, unconditional=False)
            if estimator == HEADLINE:
                counts, mass = weight, np.maximum(weight.sum(axis=1, keepdims=True), 1.0)
                scores = (excess / mass).astype(np.float32)
            theta[:, j], se[:, j], influence = estimate_rows(excess, weight)
            if estimator == HEADLINE:
                covariance = cross_products(influence)
            if estimator in TESTED:
                against_all = self._excess(heard, len(cells), estimator, unconditional=True)
                plain_theta[:, j], plain_se[:, j], _ = estimate_rows(*against_all)
        described = _describe(heard, counts, theta[:, 1])
        found = {"theta": theta, "se": se, "plain_theta": plain_theta, "plain_se": plain_se}
        return Estimates(**described, **found), Errors(covariance, scores)

    def _excess(
        self, parts: Sequence[Part], n_cells: int, estimator: str, unconditional: bool
    ) -> tuple[Reals, Reals]:
        """Excess and weight by block, shapes (K, G)."""
        excess = np.zeros((n_cells + 1, self.blocks.count))
        held = np.zeros_like(excess)
        for part in parts:
            panel, (start, end) = part.panel, part.span
            sums = [panel.sums[name] for name in ESTIMATORS[estimator]]
            placed = (panel.offsets[start : end + 1], panel.cluster, *sums)
            baseline = self.baselines[part.market, estimator]
            rows = panel.baseline_rows(start, end, unconditional)
            against = (baseline.mu[rows], rows, baseline.errors, self.blocks.first)
            for targets in (part.own, part.pooled):
                add_excess(excess, held, targets, *placed, *against)
        return excess[:-1], held[:-1]


@dataclass(frozen=True)
class Part:
    """The rows of one event in one market, and where among the cells they belong.

    Attributes
    ----------
    span : (int, int)
        First row of the panel, and the one after the last.
    own, pooled : (k,) int64
        The cell of each row in its own market and in all of them; beyond the last where the
        cell is not asked.
    """

    market: str
    panel: Panel
    span: tuple[int, int]
    own: Codes
    pooled: Codes

    @classmethod
    def of(cls, market: str, panel: Panel, event: str, cells: Sequence[Cell]) -> Part | None:
        """The part of a market, None where the event never stood in it."""
        if event not in panel.spans:
            return None
        start, end = panel.spans[event]
        places = {cell: place for place, cell in enumerate(cells)}
        own, pooled = (
            np.array([places.get((name, c), len(cells)) for c in panel.named[start:end]])
            for name in (market, EVERY_MARKET)
        )
        return cls(market, panel, (start, end), own, pooled)

    def add(self, whole: Reals, values: Reals) -> None:
        """Add the values of the panel's rows to the cells, the last of which is none."""
        rows = values[slice(*self.span)]
        for targets in (self.own, self.pooled):
            np.add.at(whole, targets, rows)


def _describe(parts: Sequence[Part], counts: Reals, excess: Reals) -> dict[str, Reals]:
    whole = np.zeros((4, len(excess) + 1))
    for part in parts:
        panel = part.panel
        summed = (panel.totals["n"], panel.totals["mean"], panel.inverse, panel.square)
        for row, values in zip(whole, summed, strict=True):
            part.add(row, values)
    n, total, inverse, square = whole[:, :-1]
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = total / n
        spread = np.sqrt(np.maximum(square - n * mean**2, 0.0) / (n - 1.0))
        naive_t = excess / (spread / np.sqrt(n))
        return {
            "n": n,
            "n_clusters": (counts > 0).sum(axis=1).astype(np.float64),
            "effective_clusters": n**2 / (counts**2).sum(axis=1),
            "sigma": n / inverse,
            "mean": mean,
            "naive_t": np.where(np.isfinite(naive_t), naive_t, np.nan),
        }
