"""Which bars a hypothesis would enter at: known before any outcome is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lake.keys import sha256
from lake.schema import ENTRIES
from tasks.discovery.conditions import code_conditions, name_conditions
from tasks.discovery.config import DiscoveryConfig
from tasks.discovery.marks import Marks, locate, milliseconds

Codes = NDArray[np.int64]


def list_entries(
    market: str, events: pl.DataFrame, features: pl.DataFrame, config: DiscoveryConfig
) -> pl.DataFrame:
    """List the entries of each event under each condition, without what followed them.

    Parameters
    ----------
    market : str
    events : DataFrame of EVENTS
        All families', of the discovery era.
    features : DataFrame of FEATURES
        Of the same era.
    config : DiscoveryConfig

    Returns
    -------
    DataFrame of ENTRIES
        A row per event and condition with at least one occurrence.
    """
    times = milliseconds(features["time"])
    marks = locate(events, times)
    conditions = code_conditions(features, config.conditions)
    names = name_conditions(config.conditions)
    rows = list(_rows(market, marks, times, conditions, names))
    return ENTRIES.conform(pl.DataFrame(rows, ENTRIES.columns).sort(ENTRIES.order))


def _rows(
    market: str, marks: Marks, times: Codes, conditions: Codes, names: list[str]
) -> Iterator[dict[str, Any]]:
    borders = np.searchsorted(marks.codes, np.arange(len(marks.names) + 1))
    for code, event in enumerate(marks.names):
        own = slice(borders[code], borders[code + 1])
        signed = times[marks.rows[own]] * marks.sides[own]
        held = conditions[marks.rows[own]]
        about = {"market": market, "family": marks.families[code], "event": event}
        for position in np.unique(held[held >= 0]):
            entries = signed[(held == position).any(axis=1)]
            yield about | {
                "condition": names[position],
                "parameters": marks.parameters[code],
                "n": entries.size,
                "digest": _digest(market, entries),
                "opposite": _digest(market, -entries),
            }


def _digest(market: str, entries: Codes) -> str:
    return sha256(f"{market}\n".encode() + entries.astype("<i8").tobytes())
