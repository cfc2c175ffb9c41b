"""Prefect's view of blueprints."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from lake.config import Config
from lake.lineage import ancestors
from lake.ref import Ref
from lake.schema import BLUEPRINTS
from lake.store import Lake
from tasks.blueprint.case import Case
from tasks.blueprint.code import TRADING_CODE
from tasks.blueprint.compilation import compile_documents, terms_of
from tasks.blueprint.config import BlueprintConfig
from tasks.blueprint.document import Settings
from tasks.events.config import EventsConfig
from tasks.stage.task import stage


@stage(makes=BLUEPRINTS, code=[__name__, *TRADING_CODE], libraries=("pydantic", "pyyaml"))
def compile_blueprints(
    lake: Lake,
    *,
    findings: Ref,
    bridged: Ref,
    trades: Ref,
    verdicts: Ref,
    refits: Ref,
    folds: Ref,
    stressed: Ref,
    search: Ref,
    eras: Ref,
    bars: list[Ref],
    settings: Mapping[str, dict[str, Any]],
    events_config: EventsConfig,
    bridge_config: Config,
    config: BlueprintConfig,
) -> pl.DataFrame:
    """Write every promoted hypothesis down as an executable document.

    Parameters
    ----------
    settings : mapping of str to dict
        Of ingest, clean, features and events, as JSON values.
    bridge_config : Config
        Of which the field `terms` is read: what the trades were simulated under.
    """
    tables = {
        "findings": findings,
        "bridged": bridged,
        "trades": trades,
        "verdicts": verdicts,
        "refits": refits,
        "folds": folds,
        "stressed": stressed,
        "search": search,
        "eras": eras,
    }
    case = Case(
        **{name: lake.read(ref) for name, ref in tables.items()},
        markets=tuple(sorted(ref.market for ref in bars)),
        ancestors=ancestors(lake, [*tables.values(), *bars]),
        terms=terms_of(bridge_config),
        settings=Settings(**settings),
    )
    return compile_documents(case, events_config, config)
