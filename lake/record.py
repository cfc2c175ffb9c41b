"""What flows leave in a lake besides tables: the record of a run, and documents for people."""

from __future__ import annotations

from typing import Any

from lake.store import open_lake


def keep_run(uri: str, run: str, record: dict[str, Any]) -> None:
    """Keep the record of `run` in the lake at `uri`."""
    open_lake(uri).put_run(run, record)


def keep_document(uri: str, name: str, content: str | bytes) -> str:
    """Keep a report, a picture or a blueprint under `name`; return where it is."""
    return open_lake(uri).put_document(name, content)
