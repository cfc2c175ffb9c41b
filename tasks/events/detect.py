"""The occurrences of a family's events among the bars of a market, as a table."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl

from lake.keys import canonical_json, sha256
from lake.schema import COVERAGE, EVENTS
from tasks.events.bars import Bars
from tasks.events.config import EventsConfig
from tasks.events.registry import Analyzer, obstacle

FAILED = "failed: its task ended with an error"


def find_events(bars: Bars, market: str, family: str, config: EventsConfig) -> pl.DataFrame:
    """Return the EVENTS of `family` in `bars`, by time and name.

    An analyzer whose data are missing yields no rows; `cover` says so.
    """
    able = [a for a in config.analyzers(family) if obstacle(a, bars) is None]
    found = [_occurrences(analyzer, bars, market, config) for analyzer in able]
    return EVENTS.conform(pl.concat([EVENTS.empty(), *found]).sort(EVENTS.order))


def cover(
    bars: Bars, market: str, found: Mapping[str, pl.DataFrame], config: EventsConfig
) -> pl.DataFrame:
    """Return COVERAGE: of each event that was asked for how often it stands, or why not.

    Parameters
    ----------
    found : mapping of str to DataFrame
        EVENTS by family; a family that is not there has failed.
    """
    n_bars = int(np.count_nonzero(~bars.is_gap))
    rows = []
    for family in config.chosen():
        counts = dict(found[family].group_by("event").len().iter_rows()) if family in found else {}
        for analyzer in config.analyzers(family):
            reason = (obstacle(analyzer, bars) or "") if family in found else FAILED
            n = counts.get(analyzer.name, 0)
            share = np.nan if reason else n / max(1, n_bars)
            rows.append((market, family, analyzer.name, reason, n_bars, n, share))
    frame = pl.DataFrame(rows, schema=COVERAGE.columns, orient="row")
    return COVERAGE.conform(frame.sort(COVERAGE.order))


def parameters_key(analyzer: Analyzer, config: EventsConfig) -> str:
    """First 12 hex digits of the SHA-256 of all that tunes the event."""
    values = analyzer.with_defaults(config.parameters.get(analyzer.name, {}))
    return sha256(canonical_json({**values, "cooldown": config.cooldown}).encode())[:12]


def _occurrences(analyzer: Analyzer, bars: Bars, market: str, config: EventsConfig) -> pl.DataFrame:
    marks = analyzer.marks(bars, config.cooldown, config.parameters.get(analyzer.name))
    at = np.flatnonzero(marks.fired)
    return pl.DataFrame(
        {
            "market": pl.repeat(market, at.size, eager=True),
            "event": pl.repeat(analyzer.name, at.size, eager=True),
            "family": pl.repeat(analyzer.family, at.size, eager=True),
            "time": bars.time[at],
            "known_at": bars.time[at] + bars.step_ms,
            "anchor_time": bars.time[marks.anchor[at]],
            "side": marks.side[at],
            "strength": marks.strength[at],
            "parameters_key": pl.repeat(parameters_key(analyzer, config), at.size, eager=True),
        },
        schema_overrides=EVENTS.columns,
    )
