"""Prefect's view of ingest."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import polars as pl
from prefect.states import State

from lake.errors import AssayError
from lake.ref import Ref
from lake.schema import FETCHED, RAW_BARS, RAW_FUNDING, RAW_INTEREST, TRUTH
from lake.store import Lake
from tasks.ingest.config import DEMO_LEADER, LEADER, IngestConfig
from tasks.ingest.dated import read_calendar, read_fees
from tasks.ingest.snapshot import Snapshot
from tasks.stage.task import stage

FETCH_HOURS = 12


def source_module(source: str) -> str:
    """The module that knows a source: imported when asked for, so that each has its own key."""
    return f"tasks.ingest.{source}"


def survey(config: IngestConfig) -> list[Snapshot]:
    """Which markets the source holds, sorted, with the fingerprint of each."""
    found = import_module(source_module(config.source)).survey(config)
    return sorted(found, key=lambda snapshot: snapshot.market)


def survey_beside(config: IngestConfig, snapshots: list[Snapshot]) -> list[Snapshot]:
    """What the source holds beside the bars of the markets in `snapshots`, sorted."""
    found = import_module(source_module(config.source)).survey_beside(config, snapshots)
    return sorted(found, key=lambda snapshot: (snapshot.market, snapshot.data))


def leader_of(config: IngestConfig) -> str | None:
    """The symbol of the market leader, None where none is wanted."""
    if "leader" not in config.beside:
        return None
    is_default = config.source == "demo" and config.leader == LEADER
    return DEMO_LEADER if is_default else config.leader


def dated_lists(config: IngestConfig) -> dict[str, Any]:
    """What the user gives by dates: ``fees`` and ``releases``, see `tasks.ingest.dated`."""
    return {
        "fees": read_fees(config.fees) if config.fees else [],
        "releases": read_calendar(config.calendar) if config.calendar else [],
    }


def may_pass(task: object, task_run: object, state: State[Any]) -> bool:
    """Whether a failed fetch is worth another try: never where the user has to act first."""
    return not isinstance(state.result(raise_on_failure=False), AssayError)


@stage(
    makes=FETCHED,
    code=["tasks.ingest.binance"],
    retries=2,
    retry_delay_seconds=[5, 20],
    retry_jitter_factor=0.5,
    retry_condition_fn=may_pass,
    timeout_seconds=FETCH_HOURS * 3600,
)
def fetch(lake: Lake, *, market: str, snapshot: Snapshot, config: IngestConfig) -> pl.DataFrame:
    """Bring what the venue has into the lake's blobs, and list it."""
    return import_module(source_module("binance")).fetch(lake, snapshot, config)


@stage(makes=RAW_BARS, code=[__name__])
def ingest(
    lake: Lake,
    *,
    market: str,
    snapshot: Snapshot,
    where: tuple[str, ...] = (),
    fetched: list[Ref],
) -> pl.DataFrame:
    """Read a market's bars from its source, final bars only, otherwise as they came."""
    source = import_module(source_module(snapshot.source))
    return source.load(lake, snapshot, where, lake.read(fetched[0]) if fetched else None)


@stage(makes=RAW_BARS, code=[__name__])
def ingest_beside(
    lake: Lake,
    *,
    market: str,
    part: str,
    snapshot: Snapshot,
    where: tuple[str, ...] = (),
    fetched: list[Ref],
) -> pl.DataFrame:
    """Read the bars of a market's spot, mark price or leader, as `ingest` does its own."""
    return _load_beside(lake, snapshot, where, fetched)


@stage(makes=RAW_FUNDING, code=[__name__])
def ingest_funding(
    lake: Lake,
    *,
    market: str,
    snapshot: Snapshot,
    where: tuple[str, ...] = (),
    fetched: list[Ref],
) -> pl.DataFrame:
    """Read a market's funding settlements, as they came."""
    return _load_beside(lake, snapshot, where, fetched)


@stage(makes=RAW_INTEREST, code=[__name__])
def ingest_interest(
    lake: Lake,
    *,
    market: str,
    snapshot: Snapshot,
    where: tuple[str, ...] = (),
    fetched: list[Ref],
) -> pl.DataFrame:
    """Read a market's open interest, as it came."""
    return _load_beside(lake, snapshot, where, fetched)


def _load_beside(
    lake: Lake, snapshot: Snapshot, where: tuple[str, ...], fetched: list[Ref]
) -> pl.DataFrame:
    source = import_module(source_module(snapshot.source))
    return source.load_beside(lake, snapshot, where, lake.read(fetched[0]) if fetched else None)


@stage(makes=TRUTH, code=["tasks.ingest.demo"])
def write_truth(lake: Lake, *, market: str, snapshot: Snapshot) -> pl.DataFrame:
    """Write down which effects were planted in the demo market."""
    return import_module(source_module("demo")).truth(snapshot)
