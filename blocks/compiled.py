"""The layer of settings that a blueprint brings: the bars, features and event of its research."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any, Protocol

from lake.config import Config
from lake.errors import ConfigError
from tasks.backtest.engine_request import Asking as AskingEngine
from tasks.backtest.engine_request import check_engine
from tasks.blueprint.document import Blueprint
from tasks.blueprint.event import EventRule, sequence_text
from tasks.blueprint.text import read_blueprint
from tasks.clean.config import CleanConfig
from tasks.events.config import EventsConfig
from tasks.events.registry import SEQUENCES
from tasks.features.config import FeaturesConfig
from tasks.ingest.config import IngestConfig

# A blueprint is a file from elsewhere: it may say what is asked of a source, but neither name a
# place of this machine or an address, nor a module that would be run.
ASKED_OF_A_SOURCE = (
    *("source", "timeframe", "symbols", "start", "end", "leader", "beside"),
    *("drop_unproven_last_bar", "demo", "binance"),
)
BINANCE = ("venue",)
MEND = "take the field out, or compile it again with python -m flows.discovery"
ROOMS: dict[str, type[Config]] = {
    "clean": CleanConfig,
    "features": FeaturesConfig,
    "events": EventsConfig,
}


def choose_blueprint(path: str | None, modules: Iterable[str] = ()) -> Blueprint:
    """The blueprint that the user named.

    Parameters
    ----------
    path : str or None
        Its file.
    modules : iterable of str
        With events of the user's own: the only ones that a blueprint can have imported.

    Raises
    ------
    ConfigError
        When none was named, or it is none; every wrong field is told by its path.
    """
    if path is None:
        raise ConfigError(
            "no blueprint",
            "the file of one: discovery writes them into the lake's documents/",
            "name it: python -m flows.backtest --blueprint FILE, or an engine: --engine fusion",
        )
    return _read(path, tuple(modules))


@cache
def _read(path: str, modules: tuple[str, ...]) -> Blueprint:
    return read_blueprint(Path(path), EventsConfig(modules=modules).modules)


class Asking(AskingEngine, Protocol):
    """What of a run's config says what is traded, and on which bars."""

    @property
    def events(self) -> EventsConfig: ...


def check_asked(config: Asking) -> None:
    """Refuse a back-test of nothing, of two things, or on bars that do not fit.

    Raises
    ------
    ConfigError
        In all these cases.
    """
    path, engine = config.backtest.blueprint, config.backtest.engine
    if path is not None and engine is not None:
        raise ConfigError(
            f"a blueprint, {path}, and an engine, {engine}",
            "one of them: a back-test is of a blueprint or of an engine",
            "leave --blueprint or --engine out",
        )
    if engine is not None:
        check_engine(config)
        return
    blueprint = choose_blueprint(config.backtest.blueprint, config.events.modules)
    if config.timeframe != blueprint.timeframe:
        raise ConfigError(
            f"bars of {config.timeframe}",
            f"the blueprint's timeframe, {blueprint.timeframe}",
            "leave --timeframe out",
        )


def research_of(blueprint: Blueprint) -> IngestConfig:
    """What its research asked of which source."""
    ingest = settings_from(blueprint)
    return IngestConfig(**{n: v for n, v in ingest.items() if n in IngestConfig.model_fields})


def settings_from(blueprint: Blueprint) -> dict[str, Any]:
    """The settings of its research as a run's, for its own event alone.

    Raises
    ------
    ConfigError
        When it says something of the source that a blueprint may not say.
    """
    rooms = blueprint.settings.model_dump(mode="json")
    ingest = rooms["ingest"]
    _check(ingest, ASKED_OF_A_SOURCE, "settings.ingest")
    _check(ingest.get("binance", {}), BINANCE, "settings.ingest.binance")
    for name, room in ROOMS.items():
        _check(rooms[name], tuple(room.model_fields), f"settings.{name}")
    kept = {name: rooms[name] for name in ("clean", "features")}
    return ingest | kept | {"events": _settings_of_event(blueprint.event)}


def _settings_of_event(event: EventRule) -> dict[str, Any]:
    """What finds it and nothing else: what the research tuned besides may be of a user's module."""
    return {
        "names": [event.name],
        "parameters": {event.name: event.parameters},
        "cooldown": event.cooldown,
        "sequences": [sequence_text(event.name)] if event.family == SEQUENCES else [],
    }


def other_settings(blueprint: Blueprint, **rooms: Config) -> list[str]:
    """What a user tuned otherwise than the blueprint, like ``features.fast``; flags win over it.

    Parameters
    ----------
    **rooms : Config
        Of the run: clean, features and events.
    """
    wanted = settings_from(blueprint)
    return [
        f"{name}.{field}"
        for name, room in rooms.items()
        for field, value in room.model_dump(mode="json").items()
        if value != wanted[name].get(field, value)
    ]


def settings_of(ingest: IngestConfig, **rooms: Config) -> dict[str, dict[str, Any]]:
    """What a blueprint says of its research: what `settings_from` reads.

    Parameters
    ----------
    ingest : IngestConfig
        Of the run; places and addresses are left out.
    **rooms : Config
        clean, features and events.
    """
    asked = ingest.model_dump(mode="json", include=set(ASKED_OF_A_SOURCE))
    asked["binance"] = {name: asked["binance"][name] for name in BINANCE}
    if ingest.source != "demo":
        del asked["demo"]
    return {"ingest": asked} | {n: room.model_dump(mode="json") for n, room in rooms.items()}


def _check(found: Any, allowed: tuple[str, ...], place: str) -> None:
    if not isinstance(found, dict):
        raise ConfigError(
            f"a blueprint with {place}: {found!r}",
            f"an object with some of {', '.join(allowed)}",
            MEND,
        )
    strange = sorted(set(found) - set(allowed))
    if strange:
        raise ConfigError(
            f"a blueprint with {place}.{strange[0]}",
            f"of {place} only {', '.join(allowed)}",
            MEND,
        )
