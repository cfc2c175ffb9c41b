"""What an engine is: one record of memory and a step, folded over bars.

Live feeds one bar, a back-test years of them: it is the same call, and a memory that is saved, read
back and fed on gives the same readings to the last bit.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lake.config import Config
from lake.errors import SchemaError
from lake.time import Timeframe
from tasks.kernels.reading import NOTE

Records = NDArray[np.void]
Reals = NDArray[np.float64]
MAGIC = "assay-engine-memory"


class EngineConfig(Config):
    """Base of the engines' configs: a field per rule of the kernel, and where the engine looks.

    Attributes
    ----------
    timeframe : str
        Of the bars that the engine reads; bars that are longer already are read as they are.
    """

    timeframe: Timeframe


class Heard(NamedTuple):
    """What an engine said of some bars.

    Attributes
    ----------
    readings : (n,) structured array
        One per bar, see `tasks.kernels.reading.reading_of`.
    notes : (k,) NOTE
        Births and deaths of zones, in the order in which they became known.
    """

    readings: Records
    notes: Records


@dataclass(frozen=True, eq=False)
class Engine:
    """One engine.

    Attributes
    ----------
    name : str
    events, facts : tuple of str
        Names of what its readings hold.
    config : type of EngineConfig
        Its fields but `timeframe` are those of `rules`.
    memory, rules, reading : dtype
    fold : callable
        Kernel: ``(memory, bars, rules, readings, notes) -> n_notes``.
    max_zones : int
        Zones that the memory can hold at once.
    notes_per_bar : int
        Most zones that can be born at one bar, times two: each dies once.
    """

    name: str
    events: tuple[str, ...]
    facts: tuple[str, ...]
    config: type[EngineConfig]
    memory: np.dtype
    rules: np.dtype
    reading: np.dtype
    fold: Callable[..., int]
    max_zones: int = 0
    notes_per_bar: int = 0

    def start(self) -> Records:
        """A memory that has seen nothing, shape (1,)."""
        return np.zeros(1, self.memory)

    def rules_of(self, config: EngineConfig) -> Records:
        """The config as the kernel reads it, shape (1,)."""
        return rules_of(config, self.rules)

    def run(self, memory: Records, bars: Reals, config: EngineConfig) -> Heard:
        """Feed bars and hear what is said of each; the memory goes on from there.

        Parameters
        ----------
        memory : (1,) array
            Of `start` or `load`; written to.
        bars : (5, n) float64
            Open, high, low, close and volume, oldest first, without gaps.
        config : EngineConfig
            The same as for the bars before.
        """
        n = bars.shape[1]
        readings = np.empty(n, self.reading)
        # Memory that no note needs is never touched.
        notes = np.empty(self.max_zones + n * self.notes_per_bar, NOTE)
        n_notes = self.fold(
            memory, np.ascontiguousarray(bars), self.rules_of(config), readings, notes
        )
        return Heard(readings, notes[:n_notes].copy())


def rules_of(config: Config, rules: np.dtype) -> Records:
    """The fields of a config as one record, shape (1,)."""
    values = np.zeros(1, rules)
    for name in rules.names or ():
        values[name] = getattr(config, name)
    return values


def save_memory(name: str, memory: Records) -> bytes:
    """A memory as bytes: a line that says what it is, and the record."""
    body = memory.tobytes()
    return json.dumps(_head(name, memory.dtype, body)).encode() + b"\n" + body


def load_memory(name: str, dtype: np.dtype, saved: bytes) -> Records:
    """The memory that `save_memory` wrote, shape (1,).

    Raises
    ------
    SchemaError
        When the bytes are of something else, of another version of the engine, or damaged.
    """
    head, _, body = saved.partition(b"\n")
    wanted = json.dumps(_head(name, dtype, body)).encode()
    if head != wanted or len(body) != dtype.itemsize:
        raise SchemaError(
            f"{len(saved)} bytes that are no memory of this version of {name}: {head[:80]!r}",
            f"what save_memory wrote: {wanted[:80]!r}",
            "feed the engine from its first bar again",
        )
    return np.frombuffer(bytearray(body), dtype)


def _head(name: str, dtype: np.dtype, body: bytes) -> dict[str, Any]:
    whole = hashlib.sha256(body).hexdigest()
    return {"what": MAGIC, "engine": name, "layout": _layout(dtype), "sha256": whole}


@cache
def _layout(dtype: np.dtype) -> str:
    return hashlib.sha256(repr(dtype).encode()).hexdigest()[:16]
