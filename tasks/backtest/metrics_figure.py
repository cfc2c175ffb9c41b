"""One figure of a back-test, and what is said where there is none."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import numpy as np

NO_INTERVAL = "no interval: "


@dataclass(frozen=True)
class Figure:
    """A number, with its interval where it has one.

    Attributes
    ----------
    value, lower, upper : float
        NaN where it cannot be computed, or is not asked.
    note : str
        Why one of them is missing, or what the number does not say.
    """

    value: float
    note: str = ""
    lower: float = np.nan
    upper: float = np.nan

    @classmethod
    def unless(cls, reason: str, value: float) -> Self:
        """The value, or where there is a reason why not, NaN with the reason."""
        return cls(np.nan, reason) if reason else cls(value)

    def within(self, lower: float, upper: float) -> Figure:
        """The same with an interval; an infinite bound is missing, with the reason."""
        reasons = (
            "" if np.isfinite(lower) else "no lower bound: too many draws lose and never win",
            "" if np.isfinite(upper) else "no upper bound: too many draws win and never lose",
        )
        bounds = [float(x) if np.isfinite(x) else np.nan for x in (lower, upper)]
        return replace(self, lower=bounds[0], upper=bounds[1]).noting(*reasons)

    def noting(self, *notes: str) -> Figure:
        """The same with more to say."""
        return replace(self, note="; ".join(note for note in (self.note, *notes) if note))

    def finite(self) -> Figure:
        """The same without infinities and with a reason for a NaN that has none."""
        if np.isfinite(self.value):
            return self
        reason = self.note or "not a finite number: of what it is made, one is not, or too large"
        return replace(self, value=np.nan, lower=np.nan, upper=np.nan, note=reason)
