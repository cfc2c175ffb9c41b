"""Which events are looked for, and how they are tuned."""

from __future__ import annotations

import re
from difflib import get_close_matches
from importlib import import_module

from pydantic import Field, ValidationError, field_validator, model_validator

from lake.config import Config
from lake.time import Duration, duration_ms
from tasks.events.registry import SEQUENCES, Analyzer, Parameter, analyzers, catalogue, families
from tasks.events.sequences import families_of, read_sequence

MODULE = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")


class EventsConfig(Config):
    """Families, events, parameters and cooldown.

    Attributes
    ----------
    families : tuple of str
        Families to run; all of them where empty.
    names : tuple of str
        Events to run; all of the families where empty.
    modules : tuple of str
        Importable modules with events of the user's own; each is a family.
    sequences : tuple of str
        Ordered sequences, like ``vol_shock then oi_flush within 8h``.
    parameters : dict of str to dict
        Values other than the defaults: event, parameter, value. Durations are text like ``8h``.
    cooldown : str
        An event does not stand again until its condition has been off for so long.
    """

    families: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()
    sequences: tuple[str, ...] = ()
    parameters: dict[str, dict[str, Parameter]] = Field(default_factory=dict)
    cooldown: Duration = "1h"

    @field_validator("modules")
    @classmethod
    def _importable_names(cls, modules: tuple[str, ...]) -> tuple[str, ...]:
        for name in modules:
            if not MODULE.fullmatch(name):
                raise ValueError(f"{name!r} is no module: wanted a name like my_events")
            if name.rpartition(".")[2] in (*families(), SEQUENCES):
                raise ValueError(f"{name!r} is called like a family that there is: rename it")
            try:
                import_module(name)
            except (ImportError, SyntaxError) as error:
                raise ValueError(f"a module that can be imported from here: {error}") from error
        return tuple(sorted(set(modules)))

    @model_validator(mode="after")
    def _known(self) -> EventsConfig:
        for family in self.families:
            _one_of(family, self._families(), "family of events")
        if self.names or self.parameters or self.sequences:
            events = {analyzer.name: analyzer for analyzer in self._catalogue()}
            for name in (*self.names, *self.parameters):
                _one_of(name, tuple(events), "event")
            for name, values in self.parameters.items():
                _check_parameters(events[name], values)
        return self

    def chosen(self) -> tuple[str, ...]:
        """The families to run, sorted: those with at least one event that is wanted."""
        return tuple(f for f in sorted(self._families()) if self.analyzers(f))

    def analyzers(self, family: str) -> tuple[Analyzer, ...]:
        """The events of `family` that are wanted, by name."""
        if family == SEQUENCES:
            return self._defined(SEQUENCES)
        if self.families and family not in self.families:
            return ()
        return tuple(a for a in self._defined(family) if not self.names or a.name in self.names)

    def only(self, family: str) -> EventsConfig:
        """What of this config concerns `family`: it alone should enter the family's keys."""
        own = {analyzer.name for analyzer in self._defined(family)}
        kept = {name: values for name, values in self.parameters.items() if name in own}
        behind = families_of_all(self.sequences, self.modules) if family == SEQUENCES else ()
        return self.model_copy(
            update={
                "families": (family,),
                "names": tuple(sorted(own.intersection(self.names))),
                "modules": tuple(m for m in self.modules if _last(m) in (family, *behind)),
                "sequences": self.sequences if family == SEQUENCES else (),
                "parameters": kept,
            }
        )

    def _families(self) -> tuple[str, ...]:
        return (*families(self.modules), *([SEQUENCES] if self.sequences else []))

    def _defined(self, family: str) -> tuple[Analyzer, ...]:
        if family == SEQUENCES:
            return tuple(read_sequence(text, self.modules) for text in sorted(set(self.sequences)))
        return analyzers(family, self.modules)

    def _catalogue(self) -> tuple[Analyzer, ...]:
        own = self._defined(SEQUENCES) if self.sequences else ()
        return (*catalogue(self.modules), *own)


def families_of_all(sequences: tuple[str, ...], modules: tuple[str, ...]) -> tuple[str, ...]:
    """The families of the events that `sequences` are made of, sorted."""
    return tuple(sorted({family for text in sequences for family in families_of(text, modules)}))


def _last(module: str) -> str:
    return module.rpartition(".")[2]


def _one_of(name: str, known: tuple[str, ...], noun: str) -> None:
    if name not in known:
        near = get_close_matches(name, known, n=1, cutoff=0.0)
        raise ValueError(f"{name!r} is no {noun}; the nearest is {near[0]!r}")


def _check_parameters(analyzer: Analyzer, values: dict[str, Parameter]) -> None:
    known = analyzer.parameters
    for parameter, value in values.items():
        _one_of(parameter, tuple(known), f"parameter of {analyzer.name}")
        _same_kind(value, known[parameter], f"{analyzer.name}.{parameter}")
    if analyzer.output is not None:
        try:
            analyzer.output.reader.config(analyzer.with_defaults(values))
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join([analyzer.name, *map(str, first["loc"])])
            said = first["msg"].removeprefix("Value error, ")
            raise ValueError(f"{place}={first['input']!r}: {said}") from error


def _same_kind(value: Parameter, default: Parameter, name: str) -> None:
    if isinstance(value, str) != isinstance(default, str):
        raise ValueError(f"{name}={value!r}: wanted a value like {default!r}")
    if isinstance(default, int) and not isinstance(value, int):
        raise ValueError(f"{name}={value!r}: wanted a whole number like {default!r}")
    if isinstance(value, str):
        duration_ms(value)
