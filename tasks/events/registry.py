"""What an event analyzer is, and how all of them are found.

An analyzer is one decorated function: bars in, `Marks` out. Its family is its module, its name
the function's, its parameters the keyword defaults; the decorator says what cannot be read off.
Writing the function in a module of this package is all there is to adding an event::

    @event(lookback=("history", 1), needs="O", mirrored=True)
    def vol_spike(bars: Bars, *, threshold: float = 4.0, history: str = "1d") -> Marks:
        \"\"\"A return that jump-robust volatility does not explain (Lee and Mykland 2008).\"\"\"

The function says where its condition holds. The registry keeps the onsets: the first bar of each
stretch, and none until the condition has been off for the cooldown.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import Union

import tasks.events
from lake.time import TIMEFRAMES, duration_ms, n_bars
from tasks.events.bars import Bars
from tasks.events.marks import Marks
from tasks.events.readers import Output

Parameter = int | float | str
Term = Union[str, int, "Analyzer"]
SEQUENCES = "sequences"
LOG, PRICE = "log", "price"
PATIENCE = "1d"  # of gaps, after which a condition that lasted before is held to have ended
NOT_FAMILIES = (
    "admission",
    "bars",
    "breaks",
    "clocks",
    "config",
    "contract",
    "coverage",
    "detect",
    "episodes",
    "futures",
    "leaders",
    "listing",
    "marks",
    "measures",
    "memo",
    "proving",
    "readers",
    "registry",
    "settlements",
    "shocks",
    "spreads",
    "structure",
    "swings",
    "task",
    SEQUENCES,
)
NEEDS = {
    "O": "prices",
    "V": "volume",
    "T": "taker volume",
    "F": "funding",
    "I": "open interest",
    "S": "spot bars",
    "M": "bars of the market leader",
    "X": "a fee schedule",
    "C": "the clock",
}


@dataclass(frozen=True)
class Analyzer:
    """An event's definition: a function of bars, and what the decorator says of it.

    Attributes
    ----------
    function : callable
        Takes `Bars` and the parameters by keyword, returns `Marks`.
    family : str
        The module that defines it, or ``sequences``.
    terms : tuple of str, int or Analyzer, or None
        The lookback's parts: names of parameters (durations or bars), numbers of bars, and other
        analyzers whose lookback counts. None: it remembers the whole history.
    needs : str
        Letters of `NEEDS`.
    mirrored : bool
        Whether the chart upside down gives the same marks with sides turned round.
    coarsest : str
        The longest timeframe whose bars still fill its windows.
    parameters : dict of str to int, float or str
        Names and defaults.
    lasts : bool
        Whether the condition is a state, of which the onset is the event. A clock's strokes are
        events each, however near they follow one another.
    axis : str
        Of prices, on which the chart is turned upside down: `LOG` or `PRICE`.
    output : Output, optional
        Where it is one of an engine's events, what tells them all.
    """

    function: Callable[..., Marks]
    family: str
    terms: tuple[Term, ...] | None
    needs: str
    mirrored: bool
    coarsest: str
    parameters: dict[str, Parameter] = field(hash=False)
    lasts: bool = True
    axis: str = LOG
    output: Output | None = None

    @property
    def name(self) -> str:
        return self.function.__name__

    @property
    def meaning(self) -> str:
        return (inspect.getdoc(self.function) or "").partition("\n")[0]

    def with_defaults(self, overrides: Mapping[str, Parameter]) -> dict[str, Parameter]:
        """All parameters, `overrides` before defaults."""
        return {**self.parameters, **overrides}

    def lookback(
        self, timeframe: str, cooldown: str, overrides: Mapping[str, Parameter] | None = None
    ) -> int | None:
        """Bars before a bar that its mark depends on, the onset's included; None for all."""
        values = self.with_defaults(overrides or {})

        def in_bars(term: Term) -> int | None:
            if isinstance(term, Analyzer):
                return term.lookback(timeframe, cooldown)
            value = values[term] if isinstance(term, str) else term
            return n_bars(value, timeframe) if isinstance(value, str) else int(value)

        own = [None] if self.terms is None else [in_bars(term) for term in self.terms]
        known = [n for n in own if n is not None]
        if len(known) < len(own):
            return None
        return sum(known) + n_bars(cooldown, timeframe) + n_bars(PATIENCE, timeframe)

    def marks(
        self, bars: Bars, cooldown: str, overrides: Mapping[str, Parameter] | None = None
    ) -> Marks:
        """Occurrences among `bars`: the onsets of its condition."""
        holds = self.function(bars, **self.with_defaults(overrides or {}))
        return self.occurrences(holds, bars, cooldown)

    def occurrences(self, holds: Marks, bars: Bars, cooldown: str) -> Marks:
        """Of the bars at which the condition holds those at which the event stands."""
        if not self.lasts:
            return holds
        return holds.at_onset(bars.n(cooldown), bars.is_gap, bars.n(PATIENCE))


def event(
    *,
    lookback: tuple[str | int, ...],
    needs: str,
    mirrored: bool,
    coarsest: str = "4h",
    lasts: bool = True,
) -> Callable[[Callable[..., Marks]], Analyzer]:
    """Make an analyzer of a function, see `Analyzer` and this module's text.

    Raises
    ------
    ValueError
        If the lookback names no parameter, a need is unknown or a parameter has no default.
    """
    unknown = set(needs) - set(NEEDS)
    if unknown or coarsest not in TIMEFRAMES:
        raise ValueError(f"needs {needs!r}, coarsest {coarsest!r}: wanted {list(NEEDS)}")

    def decorate(function: Callable[..., Marks]) -> Analyzer:
        named = list(inspect.signature(function).parameters.values())[1:]
        parameters = {p.name: p.default for p in named}
        absent = [t for t in lookback if isinstance(t, str) and t not in parameters]
        if absent or any(p.default is p.empty for p in named):
            raise ValueError(f"{function.__name__}: lookback {absent} or a default is missing")
        family = function.__module__.rpartition(".")[2]
        return Analyzer(function, family, lookback, needs, mirrored, coarsest, parameters, lasts)

    return decorate


def families(modules: Sequence[str] = ()) -> tuple[str, ...]:
    """Names of all families, sorted: modules of this package that define events, and `modules`."""
    found = (module.name for module in iter_modules(tasks.events.__path__))
    own = (name for name in found if name not in NOT_FAMILIES)
    return tuple(sorted({*own, *(name.rpartition(".")[2] for name in modules)}))


def module_of(family: str, modules: Sequence[str] = ()) -> str:
    """The module that defines a family: one of `modules`, else of this package."""
    named = {name.rpartition(".")[2]: name for name in modules}
    return named.get(family, f"{tasks.events.__name__}.{family}")


@cache
def defined_in(module: str) -> tuple[Analyzer, ...]:
    """The analyzers that a module defines, by name, sequences of others' included."""
    family = module.rpartition(".")[2]
    found = [a for value in vars(import_module(module)).values() for a in _analyzers_in(value)]
    own = [a for a in found if a.function.__module__ == module]
    sequences = [replace(a, family=family) for a in found if a.family == SEQUENCES]
    return tuple(sorted((*own, *sequences), key=lambda analyzer: analyzer.name))


def _analyzers_in(value: object) -> list[Analyzer]:
    """A module's own analyzers lie in it one by one, an engine's in a tuple."""
    return [a for a in (value if isinstance(value, tuple) else (value,)) if isinstance(a, Analyzer)]


def analyzers(family: str, modules: Sequence[str] = ()) -> tuple[Analyzer, ...]:
    """The analyzers of a family, by name."""
    return defined_in(module_of(family, modules))


def catalogue(modules: Sequence[str] = ()) -> tuple[Analyzer, ...]:
    """Every analyzer, by family and name."""
    return tuple(a for family in families(modules) for a in analyzers(family, modules))


def obstacle(analyzer: Analyzer, bars: Bars) -> str | None:
    """Why `analyzer` cannot run on `bars`, or None: ``not runnable: needs taker volume``."""
    if duration_ms(bars.timeframe) > duration_ms(analyzer.coarsest):
        return f"not runnable: needs bars of {analyzer.coarsest} or shorter"
    missing = [NEEDS[need] for need in analyzer.needs if not bars.has(need)]
    return f"not runnable: needs {', '.join(missing)}" if missing else None
