"""Errors by noun. Each says what came, what was wanted and what to do."""

from __future__ import annotations


class AssayError(Exception):
    """Something the user can mend; the command line prints it and exits with 2.

    Parameters
    ----------
    came : str
        What was found.
    wanted : str
        What would have been right.
    do : str
        What to do about it.
    """

    def __init__(self, came: str, wanted: str, do: str) -> None:
        super().__init__(came, wanted, do)
        self.came, self.wanted, self.do = came, wanted, do

    def __str__(self) -> str:
        return f"{self.came}\n  wanted: {self.wanted}\n  do: {self.do}"


class InputError(AssayError):
    """The market data, or where they should be, are not usable."""


class ConfigError(AssayError):
    """A flag, a profile or an environment variable is not usable."""


class SourceError(AssayError):
    """A venue refused, or answered something that cannot be used."""


class LakeError(AssayError):
    """The lake cannot be read or written."""


class MissingTable(LakeError):
    """A ref names a table that the lake does not hold."""


class CorruptTable(LakeError):
    """A table's bytes are not those that were written."""


class SchemaError(AssayError):
    """A frame does not fit the table it was meant for."""


class AccountError(AssayError):
    """An account whose results do not sum to the change of its cash."""
