"""How far and how long a level lay below its own peak."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Drawdown:
    """The drawdowns of one curve.

    Attributes
    ----------
    deepest, current : float
        Share of the peak that was lost, at worst and at the end; above 1 where the level fell
        below 0, NaN where the peak is not above 0.
    longest, current_length : int
        From a peak until it was reached again, or else until the end; in the unit of the times.
    under_water : float
        Share of the levels after the first that lie below an earlier one.
    """

    deepest: float
    current: float
    longest: int
    current_length: int
    under_water: float


def depths(levels: NDArray[np.float64]) -> NDArray[np.float64]:
    """Share of its peak so far that each of (n,) levels lies below it; NaN for a peak <= 0."""
    peaks = np.maximum.accumulate(levels)
    return np.where(peaks > 0, 1 - levels / np.where(peaks > 0, peaks, 1.0), np.nan)


def measure_drawdown(levels: NDArray[np.float64], times: NDArray[np.int64]) -> Drawdown:
    """Describe the drawdowns of a curve.

    Parameters
    ----------
    levels : (n,) float64
        At least two, without NaN; the first is where it started.
    times : (n,) int64
        Ascending.
    """
    deep = depths(levels)
    at_peak = levels >= np.maximum.accumulate(levels)
    peaks = times[at_peak]
    # Between neighbours without a level in between nothing was lost: no drawdown, however far.
    lengths = np.where(np.diff(np.flatnonzero(at_peak)) > 1, np.diff(peaks), 0)
    current = 0 if at_peak[-1] else int(times[-1] - peaks[-1])
    return Drawdown(
        deepest=float(np.max(deep)),
        current=float(deep[-1]),
        longest=max(current, int(np.max(lengths, initial=0))),
        current_length=current,
        under_water=float(np.mean(~at_peak[1:])),
    )
