"""An engine's settings and terms in words: what stands in the place of a blueprint's card."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel

from tasks.backtest.engine_config import EngineTrading
from tasks.backtest.engine_member import FUSION, members_of
from tasks.engines.config import EnginesConfig


def write_engine_card(engine: str, config: EnginesConfig, trading: EngineTrading) -> str:
    """Write down how an engine is tuned and on which terms it is traded, as Markdown."""
    rooms = [name for name in members_of(engine) if name in EnginesConfig.model_fields]
    told = {name: getattr(config, name) for name in (*rooms, FUSION)}
    told = {name: room for name, room in told.items() if isinstance(room, BaseModel)}
    terms: dict[str, BaseModel] = {"trading": trading}
    parts = [f"# {title_of(engine)}", *(_table(name, room) for name, room in told.items())]
    parts += [_series(config)] if config.macro else []
    return "\n\n".join([*parts, *(_table(name, room) for name, room in terms.items())]) + "\n"


def title_of(engine: str) -> str:
    """An engine in words."""
    return "The fusion of all engines" if engine == FUSION else f"The engine {engine}, alone"


def _series(config: EnginesConfig) -> str:
    rows = [f"| {one.path[:16]} | {one.every} | {one.stale_after:g} |" for one in config.macro]
    return "\n".join(["## macro", "", "| content | every | stale after |", "|---|---|---|", *rows])


def _table(name: str, room: BaseModel) -> str:
    usual = dict(_flat(type(room)().model_dump(mode="json")))
    rows = [
        f"| {key} | {_said(value)} | {'' if usual.get(key) == value else _said(usual.get(key))} |"
        for key, value in _flat(room.model_dump(mode="json"))
    ]
    head = ["| setting | value | usually |", "|---|---|---|"]
    return "\n".join([f"## {name}", "", *head, *rows])


def _flat(values: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def _said(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(_said(one) for one in value) or "none"
    if isinstance(value, dict):
        return " ".join(f"{name} {_said(one)}" for name, one in value.items())
    return "none" if value is None else str(value).replace("|", "/")
