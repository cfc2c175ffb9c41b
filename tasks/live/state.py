"""The state of a replay as one file: written whole or not at all, read back to the last bit."""

from __future__ import annotations

import io
import json
import os
import zipfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lake.errors import ConfigError, InputError
from lake.keys import sha256

WHAT = "assay-live-state"
FORMAT = 1
WORDS = "words"  # the array that holds what is no array, as JSON


@dataclass(frozen=True)
class State:
    """All that is known after some rows.

    Attributes
    ----------
    setting : dict
        All that a replay depends on, as JSON values: a state of another one is of no use.
    words : dict
        What is no array, as JSON values.
    arrays : mapping of str to array
    """

    setting: dict[str, Any]
    words: dict[str, Any]
    arrays: Mapping[str, NDArray[Any]]


def write_state(path: Path, state: State) -> None:
    """Write a state beside its place and then move it there.

    Raises
    ------
    ConfigError
        When it cannot be written.
    """
    draft = path.with_name(f"{path.name}.draft")
    try:
        with draft.open("wb") as file:
            file.write(_packed(state))
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError as error:
        with suppress(OSError):
            draft.unlink()
        raise ConfigError(
            f"the state {path} cannot be written: {error.strerror}",
            "a file in a folder that is there and may be written, with room for it",
            "name another with --state",
        ) from error


def read_state(path: Path, setting: Mapping[str, Any]) -> State:
    """Read a state that a replay of the same setting has written.

    Raises
    ------
    InputError
        When there is none, or it is damaged.
    ConfigError
        When it is of another setting; the message names what differs.
    """
    state = _unpacked(path)
    other = sorted(_differences(state.setting, setting))
    if other:
        raise ConfigError(
            f"the state {path} is of another replay: {'; '.join(other[:3])}",
            "the setting and the version of the program that it was written with",
            "ask for the same as then, or begin anew with another --state and without --resume",
        )
    return state


def _packed(state: State) -> bytes:
    words = {"format": FORMAT, "setting": state.setting, "words": state.words}
    body = io.BytesIO()
    told = np.frombuffer(json.dumps(words).encode(), np.uint8)
    np.savez(body, allow_pickle=False, **{WORDS: told}, **state.arrays)
    data = body.getvalue()
    return f"{WHAT} {sha256(data)}\n".encode() + data


def _unpacked(path: Path) -> State:
    try:
        head, _, body = path.read_bytes().partition(b"\n")
    except OSError as error:
        raise InputError(
            f"the state {path} cannot be read: {error.strerror}",
            "a file that a replay with --state has written",
            "check --state, or begin anew without --resume",
        ) from error
    if head.decode(errors="replace") != f"{WHAT} {sha256(body)}":
        raise _damaged(path)
    try:
        with np.load(io.BytesIO(body), allow_pickle=False) as found:
            arrays = {name: found[name] for name in found.files}
        words = json.loads(arrays.pop(WORDS).tobytes())
    except (ValueError, KeyError, zipfile.BadZipFile) as error:
        raise _damaged(path) from error
    if words["format"] != FORMAT:
        raise _damaged(path)
    return State(words["setting"], words["words"], arrays)


def _damaged(path: Path) -> InputError:
    return InputError(
        f"{path} is no whole state of this version of the program",
        "a file that a replay with --state has written",
        "check --state, or begin anew with another --state and without --resume",
    )


def _differences(was: Any, now: Any, place: str = "") -> list[str]:
    """Where two JSON values differ, in words."""
    if isinstance(was, dict) and isinstance(now, dict):
        keys = sorted({*was, *now})
        found = [_differences(was.get(k), now.get(k), f"{place}.{k}".lstrip(".")) for k in keys]
        return [text for texts in found for text in texts]
    return [] if was == now else [f"{place} was {was!r} and is {now!r}"]
