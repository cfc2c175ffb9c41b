"""What a blueprint's evidence was made of, from the lake's own entries."""

from __future__ import annotations

from collections.abc import Iterable

from lake.ref import Ref
from lake.store import Entry
from tasks.blueprint.document import Source


def list_sources(ancestors: Iterable[Entry]) -> tuple[Source, ...]:
    """Every table from the evidence to the raw bytes, sorted.

    Raw tables stand without their key, and what lies before them not at all: two fetches of the
    same bytes are the same source, and must compile to the same document.
    """
    made = [entry for entry in ancestors if not entry.ref.raw]
    raw = [parent for entry in made for parent in entry.parents if parent.raw]
    lines = {_line(ref) for ref in [*(entry.ref for entry in made), *raw]}
    named = [Source(table=t, key=key or None, content=content) for t, key, content in sorted(lines)]
    return tuple(named)


def _line(ref: Ref) -> tuple[str, str, str]:
    return f"{ref.kind}/{ref.market}/{ref.part}", "" if ref.raw else ref.key, ref.content
