"""Other futures for the same past: what came after a cut is taken away, or made another.

A reading of the past that changes with them has looked ahead.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tasks.events.bars import CONTEXT, PRICES, VOLUMES, Bars

Future = Callable[[Bars, int, np.random.Generator], Bars]
SPIKE = 1.5
WILDNESS = 3.0
TEN = 10.0
OTHERS = ("funding", "open_interest", "spot", "leader", "mark")


def cut_off(bars: Bars, cut: int, rng: np.random.Generator) -> Bars:
    """No bar from `cut` on."""
    return bars.part(0, cut)


def wild(bars: Bars, cut: int, rng: np.random.Generator) -> Bars:
    """From `cut` on the price walks at random, three times as wild, and the rest is shuffled."""
    known = bars.log_return[np.isfinite(bars.log_return)]
    spread = WILDNESS * (known.std() if known.size else 1.0)
    walk = np.exp(np.cumsum(rng.normal(0.0, spread, len(bars) - cut)))
    shuffle = rng.permutation(len(bars) - cut)
    after = {name: getattr(bars, name)[cut:] * walk for name in PRICES}
    after |= {name: getattr(bars, name)[cut:][shuffle] for name in (*VOLUMES, *CONTEXT)}
    return _followed_by(bars, cut, after)


def void(bars: Bars, cut: int, rng: np.random.Generator) -> Bars:
    """From `cut` on nothing is known."""
    nothing = np.full(len(bars) - cut, np.nan)
    after: dict[str, NDArray[Any]] = dict.fromkeys((*PRICES, *VOLUMES, *CONTEXT), nothing)
    return _followed_by(bars, cut, after | {"is_gap": np.ones(nothing.size, dtype=np.bool_)})


def spiked(bars: Bars, cut: int, rng: np.random.Generator) -> Bars:
    """From `cut` on all jumps up and down by half, on a thousand times the volume."""
    jumps = SPIKE ** rng.choice([-1.0, 1.0], len(bars) - cut)
    after = {name: getattr(bars, name)[cut:] * jumps for name in PRICES}
    after |= {name: getattr(bars, name)[cut:] * 1e3 for name in VOLUMES}
    after |= {name: getattr(bars, name)[cut:] * jumps[::-1] for name in OTHERS}
    return _followed_by(bars, cut, after)


def times_ten(bars: Bars, cut: int, rng: np.random.Generator) -> Bars:
    """From `cut` on every number is ten times as large."""
    return _scaled(bars, cut, TEN)


def a_tenth(bars: Bars, cut: int, rng: np.random.Generator) -> Bars:
    """From `cut` on every number is a tenth of itself."""
    return _scaled(bars, cut, 1.0 / TEN)


FUTURES: dict[str, Future] = {
    "cut": cut_off,
    "replaced": wild,
    "missing": void,
    "spiked": spiked,
    "times ten": times_ten,
    "a tenth": a_tenth,
}


def _scaled(bars: Bars, cut: int, factor: float) -> Bars:
    names = (*PRICES, *VOLUMES, *OTHERS)
    return _followed_by(bars, cut, {name: getattr(bars, name)[cut:] * factor for name in names})


def _followed_by(bars: Bars, cut: int, after: dict[str, NDArray[Any]]) -> Bars:
    """`bars` with other values from `cut` on."""
    parts = {n: np.concatenate([getattr(bars, n)[:cut], late]) for n, late in after.items()}
    return replace(bars, **parts)  # type: ignore[arg-type]
