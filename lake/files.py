"""Bytes by path, whole or not at all: on a local folder or on an object store."""

from __future__ import annotations

import contextlib
import errno
import os
import uuid
from collections.abc import Callable, Iterator
from functools import wraps
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

from lake.errors import LakeError


class Files(Protocol):
    """What the lake asks of the place that it lives in. Paths are relative, with slashes."""

    uri: str

    def read(self, path: str) -> bytes: ...

    def write(self, path: str, data: bytes) -> None: ...

    def size(self, path: str) -> int | None: ...

    def delete(self, path: str) -> None: ...

    def walk(self, folder: str) -> Iterator[str]: ...

    def age_seconds(self, path: str) -> float: ...


def open_files(uri: str) -> Files:
    """Open a local path, or a URI that pyarrow.fs knows (``s3://bucket/lake``, ``gs://...``)."""
    scheme = urlsplit(uri).scheme
    if scheme in ("", "file") or len(scheme) == 1:
        return LocalFiles(Path(urlsplit(uri).path if scheme == "file" else uri))
    return ObjectFiles(uri)


def _explained(method: Callable[..., Any]) -> Callable[..., Any]:
    """Turn the operating system's refusals into a LakeError that says what to do."""

    @wraps(method)
    def wrapper(self: Files, path: str, *args: Any) -> Any:
        try:
            return method(self, path, *args)
        except FileNotFoundError:
            raise
        except OSError as error:
            raise _lake_error(self.uri, path, error) from error

    return wrapper


def _lake_error(uri: str, path: str, error: OSError) -> LakeError:
    came = f"the lake {uri} refused {path}: {error.strerror or error}"
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return LakeError(
            came, "room on the disk", "free some, or `python -m lake sweep`; run again"
        )
    if error.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
        return LakeError(came, "a folder that may be written", "name another with --lake DIR")
    if error.errno in (errno.ENOTDIR, errno.EEXIST):
        return LakeError(came, "a folder, not a file", "name another with --lake DIR")
    return LakeError(came, "a working file system", "mend it, or name another with --lake")


class LocalFiles:
    """A folder. A write goes to a draft, is synced, then renamed."""

    def __init__(self, root: Path) -> None:
        self.root = root.absolute()
        self.uri = str(root)

    @_explained
    def read(self, path: str) -> bytes:
        return (self.root / path).read_bytes()

    @_explained
    def write(self, path: str, data: bytes) -> None:
        target = self.root / path
        draft = self.root / "drafts" / uuid.uuid4().hex
        for folder in (draft.parent, target.parent):
            folder.mkdir(parents=True, exist_ok=True)
        try:
            with draft.open("xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(target)
        except BaseException:
            draft.unlink(missing_ok=True)
            raise

    @_explained
    def size(self, path: str) -> int | None:
        try:
            return (self.root / path).stat().st_size
        except (FileNotFoundError, NotADirectoryError):
            return None

    @_explained
    def delete(self, path: str) -> None:
        (self.root / path).unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            (self.root / path).parent.rmdir()

    def walk(self, folder: str) -> Iterator[str]:
        for path in sorted((self.root / folder).rglob("*")):
            if path.is_file():
                yield path.relative_to(self.root).as_posix()

    def age_seconds(self, path: str) -> float:
        import time

        return time.time() - (self.root / path).stat().st_mtime


class ObjectFiles:
    """A prefix of an object store, through pyarrow.fs. A put is atomic there by itself."""

    def __init__(self, uri: str) -> None:
        from pyarrow import fs

        self.uri = uri.split("?")[0]
        try:
            self.system, self.root = fs.FileSystem.from_uri(uri)
        except (OSError, ValueError) as error:
            raise LakeError(
                f"the lake {self.uri} cannot be opened: {error}",
                "a folder, or a URI that pyarrow.fs knows (s3://bucket/lake)",
                "mend --lake; credentials come from the environment",
            ) from error

    def _full(self, path: str) -> str:
        return f"{self.root.rstrip('/')}/{path}"

    @_explained
    def read(self, path: str) -> bytes:
        with self.system.open_input_file(self._full(path)) as file:
            return bytes(file.read())

    @_explained
    def write(self, path: str, data: bytes) -> None:
        full = self._full(path)
        self.system.create_dir(full.rpartition("/")[0], recursive=True)
        with self.system.open_output_stream(full) as file:
            file.write(data)

    @_explained
    def size(self, path: str) -> int | None:
        info = self.system.get_file_info(self._full(path))
        return info.size if info.is_file else None

    @_explained
    def delete(self, path: str) -> None:
        if self.size(path) is not None:
            self.system.delete_file(self._full(path))

    def walk(self, folder: str) -> Iterator[str]:
        from pyarrow import fs

        selector = fs.FileSelector(self._full(folder), recursive=True, allow_not_found=True)
        skip = len(self.root.rstrip("/")) + 1
        for info in sorted(self.system.get_file_info(selector), key=lambda i: i.path):
            if info.is_file:
                yield info.path[skip:]

    def age_seconds(self, path: str) -> float:
        from datetime import UTC, datetime

        made = self.system.get_file_info(self._full(path)).mtime
        return (datetime.now(UTC) - made).total_seconds()
