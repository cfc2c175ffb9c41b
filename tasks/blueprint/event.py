"""The event of a blueprint, checked against the registry without importing what it names."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import Annotated, Self

from pydantic import Field, ValidationInfo, model_validator

from lake.time import Duration, duration_ms
from tasks.blueprint.parts import Misfit, ModuleName, Part, refuse
from tasks.events.config import EventsConfig
from tasks.events.detect import parameters_key
from tasks.events.registry import (
    SEQUENCES,
    Analyzer,
    Parameter,
    analyzers,
    families,
    module_of,
)
from tasks.events.sequences import families_of, read_sequence

_SEQUENCE = re.compile(r"(?P<first>\w+?)_then_(?P<then>\w+)_within_(?P<within>[0-9]+[mhdw])")


class EventRule(Part):
    """What must happen: an analyzer of a module, with every parameter it was run with.

    Validation may be given ``context={"modules": ...}``: modules of the user's own that the
    environment has named, and so has imported. Any other is refused, never imported.
    """

    module: ModuleName
    family: str
    name: str
    parameters: dict[str, Parameter]
    cooldown: Duration
    parameters_key: Annotated[str, Field(pattern=r"^[0-9a-f]{12}$")]

    @model_validator(mode="after")
    def _registered(self, info: ValidationInfo) -> Self:
        refuse(_misfits(self, (info.context or {}).get("modules", ())))
        return self

    def modules(self, named: Sequence[str] = ()) -> tuple[str, ...]:
        """The modules that make the event: its own, of a sequence those of both its events."""
        if self.family != SEQUENCES:
            return (self.module,)
        behind = families_of(sequence_text(self.name), named)
        return tuple(sorted({self.module, *(module_of(family, named) for family in behind)}))


def sequence_text(name: str) -> str:
    """What the flag ``--sequences`` says for the sequence of this name.

    Raises
    ------
    ValueError
        When it is not called like one.

    Examples
    --------
    >>> sequence_text("vol_shock_then_oi_flush_within_8h")
    'vol_shock then oi_flush within 8h'
    """
    said = _SEQUENCE.fullmatch(name)
    if said is None:
        raise ValueError(f"{name!r} is no sequence: wanted FIRST_then_SECOND_within_DURATION")
    return f"{said['first']} then {said['then']} within {said['within']}"


def _misfits(rule: EventRule, modules: Sequence[str]) -> list[Misfit]:
    """All that does not fit; of what the first misfit hides, nothing."""
    if (said := _wrong_module(rule.module, modules)) is not None:
        return [(("module",), said, rule.module)]
    if rule.module.rpartition(".")[2] != rule.family:
        return [(("family",), f"{rule.module} defines another family", rule.family)]
    try:
        analyzer = _find(rule, modules)
    except ValueError as error:
        return [(("name",), str(error), rule.name)]
    return list(_wrong_parameters(rule, analyzer)) or list(_wrong_key(rule, analyzer))


def _wrong_module(module: str, modules: Sequence[str]) -> str | None:
    known = [module_of(family) for family in (*families(), SEQUENCES)]
    if module in known or module in modules:
        return None
    if module.startswith(module_of("")):
        return f"{module!r} defines no events{_nearest(module, known)}"
    return (
        f"{module!r} is none of tasks.events, and a blueprint imports nothing by itself: if you "
        f"trust this module, name it with --events-from {module}"
    )


def _find(rule: EventRule, modules: Sequence[str]) -> Analyzer:
    if rule.family == SEQUENCES:
        return read_sequence(sequence_text(rule.name), modules)
    found = {analyzer.name: analyzer for analyzer in analyzers(rule.family, modules)}
    if rule.name not in found:
        near = _nearest(rule.name, list(found))
        raise ValueError(f"{rule.name!r} is not registered in {rule.module}{near}")
    return found[rule.name]


def _wrong_parameters(rule: EventRule, analyzer: Analyzer) -> Iterable[Misfit]:
    known = analyzer.parameters
    for name, value in rule.parameters.items():
        if name not in known:
            said = f"{rule.name} takes no such parameter{_nearest(name, list(known))}"
            yield ("parameters", name), said, value
        elif (wrong := _wrong_kind(value, known[name])) is not None:
            yield ("parameters", name), f"{value!r}: {wrong}", value
    for name in sorted(set(known) - set(rule.parameters)):
        yield ("parameters", name), "missing: a blueprint holds every parameter", None


def _wrong_kind(value: Parameter, default: Parameter) -> str | None:
    if isinstance(value, str) != isinstance(default, str):
        return f"wanted a value like {default!r}"
    if isinstance(default, int) and not isinstance(value, int):
        return f"wanted a whole number like {default!r}"
    if isinstance(value, float) and not math.isfinite(value):
        return "wanted a finite number"
    try:
        duration_ms(value) if isinstance(value, str) else None
    except ValueError as error:
        return str(error)
    return None


def _wrong_key(rule: EventRule, analyzer: Analyzer) -> Iterable[Misfit]:
    tuned = EventsConfig.model_construct(
        parameters={analyzer.name: rule.parameters}, cooldown=rule.cooldown
    )
    key = parameters_key(analyzer, tuned)
    if rule.parameters_key != key:
        said = f"{rule.parameters_key} does not fit parameters and cooldown: theirs is {key}"
        yield ("parameters_key",), said, rule.parameters_key


def _nearest(word: str, known: Sequence[str]) -> str:
    near = get_close_matches(word, known, n=1, cutoff=0.5)
    return f"; the nearest is {near[0]!r}" if near else ""
