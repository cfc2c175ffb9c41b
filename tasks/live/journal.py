"""The decisions of a replay as lines of JSON beside its state, each once whatever happened."""

from __future__ import annotations

import json
import math
import os
import sys
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

from lake.errors import ConfigError


class Journal:
    """Lines that are only added to; a replay that goes on cuts off what its state does not know.

    Parameters
    ----------
    path : Path
    size : int
        Bytes that count: what comes after them is cut off.

    Raises
    ------
    ConfigError
        When it cannot be written, another replay writes to it, or it holds less.
    """

    def __init__(self, path: Path, size: int = 0) -> None:
        self._path = path
        try:
            self._file = path.open("ab")
            _lock(self._file, path)
            known = os.fstat(self._file.fileno()).st_size
            if known < size:
                raise ConfigError(
                    f"{path} holds {known} bytes where its state has written {size}",
                    "the decisions as they were written",
                    "put the file back, or begin anew with another --state",
                )
            self._file.truncate(size)
        except OSError as error:
            raise self._refusal(error) from error

    def add(self, decision: Mapping[str, Any]) -> None:
        """Add a decision, a row of DECISIONS."""
        self._file.write(to_line(decision).encode() + b"\n")

    def settle(self) -> int:
        """Bring all lines to the disk; return how many bytes there are."""
        try:
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError as error:
            raise self._refusal(error) from error
        return os.fstat(self._file.fileno()).st_size

    def close(self) -> None:
        """Let others write to it."""
        self._file.close()

    def _refusal(self, error: OSError) -> ConfigError:
        return ConfigError(
            f"{self._path} cannot be written: {error.strerror}",
            "a file in a folder that is there and may be written, with room for it",
            "name another --state",
        )


def _lock(file: BinaryIO, path: Path) -> None:
    """Refuse a file that another replay writes to; the lock ends with the process."""
    if sys.platform == "win32":
        return
    import fcntl

    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise ConfigError(
            f"another replay writes to {path}",
            "a state of its own for each replay",
            "stop the other, or name another --state",
        ) from error


def to_line(decision: Mapping[str, Any]) -> str:
    """A row of DECISIONS as JSON: what is not known is null, times are ISO."""
    return json.dumps({name: _plain(value) for name, value in decision.items()})


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return None if isinstance(value, float) and not math.isfinite(value) else value
