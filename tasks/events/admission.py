"""What a user's own events must pass before they run: the contract, on the proving ground."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from lake.errors import ConfigError
from tasks.events.bars import Bars
from tasks.events.config import EventsConfig
from tasks.events.contract import (
    first_foresight,
    first_memory,
    first_touched,
    first_unit,
    first_unmirrored,
    share_of_bars,
)
from tasks.events.proving import proving_ground
from tasks.events.registry import Analyzer, catalogue, defined_in

MOST_OF_BARS = 0.05
CLOCK_ONLY = {"C"}
LOG = logging.getLogger(__name__)
Question = tuple[str, Callable[[Analyzer, Bars], int | None]]


def admit(config: EventsConfig) -> None:
    """Let the user's modules and sequences in, or say what is wrong with them.

    Raises
    ------
    ConfigError
        When a module defines no event, when a name is taken, or when an event breaks the contract;
        the message names the first bar at which it does.
    """
    if not config.modules:
        return
    bars = proving_ground()
    taken = {analyzer.name: analyzer.family for analyzer in catalogue()}
    for module in config.modules:
        for analyzer in _defined(module):
            if analyzer.name in taken:
                raise ConfigError(
                    f"{module} defines {analyzer.name}, which {taken[analyzer.name]} has",
                    "a name of its own",
                    "rename the function",
                )
            taken[analyzer.name] = module
            _put_to_the_test(analyzer, module, bars, config.cooldown)


def _defined(module: str) -> tuple[Analyzer, ...]:
    analyzers = defined_in(module)
    if not analyzers:
        raise ConfigError(
            f"{module} defines no event",
            "functions decorated with tasks.events.registry.event",
            "see the README: Add an event",
        )
    return analyzers


def _put_to_the_test(analyzer: Analyzer, module: str, bars: Bars, cooldown: str) -> None:
    for promise, first_broken in _questions(cooldown):
        place = first_broken(analyzer, bars)
        if place is not None:
            raise ConfigError(
                f"{module}.{analyzer.name} {promise}: first at bar {place} of the proving ground, "
                f"{_moment(bars, place)}",
                "an event that passes the contract of tasks/events/contract.py",
                "mend the function, or what its decorator says of it",
            )
    share = share_of_bars(analyzer, bars, cooldown)
    if share > MOST_OF_BARS and set(analyzer.needs) - CLOCK_ONLY:
        raise ConfigError(
            f"{module}.{analyzer.name} stands at {share:.1%} of the proving ground's bars",
            f"at most {MOST_OF_BARS:.0%}: what happens all the time is no event",
            "mend its threshold",
        )
    if share == 0.0:
        LOG.warning("%s never stood on the proving ground: little is proved", analyzer.name)


def _questions(cooldown: str) -> Iterator[Question]:
    yield "looks ahead", first_foresight
    yield "needs more bars than its lookback", lambda a, b: first_memory(a, b, cooldown)
    yield "says mirrored=True but is not", first_unmirrored
    yield "depends on the unit of account", first_unit
    yield "writes to its bars", first_touched


def _moment(bars: Bars, place: int) -> str:
    return f"{datetime.fromtimestamp(int(bars.time[place]) / 1000, UTC):%Y-%m-%d %H:%M} UTC"
