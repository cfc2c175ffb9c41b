"""A chain of entries to which one can only add, and the lists that they name.

ledger/NUMBER.json           an entry: canonical JSON with its number, the SHA-256 of the bytes of
                             the entry before, and the SHA-256 of its list
ledger/lists/SHA256.parquet  a list: thousands of rows that an entry speaks of
ledger/head.json             number and SHA-256 of the latest entry: written after it, so it may
                             lag behind, but the chain never ends before it

An entry is created whole under the next free number, or not at all: where another run was
faster, the chain is read again and the next number is tried. On an object store, which has no
exclusive create, one of two entries written in the same instant can be lost; whoever refers to it
is told so. Changing, dropping or swapping what is there shows in the hashes. What no chain can
show is that all of it, or its end together with the head, was taken away.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, NamedTuple

import polars as pl

from lake.errors import LakeError
from lake.keys import canonical_json, sha256
from lake.store import LEDGER_FOLDER, Lake

HEAD = f"{LEDGER_FOLDER}/head.json"
_ENTRY = re.compile(rf"{LEDGER_FOLDER}/([0-9]{{6}})\.json")
_LIST = re.compile(rf"{LEDGER_FOLDER}/lists/([0-9a-f]{{64}})\.parquet")
_PUT_BACK = (
    "put it back from a backup; without one move the folder ledger/ elsewhere, keep it, and say "
    "beside your results that what was asked before is no longer counted"
)
_NOTHING = "nothing: the next run mends it"
_N_READERS = 16
_N_ATTEMPTS = 1000


@dataclass(frozen=True)
class Link:
    """An entry of the chain.

    Attributes
    ----------
    number : int
        From 1.
    digest : str
        SHA-256 of the entry's bytes.
    content : dict
        Its fields.
    """

    number: int
    digest: str
    content: dict[str, Any]


class Flaw(NamedTuple):
    """Where the chain is not what was written, and what to do; as `lake.verify.Fault`."""

    place: str
    what: str
    do: str
    harmless: bool = False


def read_chain(lake: Lake) -> list[Link]:
    """Return all entries, none where no ledger is; the chain and every list are checked.

    Raises
    ------
    LakeError
        When an entry or a list is missing, changed, cut short or in another place.
    """
    links, flaws = check_chain(lake)
    wrong = [flaw for flaw in flaws if not flaw.harmless]
    if wrong:
        raise LakeError(
            f"{wrong[0].place} in the lake {lake.uri}: {wrong[0].what}",
            "the ledger as it was written (`python -m lake verify` lists all that is wrong)",
            wrong[0].do,
        )
    return links


def check_chain(lake: Lake) -> tuple[list[Link], list[Flaw]]:
    """Return the entries that can be read and all that is wrong with the chain."""
    # Read first: what is appended meanwhile can only lie behind it.
    head = _read(lake, HEAD)
    paths = list(lake.files.walk(LEDGER_FOLDER))
    numbers = [int(match[1]) for path in paths if (match := _ENTRY.fullmatch(path))]
    # By number, not as walked: a listing made while others append may lack one in the middle.
    with ThreadPoolExecutor(_N_READERS) as pool:
        entries = list(
            pool.map(lambda n: _read(lake, _path(n)), range(1, max(numbers, default=0) + 1))
        )
        links, flaws = _linked(entries)
        flaws += _head_flaws(head, entries, {_number_in(flaw.place) for flaw in flaws})
        named = sorted({link.content["list"]["file"]: link.number for link in links}.items())
        lists = pool.map(lambda item: _list_flaw(lake, *item), named)
        flaws += [flaw for flaw in lists if flaw is not None]
    return links, [*flaws, *_unnamed(paths, {file for file, _ in named})]


def append(
    lake: Lake, content: dict[str, Any], rows: pl.DataFrame, alike: Callable[[Link], bool]
) -> tuple[Link, bool]:
    """Add an entry unless one `alike` is there; return the entry, and whether it is new.

    Parameters
    ----------
    content : dict
        Fields of the entry; its number, its list and what it follows are added.
    rows : DataFrame
        Its list.
    """
    for _ in range(_N_ATTEMPTS):
        links = read_chain(lake)
        found = next(filter(alike, links), None)
        if found is not None:
            return found, False
        file = _put_list(lake, rows)
        number, previous = len(links) + 1, links[-1].digest if links else ""
        kept = {"file": file, "rows": rows_digest(rows), "n_rows": rows.height}
        whole = {**content, "list": kept, "number": number, "previous": previous}
        data = canonical_json(whole).encode()
        if lake.files.create(_path(number), data):
            link = Link(number, sha256(data), whole)
            _move_head(lake, link)
            return link, True
    raise LakeError(
        f"entry {number} could not be added to the ledger of {lake.uri}",
        "a number that is free",
        "look at what lies there; run again when fewer runs are under way",
    )


def rows_digest(rows: pl.DataFrame) -> str:
    """SHA-256 of the rows, whichever release of polars wrote them."""
    plain = rows.with_columns(pl.selectors.float().fill_nan(None))
    return sha256(canonical_json([plain.columns, *plain.rows()]).encode())


def read_list(lake: Lake, link: Link) -> pl.DataFrame:
    """Return the list of an entry of a chain that has been checked."""
    data = lake.files.read(_list_path(link.content["list"]["file"]))
    return pl.read_parquet(io.BytesIO(data), glob=False)


def _put_list(lake: Lake, rows: pl.DataFrame) -> str:
    buffer = io.BytesIO()
    rows.write_parquet(buffer, compression="zstd", compression_level=3)
    data = buffer.getvalue()
    digest = sha256(data)
    if _read(lake, _list_path(digest)) != data:
        lake.files.write(_list_path(digest), data)
    return digest


def _linked(entries: Sequence[bytes | None]) -> tuple[list[Link], list[Flaw]]:
    links: list[Link] = []
    flaws: list[Flaw] = []
    before: Link | None = None
    for number, data in enumerate(entries, 1):
        link = _parsed(number, data)
        if isinstance(link, str):
            flaws.append(Flaw(_path(number), link, _PUT_BACK))
            before = None
            continue
        if before is not None and link.content["previous"] != before.digest:
            what = f"entry {before.number} is not the one that entry {number} follows"
            flaws.append(Flaw(_path(before.number), what, _PUT_BACK))
        links.append(link)
        before = link
    return links, flaws


def _parsed(number: int, data: bytes | None) -> Link | str:
    """The entry, or what is wrong with it."""
    if data is None:
        return f"entry {number} is gone"
    try:
        content = json.loads(data)
        n_rows, file = content["list"]["n_rows"], content["list"]["file"]
        readable = canonical_json(content).encode() == data and n_rows >= 0 and len(file) > 0
    except (ValueError, KeyError, TypeError):
        readable = False
    if not readable:
        return f"entry {number} cannot be read: it was changed or cut short"
    if content.get("number") != number:
        return f"entry {number} says that it is number {content.get('number')}"
    if not isinstance(content.get("previous"), str) or (number == 1) != (not content["previous"]):
        return f"entry {number} does not say which it follows"
    return Link(number, sha256(data), content)


def _head_flaws(
    head: bytes | None, entries: Sequence[bytes | None], known: set[int]
) -> Iterator[Flaw]:
    if head is None:
        if len(entries) > 1:
            yield Flaw(HEAD, "it is gone: a lost end of the ledger would not show", _NOTHING, True)
        return
    try:
        latest = json.loads(head)
        number, digest = int(latest["number"]), str(latest["digest"])
    except (ValueError, KeyError, TypeError):
        yield Flaw(HEAD, "it cannot be read: it was changed or cut short", _PUT_BACK)
        return
    if number > len(entries):
        gone = (
            f"entry {number} is gone"
            if number == len(entries) + 1
            else (f"entries {len(entries) + 1} to {number} are gone")
        )
        yield Flaw(_path(number), gone, _PUT_BACK)
    elif number not in known and sha256(entries[number - 1] or b"") != digest:
        yield Flaw(_path(number), f"entry {number} is not the one that was written", _PUT_BACK)


def _list_flaw(lake: Lake, file: str, number: int) -> Flaw | None:
    data = _read(lake, _list_path(file))
    if data is not None and sha256(data) == file:
        return None
    what = "is gone" if data is None else "was changed or cut short"
    return Flaw(_list_path(file), f"the list of entry {number} {what}", _PUT_BACK)


def _unnamed(paths: list[str], named: set[str]) -> Iterator[Flaw]:
    for path in paths:
        match = _LIST.fullmatch(path)
        if match and match[1] not in named:
            yield Flaw(path, "a list without an entry: a write that was cut short", "nothing", True)
        elif not match and path != HEAD and not _ENTRY.fullmatch(path):
            yield Flaw(path, "no file of the lake", "move it elsewhere", True)


def _move_head(lake: Lake, link: Link) -> None:
    """Let the head name `link`, unless another run has moved it further."""
    head = _read(lake, HEAD)
    if head is None or json.loads(head)["number"] < link.number:
        value = {"number": link.number, "digest": link.digest}
        lake.files.write(HEAD, canonical_json(value).encode())


def _read(lake: Lake, path: str) -> bytes | None:
    try:
        return lake.files.read(path)
    except FileNotFoundError:
        return None


def _number_in(path: str) -> int:
    match = _ENTRY.fullmatch(path)
    return int(match[1]) if match else 0


def _path(number: int) -> str:
    return f"{LEDGER_FOLDER}/{number:06d}.json"


def _list_path(file: str) -> str:
    return f"{LEDGER_FOLDER}/lists/{file}.parquet"
