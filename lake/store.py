"""The store: tables by key, atomic and checked. The only file that builds a path.

tables/KIND/market/part/KEY.parquet    a table
tables/KIND/market/part/KEY.json       its ref and the fields of its key: written last,
                                       so a table without one does not exist
runs/RUN.json                          what a run used and made
blobs/SHA256                           bytes as a venue sent them
notes/SHA256(name).json                which blob a venue's page or archive became
documents/NAME                         copies of reports and blueprints for people
ledger/                                every hypothesis ever asked, see lake/chain.py: never swept
drafts/                                writes under way
"""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Iterator
from functools import cache
from typing import Any

import polars as pl
from pydantic import BaseModel, ConfigDict, ValidationError

from lake.errors import CorruptTable, LakeError, MissingTable
from lake.files import Files, Stamp, open_files
from lake.keys import Key, sha256
from lake.ref import WHOLE, Ref, is_safe, safe_name
from lake.schema import TABLES

pl.Config.set_engine_affinity("in-memory")

TABLE_FOLDER, RUN_FOLDER, BLOB_FOLDER, DOCUMENT_FOLDER = "tables", "runs", "blobs", "documents"
DRAFT_FOLDER, NOTE_FOLDER, LEDGER_FOLDER = "drafts", "notes", "ledger"


class Entry(BaseModel):
    """What the lake knows of a table: its ref, how its key came about, its parents."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    ref: Ref
    key: Key
    parents: list[Ref]


class Lake:
    """Tables by key on a folder or an object store. Safe to use from many threads."""

    def __init__(self, files: Files) -> None:
        self.files = files
        self._whole: dict[str, tuple[str, Stamp]] = {}
        self._lock = threading.Lock()

    @property
    def uri(self) -> str:
        return self.files.uri

    def find(self, address: str) -> Entry | None:
        """Return the entry at ``KIND/market/part/KEY`` if its table is there and whole."""
        entry = self.entry(address)
        return entry if entry is not None and self.is_whole(entry.ref) else None

    def entry(self, address: str) -> Entry | None:
        """Return what is recorded at `address`, whether or not the table is still whole."""
        try:
            entry = Entry.model_validate_json(self.files.read(_entry_path(address)))
        except (FileNotFoundError, ValidationError):
            return None
        return entry if entry.ref.address == address else None

    def is_whole(self, ref: Ref) -> bool:
        """Whether the table's bytes are those that were written.

        Hashed once per process, and again when the file is no longer the one that was hashed.
        """
        stamp = self.files.stamp(_table_path(ref.address))
        if stamp is None or stamp.n_bytes != ref.n_bytes:
            return False
        with self._lock:
            if self._whole.get(ref.address) == (ref.content, stamp):
                return True
        try:
            self._read_bytes(ref)
        except (MissingTable, CorruptTable):
            return False
        return True

    def read(self, ref: Ref) -> pl.DataFrame:
        """Return the table that `ref` names.

        Raises
        ------
        MissingTable, CorruptTable
            When it is not there, or is not what was written.
        """
        return pl.read_parquet(io.BytesIO(self._read_bytes(ref)), glob=False)

    def write(self, key: Key, frame: pl.DataFrame, parents: list[Ref]) -> Ref:
        """Store `frame` as the table of `key` and return its ref.

        The same frame gives the same bytes; a table that is already there is replaced by itself.
        """
        table = TABLES[key.kind]
        conformed = table.conform(frame)
        buffer = io.BytesIO()
        conformed.write_parquet(buffer, compression="zstd", compression_level=3, statistics=True)
        data = buffer.getvalue()
        ref = Ref(
            kind=key.kind,
            market=key.market,
            part=key.part,
            key=key.digest,
            content=sha256(data),
            n_rows=conformed.height,
            n_bytes=len(data),
            raw=table.raw,
        )
        entry = Entry(ref=ref, key=key, parents=parents)
        self.files.write(_table_path(ref.address), data)
        self.files.write(_entry_path(ref.address), _pretty(entry.model_dump(mode="json")))
        return ref

    def delete(self, ref: Ref) -> None:
        """Forget a table: its entry first, so that no reader meets half of it."""
        self.files.delete(_entry_path(ref.address))
        self.files.delete(_table_path(ref.address))

    def entries(self) -> Iterator[Entry]:
        """Yield every entry, sorted by address."""
        for path in self.files.walk(TABLE_FOLDER):
            address = path.removeprefix(f"{TABLE_FOLDER}/").removesuffix(".json")
            if path.endswith(".json") and is_address(address):
                entry = self.entry(address)
                if entry is not None:
                    yield entry

    def put_blob(self, data: bytes) -> str:
        """Keep bytes as they came; return their SHA-256."""
        digest = sha256(data)
        self._put(f"{BLOB_FOLDER}/{digest}", data)
        return digest

    def get_blob(self, digest: str) -> bytes:
        """Return kept bytes, checked."""
        try:
            data = self.files.read(f"{BLOB_FOLDER}/{safe_name(digest)}")
        except FileNotFoundError as error:
            raise MissingTable(
                f"no blob {digest[:12]} in the lake {self.uri}",
                "the bytes that an earlier fetch kept",
                "run again with --refresh ingest",
            ) from error
        if sha256(data) != digest:
            raise CorruptTable(
                f"blob {digest[:12]} of the lake {self.uri} has changed",
                "the bytes that were kept",
                "run again with --refresh ingest",
            )
        return data

    def remember(self, name: str, record: dict[str, Any]) -> None:
        """Note what became of `name` (an archive, a page), replacing what was noted before."""
        self.files.write(_note_path(name), _pretty({"name": name, "record": record}))

    def recall(self, name: str) -> dict[str, Any] | None:
        """Return what was noted of `name`, or None where nothing readable was."""
        try:
            note = json.loads(self.files.read(_note_path(name)))
        except (FileNotFoundError, ValueError):
            return None
        return note["record"] if isinstance(note, dict) and note.get("name") == name else None

    def put_document(self, name: str, content: str | bytes) -> str:
        """Write a copy for people, unless the same is there; return where it is."""
        path = f"{DOCUMENT_FOLDER}/{safe_name(name)}"
        self._put(path, content.encode() if isinstance(content, str) else content)
        return f"{self.uri.rstrip('/')}/{path}"

    def put_run(self, run: str, record: dict[str, Any]) -> None:
        """Keep the record of a run."""
        self.files.write(f"{RUN_FOLDER}/{safe_name(run)}.json", _pretty(record))

    def runs(self) -> list[dict[str, Any]]:
        """Records of all runs, oldest first.

        Raises
        ------
        CorruptTable
            When one of them cannot be read.
        """
        paths = [path for path in self.files.walk(RUN_FOLDER) if is_run(path)]
        records = [self.run_at(path) for path in paths]
        return sorted(records, key=lambda record: (record["started"], record["run"]))

    def run_at(self, path: str) -> dict[str, Any]:
        """Return the record of a run, of which `path` is known from walking."""
        try:
            record = json.loads(self.files.read(path))
        except ValueError:
            record = None
        if isinstance(record, dict) and record.keys() >= {"run", "started", "finished", "stages"}:
            return record
        raise CorruptTable(
            f"{path} in the lake {self.uri} is no record of a run",
            "a JSON object with run, started, finished and stages",
            "delete that file: no table depends on it",
        )

    def _put(self, path: str, data: bytes) -> None:
        stamp = self.files.stamp(path)
        if stamp is None or stamp.n_bytes != len(data) or self.files.read(path) != data:
            self.files.write(path, data)

    def _read_bytes(self, ref: Ref) -> bytes:
        # Stamped before it is read: a file that is replaced meanwhile is hashed again.
        stamp = self.files.stamp(_table_path(ref.address))
        try:
            data = self.files.read(_table_path(ref.address))
        except FileNotFoundError as error:
            raise MissingTable(
                f"the lake {self.uri} has no table {ref}",
                "a table that a run has made",
                "run the flow again: it makes what is missing",
            ) from error
        if sha256(data) != ref.content:
            raise CorruptTable(
                f"table {ref} of the lake {self.uri} is not what was written",
                f"content {ref.content[:12]}",
                "run the flow again: it makes what is broken",
            )
        if stamp is not None:
            with self._lock:
                self._whole[ref.address] = (ref.content, stamp)
        return data


@cache
def open_lake(uri: str) -> Lake:
    """Open the lake at a local path or URI; one object per URI and process."""
    return Lake(open_files(uri))


def is_address(text: str) -> bool:
    """Whether `text` has the form ``KIND/market/part/KEY``."""
    parts = text.split("/")
    return len(parts) == 4 and all(part == WHOLE or is_safe(part) for part in parts)


def is_run(path: str) -> bool:
    """Whether the record of a run lies at `path`; a desktop leaves other files in folders."""
    name = path.removeprefix(f"{RUN_FOLDER}/")
    return name.endswith(".json") and is_safe(name)


def _table_path(address: str) -> str:
    return f"{TABLE_FOLDER}/{_checked(address)}.parquet"


def _entry_path(address: str) -> str:
    return f"{TABLE_FOLDER}/{_checked(address)}.json"


def _note_path(name: str) -> str:
    return f"{NOTE_FOLDER}/{sha256(name.encode())}.json"


def _checked(address: str) -> str:
    if not is_address(address):
        raise LakeError(
            f"the address {address!r}", "KIND/market/part/KEY", "take one from `python -m lake ls`"
        )
    return address


def _pretty(value: Any) -> bytes:
    return (json.dumps(value, indent=1, sort_keys=True, allow_nan=False) + "\n").encode()
