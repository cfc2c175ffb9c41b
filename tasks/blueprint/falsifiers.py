"""What would show that a blueprint does not hold: sentences from its own numbers."""

from __future__ import annotations

from collections.abc import Iterable

from tasks.blueprint.document import KillRule
from tasks.blueprint.evidence import ConfirmationEvidence, Evidence


def falsifiers(kill: KillRule, evidence: Evidence) -> tuple[str, ...]:
    """The sentences: of the mean, of the costs and of the size."""
    held = evidence.confirmation
    return (
        f"The mean of {kill.n_trades} live trades one after another is below "
        f"{kill.stop_below_bps:+.1f} bps: that is {kill.standard_errors:g} standard errors of "
        f"such a mean below the {held.net_bps:+.1f} bps of the confirmation era.",
        *_costs(held),
        *_size(evidence),
    )


def _costs(held: ConfirmationEvidence) -> Iterable[str]:
    if held.break_even_cost_bps is not None:
        yield (
            f"A fill costs more than {held.break_even_cost_bps:.1f} bps, all in: at that the mean "
            "of the confirmation era is zero."
        )


def _size(evidence: Evidence) -> Iterable[str]:
    capacity = evidence.confirmation.capacity
    tried = [s.number for s in evidence.stress if s.test == "notional" and s.number is not None]
    if capacity is not None:
        yield (
            f"A trade is larger than {capacity:,.0f} quote units: at that its own impact takes "
            "all that it earns."
        )
    elif tried:
        yield (
            f"A trade is larger than {max(tried):,.0f} quote units: nothing is known of such, for "
            "none was tried."
        )
