"""Where every number comes from."""

from __future__ import annotations

import json
from typing import Any

import yaml

from lake.keys import canonical_json, sha256
from tasks.report.facts import Facts
from tasks.report.formats import count, n_of
from tasks.report.grid import Column, fill_grid, text

_DIGITS = 12
COLUMNS = (
    text("table", "kind", "code"),
    text("market", "market"),
    text("part", "part"),
    text("key", "key", "code", "first 12 hex digits of the hash of all that made the table"),
    Column("rows", lambda row: count(row["n_rows"])),
)


def tell_provenance(facts: Facts) -> dict[str, Any]:
    """Tables, code, libraries and settings behind the page."""
    settings = json.loads(canonical_json(facts.settings))
    refs = sorted(facts.refs, key=lambda ref: ref.address)
    rows = [ref.model_dump() | {"key": ref.key[:_DIGITS]} for ref in refs]
    return {
        "sentence": _sentence(facts),
        "tables": fill_grid("tables", "Tables", COLUMNS, rows),
        "n_tables": n_of(len(rows), "table"),
        "libraries": sorted(facts.libraries.items()),
        "settings": yaml.safe_dump(settings, sort_keys=True, allow_unicode=True),
    }


def _sentence(facts: Facts) -> str:
    code = sha256(canonical_json(facts.code).encode())[:_DIGITS]
    return (
        f"Drawn from {n_of(len(facts.refs), 'table')} made by {n_of(len(facts.code), 'module')} "
        f"(fingerprint {code}). The same tables give the same page, byte by byte; "
        "python -m lake lineage and explain tell the rest."
    )
