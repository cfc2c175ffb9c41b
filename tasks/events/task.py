"""Events as Prefect sees them: one table per market and family."""

from __future__ import annotations

import logging

import polars as pl

from lake.ref import Ref
from lake.schema import EVENTS
from lake.store import Lake
from lake.time import timeframe_of
from tasks.events.bars import Bars
from tasks.events.config import EventsConfig
from tasks.events.detect import find_events, obstacles
from tasks.stage.task import stage

LOG = logging.getLogger(__name__)


def family_code(family: str) -> list[str]:
    """The modules that make a family's events, besides this one."""
    return [f"tasks.events.{family}"]


@stage(makes=EVENTS, code=[__name__], name="detect")
def detect(lake: Lake, *, market: str, part: str, bars: Ref, config: EventsConfig) -> pl.DataFrame:
    """Find the events of the family `part`.

    The family's module is chosen at run time: call with ``code=[f"tasks.events.{part}"]`` and
    ``config=config.only(part)``, so that a table's key holds its own family and no other.
    """
    arrays = Bars.of(lake.read(bars), timeframe_of(market))
    for name, reason in obstacles(arrays, part).items():
        LOG.warning("%s on %s: %s", name, market, reason)
    return find_events(arrays, market, part, config)
