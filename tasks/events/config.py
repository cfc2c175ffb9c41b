"""Which events are looked for, and how they are tuned."""

from __future__ import annotations

from difflib import get_close_matches

from pydantic import Field, model_validator

from lake.config import Config
from lake.time import Duration, duration_ms
from tasks.events.registry import Parameter, catalogue, families


class EventsConfig(Config):
    """Families, parameters and cooldown.

    Attributes
    ----------
    families : tuple of str
        Families to run; all of them where empty.
    parameters : dict of str to dict
        Values other than the defaults: event, parameter, value. Durations are text like ``8h``.
    cooldown : str
        An event does not stand again until its condition has been off for so long.
    """

    families: tuple[str, ...] = ()
    parameters: dict[str, dict[str, Parameter]] = Field(default_factory=dict)
    cooldown: Duration = "1h"

    @model_validator(mode="after")
    def _known(self) -> EventsConfig:
        for family in self.families:
            _one_of(family, families(), "family of events")
        if self.parameters:
            events = {analyzer.name: analyzer.parameters for analyzer in catalogue()}
            for name, values in self.parameters.items():
                _one_of(name, tuple(events), "event")
                for parameter, value in values.items():
                    _one_of(parameter, tuple(events[name]), f"parameter of {name}")
                    _same_kind(value, events[name][parameter], f"{name}.{parameter}")
        return self

    def chosen(self) -> tuple[str, ...]:
        """The families to run, sorted."""
        return tuple(sorted(set(self.families))) or families()

    def only(self, family: str) -> EventsConfig:
        """What of this config tunes `family`: it alone should enter the family's keys."""
        own = {analyzer.name for analyzer in catalogue() if analyzer.family == family}
        kept = {name: values for name, values in self.parameters.items() if name in own}
        return self.model_copy(update={"families": (family,), "parameters": kept})


def _one_of(name: str, known: tuple[str, ...], noun: str) -> None:
    if name not in known:
        near = get_close_matches(name, known, n=1, cutoff=0.0)
        raise ValueError(f"{name!r} is no {noun}; the nearest is {near[0]!r}")


def _same_kind(value: Parameter, default: Parameter, name: str) -> None:
    if isinstance(value, str) != isinstance(default, str):
        raise ValueError(f"{name}={value!r}: wanted a value like {default!r}")
    if isinstance(default, int) and not isinstance(value, int):
        raise ValueError(f"{name}={value!r}: wanted a whole number like {default!r}")
    if isinstance(value, str):
        duration_ms(value)
