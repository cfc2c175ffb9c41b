"""The definition, in plain Python."""

from __future__ import annotations

import math


def quotient(x, y):
    return [
        a / b if b != 0.0 and math.isfinite(a) and math.isfinite(b) else _limit(a, b)
        for a, b in zip(x, y, strict=True)
    ]


def _limit(a, b):
    """A finite number over an infinite one is nothing; all else is no number."""
    return 0.0 if math.isfinite(a) and math.isinf(b) else math.nan
