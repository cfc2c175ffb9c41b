"""Where a table comes from: its ancestors down to the bytes that came from outside."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from lake.errors import CorruptTable, MissingTable
from lake.ref import Ref
from lake.schema import FETCHED
from lake.store import Entry, Lake


def ancestors(lake: Lake, refs: Iterable[Ref]) -> list[Entry]:
    """Return the entries of `refs` and of all that they were made of, sorted by address.

    Raises
    ------
    MissingTable
        When the lake does not hold one of them; every missing table is named.
    """
    entries, missing = reach(lake, refs)
    if missing:
        raise MissingTable(
            f"the lake {lake.uri} lacks {', '.join(map(str, missing))}",
            "every table that went into the ones asked for",
            "run the flow again: it makes what is missing",
        )
    return entries


def reach(lake: Lake, refs: Iterable[Ref]) -> tuple[list[Entry], list[Ref]]:
    """Entries that can be reached from `refs` through parents, and refs that lead nowhere.

    Both are sorted by address. A ref is looked up by its address alone.
    """
    found: dict[str, Entry] = {}
    missing: dict[str, Ref] = {}
    waiting = list(refs)
    while waiting:
        ref = waiting.pop()
        if ref.address in found or ref.address in missing:
            continue
        entry = lake.entry(ref.address)
        if entry is None:
            missing[ref.address] = ref
        else:
            found[ref.address] = entry
            waiting.extend(entry.parents)
    return [found[a] for a in sorted(found)], [missing[a] for a in sorted(missing)]


def ancestry(lake: Lake, ref: Ref) -> Iterator[str]:
    """Yield the lines of a tree from `ref` down to raw bytes; a table met before is not repeated.

    A raw table is followed by the hash of its content, and a table of fetched bytes by its blobs.
    """
    yield from _branch(lake, ref, "", "", set())


def _branch(lake: Lake, ref: Ref, lead: str, indent: str, seen: set[str]) -> Iterator[str]:
    entry = lake.entry(ref.address)
    if ref.address in seen:
        yield f"{lead}{ref} (see above)"
        return
    seen.add(ref.address)
    yield f"{lead}{ref}{_remark(entry, ref)}"
    children: list[Ref | str] = [] if entry is None else [*entry.parents, *_blob_lines(lake, ref)]
    for index, child in enumerate(children):
        last = index == len(children) - 1
        tip, below = ("└─ ", "   ") if last else ("├─ ", "│  ")
        if isinstance(child, Ref):
            yield from _branch(lake, child, indent + tip, indent + below, seen)
        else:
            yield f"{indent}{tip}{child}"


def _remark(entry: Entry | None, ref: Ref) -> str:
    if entry is None:
        return " (deleted)"
    made_anew = "" if entry.ref.content == ref.content else f", made anew: {entry.ref.content[:12]}"
    content = f", content {ref.content}" if ref.raw else ""
    return f"  {entry.ref.n_rows:,} rows{content}{made_anew}"


def blobs_of(lake: Lake, ref: Ref) -> list[str]:
    """Names of the blobs that a table of fetched bytes lists, in its order; none for other kinds.

    Raises
    ------
    MissingTable, CorruptTable
        When the table cannot be read.
    """
    return lake.read(ref)["content"].to_list() if ref.kind == FETCHED.name else []


def _blob_lines(lake: Lake, ref: Ref) -> list[str]:
    if ref.kind != FETCHED.name:
        return []
    try:
        rows = lake.read(ref).select("origin", "name", "content", "n_bytes").rows()
    except (MissingTable, CorruptTable) as error:
        return [f"its blobs are not known: {error.came}"]
    return [f"{origin} {name}  {size:,} bytes, blob {blob}" for origin, name, blob, size in rows]
