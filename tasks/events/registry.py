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
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pkgutil import iter_modules

import tasks.events
from lake.time import TIMEFRAMES, duration_ms, n_bars
from tasks.events.bars import Bars
from tasks.events.marks import Marks

Parameter = int | float | str
NOT_FAMILIES = (
    "bars",
    "breaks",
    "config",
    "contract",
    "detect",
    "marks",
    "measures",
    "registry",
    "task",
)
NEEDS = {
    "O": "prices",
    "V": "volume",
    "T": "taker volume",
    "F": "funding",
    "I": "open interest",
    "S": "spot bars",
    "M": "bars of the market leader",
    "C": "the clock",
}


@dataclass(frozen=True)
class Analyzer:
    """An event's definition: a function of bars, and what the decorator says of it.

    Attributes
    ----------
    function : callable
        Takes `Bars` and the parameters by keyword, returns `Marks`.
    terms : tuple of str or int
        The lookback's parts: names of parameters (durations or bars) and numbers of bars.
    needs : str
        Letters of `NEEDS`.
    mirrored : bool
        Whether the chart upside down gives the same marks with sides turned round.
    coarsest : str
        The longest timeframe whose bars still fill its windows.
    parameters : dict of str to int, float or str
        Names and defaults.
    """

    function: Callable[..., Marks]
    terms: tuple[str | int, ...]
    needs: str
    mirrored: bool
    coarsest: str
    parameters: dict[str, Parameter] = field(hash=False)

    @property
    def name(self) -> str:
        return self.function.__name__

    @property
    def family(self) -> str:
        return self.function.__module__.rpartition(".")[2]

    @property
    def meaning(self) -> str:
        return (inspect.getdoc(self.function) or "").partition("\n")[0]

    def with_defaults(self, overrides: Mapping[str, Parameter]) -> dict[str, Parameter]:
        """All parameters, `overrides` before defaults."""
        return {**self.parameters, **overrides}

    def lookback(
        self, timeframe: str, cooldown: str, overrides: Mapping[str, Parameter] | None = None
    ) -> int:
        """Bars before a bar that its mark depends on, the onset's cooldown included."""
        values = self.with_defaults(overrides or {})
        terms = [values[term] if isinstance(term, str) else term for term in self.terms]
        bars = [n_bars(t, timeframe) if isinstance(t, str) else int(t) for t in terms]
        return sum(bars) + n_bars(cooldown, timeframe)

    def marks(
        self, bars: Bars, cooldown: str, overrides: Mapping[str, Parameter] | None = None
    ) -> Marks:
        """Occurrences among `bars`: the onsets of its condition."""
        holds = self.function(bars, **self.with_defaults(overrides or {}))
        return holds.at_onset(bars.n(cooldown))


def event(
    *,
    lookback: tuple[str | int, ...],
    needs: str,
    mirrored: bool,
    coarsest: str = "1h",
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
        return Analyzer(function, lookback, needs, mirrored, coarsest, parameters)

    return decorate


def families() -> tuple[str, ...]:
    """Names of all families, sorted: the modules of this package that define events."""
    found = (module.name for module in iter_modules(tasks.events.__path__))
    return tuple(sorted(name for name in found if name not in NOT_FAMILIES))


def analyzers(family: str) -> tuple[Analyzer, ...]:
    """The analyzers that a family's module defines, by name."""
    module = import_module(f"{tasks.events.__name__}.{family}")
    found = [a for a in vars(module).values() if isinstance(a, Analyzer) and a.family == family]
    return tuple(sorted(found, key=lambda analyzer: analyzer.name))


def catalogue() -> tuple[Analyzer, ...]:
    """Every analyzer, by family and name."""
    return tuple(analyzer for family in families() for analyzer in analyzers(family))


def obstacle(analyzer: Analyzer, bars: Bars) -> str | None:
    """Why `analyzer` cannot run on `bars`, or None: ``not runnable: needs taker volume``."""
    if duration_ms(bars.timeframe) > duration_ms(analyzer.coarsest):
        return f"not runnable: needs bars of {analyzer.coarsest} or shorter"
    missing = [NEEDS[need] for need in analyzer.needs if not bars.has(need)]
    return f"not runnable: needs {', '.join(missing)}" if missing else None
