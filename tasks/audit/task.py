"""The audit as Prefect sees it: one table per market, and family of events or the features."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl

from lake.ref import Ref
from lake.schema import AUDIT
from lake.store import Lake, open_lake
from lake.time import timeframe_of
from tasks.audit.config import AuditConfig
from tasks.audit.folded import audit_folded, subjects_of
from tasks.audit.subjects import event_subject, features_subject
from tasks.audit.sums import summed, unaudited
from tasks.audit.sweep import audit
from tasks.audit.tally import excused
from tasks.events.bars import Bars
from tasks.events.config import EventsConfig
from tasks.events.registry import obstacle
from tasks.features.config import FeaturesConfig
from tasks.stage.task import stage


@stage(makes=AUDIT, code=[__name__])
def audit_features(
    lake: Lake,
    *,
    market: str,
    part: str,
    bars: Ref,
    context: Ref,
    features: FeaturesConfig,
    config: AuditConfig,
) -> pl.DataFrame:
    """Sweep the features of a market."""
    timeframe = timeframe_of(market)
    arrays = Bars.of(lake.read(bars), timeframe, lake.read(context))
    return audit(features_subject(timeframe, features), arrays, market, config)


@stage(makes=AUDIT, code=[__name__])
def audit_events(
    lake: Lake,
    *,
    market: str,
    part: str,
    bars: Ref,
    context: Ref,
    events: EventsConfig,
    config: AuditConfig,
) -> pl.DataFrame:
    """Sweep the events of the family `part` on a market, and the engine that tells them."""
    timeframe = timeframe_of(market)
    arrays = Bars.of(lake.read(bars), timeframe, lake.read(context))
    chosen = {a: obstacle(a, arrays) for a in events.analyzers(part)}
    able = [a for a, reason in chosen.items() if not reason]
    looking = [event_subject(a, timeframe, events) for a in able if a.output is None]
    telling = subjects_of([a for a in able if a.output is not None], events)
    tables = [
        AUDIT.empty(),
        *(excused(market, "event", a.name, reason) for a, reason in chosen.items() if reason),
        *(audit(subject, arrays, market, config) for subject in looking),
        *(audit_folded(subject, arrays, market, config) for subject in telling),
    ]
    return AUDIT.conform(pl.concat(tables).sort(AUDIT.order))


def read_audit(uri: str, refs: Sequence[Ref]) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """Read an audit's tables from the lake at `uri`: a row per name, and what was not audited."""
    lake = open_lake(uri)
    whole = pl.concat([AUDIT.empty(), *(lake.read(ref) for ref in refs)])
    return summed(whole), unaudited(whole)
