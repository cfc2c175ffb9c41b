"""What every analyzer promises, as questions that answer with the first bar that breaks it.

Each takes an analyzer, or several that are asked at once, and bars; it returns the index of the
first bar at which the promise is broken, or None. Places to look at are aimed: bars at which the
condition begins or ends, bars that nearly did (the largest returns, ranges and volumes), the first
bars, and some at random, where leaks seldom show.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tasks.events.bars import ARRAYS, Bars
from tasks.events.futures import FUTURES
from tasks.events.marks import Marks
from tasks.events.registry import LOG, PRICE, Analyzer

SCALE = 4.0
IN_QUOTE_UNITS = "_quote"
TOLERANCE = {LOG: 1e-4, PRICE: 0.0}  # relative, of mirrored strengths
Asked = Analyzer | Sequence[Analyzer]


def first_foresight(asked: Asked, bars: Bars, n_places: int = 12, seed: int = 0) -> int | None:
    """First bar whose mark changes when the future is cut off or scrambled.

    Parameters
    ----------
    n_places : int
        Places of each sort (flipped, nearly flipped, random) after which to cut.
    seed : int
        Of the random places and of the scrambled futures.
    """
    rng = np.random.default_rng(seed)
    wholes = [_condition(analyzer, bars) for analyzer in _each(asked)]
    for place in aimed_places(wholes, bars, n_places, rng):
        cut = place + 1
        for future in FUTURES.values():
            other = future(bars, cut, rng)
            for analyzer, whole in zip(_each(asked), wholes, strict=True):
                found = first_difference(whole, _condition(analyzer, other), cut)
                if found is not None:
                    return found
    return None


def first_memory(
    asked: Asked, bars: Bars, cooldown: str, n_places: int = 12, seed: int = 0
) -> int | None:
    """First bar whose mark is another when seen from the last ``lookback + 1`` bars alone.

    For an engine's event: when its memory was saved before the bar and read back. A sequence with
    such a member has neither; its members are asked on their own.
    """
    rng = np.random.default_rng(seed)
    wholes = [_condition(analyzer, bars) for analyzer in _each(asked)]
    for place in aimed_places(wholes, bars, n_places, rng):
        for analyzer, condition in zip(_each(asked), wholes, strict=True):
            found = _from_memory(analyzer, condition, bars, place, cooldown)
            if found is not None:
                return found
    return None


def first_unmirrored(asked: Asked, bars: Bars) -> int | None:
    """First bar whose mark is not turned round when the chart is upside down.

    None for an analyzer that is not declared to be mirrored. On the log axis strengths may differ
    in their last digits, since logarithms of reciprocals do.
    """
    turned_bars = {LOG: (bars, bars.upside_down()), PRICE: _on_both_sides(bars.on_grid())}

    def unmirrored(analyzer: Analyzer) -> int | None:
        here, there = (_condition(analyzer, side) for side in turned_bars[analyzer.axis])
        turned = replace(there, side=-there.side)
        return first_difference(here, turned, len(bars), TOLERANCE[analyzer.axis])

    return _first_of(unmirrored, [analyzer for analyzer in _each(asked) if analyzer.mirrored])


def first_unit(asked: Asked, bars: Bars) -> int | None:
    """First bar whose mark changes when all prices are four times as high.

    So are the parameters whose name ends in ``_quote``: they are amounts of the quote currency.
    """
    rescaled = bars.rescaled(SCALE)

    def changed(analyzer: Analyzer) -> int | None:
        amounts = {n: v for n, v in analyzer.parameters.items() if n.endswith(IN_QUOTE_UNITS)}
        parameters = analyzer.parameters | {n: float(v) * SCALE for n, v in amounts.items()}
        other = analyzer.function(rescaled, **parameters)
        return first_difference(_condition(analyzer, bars), other, len(bars))

    return _first_of(changed, _each(asked))


def first_touched(asked: Asked, bars: Bars) -> int | None:
    """First bar that the analyzer writes to."""
    names = ARRAYS
    copies: dict[str, NDArray[Any]] = {name: getattr(bars, name).copy() for name in names}
    lent = replace(bars, **copies)  # type: ignore[arg-type]
    for name in names:
        getattr(lent, name).flags.writeable = True
    for analyzer in _each(asked):
        _condition(analyzer, lent)
    same = [_equal(getattr(lent, name), getattr(bars, name)) for name in names]
    return _first(~np.logical_and.reduce(same))


def share_of_bars(analyzer: Analyzer, bars: Bars, cooldown: str) -> float:
    """Share of the bars at which the event stands."""
    return float(analyzer.marks(bars, cooldown).fired.mean())


def aimed_places(
    wholes: Sequence[Marks], bars: Bars, n_places: int, rng: np.random.Generator
) -> list[int]:
    """Bars at which a leak would show in one of the marks, in order."""
    flips = [np.flatnonzero(np.diff(whole.fired, prepend=False)) for whole in wholes]
    n = -(-n_places // len(wholes))
    picked = [rng.choice(places, min(n, places.size), replace=False) for places in flips]
    sizes = (np.abs(bars.log_return), bars.log_range, bars.volume)
    near = [np.argsort(np.nan_to_num(size))[-n_places:] for size in sizes]
    early = np.arange(min(2, len(bars)))
    places = np.concatenate([*picked, *near, early, rng.integers(0, len(bars), n_places)])
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


def _each(asked: Asked) -> Sequence[Analyzer]:
    return (asked,) if isinstance(asked, Analyzer) else asked


def _first_of(
    first_broken: Callable[[Analyzer], int | None], analyzers: Sequence[Analyzer]
) -> int | None:
    found = map(first_broken, analyzers)
    return next((place for place in found if place is not None), None)


def _from_memory(
    analyzer: Analyzer, condition: Marks, bars: Bars, place: int, cooldown: str
) -> int | None:
    if analyzer.output is not None:
        resumed = analyzer.output.resumed(bars, place, analyzer.parameters)
        return first_difference(condition, resumed, len(bars))
    lookback = analyzer.lookback(bars.timeframe, cooldown)
    if lookback is None or place < lookback:
        return None
    start = place - lookback
    whole = analyzer.occurrences(condition, bars, cooldown)
    last = analyzer.marks(bars.part(start, place + 1), cooldown)
    return None if _row(last, lookback, start) == _row(whole, place, 0) else place


def _on_both_sides(bars: Bars) -> tuple[Bars, Bars]:
    return bars, bars.turned_over()


def _row(marks: Marks, at: int, start: int) -> tuple[Any, ...]:
    return (marks.fired[at], marks.side[at], marks.strength[at], marks.anchor[at] + start)


def _equal(one: NDArray[Any], other: NDArray[Any]) -> NDArray[np.bool_]:
    return (one == other) | ((one != one) & (other != other))


def _first(flags: NDArray[np.bool_]) -> int | None:
    return int(flags.argmax()) if flags.any() else None
