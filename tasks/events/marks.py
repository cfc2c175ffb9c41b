"""What an analyzer says of each bar."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tasks.kernels.onset import Flags, Indices, onset
from tasks.kernels.rolling import Reals


@dataclass(frozen=True, eq=False)
class Marks:
    """Where a condition holds, with its direction and size; see `marks`.

    Attributes
    ----------
    fired : array of bool, shape (n,)
        Whether the condition holds at the bar's close.
    side : array of int8, shape (n,)
        +1 or -1 is the direction that the event names, 0 where it has none; 0 where not fired.
    strength : array of float32, shape (n,)
        How far past the threshold, in its own scale; 0 where not fired.
    anchor : array of int64, shape (n,)
        Index of the bar at which the phenomenon began; the bar's own where not fired.
    """

    fired: Flags
    side: NDArray[np.int8]
    strength: NDArray[np.float32]
    anchor: Indices

    def at_onset(self, cooldown: int) -> Marks:
        """Only those marks before which the condition was off for `cooldown` bars."""
        return marks(onset(self.fired, cooldown), self.side, self.strength, self.anchor)


def marks(
    fired: Flags,
    side: Reals | NDArray[np.int8] | int,
    strength: Reals | NDArray[np.float32],
    anchor: Indices | None = None,
) -> Marks:
    """Marks of a condition; what stands beside unfired bars is dropped.

    Parameters
    ----------
    fired : array of bool, shape (n,)
    side : array of shape (n,) or int
        Its sign counts, so a return will do; NaN is 0.
    strength : array of shape (n,)
    anchor : array of int64, shape (n,), optional
        The bar itself by default.
    """
    at = np.flatnonzero(fired)
    own = np.arange(fired.size, dtype=np.int64)
    sides, sizes = np.zeros(fired.size, dtype=np.int8), np.zeros(fired.size, dtype=np.float32)
    sides[at] = np.nan_to_num(np.sign(side if isinstance(side, int) else side[at]))
    sizes[at] = strength[at]
    if anchor is not None:
        own[at] = anchor[at]
    return Marks(fired=fired, side=sides, strength=sizes, anchor=own)
