"""The one function that makes a table's key, and what goes into it."""

from __future__ import annotations

import ast
import hashlib
import json
import sys
import sysconfig
import threading
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from inspect import getsource
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from lake.ref import Ref

ROOT = Path(__file__).resolve().parent.parent
FIRST_PARTY = ("blocks", "deployments", "flows", "lake", "perf", "tasks", "tests")
NUMERIC_LIBRARIES = ("numba", "numpy", "polars", "scipy")


class Key(BaseModel):
    """A table's key with the fields it was made of, so that two keys can be compared."""

    model_config = ConfigDict(frozen=True)

    kind: str
    market: str
    part: str
    code: dict[str, str]
    config: dict[str, Any]
    parents: list[tuple[str, str]]
    libraries: dict[str, str]

    @property
    def digest(self) -> str:
        return sha256(canonical_json(self.model_dump(mode="json")).encode())


def sha256(data: bytes) -> str:
    """Hex digest of `data`."""
    return hashlib.sha256(data).hexdigest()


def canonical_json(value: Any) -> str:
    """JSON with one spelling per value: sorted keys, no spaces, no NaN."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


def make_key(
    kind: str,
    market: str,
    part: str,
    *,
    code: Iterable[str],
    config: Mapping[str, Any],
    parents: Iterable[Ref],
    libraries: Iterable[str] = NUMERIC_LIBRARIES,
    functions: Mapping[str, str] | None = None,
) -> Key:
    """Return the key of the table that `code` makes of `parents` under `config`.

    Parameters
    ----------
    code : iterable of str
        Modules whose source, with all first-party modules that they import, makes the table.
    config : mapping
        Everything else that the result depends on, as JSON values.
    parents : iterable of Ref
        Tables read, in the order in which the stage takes them.
    libraries : iterable of str
        Distributions whose version can change the result.
    functions : mapping of str to str, optional
        Single functions whose own source counts too, see `code_of_function`.
    """
    return Key(
        kind=kind,
        market=market,
        part=part,
        code=code_of(*code) | dict(functions or {}),
        config=json.loads(canonical_json(config)),
        parents=[(f"{ref.kind}/{ref.market}/{ref.part}", ref.identity) for ref in parents],
        libraries={name: _version(name) for name in sorted(libraries)},
    )


def code_of_function(function: Callable[..., Any]) -> dict[str, str]:
    """SHA-256 of a function's own source, without the rest of its module."""
    place = f"{function.__module__}:{function.__qualname__}"
    return {place: sha256(getsource(function).encode())}


def code_of(*modules: str, root: Path = ROOT) -> dict[str, str]:
    """SHA-256 of the source of `modules` and of all first-party modules they import, under `root`.

    The packages that a module lies in are run when it is imported, so they count. Imports are
    read from the syntax tree, so those inside functions count; a module chosen by name at run
    time does not, and must be named in `modules`. A named module of the user's own may lie
    elsewhere: what it imports counts as far as it is not installed in the environment.
    """
    found: dict[str, str] = {}
    waiting = list(modules)
    while waiting:
        name = waiting.pop()
        if name not in found:
            digest, imported = _read_module(root, name)
            found[name] = digest
            waiting.extend(imported)
    return dict(sorted(found.items()))


# Python 3.11 counts the depth of a syntax tree per interpreter, not per thread: two threads that
# parse at once can fail with "AST constructor recursion depth mismatch".
_PARSING = threading.Lock()
_version = cache(version)


@cache
def _read_module(root: Path, name: str) -> tuple[str, tuple[str, ...]]:
    path = _module_path(root, name)
    if path is None and (home := _home_of(name.partition(".")[0])) is not None:
        path = _module_path(home, name)
    if path is None:
        raise ModuleNotFoundError(f"no module {name!r} under {root.name}, nor beside it")
    source = path.read_bytes().replace(b"\r\n", b"\n")
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    with _PARSING:
        tree = ast.parse(source)
    named = [package, *_imports(package, tree)]
    return sha256(source), tuple(m for dotted in named for m in _first_party(root, dotted))


def _module_path(root: Path, name: str) -> Path | None:
    stem = root.joinpath(*name.split("."))
    candidates = (stem.with_suffix(".py"), stem / "__init__.py")
    return next((path for path in candidates if path.is_file()), None)


def _imports(package: str, tree: ast.AST) -> Iterable[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(node, package)
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)


def _absolute(node: ast.ImportFrom, package: str) -> str:
    if not node.level:
        return node.module or ""
    parents = package.split(".")[: len(package.split(".")) - node.level + 1]
    return ".".join([*parents, node.module] if node.module else parents)


def _first_party(root: Path, dotted: str) -> Iterable[str]:
    """Yield `dotted` and its packages, those that are modules of ours or of the user's."""
    parts = dotted.split(".")
    home = root if parts[0] in FIRST_PARTY else _home_of(parts[0])
    if home is not None:
        names = (".".join(parts[:end]) for end in range(1, len(parts) + 1))
        yield from (name for name in names if _module_path(home, name) is not None)


@cache
def _home_of(package: str) -> Path | None:
    """The folder of a top-level module that is neither ours nor installed, None if there is none.

    It is found without being imported.
    """
    if not package or package in sys.stdlib_module_names:
        return None
    spec = find_spec(package)
    if spec is None:
        return None
    folders = list(spec.submodule_search_locations or ())
    if not folders and not str(spec.origin).endswith(".py"):  # built in, frozen or compiled
        return None
    home = Path(folders[0] if folders else str(spec.origin)).parent
    installed = (sysconfig.get_path(name) for name in ("purelib", "platlib", "stdlib"))
    return None if any(home.is_relative_to(folder) for folder in installed) else home
