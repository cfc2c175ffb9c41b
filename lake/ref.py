"""The frozen name of a table."""

from __future__ import annotations

import re

from pydantic import BaseModel, ConfigDict, field_validator

SAFE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,79}")
EVERY_MARKET = "all"
WHOLE = "-"


def is_safe(name: str) -> bool:
    """Whether `name` may become part of a path."""
    return SAFE.fullmatch(name) is not None and ".." not in name


def safe_name(name: str) -> str:
    """Return `name` if it may become part of a path, else raise ValueError."""
    if not is_safe(name):
        raise ValueError(f"{name!r} is no safe name: letters, digits and . _ + - only, at most 80")
    return name


class Ref(BaseModel):
    """A table of the lake: what it is, whose it is, what made it, what is in it.

    Attributes
    ----------
    kind : str
        The table's name in `lake.schema`.
    market : str
        ``BTCUSDT-5m``, or ``all`` for a table over every market.
    part : str
        What the stage was mapped over besides the market (a family, a horizon), or ``-``.
    key : str
        SHA-256 over everything that made the table.
    content : str
        SHA-256 of the table's bytes.
    n_rows : int
        Rows of the table.
    n_bytes : int
        Bytes of the table's file.
    raw : bool
        Whether children are keyed by this table's content instead of its key.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: str
    market: str = EVERY_MARKET
    part: str = WHOLE
    key: str
    content: str
    n_rows: int
    n_bytes: int
    raw: bool = False

    @field_validator("kind", "market", "part", "key")
    @classmethod
    def _safe(cls, value: str) -> str:
        return value if value == WHOLE else safe_name(value)

    @property
    def identity(self) -> str:
        """What enters the keys of this table's children."""
        return self.content if self.raw else self.key

    @property
    def address(self) -> str:
        """``KIND/market/part/key``: unique in a lake, the same in every lake."""
        return f"{self.kind}/{self.market}/{self.part}/{self.key}"

    def __str__(self) -> str:
        part = "" if self.part == WHOLE else f" {self.part}"
        return f"{self.kind} {self.market}{part} {self.key[:12]}"
