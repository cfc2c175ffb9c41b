"""Prefect's view of ingest."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import polars as pl
from prefect.states import State

from lake.errors import AssayError
from lake.ref import Ref
from lake.schema import FETCHED, RAW_BARS, TRUTH
from lake.store import Lake
from tasks.ingest.config import IngestConfig
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


@stage(makes=TRUTH, code=["tasks.ingest.demo"])
def write_truth(lake: Lake, *, market: str, snapshot: Snapshot) -> pl.DataFrame:
    """Write down which effects were planted in the demo market."""
    return import_module(source_module("demo")).truth(snapshot)
