"""What an analyzer says of each bar."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from tasks.kernels.onset import Flags, Indices, onset, onset_among
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

    def at_onset(self, cooldown: int, is_gap: Flags, patience: int) -> Marks:
        """Only those marks before which the condition was off for `cooldown` bars.

        A gap says nothing of whether it was: its bars do not count, up to `patience` of them.
        """
        if is_gap.any():
            begun = onset_among(self.fired, np.cumsum(~is_gap), cooldown, cooldown + patience)
        else:
            begun = onset(self.fired, cooldown)
        return marks(begun, self.side, self.strength, self.anchor)


def marks(
    fired: Flags,
    side: Reals | NDArray[np.int8] | int,
    strength: Reals | NDArray[np.float32],
    anchor: Indices | None = None,
) -> Marks:
    """Marks of a condition; what stands beside unfired bars is dropped.

    Where the strength has no number the condition does not hold: its scale is zero or unknown,
    since the market has stood still, and anything would be beyond it.

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
    measured = np.isfinite(strength[at])
    if not measured.all():
        fired = fired.copy()
        fired[at[~measured]] = False
        at = at[measured]
    own = _bars(fired.size)
    sides, sizes = np.zeros(fired.size, dtype=np.int8), np.zeros(fired.size, dtype=np.float32)
    sides[at] = np.nan_to_num(np.sign(side if isinstance(side, int) else side[at]))
    sizes[at] = strength[at]
    if anchor is not None and anchor is not own:
        own = own.copy()
        own[at] = anchor[at]
    return Marks(fired=fired, side=sides, strength=sizes, anchor=own)


@lru_cache(maxsize=2)
def _bars(n: int) -> Indices:
    """Each bar's own index; marks without another anchor share it."""
    bars = np.arange(n, dtype=np.int64)
    bars.flags.writeable = False
    return bars
