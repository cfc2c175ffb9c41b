"""The overlap of events as a picture: one square per pair, the darker the more they share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from markupsafe import Markup, escape

from tasks.report.overlap import Overlap

KEY = (0.1, 0.25, 0.5, 0.75, 1.0)
LEAST = 0.03
_CELL, _LETTER, _LEAST_LABEL, _SCALE = 12, 5.5, 60, 1.28


@dataclass(frozen=True, eq=False)
class _Frame:
    """Where the squares lie: beyond labels that are as wide as the longest name."""

    label: int
    n: int

    @property
    def size(self) -> int:
        return self.at(self.n) + 1

    def at(self, place: int) -> int:
        return self.label + _CELL * place


def draw_heatmap(overlap: Overlap, families: Sequence[str], least: float) -> Markup:
    """Return SVG: the darker, the more of the row's occurrences have one of the column's nearby.

    What chance gives is taken off; below `LEAST` nothing is drawn.

    Parameters
    ----------
    families : sequence of str
        Family of each of the overlap's names; lines are drawn where it changes.
    least : float
        Pairs of which each shares so much with the other are framed.
    """
    names = [str(escape(name)) for name in overlap.names]
    longest = max((len(name) for name in overlap.names), default=0)
    frame = _Frame(max(_LEAST_LABEL, round(_LETTER * longest) + 6), len(names))
    parts = [*_labels(frame, names), *_cells(frame, overlap, names, least)]
    size, shown = frame.size, round(_SCALE * frame.size)
    return Markup(  # noqa: S704 - numbers, and names escaped above
        f'<svg class="heat" viewBox="0 0 {size} {size}" width="{shown}" height="{shown}" '
        'role="img" aria-label="Share of each event that stands near each other event">'
        f"{''.join(parts)}{_borders(frame, families)}</svg>"
    )


def _cells(frame: _Frame, overlap: Overlap, names: Sequence[str], least: float) -> list[str]:
    # A NaN is not drawn either: the two never ran on the same market.
    drawn = np.argwhere(np.nan_to_num(overlap.beyond) >= LEAST).tolist()
    found = []
    for i, j in drawn:
        told = (
            f"{names[i]} near {names[j]}: {100 * overlap.share[i, j]:.0f} %, "
            f"by chance {100 * overlap.chance[i, j]:.0f} %"
        )
        twin = ' class="twin"' if i != j and overlap.alike[i, j] >= least else ""
        x, y, side = frame.at(j) + 0.5, frame.at(i) + 0.5, _CELL - 1
        found.append(
            f'<rect{twin} x="{x}" y="{y}" width="{side}" height="{side}" '
            f'fill-opacity="{overlap.beyond[i, j]:.2f}"><title>{told}</title></rect>'
        )
    return found


def _labels(frame: _Frame, names: Sequence[str]) -> list[str]:
    """Names left of the rows and, turned, above the columns; each leads to its event."""
    found = []
    for place, name in enumerate(names):
        base, edge = frame.at(place) + _CELL - 3, frame.label - 4
        found.append(
            f'<a href="#event-{name}"><text x="{edge}" y="{base}" text-anchor="end">{name}</text>'
            f'<text x="{base}" y="{edge}" transform="rotate(-90 {base} {edge})">{name}</text></a>'
        )
    return found


def _borders(frame: _Frame, families: Sequence[str]) -> str:
    turns = [place for place, (one, other) in enumerate(pairwise(families), 1) if one != other]
    first, last = frame.at(0), frame.at(frame.n)
    lines = [f"M{frame.at(p)},{first}V{last}M{first},{frame.at(p)}H{last}" for p in turns]
    outline = f"M{first},{first}H{last}V{last}H{first}z"
    return f'<path class="frame" d="{"".join(lines)}{outline}"/>'
