"""Small lakes for the tests: frames that fit any table, tables with hand-made keys, bad disks."""

from __future__ import annotations

import errno
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl

from lake.files import LocalFiles
from lake.keys import Key
from lake.ref import Ref
from lake.schema import TABLES, Dtype, Table
from lake.store import Lake

NOON = datetime(2024, 1, 1, 12, tzinfo=UTC)


def frame_of(table: Table, n_rows: int = 3, shift: float = 0.0) -> pl.DataFrame:
    """Rows that fit `table`; floats start at `shift`, lists have two members."""
    values = {name: _values(name, d, n_rows, shift) for name, d in table.columns.items()}
    return pl.DataFrame(values, schema=table.columns)


def _values(name: str, dtype: Dtype, n_rows: int, shift: float) -> list[Any]:
    if isinstance(dtype, pl.List):
        members = _values(name, dtype.inner, n_rows + 1, shift)
        return [members[i : i + 2] for i in range(n_rows)]
    if dtype == pl.String:
        return [f"{name}-{i}" for i in range(n_rows)]
    if dtype == pl.Binary:
        return [f"{name}-{i}".encode() for i in range(n_rows)]
    if dtype == pl.Boolean:
        return [i % 2 == 0 for i in range(n_rows)]
    if isinstance(dtype, pl.Datetime):
        return [NOON + timedelta(minutes=5 * i) for i in range(n_rows)]
    start = shift if dtype.is_float() else 0
    return [start + i for i in range(n_rows)]


def key_of(
    kind: str,
    market: str = "BTCUSDT-5m",
    part: str = "-",
    *,
    parents: Iterable[Ref] = (),
    config: Mapping[str, Any] | None = None,
    code: Mapping[str, str] | None = None,
    libraries: Mapping[str, str] | None = None,
) -> Key:
    """A key whose fields are said, not found out."""
    return Key(
        kind=kind,
        market=market,
        part=part,
        code=dict(code or {"tasks.some": "c0de" * 16}),
        config=dict(config or {}),
        parents=[(f"{p.kind}/{p.market}/{p.part}", p.identity) for p in parents],
        libraries=dict(libraries or {"polars": "2.1.0"}),
    )


def put(lake: Lake, kind: str, market: str = "BTCUSDT-5m", part: str = "-", **options: Any) -> Ref:
    """Write a table of `kind` and return its ref; `frame` and the fields of its key are options."""
    parents = list(options.pop("parents", ()))
    frame = options.pop("frame", None)
    key = key_of(kind, market, part, parents=parents, **options)
    return lake.write(key, frame_of(TABLES[kind]) if frame is None else frame, parents)


def journey(lake: Lake, **config: Any) -> dict[str, Ref]:
    """RAW_BARS -> BARS -> FEATURES of one market; `config` is that of FEATURES."""
    raw = put(lake, "RAW_BARS")
    bars = put(lake, "BARS", parents=[raw])
    features = put(lake, "FEATURES", parents=[bars], config=config)
    return {"ingest": raw, "clean": bars, "features": features}


def record_run(
    lake: Lake,
    name: str,
    made: Mapping[str, Ref],
    *,
    state: str = "computed",
    states: Mapping[str, str] | None = None,
    started: str | None = None,
    finished: bool = True,
    documents: Iterable[str] = (),
    refresh: Iterable[str] = (),
) -> None:
    """Record a run as the flow does."""
    begun = started or f"2024-01-01T00:00:{len(lake.runs()):02d}+00:00"
    stages = [
        {
            "stage": stage,
            "task": stage,
            "market": ref.market,
            "part": ref.part,
            "state": (states or {}).get(stage, state),
            "address": ref.address,
            "error": None,
        }
        for stage, ref in made.items()
    ]
    record = {
        "run": name,
        "started": begun,
        "finished": begun if finished else None,
        "config": {},
        "documents": list(documents),
        "refresh": list(refresh),
        "stages": stages,
    }
    lake.put_run(name, record)


class BadDisk(LocalFiles):
    """A folder whose writes fail from the n-th on."""

    def __init__(self, root: Any, fails_from: int, code: int = errno.EIO) -> None:
        super().__init__(root)
        self.n_left, self.code = fails_from, code

    def write(self, path: str, data: bytes) -> None:
        self.n_left -= 1
        if self.n_left < 0:
            raise OSError(self.code, "the fake disk fails")
        super().write(path, data)
