"""What every analyzer promises, as questions that answer with the first bar that breaks it.

Each takes an analyzer and bars and returns the index of the first bar at which the promise is
broken, or None. Places to look at are aimed: bars at which the condition begins or ends, bars
that nearly did (the largest returns, ranges and volumes), the first bars, and some at random,
where leaks seldom show.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tasks.events.bars import ARRAYS, Bars
from tasks.events.futures import FUTURES
from tasks.events.marks import Marks
from tasks.events.registry import Analyzer

SCALE = 4.0
IN_QUOTE_UNITS = "_quote"
STRENGTH_TOLERANCE = 1e-4


def first_foresight(
    analyzer: Analyzer, bars: Bars, n_places: int = 12, seed: int = 0
) -> int | None:
    """First bar whose mark changes when the future is cut off or scrambled.

    Parameters
    ----------
    n_places : int
        Places of each sort (flipped, nearly flipped, random) after which to cut.
    seed : int
        Of the random places and of the scrambled futures.
    """
    rng = np.random.default_rng(seed)
    whole = _condition(analyzer, bars)
    for place in aimed_places(whole, bars, n_places, rng):
        cut = place + 1
        for other in FUTURES.values():
            changed = _condition(analyzer, other(bars, cut, rng))
            found = first_difference(whole, changed, cut)
            if found is not None:
                return found
    return None


def first_memory(
    analyzer: Analyzer, bars: Bars, cooldown: str, n_places: int = 12, seed: int = 0
) -> int | None:
    """First bar whose mark is another when seen from the last ``lookback + 1`` bars alone."""
    rng = np.random.default_rng(seed)
    lookback = analyzer.lookback(bars.timeframe, cooldown)
    whole = analyzer.marks(bars, cooldown)
    for place in aimed_places(_condition(analyzer, bars), bars, n_places, rng):
        start = place - lookback
        if start >= 0:
            last = analyzer.marks(bars.part(start, place + 1), cooldown)
            if _row(last, lookback, start) != _row(whole, place, 0):
                return place
    return None


def first_unmirrored(analyzer: Analyzer, bars: Bars) -> int | None:
    """First bar whose mark is not turned round when the chart is upside down.

    None for an analyzer that is not declared to be mirrored. Strengths may differ in their last
    digits, since logarithms of reciprocals do.
    """
    if not analyzer.mirrored:
        return None
    here, there = _condition(analyzer, bars), _condition(analyzer, bars.upside_down())
    turned = replace(there, side=-there.side)
    return first_difference(here, turned, len(bars), STRENGTH_TOLERANCE)


def first_unit(analyzer: Analyzer, bars: Bars) -> int | None:
    """First bar whose mark changes when all prices are four times as high.

    So are the parameters whose name ends in ``_quote``: they are amounts of the quote currency.
    """
    amounts = {n: v for n, v in analyzer.parameters.items() if n.endswith(IN_QUOTE_UNITS)}
    parameters = analyzer.parameters | {n: float(v) * SCALE for n, v in amounts.items()}
    rescaled = analyzer.function(bars.rescaled(SCALE), **parameters)
    return first_difference(_condition(analyzer, bars), rescaled, len(bars))


def first_touched(analyzer: Analyzer, bars: Bars) -> int | None:
    """First bar that the analyzer writes to."""
    names = ARRAYS
    copies: dict[str, NDArray[Any]] = {name: getattr(bars, name).copy() for name in names}
    lent = replace(bars, **copies)  # type: ignore[arg-type]
    for name in names:
        getattr(lent, name).flags.writeable = True
    _condition(analyzer, lent)
    same = [_equal(getattr(lent, name), getattr(bars, name)) for name in names]
    return _first(~np.logical_and.reduce(same))


def share_of_bars(analyzer: Analyzer, bars: Bars, cooldown: str) -> float:
    """Share of the bars at which the event stands."""
    return float(analyzer.marks(bars, cooldown).fired.mean())


def aimed_places(whole: Marks, bars: Bars, n_places: int, rng: np.random.Generator) -> list[int]:
    """Bars at which a leak would show, in order."""
    flips = np.flatnonzero(np.diff(whole.fired, prepend=False))
    picked = rng.choice(flips, min(n_places, flips.size), replace=False)
    sizes = (np.abs(bars.log_return), bars.log_range, bars.volume)
    near = [np.argsort(np.nan_to_num(size))[-n_places:] for size in sizes]
    early = np.arange(min(2, len(bars)))
    places = np.concatenate([picked, *near, early, rng.integers(0, len(bars), n_places)])
    return [int(place) for place in np.unique(places)]


def first_difference(one: Marks, other: Marks, n: int, tolerance: float = 0.0) -> int | None:
    """First of `n` bars at which two marks differ; strengths by more than `tolerance`, relative."""
    apart = np.zeros(n, dtype=np.bool_)
    for name in ("fired", "side", "anchor"):
        apart |= getattr(one, name)[:n] != getattr(other, name)[:n]
    a, b = one.strength[:n], other.strength[:n]
    apart |= ~np.isclose(a, b, rtol=tolerance, atol=0.0, equal_nan=True)
    return _first(apart)


def _condition(analyzer: Analyzer, bars: Bars) -> Marks:
    return analyzer.function(bars, **analyzer.parameters)


def _row(marks: Marks, at: int, start: int) -> tuple[Any, ...]:
    return (marks.fired[at], marks.side[at], marks.strength[at], marks.anchor[at] + start)


def _equal(one: NDArray[Any], other: NDArray[Any]) -> NDArray[np.bool_]:
    return (one == other) | ((one != one) & (other != other))


def _first(flags: NDArray[np.bool_]) -> int | None:
    return int(flags.argmax()) if flags.any() else None
