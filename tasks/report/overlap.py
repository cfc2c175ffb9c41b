"""Which events stand together: names that say nearly the same on these bars."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl
from numpy.typing import NDArray

Reals = NDArray[np.float64]
Stamps = NDArray[np.int64]


@dataclass(frozen=True)
class Pair:
    """Two events: of the occurrences of each, the share beside the other, and what chance gives."""

    one: str
    other: str
    here: float
    here_by_chance: float
    there: float
    there_by_chance: float
    alike: float


@dataclass(frozen=True, eq=False)
class Overlap:
    """How often events stand near each other.

    Attributes
    ----------
    names : tuple of str
        The events, in the order of rows and columns.
    share : array of float64, shape (n, n)
        Of the row's occurrences, those with one of the column's, in the same market, at most the
        tolerance away on either side; only markets count in which the column's event ran. NaN
        where there is none.
    chance : array of float64, shape (n, n)
        The same share for moments drawn at random from the same markets: the part of their bars
        that is so near to one of the column's.
    """

    names: tuple[str, ...]
    share: Reals
    chance: Reals

    @cached_property
    def beyond(self) -> Reals:
        """Share beyond chance, shape (n, n): 0 where it is no more than chance gives, 1 for all."""
        room = 1.0 - self.chance
        with np.errstate(invalid="ignore", divide="ignore"):
            beyond = np.where(room > 0.0, (self.share - self.chance) / room, 0.0)
        return np.where(np.isnan(self.share), np.nan, np.clip(beyond, 0.0, 1.0))

    @cached_property
    def alike(self) -> Reals:
        """The lesser of both shares beyond chance, shape (n, n); 0 where there is none."""
        return np.nan_to_num(np.minimum(self.beyond, self.beyond.T))

    def nearest(self, name: str, n: int) -> list[Pair]:
        """At most `n` events that `name` has most in common with, the most alike first."""
        row = self.names.index(name)
        alike = self.alike[row].copy()
        alike[row] = 0.0
        order = np.argsort(-alike, kind="stable")[:n]
        return [self._pair(row, int(i)) for i in order if alike[i] > 0.0]

    def near_duplicates(self, least: float) -> list[Pair]:
        """Pairs of which each stands beside the other in that share, beyond chance; best first."""
        rows, columns = np.nonzero(np.triu(self.alike >= least, k=1))
        pairs = [self._pair(int(i), int(j)) for i, j in zip(rows, columns, strict=True)]
        return sorted(pairs, key=lambda pair: -pair.alike)

    def _pair(self, i: int, j: int) -> Pair:
        here, there = (float(self.share[place]) for place in ((i, j), (j, i)))
        chances = (float(self.chance[place]) for place in ((i, j), (j, i)))
        by_chance, by_chance_there = chances
        alike = float(self.alike[i, j])
        return Pair(self.names[i], self.names[j], here, by_chance, there, by_chance_there, alike)


def measure_overlap(
    events: pl.DataFrame, coverage: pl.DataFrame, names: Sequence[str], within_ms: int
) -> Overlap:
    """Return the overlap of the events in `names`.

    Parameters
    ----------
    events : DataFrame of EVENTS
        Of all markets.
    coverage : DataFrame of COVERAGE
        Of all markets: says which events ran where, and on how many bars.
    within_ms : int
        How far apart two occurrences may be, milliseconds.
    """
    together, possible, expected = np.zeros((3, len(names), len(names)))
    parts = events.filter(pl.col("event").is_in(list(names))).partition_by("market", as_dict=True)
    for (market,), part in sorted(parts.items()):  # sums of floats depend on their order
        own = coverage.filter((pl.col("market") == market) & (pl.col("reason") == ""))
        ran = np.isin(list(names), own["event"].to_list())
        times, here = _placed(part, names)
        n_own = here.sum(axis=0)[:, None]
        together += np.where(ran, _n_near(times, here, within_ms), 0.0)
        possible += np.where(ran, n_own, 0.0)
        covered = _n_covered(part, times, here, within_ms) / max([1, *own["n_bars"]])
        expected += np.where(ran, n_own * np.minimum(covered, 1.0), 0.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        return Overlap(tuple(names), together / possible, expected / possible)


def _placed(part: pl.DataFrame, names: Sequence[str]) -> tuple[Stamps, NDArray[np.bool_]]:
    """The moments at which anything stood, shape (t,), and which of `names` did, shape (t, n)."""
    times, at = np.unique(part["time"].cast(pl.Int64).to_numpy(), return_inverse=True)
    kind = part["event"].cast(pl.Enum(list(names))).to_physical().to_numpy()
    here = np.zeros((times.size, len(names)), np.bool_)
    here[at, kind] = True
    return times, here


def _n_near(times: Stamps, here: NDArray[np.bool_], within_ms: int) -> Reals:
    """How many of the row's occurrences have one of the column's near, shape (n, n)."""
    first = np.searchsorted(times, times - within_ms, side="left")
    past = np.searchsorted(times, times + within_ms, side="right")
    until = np.zeros((times.size + 1, here.shape[1]), np.int32)
    np.cumsum(here, axis=0, out=until[1:])
    near = until[past] > until[first]
    return np.array([near[own].sum(axis=0) for own in here.T], np.float64)


def _n_covered(part: pl.DataFrame, times: Stamps, here: NDArray[np.bool_], within_ms: int) -> Reals:
    """Bars at most `within_ms` away from an occurrence, per event, shape (n,); gaps count too."""
    step_ms = (part["known_at"][0] - part["time"][0]).total_seconds() * 1000.0
    width = 2 * (within_ms // step_ms) + 1
    apart = [np.diff(times[own]) / step_ms for own in here.T]
    return np.array(
        [
            width + np.minimum(gaps, width).sum() if own.any() else 0.0
            for gaps, own in zip(apart, here.T, strict=True)
        ]
    )
