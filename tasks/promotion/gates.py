"""The gates between a hypothesis and its promotion: a table of small functions with reasons.

A gate reads one row: the columns of FINDINGS, those of BRIDGED (with the suffix ``_confirmed``
where both have them), `sufficient` (what discovery wanted) and `twin` (a better candidate that it
repeats, or None). NaN passes no gate that compares it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tasks.promotion.config import PromotionConfig

PROMOTED, REJECTED, INSUFFICIENT = "promoted", "rejected", "insufficient evidence"
FINDING = "finding"
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Stop:
    """Why a gate stopped a hypothesis.

    Attributes
    ----------
    verdict : str
        rejected or insufficient evidence.
    reason : str
        With the numbers that decided.
    n_more : int or None
        Occurrences that would settle it, where that is the question.
    """

    verdict: str
    reason: str
    n_more: int | None = None


@dataclass(frozen=True)
class Sufficient:
    """Counts from which discovery tested a hypothesis, as its config names them."""

    min_events: int
    min_clusters: int
    min_effective_clusters: float


Gate = tuple[str, str, Callable[[Row, PromotionConfig], Stop | None]]


def is_testable(row: Row, config: PromotionConfig) -> Stop | None:
    """Discovery had enough occurrences to test it."""
    if row["verdict"] != INSUFFICIENT:
        return None
    wanted = row["sufficient"]
    n_more = count_missing(
        row["n"],
        (row["n"], wanted.min_events),
        (row["n_clusters"], wanted.min_clusters),
        (row["effective_clusters"], wanted.min_effective_clusters),
    )
    advice = f": about {n_more} more events would do" if n_more else ""
    return Stop(INSUFFICIENT, row["reason"] + advice, n_more)


def is_finding(row: Row, config: PromotionConfig) -> Stop | None:
    """Its effect survived the multiplicity of all hypotheses."""
    return None if row["verdict"] == FINDING else Stop(REJECTED, row["reason"])


def has_trades(row: Row, config: PromotionConfig) -> Stop | None:
    """It traded often enough in the confirmation era."""
    n, n_clusters = row["n_trades"], row["n_clusters_confirmed"]
    if n >= config.min_trades and n_clusters >= config.min_trade_clusters:
        return None
    n_more = count_missing(n, (n, config.min_trades), (n_clusters, config.min_trade_clusters))
    have = f"{n} confirmation trades in {n_clusters} blocks"
    wanted = f"{config.min_trades} in {config.min_trade_clusters} wanted"
    return Stop(INSUFFICIENT, f"{have}, {wanted}: needs {n_more} more", n_more)


def earns_its_costs(row: Row, config: PromotionConfig) -> Stop | None:
    """The mean trade of the confirmation era is positive after costs."""
    if row["net_bps"] > 0:
        return None
    gross, cost = row["gross_bps"], row["cost_bps"]
    return Stop(
        REJECTED, f"confirmation mean {row['net_bps']:.1f} bps: {gross:.1f} gross, {cost:.1f} costs"
    )


def is_significant(row: Row, config: PromotionConfig) -> Stop | None:
    """That mean is beyond chance, given all candidates."""
    if row["q_confirmed"] <= config.max_q:
        return None
    return Stop(
        REJECTED,
        f"confirmation q {row['q_confirmed']:.3f} above {config.max_q:g} "
        f"(mean {row['net_bps']:.1f} bps, t {row['t_confirmed']:.2f})",
    )


def survives_double_costs(row: Row, config: PromotionConfig) -> Stop | None:
    """It is still positive when everything costs twice as much."""
    if row["net_double_cost_bps"] > 0:
        return None
    return Stop(
        REJECTED,
        f"{row['net_double_cost_bps']:.1f} bps at double costs; "
        f"breaks even at {row['break_even_cost_bps']:.1f} bps per side",
    )


def shrinks_to_a_profit(row: Row, config: PromotionConfig) -> Stop | None:
    """The shrunk effect has the effect's sign and exceeds what a trade costs."""
    if row["follow"] * row["shrunk_bps"] > row["cost_bps"]:
        return None
    return Stop(
        REJECTED,
        f"effect {row['scaled_bps']:.1f} bps shrinks to {row['shrunk_bps']:.1f}, "
        f"a trade costs {row['cost_bps']:.1f}",
    )


def is_different(row: Row, config: PromotionConfig) -> Stop | None:
    """It holds other positions than broader candidates."""
    twin = row["twin"]
    if twin is None:
        return None
    if twin.overlap is None:
        return Stop(REJECTED, f"redundant: a part of {twin.hypothesis}")
    shared = f"shares {twin.overlap:.0%} of the positions"
    return Stop(REJECTED, f"redundant with {twin.hypothesis}: {shared}")


GATES: tuple[Gate, ...] = (
    ("testable", "enough occurrences to test", is_testable),
    ("finding", "beyond chance among all hypotheses", is_finding),
    ("confirmation_trades", "enough trades in the confirmation era", has_trades),
    ("net_positive", "positive after costs", earns_its_costs),
    ("confirmation_q", "beyond chance in the confirmation era", is_significant),
    ("cost_stress", "positive at double costs", survives_double_costs),
    ("shrunk_sign", "shrunk effect exceeds the costs", shrinks_to_a_profit),
    ("different", "not redundant with a broader one", is_different),
)


def count_missing(n: int, *have_and_wanted: tuple[float, float]) -> int | None:
    """Occurrences beyond the `n` at hand until every count reaches what is wanted.

    Counts are taken to grow in proportion to `n`; from nothing, the largest wanted is the answer.
    A count that is not known (0 or NaN) is left out. None where no count falls short.
    """
    if n == 0:
        return math.ceil(max(wanted for _, wanted in have_and_wanted))
    needed = [math.ceil(n * wanted / have) for have, wanted in have_and_wanted if have > 0]
    return max(needed) - n if max(needed) > n else None
