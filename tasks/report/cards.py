"""Blueprint cards: the rule in words, its evidence, its costs, when to stop, and the document."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tasks.report.facts import Evidence
from tasks.report.formats import (
    condition_words,
    count,
    decimal,
    hypothesis_words,
    n_of,
    probability,
    signed,
    spread,
)

Document = Mapping[str, Any]


def tell_cards(evidence: Evidence) -> dict[str, Any]:
    """One card per blueprint, by name; all that it says stands in the blueprint's document."""
    documents = [
        json.loads(text) for text in evidence.blueprints.sort("blueprint")["document_json"]
    ]
    told = "" if documents else "No hypothesis was promoted, so there is no blueprint."
    return {"sentence": told, "cards": [_card(document) for document in documents]}


def _card(document: Document) -> dict[str, Any]:
    terms = {
        "Rule": _rule(document),
        "Evidence": _evidence(document["evidence"]),
        "Costs": _costs(document["costs"], document["evidence"]["holdout"]),
        "Kill rule": _kill(document["kill"]),
    }
    return {
        "name": document["name"],
        "title": hypothesis_words(document["hypothesis"]),
        "terms": list(terms.items()),
        "json": json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False),
    }


def _rule(document: Document) -> str:
    labels = [f"{each['label']}={each['value']}" for each in document["conditions"]]
    when = "".join(f" under {condition_words(label)}" for label in labels)
    which = "with" if document["rule"] == "follow" else "against"
    bars = n_of(document["exit"]["time_stop_bars"], "bar")
    return (
        f"On {', '.join(document['markets'])}: when {document['event']['name']} becomes known at "
        f"the close of a bar{when}, enter at the next bar's open {which} the event's side, leave "
        f"at the close {bars} after the event ({document['exit']['horizon']}). One position per "
        "market."
    )


def _evidence(evidence: Document) -> str:
    found, held = evidence["discovery"], evidence["holdout"]
    return (
        f"Discovery: {signed(found['effect_bps'])} {spread(found['se_bps'])} bps over "
        f"{count(found['n'])} events in {count(found['n_clusters'])} clusters, q "
        f"{probability(found['q'])}, shrunk to {signed(found['shrunk_bps'])} "
        f"{spread(found['shrunk_sd_bps'])} bps. Hold-out: {signed(held['net_bps'])} "
        f"{spread(held['se_bps'])} bps net over {n_of(held['n_trades'], 'trade')}, q "
        f"{probability(held['q'])}, {decimal(100 * held['hit_rate'], 0)} % of them won."
    )


def _costs(costs: Document, held: Document) -> str:
    per_side = costs["taker_fee_bps"] + costs["half_spread_bps"] + costs["impact_bps"]
    return (
        f"{decimal(per_side)} bps per side (fee {decimal(costs['taker_fee_bps'])}, half spread "
        f"{decimal(costs['half_spread_bps'])}, impact {decimal(costs['impact_bps'])}), funding "
        f"{decimal(costs['funding_bps_per_8h'])} bps per 8h for longs. Breaks even at "
        f"{decimal(held['break_even_cost_bps'])} bps per side."
    )


def _kill(kill: Document) -> str:
    return (
        f"Stop when the mean of the last {count(kill['n_trades'])} trades is below "
        f"{signed(kill['stop_below_bps'])} bps: the hold-out mean less "
        f"{kill['standard_errors']:g} standard errors."
    )
