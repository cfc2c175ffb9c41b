"""Delete what nothing needs: tables, blobs, notes, documents and drafts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from lake.lineage import blobs_of, reach
from lake.naming import used_addresses
from lake.show import aligned, size_text
from lake.store import (
    BLOB_FOLDER,
    DOCUMENT_FOLDER,
    DRAFT_FOLDER,
    NOTE_FOLDER,
    TABLE_FOLDER,
    Entry,
    Lake,
)

_DIGEST = re.compile(rb"[0-9a-f]{64}")


@dataclass(frozen=True)
class Doomed:
    """A file that nothing needs."""

    path: str
    n_bytes: int

    @property
    def address(self) -> str:
        """Of the table that it belongs to, where it lies among the tables."""
        return self.path.removeprefix(f"{TABLE_FOLDER}/").rpartition(".")[0]


@dataclass(frozen=True)
class Plan:
    """What a sweep would delete, in that order, and for which runs the rest is kept."""

    doomed: list[Doomed] = field(default_factory=list)
    runs: list[str] = field(default_factory=list)
    knows_needs: bool = True


def plan_sweep(lake: Lake, n_keep: int, older_than_seconds: float) -> Plan:
    """Find what the last `n_keep` finished runs do not need.

    Tables that those runs used, and that unfinished runs younger than `older_than_seconds` have
    used so far, are kept with their ancestors and blobs. Nothing younger is touched: a run may be
    under way. Where no run has finished yet, nothing is known of needs and only drafts go.

    Raises
    ------
    MissingTable, CorruptTable
        When a record, or a kept list of blobs, cannot be read: then nobody knows what is needed.
    """
    runs = lake.runs()
    finished = [run for run in runs if run["finished"]]
    under_way = [r for r in runs if not r["finished"] and _age_seconds(r) < older_than_seconds]
    old = _Old(lake, older_than_seconds)
    drafts = list(old.within(DRAFT_FOLDER))
    if n_keep and not finished:
        return Plan(drafts, [run["run"] for run in under_way], knows_needs=False)
    needed = [*(finished[-n_keep:] if n_keep else []), *under_way]
    tables, kept = _tables(lake, old, needed)
    blobs = {name for entry in kept for name in blobs_of(lake, entry.ref)}
    documents = {name.rpartition("/")[2] for run in needed for name in run.get("documents", ())}
    doomed = [
        *tables,
        *_unnamed(old, DOCUMENT_FOLDER, documents),
        *_notes(lake, old, blobs),
        *_unnamed(old, BLOB_FOLDER, blobs),
        *drafts,
    ]
    return Plan(doomed, [run["run"] for run in needed])


def carry_out(lake: Lake, plan: Plan) -> None:
    """Delete what the plan dooms. Stopped halfway it has left no table without its parents."""
    for doomed in plan.doomed:
        lake.files.delete(doomed.path)


def plan_lines(plan: Plan, *, each: bool) -> Iterator[str]:
    """The plan for people: totals per folder, and every file if `each`."""
    if each:
        yield from (f"{doomed.path}  {size_text(doomed.n_bytes)}" for doomed in plan.doomed)
    folders = sorted({doomed.path.partition("/")[0] for doomed in plan.doomed})
    rows = []
    for folder in folders:
        sizes = [d.n_bytes for d in plan.doomed if d.path.startswith(f"{folder}/")]
        rows.append((folder, f"{len(sizes):,} files", size_text(sum(sizes))))
    if rows:
        yield from aligned(rows, right=(1, 2))
    yield f"{len(plan.doomed):,} files, {size_text(sum(d.n_bytes for d in plan.doomed))}"
    yield f"kept: what {', '.join(plan.runs) or 'no run'} needs, and what is young"
    if not plan.knows_needs:
        yield "no finished run is recorded, so nothing is known to be unneeded (--keep 0 insists)"


@dataclass(frozen=True)
class _Old:
    """Files that have lain long enough."""

    lake: Lake
    seconds: float

    def holds(self, path: str) -> bool:
        try:
            return self.lake.files.age_seconds(path) >= self.seconds
        except FileNotFoundError:
            return False

    def within(self, folder: str) -> Iterator[Doomed]:
        for path in self.lake.files.walk(folder):
            stamp = self.lake.files.stamp(path)
            if stamp is not None and self.holds(path):
                yield Doomed(path, stamp.n_bytes)


def _age_seconds(run: dict[str, Any]) -> float:
    return (datetime.now(UTC) - datetime.fromisoformat(run["started"])).total_seconds()


def _tables(
    lake: Lake, old: _Old, needed: Sequence[dict[str, Any]]
) -> tuple[list[Doomed], list[Entry]]:
    """Files of tables that are not needed, and the entries of those that are."""
    entries = {entry.ref.address: entry for entry in lake.entries()}
    doomed = list(old.within(TABLE_FOLDER))
    old_addresses = {file.address for file in doomed if file.path.endswith(".json")}
    roots = {address for run in needed for address in used_addresses(run)}
    roots |= entries.keys() - old_addresses
    kept, _ = reach(lake, [entries[address].ref for address in sorted(roots & entries.keys())])
    safe = {entry.ref.address for entry in kept}
    depths = _depths(entries)
    gone = [f for f in doomed if f.address not in safe and f.path.endswith((".json", ".parquet"))]
    order = {f.path: (not f.path.endswith(".json"), -depths.get(f.address, 0)) for f in gone}
    return sorted(gone, key=lambda f: (order[f.path], f.path)), kept


def _depths(entries: dict[str, Entry]) -> dict[str, int]:
    """How far each table is from the raw ones: children are deleted before their parents."""
    depths: dict[str, int] = {}

    def depth(address: str) -> int:
        if address not in depths:
            parents = entries[address].parents if address in entries else []
            depths[address] = 1 + max((depth(parent.address) for parent in parents), default=0)
        return depths[address]

    for address in entries:
        depth(address)
    return depths


def _unnamed(old: _Old, folder: str, names: set[str]) -> Iterator[Doomed]:
    return (file for file in old.within(folder) if file.path.rpartition("/")[2] not in names)


def _notes(lake: Lake, old: _Old, blobs: set[str]) -> Iterator[Doomed]:
    """Notes of which every blob goes: what they tell would be fetched again anyway."""
    for file in old.within(NOTE_FOLDER):
        if not blobs & {d.decode() for d in _DIGEST.findall(lake.files.read(file.path))}:
            yield file
