"""Why anyone believes a blueprint: numbers of every step, null where one is not known."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Self

from pydantic import model_validator

from tasks.blueprint.parts import (
    Count,
    Finite,
    Misfit,
    Number,
    Part,
    Probability,
    Span,
    refuse,
    span_misfits,
)


class DiscoveryEvidence(Part):
    """What the discovery era said of the effect, against its baseline.

    `scaled_bps` is what was selected for being large; `shrunk_bps` is what is believed of it, from
    `lower_bps` to `upper_bps` with 95 %; `kept_share` is the second over the first.
    """

    n: Count
    n_clusters: Count
    scaled_bps: Number
    scaled_se_bps: Number
    effect_bps: Number
    weighted_bps: Number
    t: Number
    p: Probability
    q: Probability
    p_permutation: Probability
    shrunk_bps: Number
    lower_bps: Number
    upper_bps: Number
    sign_rate: Probability
    kept_share: Number


class ConfirmationEvidence(Part):
    """What trading it out of sample left after costs: BRIDGED says what each column means.

    `capacity` is null also where no notional that was tried was too large.
    """

    n_folds: Count
    n_folds_selected: Count
    n_folds_judged: Count
    n_folds_positive: Count
    n_trades: Count
    n_clusters: Count
    gross_bps: Number
    cost_bps: Number
    net_bps: Finite
    se_bps: Finite
    t: Number
    p: Probability
    q: Probability
    hit_rate: Probability
    worst_bps: Number
    n_ambiguous: Count
    net_double_cost_bps: Number
    gross_delayed_bps: Number
    net_trimmed_bps: Number
    largest_share: Probability
    break_even_cost_bps: Number
    capacity: Number
    n_years: Count
    n_years_positive: Count
    p_shifted: Probability
    p_random: Probability
    p_opposite: Probability


class FoldEvidence(Span):
    """One step of the walk-forward: whether it was traded then, and what that left.

    Of a fold in which it was not, what it would have left; that does not count.
    """

    fold: Count
    selected: bool
    n_trades: Count
    net_bps: Number


class StressEvidence(Part):
    """The same trades under another condition: see STRESSED."""

    test: str
    level: str
    n_trades: Count
    net_bps: Number
    se_bps: Number
    p: Probability

    @property
    def number(self) -> float | None:
        """The level where it is a number: of costs, bars or a notional."""
        try:
            return float(self.level)
        except ValueError:
            return None


class SearchEvidence(Part):
    """What the whole search is worth, as a portfolio: `candidates` of it, or those `promoted`."""

    portfolio: str
    n_trials: Count | None
    n_effective: Number
    hurdle: Number
    dsr: Probability
    psr: Probability


class Evidence(Part):
    """Why anyone believes it."""

    discovery: DiscoveryEvidence
    confirmation: ConfirmationEvidence
    folds: tuple[FoldEvidence, ...]
    stress: tuple[StressEvidence, ...]
    search: tuple[SearchEvidence, ...]
    verdict: str

    @model_validator(mode="after")
    def _folds_in_order(self) -> Self:
        places = ((("folds", i), fold) for i, fold in enumerate(self.folds))
        refuse([*span_misfits(places), *self._folds_twice()])
        return self

    def _folds_twice(self) -> Iterable[Misfit]:
        numbers = [fold.fold for fold in self.folds]
        for i, number in enumerate(numbers):
            if number in numbers[:i]:
                yield ("folds", i, "fold"), f"there are two folds {number}", number
