"""Bytes by path, whole or not at all: on a local folder or on an object store."""

from __future__ import annotations

import errno
import os
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import wraps
from pathlib import Path
from typing import Any, NamedTuple, Protocol
from urllib.parse import unquote, urlsplit

from lake.errors import LakeError

# What file systems answer that know no second name for a file, such as exFAT.
_NO_LINKS = (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS)


class Stamp(NamedTuple):
    """What tells a file from the one that lay there before, without reading it."""

    n_bytes: int
    mtime_ns: int
    inode: int = 0


class Files(Protocol):
    """What the lake asks of the place that it lives in. Paths are relative, with slashes."""

    uri: str

    def read(self, path: str) -> bytes: ...

    def write(self, path: str, data: bytes) -> None: ...

    def create(self, path: str, data: bytes) -> bool: ...

    def stamp(self, path: str) -> Stamp | None: ...

    def delete(self, path: str) -> None: ...

    def walk(self, folder: str) -> Iterator[str]: ...

    def age_seconds(self, path: str) -> float: ...


def open_files(uri: str) -> Files:
    """Open a local path, or a URI that pyarrow.fs knows (``s3://bucket/lake``, ``gs://...``)."""
    if not uri.strip():
        raise LakeError("the lake has no name", "a folder or a URI", "name one with --lake DIR")
    scheme = urlsplit(uri).scheme
    if scheme in ("", "file") or len(scheme) == 1:
        return LocalFiles(Path(unquote(urlsplit(uri).path) if scheme == "file" else uri))
    return ObjectFiles.at(uri)


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


def _replace(draft: Path, target: Path) -> bool:
    draft.replace(target)
    return True


def _link(draft: Path, target: Path) -> bool:
    # A second name is given to what is whole already, and never to a name that is taken.
    try:
        os.link(draft, target)
    except FileExistsError:
        return False
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        return not target.exists() and _replace(draft, target)
    return True


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
        self._through_draft(path, data, _replace)

    @_explained
    def create(self, path: str, data: bytes) -> bool:
        """Write a file where none is; return False, and leave it, where one is already."""
        return self._through_draft(path, data, _link)

    def _through_draft(self, path: str, data: bytes, settle: Callable[[Path, Path], bool]) -> bool:
        target = self.root / path
        draft = self.root / "drafts" / uuid.uuid4().hex
        for folder in (draft.parent, target.parent):
            folder.mkdir(parents=True, exist_ok=True)
        try:
            with draft.open("xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            return settle(draft, target)
        finally:
            draft.unlink(missing_ok=True)

    @_explained
    def stamp(self, path: str) -> Stamp | None:
        try:
            found = (self.root / path).stat()
        except FileNotFoundError:
            return None
        return Stamp(found.st_size, found.st_mtime_ns, found.st_ino)

    @_explained
    def delete(self, path: str) -> None:
        # The folder stays, empty or not: another process may be about to write into it.
        (self.root / path).unlink(missing_ok=True)

    @_explained
    def walk(self, folder: str) -> Iterator[str]:
        found = sorted(path for path in (self.root / folder).rglob("*") if path.is_file())
        return (path.relative_to(self.root).as_posix() for path in found)

    @_explained
    def age_seconds(self, path: str) -> float:
        return time.time() - (self.root / path).stat().st_mtime


class ObjectFiles:
    """A prefix of an object store, through pyarrow.fs. A put is atomic there by itself."""

    def __init__(self, uri: str, system: Any, root: str) -> None:
        self.uri, self.system, self.root = uri, system, root.strip("/")

    @classmethod
    def at(cls, uri: str) -> ObjectFiles:
        """Open a URI. Secrets in it, before ``@`` and after ``?``, are not repeated anywhere."""
        from pyarrow import fs

        parts = urlsplit(uri)
        place = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
        try:
            system, root = fs.FileSystem.from_uri(uri)
        except (OSError, ValueError) as error:
            raise LakeError(
                f"the lake {place} cannot be opened: {str(error).replace(uri, place)}",
                "a folder, or a URI that pyarrow.fs knows (s3://bucket/lake)",
                "mend --lake; credentials come from the environment",
            ) from error
        return cls(place, system, root)

    def _full(self, path: str) -> str:
        return f"{self.root}/{path}" if self.root else path

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

    def create(self, path: str, data: bytes) -> bool:
        """Write a file where none is; return False where one is already.

        pyarrow.fs knows no conditional put. Of two that create the same file in one instant, the
        one that is overwritten sees it by reading back, unless it has read back before.
        """
        if self.stamp(path) is not None:
            return False
        self.write(path, data)
        return bool(self.read(path) == data)

    @_explained
    def stamp(self, path: str) -> Stamp | None:
        info = self.system.get_file_info(self._full(path))
        return Stamp(info.size, info.mtime_ns or 0) if info.is_file else None

    @_explained
    def delete(self, path: str) -> None:
        if self.stamp(path) is not None:
            self.system.delete_file(self._full(path))

    @_explained
    def walk(self, folder: str) -> Iterator[str]:
        from pyarrow import fs

        selector = fs.FileSelector(self._full(folder), recursive=True, allow_not_found=True)
        skip = len(self._full(""))
        infos = self.system.get_file_info(selector)
        return iter(sorted(info.path[skip:] for info in infos if info.is_file))

    @_explained
    def age_seconds(self, path: str) -> float:
        made = self.system.get_file_info(self._full(path)).mtime
        return (datetime.now(UTC) - made).total_seconds()
