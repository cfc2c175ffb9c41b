"""All hypotheses of one horizon, estimated event by event."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lake.time import duration_ms
from tasks.discovery.blocks import block_ms
from tasks.discovery.cells import Court, Errors, Estimates
from tasks.discovery.config import DiscoveryConfig
from tasks.discovery.panels import Blocks, Panel


@dataclass(frozen=True)
class Heard:
    """What the hypotheses of one horizon say.

    Attributes
    ----------
    labels : DataFrame
        Columns hypothesis, market, family, event, horizon, horizon_bars and condition, sorted by
        event.
    estimates : Estimates
        In the order of `labels`.
    errors : list of Errors
        One per event: the rows of `labels` of that event, in their order.
    days : (G,) int64
        First day of each calendar block, since 1970.
    """

    labels: pl.DataFrame
    estimates: Estimates
    errors: list[Errors]
    days: NDArray[np.int64]


def hear(
    effects: Sequence[pl.DataFrame], hypotheses: pl.DataFrame, config: DiscoveryConfig
) -> list[Heard]:
    """Estimate every hypothesis that is asked, horizon by horizon.

    Parameters
    ----------
    effects : sequence of DataFrame of EFFECTS
        One per market; the order does not matter.
    hypotheses : DataFrame
        Rows of GRID, or of FINDINGS: market, family, event, horizon, condition, ...

    Returns
    -------
    list of Heard
        By length of the horizon; one of a horizon without any outcome has no estimate (NaN).
    """
    whole = pl.concat(list(effects)) if effects else None
    horizons = sorted(hypotheses["horizon"].unique(), key=duration_ms)
    heard = []
    for horizon in horizons:
        asked = hypotheses.filter(pl.col("horizon") == horizon)
        sums = None if whole is None else whole.filter(pl.col("horizon") == horizon)
        heard.append(_hear_horizon(sums, asked, block_ms(duration_ms(horizon), config)))
    return heard


def _hear_horizon(sums: pl.DataFrame | None, asked: pl.DataFrame, block: int) -> Heard:
    columns = ["hypothesis", "market", "family", "event", "horizon", "horizon_bars", "condition"]
    labels = asked.select(columns).sort("event", "family", "condition", "market")
    panels, blocks = _panels(sums)
    court = Court(panels, blocks)
    cells = labels.group_by("event", maintain_order=True).agg("market", "condition")
    parts = [
        court.hear(event, list(zip(markets, conditions, strict=True)))
        for event, markets, conditions in cells.iter_rows()
    ]
    days = (blocks.first + np.arange(blocks.count)) * block // duration_ms("1d")
    estimates = Estimates.joined([estimates for estimates, _ in parts])
    return Heard(labels, estimates, [errors for _, errors in parts], days)


def _panels(sums: pl.DataFrame | None) -> tuple[dict[str, Panel], Blocks]:
    if sums is None or sums.is_empty():
        return {}, Blocks(0, 0)
    parts = sums.sort("market", "event", "condition").partition_by("market", as_dict=True)
    panels = {str(market): Panel.of(frame) for (market,), frame in parts.items()}
    first = min(int(panel.cluster.min()) for panel in panels.values())
    last = max(int(panel.cluster.max()) for panel in panels.values())
    return panels, Blocks(first, last - first + 1)
