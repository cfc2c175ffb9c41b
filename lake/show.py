"""How the lake and its tables are shown: as lines for people, as values for machines."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import polars as pl
import polars.selectors as cs

from lake.lineage import reach
from lake.naming import used_addresses
from lake.ref import Ref
from lake.schema import TABLES
from lake.store import Entry, Lake

SHORT = 12
_KILO = 1024
_CELL = 40
_N_MEMBERS = 20


def size_text(n_bytes: float) -> str:
    """Bytes for people, in powers of 1024: ``512 B``, ``3.4 MB``."""
    for unit in ("B", "kB", "MB", "GB"):
        if n_bytes < _KILO:
            return f"{n_bytes:.0f} B" if unit == "B" else f"{n_bytes:.1f} {unit}"
        n_bytes /= _KILO
    return f"{n_bytes:.1f} TB"


def aligned(rows: Iterable[Sequence[str]], right: Sequence[int] = ()) -> Iterator[str]:
    """Lines with the cells of `rows` in columns; those numbered in `right` flush right."""
    table = list(rows)
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for row in table:
        cells = (
            cell.rjust(width) if index in right else cell.ljust(width)
            for index, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        yield "  ".join(cells).rstrip()


def listing(lake: Lake, kind: str | None, market: str | None) -> list[dict[str, Any]]:
    """What `ls` knows of each table: its ref and the runs that made it or found it."""
    users: dict[str, list[str]] = {}
    for run in lake.runs():
        for address in used_addresses(run):
            users.setdefault(address, []).append(run["run"])
    refs = [entry.ref for entry in lake.entries()]
    return [
        {**ref.model_dump(mode="json"), "address": ref.address, "runs": users.get(ref.address, [])}
        for ref in refs
        if kind in (None, ref.kind) and market in (None, ref.market)
    ]


def listing_lines(tables: list[dict[str, Any]]) -> Iterator[str]:
    """`listing` as columns, with a total."""
    if tables:
        heads = ("KIND", "MARKET", "PART", "KEY", "ROWS", "SIZE", "RUNS")
        cells = (
            (
                table["kind"],
                table["market"],
                table["part"],
                table["key"][:SHORT],
                f"{table['n_rows']:,}",
                size_text(table["n_bytes"]),
                _runs_text(table["runs"]),
            )
            for table in tables
        )
        yield from aligned([heads, *cells], right=(4, 5))
    total = size_text(sum(table["n_bytes"] for table in tables))
    yield f"{len(tables)} tables, {total}"


def _runs_text(runs: list[str]) -> str:
    if not runs:
        return "none"
    return runs[-1] if len(runs) == 1 else f"{runs[-1]} and {len(runs) - 1} before"


def table_lines(lake: Lake, entry: Entry, n_rows: int, n_characters: int) -> Iterator[str]:
    """A table for people: its ref, each column with its unit and range, its first rows.

    Rows are laid out in lines of `n_characters` where they can be.
    """
    ref, frame = entry.ref, lake.read(entry.ref)
    yield f"{ref}"
    yield f"  address  {ref.address}"
    yield f"  content  {ref.content}"
    yield f"  size     {ref.n_rows:,} rows, {size_text(ref.n_bytes)}"
    yield f"  parents  {_parents_text(lake, entry)}"
    yield ""
    yield from aligned(_column_rows(ref, frame), right=(2,))
    yield ""
    yield f"first {min(n_rows, frame.height)} of {frame.height:,} rows"
    yield from _row_lines(frame.head(n_rows), n_characters)


def _parents_text(lake: Lake, entry: Entry) -> str:
    kinds = Counter(parent.kind for parent in entry.parents)
    said = ", ".join(f"{n} {kind}" for kind, n in sorted(kinds.items()))
    n_ancestors = len(reach(lake, entry.parents)[0])
    return f"{said} ({n_ancestors} ancestors, see `lineage`)" if said else "none"


def _row_lines(frame: pl.DataFrame, n_characters: int) -> Iterator[str]:
    """Rows in columns; those columns that do not fit beside each other follow below."""
    block: list[list[str]] = []
    n_used = 0
    for name in frame.columns:
        column = [name, *map(_short, frame[name])]
        width = max(map(len, column)) + len("  ")
        if block and n_used + width > n_characters:
            yield from (*aligned(zip(*block, strict=True)), "")
            block, n_used = [], 0
        block.append(column)
        n_used += width
    yield from aligned(zip(*block, strict=True))


def _column_rows(ref: Ref, frame: pl.DataFrame) -> Iterator[tuple[str, ...]]:
    meaning = TABLES[ref.kind].meaning if ref.kind in TABLES else {}
    yield ("COLUMN", "DTYPE", "MISSING", "LEAST", "MOST", "MEANING")
    for name in frame.columns:
        whole = frame[name]
        known = _known(whole)
        missing = f"{whole.len() - known.len():,}"
        if isinstance(whole.dtype, pl.List):
            known = _known(known.explode())
        ends = [_short(value) for value in (known.min(), known.max())] if len(known) else ["", ""]
        yield (name, _dtype_text(whole.dtype), missing, *ends, meaning.get(name, ""))


def _known(values: pl.Series) -> pl.Series:
    known = values.drop_nulls()
    return known.drop_nans() if known.dtype.is_float() else known


def _dtype_text(dtype: pl.DataType) -> str:
    if isinstance(dtype, pl.List):
        return f"lists of {dtype.inner}"
    return str(dtype).split("(")[0]


def _short(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, pl.Series):
        return _cut(f"{len(value)}: {' '.join(map(_short, value.head(_N_MEMBERS)))}")
    text = f"{value:.6g}" if isinstance(value, float) else str(value).partition("\n")[0]
    return _cut(text.replace("+00:00", "Z"))


def _cut(text: str) -> str:
    return text if len(text) <= _CELL else f"{text[: _CELL - 3]}..."


def table_json(lake: Lake, entry: Entry, n_rows: int) -> str:
    """A table for machines: ref, columns with dtype and meaning, first rows."""
    frame = lake.read(entry.ref)
    meaning = TABLES[entry.ref.kind].meaning if entry.ref.kind in TABLES else {}
    value = {
        "ref": {**entry.ref.model_dump(mode="json"), "address": entry.ref.address},
        "parents": [parent.address for parent in entry.parents],
        "columns": [
            {"name": name, "dtype": str(dtype), "meaning": meaning.get(name)}
            for name, dtype in frame.schema.items()
        ],
        "rows": json.loads(frame.head(n_rows).with_columns(_encoded(frame)).write_json()),
    }
    return json.dumps(value, indent=1)


def _encoded(frame: pl.DataFrame) -> pl.Expr:
    """Pictures and the like in base64: neither JSON nor CSV has bytes."""
    return cs.binary().bin.encode("base64") if pl.Binary in frame.schema.dtypes() else pl.all()


def table_csv(frame: pl.DataFrame) -> str:
    """Rows as CSV; the members of a list stand in one cell, with a space between them."""
    flat = [
        pl.col(name).list.eval(pl.element().cast(pl.String)).list.join(" ", ignore_nulls=False)
        for name, dtype in frame.schema.items()
        if isinstance(dtype, pl.List)
    ]
    return frame.with_columns(flat).with_columns(_encoded(frame)).write_csv()
