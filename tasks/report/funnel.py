"""The funnel: how many hypotheses each gate stopped."""

from __future__ import annotations

from typing import Any

import polars as pl

from tasks.report.chart import Chart, axis, layout, legend, row_axis, words
from tasks.report.facts import Evidence
from tasks.report.formats import count, gate_words
from tasks.report.grid import Column, fill_grid

_ROW_HEIGHT, _FRAME_HEIGHT = 34, 50
_ROOM_FOR_TEXT = 1.22
COLUMNS = (
    Column("step", lambda row: str(row["step"])),
    Column("gate", lambda row: gate_words(row["gate"]), kind="prose"),
    Column("came", lambda row: count(row["n_in"])),
    Column("stopped", lambda row: count(row["n_stopped"])),
    Column("went on", lambda row: count(row["n_out"])),
)


def tell_funnel(evidence: Evidence) -> dict[str, Any]:
    """The funnel as bars and as a table."""
    steps = evidence.funnel.sort("step")
    if steps.is_empty():
        return {"empty": True}
    return {
        "empty": False,
        "chart": _chart(steps),
        "table": fill_grid("funnel", "Gates", COLUMNS, steps.to_dicts()),
    }


def _chart(steps: pl.DataFrame) -> Chart:
    left = [f"{count(n_out)} of {count(n_in)}" for n_out, n_in in steps["n_out", "n_in"].rows()]
    outside = {"textposition": "outside", "cliponaxis": False, "textfont": {"color": "@ink"}}
    on = _bars(steps["n_out"], "went on", "@accent")
    stopped = _bars(steps["n_stopped"], "stopped here", "@line") | {"text": left} | outside
    most = max(1, int(steps["n_in"].max()))  # type: ignore[arg-type]
    shape = layout(
        axis(visible=False, range=[0, _ROOM_FOR_TEXT * most]),
        row_axis([words(gate_words(gate)) for gate in steps["gate"]]),
        barmode="stack",
        bargap=0.3,
        showlegend=True,
        legend=legend(traceorder="normal"),
        meta={"short": [f"#{step}" for step in steps["step"]]},
    )
    height = _FRAME_HEIGHT + _ROW_HEIGHT * steps.height
    return Chart("chart-funnel", "Hypotheses left after each gate", height, (on, stopped), shape)


def _bars(n: pl.Series, name: str, colour: str) -> dict[str, Any]:
    return {
        "type": "bar",
        "orientation": "h",
        "name": name,
        "y": list(range(n.len())),
        "x": n.to_list(),
        "marker": {"color": colour},
        "hovertemplate": f"%{{x}} {name}<extra></extra>",
    }
