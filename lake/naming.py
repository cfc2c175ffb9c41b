"""Which table a person means by a few words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from lake.errors import LakeError, MissingTable
from lake.schema import TABLES
from lake.store import Entry, Lake

MIN_PREFIX = 6
_HEX = re.compile(r"[0-9a-f]+")


def find_table(lake: Lake, words: Sequence[str]) -> Entry:
    """Return the one table that `words` name.

    They are an address ``KIND/market/part/key``, or the beginning of a key (six hex digits or
    more), or ``KIND [market [part]]`` for the table that the last run used.

    Raises
    ------
    MissingTable
        When they name none.
    LakeError
        When they name more than one; all are listed.
    """
    if len(words) == 1 and "/" in words[0]:
        found = _by_address(lake, words[0])
    elif len(words) == 1 and words[0].upper() not in TABLES and _HEX.fullmatch(words[0]):
        found = _by_prefix(lake.entries(), words[0])
    else:
        found = _by_kind(lake, words)
    if len(found) == 1:
        return found[0]
    said = " ".join(words)
    if not found:
        raise MissingTable(
            f"the lake {lake.uri} has no table {said}",
            "KIND/market/part/key, the beginning of a key, or KIND [market [part]]",
            "take one from `python -m lake ls`",
        )
    raise LakeError(
        f"{said!r} names {len(found)} tables",
        "one of\n    " + "\n    ".join(entry.ref.address for entry in found),
        "name its market and part, or its key",
    )


def _by_address(lake: Lake, address: str) -> list[Entry]:
    place, _, key = address.rpartition("/")
    if len(key) < 64 and _HEX.fullmatch(key):
        here = (e for e in lake.entries() if e.ref.address.startswith(f"{place}/"))
        return _by_prefix(here, key)
    entry = lake.entry(address)
    return [] if entry is None else [entry]


def _by_prefix(entries: Iterable[Entry], prefix: str) -> list[Entry]:
    if len(prefix) < MIN_PREFIX:
        raise LakeError(
            f"{prefix!r} for a key", f"at least {MIN_PREFIX} of its digits", "write more of it"
        )
    return [entry for entry in entries if entry.ref.key.startswith(prefix)]


def _by_kind(lake: Lake, words: Sequence[str]) -> list[Entry]:
    if words[0].upper() not in TABLES or len(words) > 3:
        raise LakeError(
            f"{' '.join(words)!r} for a table",
            f"KIND [market [part]], where KIND is one of {', '.join(sorted(TABLES))}",
            "see `python -m lake ls`",
        )
    wanted = [words[0].upper(), *words[1:]]
    for run in reversed(lake.runs()):
        used = [lake.entry(a) for a in used_addresses(run) if a.split("/")[: len(wanted)] == wanted]
        found = [entry for entry in used if entry is not None]
        if found:
            return found
    return [e for e in lake.entries() if e.ref.address.split("/")[: len(wanted)] == wanted]


def used_addresses(run: dict[str, Any]) -> list[str]:
    """Addresses of the tables that a run made or found, sorted, each once."""
    return sorted({stage["address"] for stage in run["stages"] if stage.get("address")})
