"""What a gate answers: the figure that it computed, what it wanted, and whether it stops."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tasks.promotion.config import PromotionConfig

PROMOTED, REJECTED, INSUFFICIENT = "promoted", "rejected", "insufficient evidence"
UNKNOWN = "not known, as where there are no trades in the folds that it was selected for"
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
class Answer:
    """What a gate says of a hypothesis.

    Attributes
    ----------
    figure : float
        What it computed.
    wanted : str
        Of the figure, in words.
    stop : Stop or None
        None where it passes.
    """

    figure: float
    wanted: str
    stop: Stop | None = None


@dataclass(frozen=True)
class Sufficient:
    """Counts from which discovery tested a hypothesis, as its config names them."""

    min_events: int
    min_clusters: int
    min_effective_clusters: float


Gate = tuple[str, str, Callable[[Row, PromotionConfig], Answer]]


def answer(figure: float, wanted: str, passes: bool, reason: str) -> Answer:
    """Pass, or reject for the reason; NaN never passes."""
    if math.isnan(figure):
        return Answer(figure, wanted, Stop(REJECTED, UNKNOWN))
    return Answer(float(figure), wanted, None if passes else Stop(REJECTED, reason))


def count_missing(n: int, *have_and_wanted: tuple[float, float]) -> int | None:
    """Occurrences beyond the `n` at hand until every count reaches what is wanted.

    Counts are taken to grow in proportion to `n`; from nothing, the largest wanted is the answer.
    A count that is not known (0 or NaN) is left out. None where no count falls short.
    """
    if n == 0:
        return math.ceil(max(wanted for _, wanted in have_and_wanted))
    needed = [math.ceil(n * wanted / have) for have, wanted in have_and_wanted if have > 0]
    return max(needed) - n if max(needed) > n else None
