"""The lake as a Prefect block: where tasks find and keep their results."""

from __future__ import annotations

import hashlib
import os

from prefect._internal.compatibility.async_dispatch import async_dispatch
from prefect.filesystems import WritableFileSystem
from prefect.results import ResultRecord, ResultRecordMetadata
from prefect.serializers import JSONSerializer

from lake.store import open_lake


class LakeResults(WritableFileSystem):
    """Prefect's view of a lake: a task's stored result is the ref of a table that is whole.

    Nothing is stored twice: a record is read off the lake's own entry, so a hit is always a
    table that is there, on whichever machine the lake is opened.
    """

    _block_type_name = "Assay lake"
    _block_type_slug = "assay-lake"
    _description = "Refs of the tables of a lake, as Prefect results."

    uri: str

    async def aread_path(self, path: str) -> bytes:
        return self._record(path)

    @async_dispatch(aread_path)
    def read_path(self, path: str) -> bytes:  # type: ignore[override]
        return self._record(path)

    async def awrite_path(self, path: str, content: bytes) -> None:
        """Do nothing: the task has written the table, and the table is the record."""

    @async_dispatch(awrite_path)
    def write_path(self, path: str, content: bytes) -> None:  # type: ignore[override]
        """Do nothing, likewise."""

    def _record(self, path: str) -> bytes:
        entry = open_lake(self.uri).find(path)
        if entry is None:
            raise FileNotFoundError(path)
        metadata = ResultRecordMetadata(
            storage_key=path,
            serializer=JSONSerializer(),
            storage_block_id=self._block_document_id,
        )
        return ResultRecord(result=entry.ref, metadata=metadata).serialize()


def lake_results(uri: str) -> LakeResults:
    """Return the saved block for the lake at `uri`, one per lake."""
    place = uri if "://" in uri else os.path.abspath(uri)
    name = "lake-" + hashlib.sha256(place.encode()).hexdigest()[:12]
    block = LakeResults(uri=place)
    block.save(name, overwrite=True)
    return block
