"""Blueprints as JSON and YAML, there and back."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from lake.errors import ConfigError
from tasks.blueprint.document import VERSION, Blueprint
from tasks.blueprint.plain import MAX_JSON_BYTES, parse

MAX_TOLD, MAX_KEY = 40, 80


def write_json(blueprint: Blueprint) -> str:
    """JSON with sorted keys; floats in the shortest form that reads back to the same."""
    plain = blueprint.model_dump(mode="json")
    return json.dumps(plain, sort_keys=True, indent=1, allow_nan=False) + "\n"


def write_yaml(blueprint: Blueprint) -> str:
    """The same document as YAML with sorted keys, in ASCII: some other signs end a line there."""
    return yaml.safe_dump(blueprint.model_dump(mode="json"), sort_keys=True)


def read_blueprint(path: Path, modules: Sequence[str] = ()) -> Blueprint:
    """Read a blueprint from a file, see `load_blueprint`.

    Raises
    ------
    ConfigError
        Also when the file cannot be read, or is longer than any blueprint.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MAX_JSON_BYTES + 1)
        if len(data) > MAX_JSON_BYTES:
            raise ValueError(f"it is longer than {MAX_JSON_BYTES:,d} bytes")
        text = data.decode("utf-8")
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"the blueprint {path} cannot be read: {error}",
            "a JSON or YAML file as a run of discovery wrote it",
            "name the file with --blueprint",
        ) from error
    return load_blueprint(text, modules)


def load_blueprint(text: str, modules: Sequence[str] = ()) -> Blueprint:
    """Read a blueprint from JSON or YAML. Nothing that it names is imported.

    Parameters
    ----------
    modules : sequence of str
        Modules with events of the user's own that the environment has named: `EventsConfig` has
        imported them. A blueprint of an event of any other is refused.

    Raises
    ------
    ConfigError
        When the text is neither, is of another version, or a key or value does not fit; all of
        these are named.
    """
    fields = parse(text)
    _check_version(fields)
    try:
        # Strict, and as JSON: "5" is no number, 1 is no flag, and a list may be a tuple.
        return Blueprint.model_validate_json(
            json.dumps(fields), strict=True, context={"modules": tuple(modules)}
        )
    except ValidationError as error:
        raise ConfigError(
            "a blueprint with\n    " + "\n    ".join(_told(error)),
            "a document as a run of discovery wrote it",
            "mend these fields, or compile it again with python -m flows.discovery",
        ) from error


def _check_version(fields: Any) -> None:
    version = fields.get("version") if isinstance(fields, dict) else None
    if type(version) is int and version != VERSION:
        older = version < VERSION
        raise ConfigError(
            f"a blueprint of version {version}",
            f"version {VERSION}",
            "compile it again with python -m flows.discovery: the older document does not hold "
            "all that its trades depend on"
            if older
            else "run it with the version of Assay that wrote it",
        )


def _told(error: ValidationError) -> list[str]:
    """A line for each of the first misfits: its place and what is wrong there."""
    found = error.errors(include_url=False, include_context=False, include_input=False)
    lines = [f"{_place(e['loc'])}: {e['msg'].removeprefix('Value error, ')}" for e in found]
    more = [f"and {len(lines) - MAX_TOLD} more"] if len(lines) > MAX_TOLD else []
    return lines[:MAX_TOLD] + more


def _place(location: tuple[int | str, ...]) -> str:
    """``golden.first.0.side``; a key may be any text, so it is cut, and its signs are escaped."""
    steps = [str(step)[:MAX_KEY].encode("unicode_escape").decode() for step in location]
    return ".".join(steps) or "document"
