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
from tasks.audit.subjects import event_subject, features_subject
from tasks.audit.sums import summed, unaudited
from tasks.audit.sweep import audit, excused
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
    """Sweep the events of the family `part` on a market."""
    timeframe = timeframe_of(market)
    arrays = Bars.of(lake.read(bars), timeframe, lake.read(context))
    tables = [AUDIT.empty()]
    for analyzer in events.analyzers(part):
        reason = obstacle(analyzer, arrays)
        subject = event_subject(analyzer, timeframe, events)
        done = (
            excused(market, subject.kind, analyzer.name, reason)
            if reason
            else audit(subject, arrays, market, config)
        )
        tables.append(done)
    return AUDIT.conform(pl.concat(tables).sort(AUDIT.order))


def read_audit(uri: str, refs: Sequence[Ref]) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """Read an audit's tables from the lake at `uri`: a row per name, and what was not audited."""
    lake = open_lake(uri)
    whole = pl.concat([AUDIT.empty(), *(lake.read(ref) for ref in refs)])
    return summed(whole), unaudited(whole)
