"""One hypothesis in words: what was found, what is believed of it, what came out of sample."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lake.ref import EVERY_MARKET
from tasks.report.formats import (
    condition_words,
    decimal,
    estimate,
    interval,
    is_missing,
    market_words,
    n_of,
    probability,
    signed,
)

Row = Mapping[str, Any]


def tell_name(row: Row) -> str:
    """Event, market, horizon and condition as the start of a sentence."""
    where = "in all markets" if row["market"] == EVERY_MARKET else market_words(row["market"])
    when = "" if row["condition"] == "all" else f" under {condition_words(row['condition'])}"
    return f"{row['event']}, {where}, after {row['horizon']}{when}"


def tell_belief(row: Row) -> str:
    """What the selection haircut leaves, and why it is believed.

    Parameters
    ----------
    row : mapping
        A row of `tasks.report.ranking.ranked`.
    """
    believed = interval(row["lower_bps"], row["upper_bps"])
    return (
        f"of {signed(row['scaled_bps'])} bps found, {signed(row['shrunk_bps'])} are believed "
        f"(95 %: {believed})"
    )


def tell_proof(row: Row) -> str:
    """What came out of sample, before costs; that nothing did, where nothing did."""
    value = row["confirmed_scaled_bps"]
    if value is None:
        return "out of sample it was not asked"
    if is_missing(value):
        return "out of sample it did not occur"
    events = n_of(row["confirmed_n"], "event")
    return f"out of sample {estimate(value, row['confirmed_scaled_se_bps'])} bps over {events}"


def tell_doubt(row: Row) -> str:
    """How sure the sign is, and what the sample could have seen."""
    return (
        f"false sign rate {probability(row['sign_rate'])}, q {probability(row['q'])}, detectable "
        f"{decimal(row['detectable_bps'], 1)} bps"
    )


def tell_trades(row: Row) -> str:
    """What its trades earned out of sample, after costs; empty where it was not traded."""
    if row["net_bps"] is None:
        return ""
    side = "followed" if row["follow"] > 0 else "faded"
    if not row["n_trades"]:
        return f"{side}, but without a trade that counts"
    return (
        f"{side}, after costs: {estimate(row['net_bps'], row['net_se_bps'])} bps a trade over "
        f"{n_of(row['n_trades'], 'trade')}"
    )
