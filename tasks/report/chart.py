"""What all charts share: plotly's figure as plain JSON, with colours by role.

A colour is written ``@role`` or ``@role/opacity``; the page's script puts in the value of the CSS
variable ``--role``, so a chart follows the light or dark scheme and the printer without being
drawn twice.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

N_SERIES = 8
_DIGITS = 6


@dataclass(frozen=True)
class Chart:
    """A chart of the page.

    Attributes
    ----------
    name : str
        Its element's id, the same in every run.
    label : str
        What it shows, for those who cannot see it.
    height : int
        In CSS pixels.
    data : tuple of dict
        Plotly's traces.
    layout : dict
        Plotly's layout.
    note : str
        Caption below it.
    """

    name: str
    label: str
    height: int
    data: tuple[dict[str, Any], ...]
    layout: dict[str, Any]
    note: str = ""

    @property
    def json(self) -> Markup:
        """The figure, safe inside a script element."""
        figure = {"data": self.data, "layout": self.layout}
        text = json.dumps(figure, sort_keys=True, separators=(",", ":"), allow_nan=False)
        for sign in "<>&":
            text = text.replace(sign, f"\\u{ord(sign):04x}")
        return Markup(text)  # noqa: S704 - what could end the script element is escaped above


def series_colour(position: int, opacity: float | None = None) -> str:
    """The colour role of the series at `position`; roles repeat after `N_SERIES`."""
    role = f"@s{position % N_SERIES + 1}"
    return role if opacity is None else f"{role}/{opacity}"


def series_dash(position: int) -> str:
    """Solid for the first round of colours, dashed where they repeat."""
    return "solid" if position < N_SERIES else "dot"


def numbers(values: Iterable[float | None]) -> list[float | None]:
    """Numbers as JSON has them: six digits that count, missing ones null."""
    return [
        None if value is None or not math.isfinite(value) else float(f"{value:.{_DIGITS - 1}e}")
        for value in values
    ]


def words(text: str) -> str:
    """Text from outside for a chart, where plotly would read tags."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def axis(**changes: Any) -> dict[str, Any]:
    """An axis that cannot be dragged, with quiet lines."""
    return {
        "fixedrange": True,
        "automargin": True,
        "gridcolor": "@line",
        "linecolor": "@axis",
        "zerolinecolor": "@axis",
        "zeroline": False,
        "tickcolor": "@axis",
        "separatethousands": True,
    } | changes


def row_axis(labels: Sequence[str]) -> dict[str, Any]:
    """A vertical axis of labelled rows, the first on top, at 0, 1, 2, ..."""
    return axis(
        tickvals=list(range(len(labels))),
        ticktext=list(labels),
        range=[len(labels) - 0.5, -0.5],
        showgrid=False,
        ticks="",
        ticklabelstandoff=6,
    )


def titled(text: str) -> dict[str, Any]:
    """An axis's title."""
    return {"text": text, "standoff": 8, "font": {"size": 12}}


def layout(
    x: Mapping[str, Any], y: Mapping[str, Any], shapes: Sequence[Any] = (), **changes: Any
) -> dict[str, Any]:
    """A layout without ground or frame, legend above."""
    return {
        "xaxis": dict(x),
        "yaxis": dict(y),
        "shapes": list(shapes),
        "font": {"color": "@soft", "size": 12},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "margin": {"l": 8, "r": 12, "t": 8, "b": 8},
        "hoverlabel": {"bgcolor": "@card", "bordercolor": "@axis", "font": {"color": "@ink"}},
        "legend": legend(),
        "showlegend": False,
        "dragmode": False,
        "hovermode": "closest",
    } | changes


def legend(**changes: Any) -> dict[str, Any]:
    """A legend in one row above the chart."""
    place = {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom", "xanchor": "left"}
    return place | changes


def rule(**ends: Any) -> dict[str, Any]:
    """A straight line behind the data: ``x=`` or ``y=`` says where."""
    if "x" in ends:
        place = {"x0": ends["x"], "x1": ends["x"], "y0": 0, "y1": 1, "yref": "paper"}
    else:
        place = {"y0": ends["y"], "y1": ends["y"], "x0": 0, "x1": 1, "xref": "paper"}
    line = {"color": ends.get("colour", "@axis"), "width": 1, "dash": ends.get("dash", "solid")}
    return {"type": "line", "layer": "below", "line": line} | place
