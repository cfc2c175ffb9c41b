"""The sums of one market and horizon as arrays, and what its baselines say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tasks.discovery.conditions import EVERYTHING
from tasks.discovery.effects import BASELINE, SUMS

Reals = NDArray[np.float64]
Codes = NDArray[np.int64]

# Which sums are weights, sides and totals: of the effect in units of the volatility, of the
# equal-notional mean, of the inverse-variance mean, and of the rank scores.
ESTIMATORS = {
    "scaled": ("n", "side", "scaled"),
    "mean": ("n", "side", "mean"),
    "weighted": ("weight", "weight_side", "weighted"),
    "score": ("n", "side", "score"),
}


@dataclass(frozen=True)
class Blocks:
    """The calendar blocks of a horizon, `count` of them from number `first` on."""

    first: int
    count: int


@dataclass(frozen=True)
class Baseline:
    """Means of an estimator over every bar, by condition.

    Attributes
    ----------
    mu : (C,) float64
    errors : (C, G) float64
        Influence of each calendar block on each mean; a row sums to 0.
    """

    mu: Reals
    errors: Reals


@dataclass(frozen=True)
class Panel:
    """EFFECTS of one market and horizon.

    Attributes
    ----------
    rows : dict of (str, str) to int
        Row of each event and condition; the baseline's event is ``""``.
    offsets : (n + 1,) int64
        The blocks of row i are ``offsets[i]`` up to ``offsets[i + 1]`` of the next two.
    cluster : (m,) int64
    sums : dict of str to (m,) float64
    inverse, square : (n,) float64
    """

    rows: Mapping[tuple[str, str], int]
    offsets: Codes
    cluster: Codes
    sums: Mapping[str, Reals]
    inverse: Reals
    square: Reals

    @classmethod
    def of(cls, effects: pl.DataFrame) -> Panel:
        """Lay out the rows of EFFECTS of one market and horizon, sorted by event."""
        lengths = effects["cluster"].list.len().to_numpy()
        places = zip(effects["event"], effects["condition"], strict=True)
        return cls(
            rows={place: row for row, place in enumerate(places)},
            offsets=np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)]),
            cluster=effects["cluster"].explode().to_numpy(),
            sums={name: effects[name].explode().to_numpy() for name in SUMS},
            inverse=effects["inverse"].to_numpy(),
            square=effects["square"].to_numpy(),
        )

    @cached_property
    def conditions(self) -> dict[str, int]:
        """Position of each condition among the baselines."""
        named = sorted(condition for event, condition in self.rows if event == BASELINE)
        return {condition: position for position, condition in enumerate(named)}

    @cached_property
    def named(self) -> list[str]:
        """The condition of each row."""
        return [condition for _, condition in self.rows]

    @cached_property
    def spans(self) -> dict[str, tuple[int, int]]:
        """First row of each event, and the row after its last."""
        spans: dict[str, tuple[int, int]] = {}
        for (event, _), row in self.rows.items():
            spans[event] = (spans.get(event, (row, row))[0], row + 1)
        return spans

    @cached_property
    def totals(self) -> dict[str, Reals]:
        """Each sum over all blocks, by row."""
        return {name: np.add.reduceat(sums, self.offsets[:-1]) for name, sums in self.sums.items()}

    def baseline(self, estimator: str, blocks: Blocks) -> Baseline:
        """Means over every bar of each condition, in the order of `conditions`."""
        weight, _, total = (self.sums[name] for name in ESTIMATORS[estimator])
        shape = (len(self.conditions), blocks.count)
        held, summed = np.zeros(shape), np.zeros(shape)
        for condition, position in self.conditions.items():
            row = self.rows[BASELINE, condition]
            own = slice(self.offsets[row], self.offsets[row + 1])
            held[position, self.cluster[own] - blocks.first] = weight[own]
            summed[position, self.cluster[own] - blocks.first] = total[own]
        mass = held.sum(axis=1, keepdims=True)
        mu = summed.sum(axis=1, keepdims=True) / mass
        return Baseline(mu[:, 0], (summed - held * mu) / mass)

    def baseline_rows(self, start: int, end: int, unconditional: bool) -> Codes:
        """Which baseline the rows `start` to `end` are measured against."""
        named = [EVERYTHING if unconditional else name for name in self.named[start:end]]
        return np.array([self.conditions[condition] for condition in named], np.int64)
