"""Which code makes a blueprint's trades, and whether it is still the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pkgutil import iter_modules

from lake.keys import NUMERIC_LIBRARIES, ROOT, code_of
from tasks.blueprint.document import Blueprint
from tasks.blueprint.event import EventRule

_ROOMS = ("clean", "features", "trading")
_PLUMBING = "task"


def _modules_in(room: str) -> tuple[str, ...]:
    found = (module.name for module in iter_modules([str(ROOT / "tasks" / room)]))
    return tuple(f"tasks.{room}.{name}" for name in found if name != _PLUMBING)


# From raw bars to trades, whatever the event. The rooms are siblings: they are read, not imported.
TRADING_CODE = ("tasks.events.detect", *(name for room in _ROOMS for name in _modules_in(room)))


def current_code(event: EventRule, modules: Sequence[str] = ()) -> dict[str, str]:
    """SHA-256 of every module, as it is now, that has part in the trades of `event`.

    Parameters
    ----------
    modules : sequence of str
        Of the user's own, those that the environment has named.
    """
    return code_of(*event.modules(modules), *TRADING_CODE)


def current_libraries() -> dict[str, str]:
    """Versions, here and now, of the libraries that can change a number."""
    return {name: version(name) for name in NUMERIC_LIBRARIES}


def changed_code(blueprint: Blueprint, current: Mapping[str, str]) -> tuple[str, ...]:
    """Modules that differ from the blueprint's, are new or gone, sorted; see `current_code`."""
    return _unequal(blueprint.code, current)


def changed_libraries(blueprint: Blueprint, current: Mapping[str, str]) -> tuple[str, ...]:
    """Libraries of another version than the blueprint's, sorted; see `current_libraries`."""
    return _unequal(blueprint.libraries, current)


def _unequal(then: Mapping[str, str], now: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(sorted(name for name in {*then, *now} if then.get(name) != now.get(name)))
