"""Events as Prefect sees them: one table per market and family, and what each event covers."""

from __future__ import annotations

import polars as pl

from lake.ref import Ref
from lake.schema import COVERAGE, EVENTS
from lake.store import Lake
from lake.time import timeframe_of
from tasks.events.bars import Bars
from tasks.events.config import EventsConfig, families_of_all
from tasks.events.detect import cover, find_events
from tasks.events.registry import SEQUENCES, module_of
from tasks.stage.task import stage


def family_code(config: EventsConfig, family: str) -> list[str]:
    """The modules that make a family's events, besides this one."""
    behind = families_of_all(config.sequences, config.modules) if family == SEQUENCES else (family,)
    return [module_of(name, config.modules) for name in behind]


@stage(makes=EVENTS, code=[__name__], name="detect")
def detect(
    lake: Lake, *, market: str, part: str, bars: Ref, context: Ref, config: EventsConfig
) -> pl.DataFrame:
    """Find the events of the family `part`.

    The family's module is chosen at run time: call with ``code=family_code(config, part)`` and
    ``config=config.only(part)``, so that a table's key holds its own family and no other.
    """
    return find_events(_open(lake, market, bars, context), market, part, config)


@stage(makes=COVERAGE, code=[__name__])
def cover_market(
    lake: Lake,
    *,
    market: str,
    bars: Ref,
    context: Ref,
    events: list[Ref],
    config: EventsConfig,
) -> pl.DataFrame:
    """Say of each event how often it stands in the market, or why it could not run."""
    arrays = _open(lake, market, bars, context)
    return cover(arrays, market, {ref.part: lake.read(ref) for ref in events}, config)


def _open(lake: Lake, market: str, bars: Ref, context: Ref) -> Bars:
    return Bars.of(lake.read(bars), timeframe_of(market), lake.read(context))
