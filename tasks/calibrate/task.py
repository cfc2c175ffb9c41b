"""A calibration as Prefect sees it: one table per market, so that what is done stays done."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from lake.ref import Ref
from lake.schema import CALIBRATION, EVENTS
from lake.store import Lake, open_lake
from tasks.calibrate.config import CalibrateConfig
from tasks.calibrate.page import draw_page
from tasks.calibrate.pipeline import Known
from tasks.calibrate.sums import Group, sum_up
from tasks.calibrate.trials import try_placebo, try_world
from tasks.calibrate.world import Procedure, World
from tasks.stage.task import stage


@stage(makes=CALIBRATION, code=["tasks.calibrate.trials"], name="calibrate")
def calibrate_simulated(
    lake: Lake, *, part: str, world: World, procedure: Procedure
) -> pl.DataFrame:
    """Run discovery on a simulated market.

    The families' modules are chosen at run time: name them in ``code=``.
    """
    return try_world(world, procedure)


@stage(makes=CALIBRATION, code=["tasks.calibrate.trials"], name="placebo")
def calibrate_placebo(
    lake: Lake,
    *,
    part: str,
    world: World,
    procedure: Procedure,
    events: list[Ref],
    features: list[Ref],
    outcomes: list[Ref],
    eras: Ref,
) -> pl.DataFrame:
    """Search the user's own markets after their outcomes were replaced."""
    known = Known(
        features={ref.market: lake.read(ref) for ref in features},
        events={
            ref.market: pl.concat(
                [EVENTS.empty(), *(lake.read(e) for e in events if e.market == ref.market)]
            )
            for ref in features
        },
        outcomes={
            ref.market: {o.part: lake.read(o) for o in outcomes if o.market == ref.market}
            for ref in features
        },
        eras=lake.read(eras),
    )
    return try_placebo(world, known, procedure)


@dataclass(frozen=True)
class Calibrated:
    """What a calibration says, as JSON values, and as a page."""

    sums: dict[str, Any]
    page: str


def read_calibration(
    uri: str, refs: Sequence[Ref], config: CalibrateConfig, about: dict[str, Any]
) -> Calibrated:
    """Read a calibration's tables from the lake at `uri`, sum them up and draw them."""
    lake, parts = open_lake(uri), defaultdict(list)
    for ref in refs:
        parts[ref.part.rpartition("-")[0]].append(ref)
    groups = (
        Group(name.partition("-")[0], len(part), pl.concat(map(lake.read, part)))
        for name, part in parts.items()
    )
    sums = sum_up(groups, config)
    return Calibrated(sums, draw_page(sums, about))
