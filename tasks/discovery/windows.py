"""What the estimators see of the markets through a window."""

from __future__ import annotations

from collections.abc import Collection, Iterable

import polars as pl

from lake.ref import WHOLE, Ref
from lake.schema import EVENTS
from tasks.discovery.config import DiscoveryConfig
from tasks.discovery.effects import estimate
from tasks.discovery.eras import Window


def estimate_market(
    window: Window,
    market: str,
    events: Iterable[Ref],
    features: Ref,
    outcomes: Iterable[Ref],
    config: DiscoveryConfig,
    names: Collection[str] | None = None,
) -> pl.DataFrame:
    """EFFECTS of a market, of all events or of those that are named."""
    return estimate(
        market,
        every_event(window, events, names),
        window.read(features),
        {ref.part: window.read(ref) for ref in outcomes},
        config,
    )


def estimate_found(
    window: Window,
    found: pl.DataFrame,
    events: Iterable[Ref],
    features: Iterable[Ref],
    outcomes: Collection[Ref],
    config: DiscoveryConfig,
) -> list[pl.DataFrame]:
    """EFFECTS of the events in `found` (rows of FINDINGS), one per market.

    All markets and horizons count, also those of no finding: they make the blocks that sums run
    over, and so the last digits are those of discovery. Without findings nothing is opened.
    """
    if found.is_empty():
        return []
    names = set(found["event"])
    asked = [ref for ref in events if ref.part in {WHOLE, *found["family"]}]
    return [
        estimate_market(
            window,
            ref.market,
            of_market(asked, ref.market),
            ref,
            of_market(outcomes, ref.market),
            config,
            names,
        )
        for ref in features
    ]


def every_event(
    window: Window, events: Iterable[Ref], names: Collection[str] | None = None
) -> pl.DataFrame:
    """The EVENTS of all tables, or those that are named."""
    whole = pl.concat([EVENTS.empty(), *(window.read(ref) for ref in events)])
    return whole if names is None else whole.filter(pl.col("event").is_in(sorted(names)))


def of_market(refs: Iterable[Ref], market: str) -> list[Ref]:
    """The tables of one market."""
    return [ref for ref in refs if ref.market == market]
