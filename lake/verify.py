"""Whether the lake is what was written: every byte hashed again, every promise checked."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass, field

import polars as pl

from lake.chain import check_chain
from lake.errors import CorruptTable, SchemaError
from lake.keys import code_of, sha256
from lake.lineage import blobs_of
from lake.schema import TABLES
from lake.store import (
    BLOB_FOLDER,
    DRAFT_FOLDER,
    RUN_FOLDER,
    TABLE_FOLDER,
    Entry,
    Lake,
    is_address,
    is_run,
)

RUN_AGAIN = "run the flow again: it makes it anew; where nothing makes it any more, delete the file"
FETCH_AGAIN = "run again with --refresh ingest"
_SCHEMA = "lake.schema"


@dataclass(frozen=True)
class Fault:
    """Something that is not as it should be, or only looks so.

    Attributes
    ----------
    place : str
        Path in the lake.
    what : str
        What is wrong.
    do : str
        What to do about it.
    harmless : bool
        Whether results cannot suffer from it.
    """

    place: str
    what: str
    do: str
    harmless: bool = False


@dataclass
class Checked:
    """What has been looked at, and what was found."""

    faults: list[Fault] = field(default_factory=list)
    n_tables: int = 0
    n_blobs: int = 0
    n_runs: int = 0
    n_entries: int = 0
    n_bytes: int = 0

    @property
    def n_wrong(self) -> int:
        return sum(not fault.harmless for fault in self.faults)


def verify(lake: Lake) -> Checked:
    """Hash every table and blob again and check every entry, parent, run record and the ledger."""
    checked = Checked()
    paths = set(lake.files.walk(TABLE_FOLDER))
    for path in sorted(paths):
        if path.endswith(".json"):
            checked.faults.extend(_check_table(lake, path, checked))
        elif not path.endswith(".parquet"):
            checked.faults.append(_stranger(path))
        elif f"{path.removesuffix('.parquet')}.json" not in paths:
            what = "a table without an entry: a write that was cut short"
            checked.faults.append(Fault(path, what, "nothing: it does not count", harmless=True))
    checked.faults.extend(_check_blobs(lake, checked))
    checked.faults.extend(_check_runs(lake, checked))
    links, flaws = check_chain(lake)
    checked.n_entries = len(links)
    checked.faults.extend(Fault(*flaw) for flaw in flaws)
    for path in lake.files.walk(DRAFT_FOLDER):
        what = "a draft: a write under way, or cut short"
        checked.faults.append(Fault(path, what, "nothing, or `lake sweep`", harmless=True))
    return checked


def _stranger(path: str) -> Fault:
    return Fault(path, "no file of the lake", "move it elsewhere", harmless=True)


def _check_table(lake: Lake, path: str, checked: Checked) -> Iterator[Fault]:
    address = path.removeprefix(f"{TABLE_FOLDER}/").removesuffix(".json")
    entry = lake.entry(address) if is_address(address) else None
    checked.n_tables += 1
    if entry is None:
        yield Fault(path, "an entry that cannot be read, or lies in the wrong place", RUN_AGAIN)
        return
    for what in _entry_faults(entry):
        yield Fault(path, what, RUN_AGAIN)
    for parent in entry.parents:
        if lake.entry(parent.address) is None:
            what = f"its parent {parent} has been deleted: its lineage ends there"
            yield Fault(path, what, "nothing, or run the flow again", harmless=True)
    table = f"{path.removesuffix('.json')}.parquet"
    try:
        data = lake.files.read(table)
    except FileNotFoundError:
        yield Fault(table, "the table of an entry is gone", RUN_AGAIN)
        return
    checked.n_bytes += len(data)
    if sha256(data) != entry.ref.content:
        yield Fault(table, "its bytes are not those that were written", RUN_AGAIN)
        return
    for what in _frame_faults(entry, data):
        yield Fault(table, what, RUN_AGAIN)


def _entry_faults(entry: Entry) -> Iterator[str]:
    ref, key = entry.ref, entry.key
    if (ref.kind, ref.market, ref.part) != (key.kind, key.market, key.part):
        yield "its ref and its key name different tables"
    if key.digest != ref.key:
        yield f"the fields of its key give {key.digest[:12]}, not {ref.key[:12]}"
    named = [(f"{p.kind}/{p.market}/{p.part}", p.identity) for p in entry.parents]
    if named != key.parents:
        yield "its parents are not those of its key"


def _frame_faults(entry: Entry, data: bytes) -> Iterator[str]:
    try:
        frame = pl.read_parquet(io.BytesIO(data), glob=False)
    except (pl.exceptions.PolarsError, OSError) as error:
        yield f"it is no readable Parquet: {error}"
        return
    if len(data) != entry.ref.n_bytes or frame.height != entry.ref.n_rows:
        yield f"its entry says {entry.ref.n_rows:,} rows, {entry.ref.n_bytes:,} bytes"
    if entry.key.code.get(_SCHEMA) not in (None, code_of(_SCHEMA)[_SCHEMA]):
        return  # written under other columns: a key of today never leads here
    try:
        TABLES[entry.ref.kind].conform(frame)
    except (SchemaError, KeyError) as error:
        yield f"it does not fit lake/schema.py: {error}"


def _check_blobs(lake: Lake, checked: Checked) -> Iterator[Fault]:
    there = set()
    for path in lake.files.walk(BLOB_FOLDER):
        name = path.removeprefix(f"{BLOB_FOLDER}/")
        data = lake.files.read(path)
        checked.n_blobs += 1
        checked.n_bytes += len(data)
        there.add(name)
        if sha256(data) != name:
            yield Fault(path, "its bytes are not those that were fetched", FETCH_AGAIN)
    for entry in lake.entries():
        if lake.is_whole(entry.ref):
            for name in sorted(set(blobs_of(lake, entry.ref)) - there):
                yield Fault(f"{BLOB_FOLDER}/{name}", f"{entry.ref} names it", FETCH_AGAIN)


def _check_runs(lake: Lake, checked: Checked) -> Iterator[Fault]:
    for path in lake.files.walk(RUN_FOLDER):
        if not is_run(path):
            yield _stranger(path)
            continue
        checked.n_runs += 1
        try:
            lake.run_at(path)
        except CorruptTable as error:
            yield Fault(path, "no record of a run", error.do)
