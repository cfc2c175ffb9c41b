"""Text of unknown origin to plain values: bounded, without aliases, each key once."""

from __future__ import annotations

import json
from collections.abc import Hashable
from typing import Any

import yaml
from yaml.constructor import ConstructorError
from yaml.nodes import MappingNode, Node

from lake.errors import ConfigError

MAX_JSON_BYTES = 16 * 2**20
MAX_YAML_BYTES = 2 * 2**20  # YAML is read by Python itself, a hundred times as slowly
MAX_YAML_VALUES = 50_000
MAX_DEPTH = 32
_KINDS = ("map", "seq", "str", "int", "float", "bool", "null")


class PlainLoader(yaml.SafeLoader):
    """PyYAML's safe loader for what JSON can say.

    Aliases let a short text stand for an endless document, and a key that stands twice lets a
    reader see another document than the machine.
    """

    n_values = 0

    def compose_node(self, parent: Node | None, index: Any) -> Node | None:
        mark = self.peek_event().start_mark
        self.n_values += 1
        if self.n_values > MAX_YAML_VALUES:
            raise ConstructorError(None, None, "too many values for YAML: give it as JSON", mark)
        if self.check_event(yaml.AliasEvent):
            raise ConstructorError(None, None, "an alias, which a blueprint never has", mark)
        node = super().compose_node(parent, index)
        if node is not None and node.tag.rpartition(":")[2] not in _KINDS:
            raise ConstructorError(None, None, f"a value of the kind {node.tag!r}", mark)
        return node

    def construct_mapping(self, node: MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        names = [key.value for key, _ in node.value]
        if len(set(map(str, names))) < len(names):
            raise ConstructorError(None, None, "a key that stands twice", node.start_mark)
        return super().construct_mapping(node, deep)


# Without this a date would become a time, which JSON cannot say.
PlainLoader.yaml_implicit_resolvers = {
    sign: [(tag, pattern) for tag, pattern in known if not tag.endswith(":timestamp")]
    for sign, known in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def parse(text: str) -> Any:
    """Plain values of JSON, if it begins with a brace, or YAML.

    Raises
    ------
    ConfigError
        When it is neither, too long or too deep.
    """
    as_json = text.lstrip().startswith("{")
    _check_length(text, MAX_JSON_BYTES if as_json else MAX_YAML_BYTES)
    try:
        value = json.loads(text, object_pairs_hook=_once) if as_json else _load_yaml(text)
    except (ValueError, yaml.YAMLError) as error:
        raise _no_document(str(error)) from error
    except RecursionError:
        raise _no_document("it is nested too deep") from None
    if _is_deep(value):
        raise _no_document(f"it is nested deeper than {MAX_DEPTH} levels")
    return value


def _check_length(text: str, most: int) -> None:
    if len(text) > most:
        raise ConfigError(
            f"a text of {len(text):,d} signs for a blueprint",
            f"at most {most:,d}",
            "give a blueprint as it was written; a large one as JSON",
        )


def _no_document(why: str) -> ConfigError:
    return ConfigError(
        f"a text that is no document: {why}",
        "a blueprint in JSON or YAML",
        "give the file as it was written",
    )


def _load_yaml(text: str) -> Any:
    loader = PlainLoader(text)
    try:
        return loader.get_single_data()
    finally:
        loader.dispose()


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        raise ValueError("a key that stands twice")
    return value


def _is_deep(value: Any) -> bool:
    level = [value] if isinstance(value, dict | list) else []
    for _ in range(MAX_DEPTH):
        inner = [item.values() if isinstance(item, dict) else item for item in level]
        level = [x for item in inner for x in item if isinstance(x, dict | list)]
        if not level:
            return False
    return True
