"""Blueprints as JSON and YAML, there and back."""

from __future__ import annotations

import json
from typing import Any

import yaml
from pydantic import ValidationError

from lake.errors import ConfigError
from tasks.blueprint.document import Blueprint


def write_json(blueprint: Blueprint) -> str:
    """JSON with sorted keys; floats in the shortest form that reads back to the same."""
    plain = blueprint.model_dump(mode="json")
    return json.dumps(plain, sort_keys=True, indent=1, allow_nan=False) + "\n"


def write_yaml(blueprint: Blueprint) -> str:
    """The same document as YAML with sorted keys, in ASCII: some other signs end a line there."""
    return yaml.safe_dump(blueprint.model_dump(mode="json"), sort_keys=True)


def load_blueprint(text: str) -> Blueprint:
    """Read a blueprint from JSON or YAML.

    Raises
    ------
    ConfigError
        When the text is neither, or a key or value does not fit; all of them are named.
    """
    fields = _parse(text)
    try:
        return Blueprint.model_validate(fields)
    except ValidationError as error:
        wrong = [f"{_place(e['loc'])}: {e['msg']}" for e in error.errors()]
        raise ConfigError(
            "a blueprint with\n    " + "\n    ".join(wrong),
            "a document as the lake's documents/ holds them",
            "mend these fields, or compile it again with python -m flows.discovery",
        ) from error


def _parse(text: str) -> Any:
    try:
        return json.loads(text) if text.lstrip().startswith("{") else yaml.safe_load(text)
    except (ValueError, yaml.YAMLError) as error:
        raise ConfigError(
            f"a text that is no document: {error}",
            "a blueprint in JSON or YAML",
            "give the file as it was written",
        ) from error


def _place(location: tuple[int | str, ...]) -> str:
    return ".".join(map(str, location)) or "document"
