"""How hard the audit looks."""

from __future__ import annotations

from pydantic import Field

from lake.config import Config


class AuditConfig(Config):
    """Cuts and what lies around them.

    Attributes
    ----------
    n_cuts : int
        Places at which the future is taken away or replaced, per market and name: half of them
        where the reading flips, the rest at the largest moves, beside gaps, early, and anywhere.
    n_before : int
        Readings before a cut that are compared.
    n_after : int
        Bars after a cut that are replaced.
    seed : int
        Of the places and of the replaced futures.
    """

    n_cuts: int = Field(40, ge=1, le=10_000)
    n_before: int = Field(64, ge=1)
    n_after: int = Field(512, ge=1)
    seed: int = 20_240_229
