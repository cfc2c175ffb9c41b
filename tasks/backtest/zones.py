"""Zones of the engines as a table: each from the note of its birth to that of its death."""

from __future__ import annotations

import numpy as np
import polars as pl

from lake.schema import SIGN, ZONES
from tasks.backtest.decided import Told, stamps
from tasks.kernels import reading
from tasks.kernels.fusion_memory import MEMBERS

KINDS = {
    reading.GAP: "gap",
    reading.BLOCK: "block",
    reading.LEVEL: "level",
    reading.STRUCTURE: "structure",
    reading.SWING: "swing",
}
WHYS = {
    reading.FILLED: "filled",
    reading.AGED: "aged",
    reading.BROKEN: "broken",
    reading.CROWDED: "crowded",
    reading.REPLACED: "replaced",
    reading.OVER: "over",
}
OWN = ("kind", "zone")


def zone_frame(told: Told) -> pl.DataFrame:
    """ZONES of all engines; edges and value are those of the last note."""
    parts = [_zones(told, member) for member in MEMBERS]
    return pl.concat([ZONES.empty(), *parts]).sort(ZONES.order)


def _zones(told: Told, member: str) -> pl.DataFrame:
    notes = told.decided.heard[member].notes
    born, died = notes[notes["what"] == reading.BORN], notes[notes["what"] == reading.DIED]
    frame = pl.DataFrame(
        {
            **{name: born[name] for name in (*OWN, "top", "bottom", "value")},
            "side": pl.Series(born["side"], dtype=SIGN),
            "anchor_time": stamps(told.opened(member, np.maximum(born["anchor"], 0))),
            "born_time": stamps(told.known(member, born["bar"])),
        }
    )
    ends = pl.DataFrame(
        {
            **{name: died[name] for name in (*OWN, "why")},
            **{f"last_{name}": died[name] for name in ("top", "bottom", "value")},
            "died_time": stamps(told.known(member, died["bar"])),
        }
    )
    names = (pl.lit(told.market).alias("market"), pl.lit(member).alias("engine"))
    known = frame.with_columns(*names).join(ends, on=list(OWN), how="left", maintain_order="left")
    return ZONES.conform(known.select(*_told()).select(list(ZONES.columns)))


def _told() -> list[pl.Expr]:
    kept = ("market", "engine", "zone", "side", "anchor_time", "born_time", "died_time")
    return [
        *(pl.col(name) for name in kept),
        *(pl.coalesce(f"last_{name}", name).alias(name) for name in ("top", "bottom", "value")),
        pl.col("kind").replace_strict(KINDS, return_dtype=pl.String),
        pl.col("why").replace_strict(WHYS, default="", return_dtype=pl.String),
    ]
