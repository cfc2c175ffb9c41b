"""Blueprint cards: the document in words, how to run it, and the document itself."""

from __future__ import annotations

import json
import shlex
from typing import Any

from tasks.report.facts import Evidence
from tasks.report.formats import hypothesis_words
from tasks.report.markdown import Part, set_parts

Row = dict[str, Any]
FOLDED = ("Walk-forward", "Stress", "Provenance")


def tell_cards(evidence: Evidence) -> dict[str, Any]:
    """One card per blueprint, by name; its words are those of the column `card`."""
    rows = evidence.blueprints.sort("blueprint").to_dicts()
    told = "" if rows else "No hypothesis was promoted, so there is no blueprint."
    return {"sentence": told, "cards": [_card(place, row) for place, row in enumerate(rows)]}


def _card(place: int, row: Row) -> dict[str, Any]:
    """What the sections above draw is folded away; a part that nobody knows is shown."""
    document = json.loads(row["document_json"])
    parts = set_parts(row["card"], f"card-{place}")
    named = [part for part in parts if part.title]
    return {
        "name": row["blueprint"],
        "title": hypothesis_words(row["hypothesis"]),
        "parts": [part for part in named if not _is_folded(part)],
        "folded": [part for part in named if _is_folded(part)],
        "command": _command(row["blueprint"]),
        "json": json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False),
    }


def _is_folded(part: Part) -> bool:
    return part.title in FOLDED


def _command(name: str) -> str:
    """Replay the golden trades from the file that lies beside the page."""
    return f"python -m flows.backtest --blueprint {shlex.quote(f'{name}.json')} --verify"
