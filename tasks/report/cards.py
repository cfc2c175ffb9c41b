"""Blueprint cards: the rule in words, its evidence, its costs, when to stop, and the document."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from lake.ref import EVERY_MARKET
from tasks.report.facts import Evidence
from tasks.report.formats import (
    condition_words,
    count,
    decimal,
    hypothesis_words,
    probability,
    signed,
    spread,
)
from tasks.report.grid import Row
from tasks.report.ranking import ranked

_KILL = "kill"


def tell_cards(evidence: Evidence) -> dict[str, Any]:
    """One card per blueprint, by name."""
    known = {row["hypothesis"]: row for row in ranked(evidence).to_dicts()}
    blueprints = evidence.blueprints.sort("blueprint").to_dicts()
    cards = [_card(row, known.get(row["hypothesis"])) for row in blueprints]
    told = "" if cards else "No hypothesis was promoted, so there is no blueprint."
    return {"sentence": told, "cards": cards}


def _card(blueprint: Row, found: Row | None) -> dict[str, Any]:
    document = json.loads(blueprint["document_json"])
    return {
        "name": blueprint["blueprint"],
        "title": hypothesis_words(blueprint["hypothesis"]),
        "rule": "" if found is None else _rule(found),
        "evidence": "" if found is None else _evidence(found),
        "costs": "" if found is None else _costs(found),
        "kill": list(_kill_rules(document)),
        "json": json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False),
    }


def _rule(row: Row) -> str:
    when = "" if row["condition"] == "all" else f" under {condition_words(row['condition'])}"
    where = "In all markets" if row["market"] == EVERY_MARKET else f"On {row['market']}"
    which = "with" if (row["follow"] or 1) > 0 else "against"
    return (
        f"{where}, when {row['event']} becomes known at the close of a bar{when}, enter at the next bar's open {which} the event's side, leave at the close "
        f"{count(row['horizon_bars'])} bars after the event ({row['horizon']})."
    )


def _evidence(row: Row) -> str:
    return (
        f"{signed(row['effect_bps'])} {spread(row['se_bps'])} bps over {count(row['n'])} events in "
        f"{count(row['n_clusters'])} clusters, q {probability(row['q'])}; shrunk to "
        f"{signed(row['shrunk_bps'])} {spread(row['shrunk_sd_bps'])} bps."
    )


def _costs(row: Row) -> str:
    if row["net_bps"] is None:
        return ""
    return (
        f"{decimal(row['cost_bps'], 1)} bps both ways. Hold-out: {signed(row['net_bps'])} "
        f"{spread(row['net_se_bps'])} bps net a trade over {count(row['n_trades'])} trades; "
        f"breaks even at {decimal(row['break_even_cost_bps'], 1)} bps per side."
    )


def _kill_rules(document: Any, inside: str = "") -> Iterator[tuple[str, str]]:
    """Every plain value under a field whose name speaks of killing, with its name."""
    if isinstance(document, Mapping):
        for name, value in document.items():
            if inside or _KILL in name:
                yield from _kill_rules(value, name)
            elif isinstance(value, Mapping):
                yield from _kill_rules(value)
    elif inside:
        yield inside.replace("_", " "), str(document)
