"""Blueprint cards: the rule in words, its evidence, its costs, when to stop, and the document."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tasks.report.believed import tell_belief
from tasks.report.facts import Evidence
from tasks.report.formats import (
    condition_words,
    count,
    decimal,
    estimate,
    hypothesis_words,
    n_of,
    probability,
    signed,
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
        "Costs": _costs(document["costs"], document["evidence"]["confirmation"]),
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
    found, held = evidence["discovery"], evidence["confirmation"]
    return (
        f"Out of sample, after costs: {estimate(held['net_bps'], held['se_bps'])} bps a trade over "
        f"{n_of(held['n_trades'], 'trade')}, q {probability(held['q'])}, "
        f"{decimal(100 * held['hit_rate'], 0)} % of them won. In the search, {tell_belief(found)}, "
        f"from {count(found['n'])} events in {count(found['n_clusters'])} calendar blocks, q "
        f"{probability(found['q'])}, false sign rate {probability(found['sign_rate'])}."
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
        f"{signed(kill['stop_below_bps'])} bps: that mean out of sample less "
        f"{kill['standard_errors']:g} standard errors."
    )
