"""A table of the page, said as a row of columns: title, unit, and how a row's cell is written."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

Row = Mapping[str, Any]
Kind = Literal["text", "code", "prose", "number", "verdict"]


@dataclass(frozen=True)
class Column:
    """One column.

    Attributes
    ----------
    title : str
        Its heading.
    show : callable
        From a row to the text of the cell.
    unit : str
        Unit of its numbers, written small beside the title.
    kind : str
        How it is set: numbers stand right, prose may wrap.
    hint : str
        What it means, shown when the heading is pointed at.
    """

    title: str
    show: Callable[[Row], str]
    unit: str = ""
    kind: Kind = "number"
    hint: str = ""


@dataclass(frozen=True)
class Grid:
    """A table whose cells are text already."""

    name: str
    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]


def fill_grid(name: str, caption: str, columns: Sequence[Column], rows: Iterable[Row]) -> Grid:
    """Write each row by each column."""
    cells = tuple(tuple(column.show(row) for column in columns) for row in rows)
    return Grid(name, caption, tuple(columns), cells)


def text(title: str, field: str, kind: Kind = "text", hint: str = "") -> Column:
    """A column that shows a field as it is."""
    return Column(title, lambda row: str(row[field]), kind=kind, hint=hint)
