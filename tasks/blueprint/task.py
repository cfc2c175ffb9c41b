"""Prefect's view of blueprints."""

from __future__ import annotations

import polars as pl

from lake.config import Config
from lake.lineage import ancestors
from lake.ref import Ref
from lake.schema import BLUEPRINTS
from lake.store import Lake
from tasks.blueprint.compilation import Case, assumed_costs, compile_documents
from tasks.blueprint.config import BlueprintConfig
from tasks.events.config import EventsConfig
from tasks.stage.task import stage


@stage(makes=BLUEPRINTS, code=[__name__], libraries=("pydantic", "pyyaml"))
def compile_blueprints(
    lake: Lake,
    *,
    findings: Ref,
    bridged: Ref,
    trades: Ref,
    verdicts: Ref,
    bars: list[Ref],
    events_config: EventsConfig,
    bridge_config: Config,
    config: BlueprintConfig,
) -> pl.DataFrame:
    """Write every promoted hypothesis down as an executable document."""
    case = Case(
        findings=lake.read(findings),
        bridged=lake.read(bridged),
        trades=lake.read(trades),
        verdicts=lake.read(verdicts),
        markets=tuple(sorted(ref.market for ref in bars)),
        ancestors=ancestors(lake, [findings, bridged, trades, verdicts, *bars]),
        costs=assumed_costs(bridge_config),
    )
    return compile_documents(case, events_config, config)
