"""An audit over several markets, name by name."""

from __future__ import annotations

from typing import Any

import polars as pl


def summed(table: pl.DataFrame) -> list[dict[str, Any]]:
    """Return one row per name of AUDIT that was audited anywhere, by kind and name.

    ``first`` is the earliest rewritten reading with its market, ``how`` what rewrote it.
    """
    audited = table.filter(pl.col("reason") == "")
    return [
        _row(kind, name, part.sort("first_time", "market", nulls_last=True))
        for (kind, name), part in audited.sort("kind", "name", "market").group_by(
            "kind", "name", maintain_order=True
        )
    ]


def unaudited(table: pl.DataFrame) -> dict[str, str]:
    """Return ``name on market`` and reason of everything that could not run."""
    rest = table.filter(pl.col("reason") != "").sort("name", "market")
    return {f"{row['name']} on {row['market']}": row["reason"] for row in rest.to_dicts()}


def _row(kind: object, name: object, part: pl.DataFrame) -> dict[str, Any]:
    first = part.row(0, named=True)
    time = first["first_time"]
    counts = ("n_cuts", "n_readings", "n_rewritten")
    return {
        "kind": kind,
        "name": name,
        **{count: int(part[count].sum()) for count in counts},
        "first": "" if time is None else f"{first['market']} {time:%Y-%m-%d %H:%M}",
        "how": first["how"],
    }
