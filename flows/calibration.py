"""What a calibration tells its user: tables, JSON, and where the page is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from pydantic import BaseModel
from rich.console import Console
from rich.table import Table

from blocks.profile import RunConfig
from flows.run import Run
from flows.terminal import WIDTH_WHEN_PIPED
from lake.ref import Ref
from tasks.calibrate.task import read_calibration
from tasks.calibrate.world import Procedure
from tasks.ingest.task import survey

Row = dict[str, Any]
Show = Callable[[Row], str]
HELD = {True: "holds", False: "missed", None: "nothing to tell"}


class Calibration(BaseModel):
    """The end of a calibration: what ``--json`` prints."""

    run: str
    about: Row
    null: Row
    planted: dict[str, list[Row]]
    placebos: list[Row]
    checks: list[Row]
    cache: dict[str, int]
    seconds: dict[str, float]
    failed: list[str]
    report: str

    @property
    def wrong(self) -> bool:
        """Whether some task failed; what the figures say is no fault of the run."""
        return bool(self.failed)

    def for_machines(self) -> Row:
        """What ``--json`` prints."""
        return self.model_dump(mode="json")

    def show(self) -> None:
        """Print the tables and where the page is."""
        console = Console()
        if not console.is_terminal:
            console = Console(width=WIDTH_WHEN_PIPED)
        for title, columns, rows in self._tables():
            if rows:
                console.print(_table(title, columns, rows))
        for line in self._closing():
            console.print(line, soft_wrap=True, highlight=False, markup=False)

    def _tables(self) -> list[tuple[str, dict[str, Show], Sequence[Row]]]:
        names = ("false_findings", "any_finding", "promoted", "any_promoted")
        false = [{"name": name.replace("_", " "), **self.null[name]} for name in names]
        planted = self.planted
        return [
            ("Markets without alpha: per market, and share of markets", _FALSE, false),
            ("Size of the tests", _SIZE, self.null["size"]),
            ("Distance of p-values from even ones", _EVEN, self.null["uniformity"]),
            ("Power", _POWER, planted["power"]),
            ("Power by occurrences, of large true effects", _BY_N, planted["power_by_n"]),
            ("Bias of the unselected estimate, bps", _BIAS, planted["bias"]),
            ("Coverage of 95 % intervals", _COVERAGE, planted["coverage"]),
            ("Findings: what is shown, and what is true, bps", _SELECTED, planted["selected"]),
            ("Placebos on the bars of this run", _PLACEBOS, self.placebos),
            ("What is wanted", _CHECKS, self.checks),
        ]

    def _closing(self) -> list[str]:
        return [
            *[f"FAILED      {line}" for line in self.failed],
            f"markets     {self.null['markets']} without alpha, "
            f"{sum(row['markets'] for row in self.planted['power'])} with, "
            f"{sum(row['markets'] for row in self.placebos)} placebos",
            f"cache       {self.cache['hits']} tasks found in the lake, "
            f"{self.cache['computed']} computed",
            f"report      {self.report}",
        ]


def conclude(
    run: Run, c: RunConfig, procedure: Procedure, own: list[str], refs: Sequence[Ref]
) -> Calibration:
    """Sum a calibration up and publish its page."""
    about: Row = {
        "timeframe": c.timeframe,
        "n_days": c.demo.n_days,
        "symbols": [snapshot.symbol for snapshot in survey(procedure.ingest)],
        "own": own,
        "bounds": c.calibrate.bounds.model_dump(mode="json"),
    }
    found = read_calibration(run.results.uri, refs, c.calibrate, about)
    return Calibration(
        run=run.name,
        about=about,
        **found.sums,
        cache={"hits": run.n_cached, "computed": len(run.outcomes) - run.n_cached},
        seconds={stage: round(cost.seconds, 3) for stage, cost in run.meter.costs.items()},
        failed=[f"{o.task} {o.market} {o.part}: {o.error!r}" for o in run.failures],
        report=run.publish(f"calibration-{run.name}.html", found.page),
    )


def _table(title: str, columns: dict[str, Show], rows: Sequence[Row]) -> Table:
    table = Table(title=title, title_justify="left")
    for place, name in enumerate(columns):
        table.add_column(name, justify="right" if place else "left")
    for row in rows:
        table.add_row(*(show(row) for show in columns.values()))
    return table


def _number(value: float | None, digits: int = 3) -> str:
    return "-" if value is None else f"{value:.{digits}g}"


def _mean(told: Row) -> str:
    error = "" if told["se"] is None else f" ± {told['se']:.2g}"
    return "-" if told["value"] is None else f"{told['value']:.3g}{error}"


def _between(told: Row) -> str:
    if told["value"] is None:
        return "-"
    return f"{told['value']:.2f} [{told['low']:.2f}, {told['high']:.2f}]"


def _at(level: str) -> Show:
    return lambda row: _mean(row["size"][level])


def _plain(name: str) -> Show:
    return lambda row: str(row[name])


def _held(row: Row) -> str:
    return "missed, within chance" if row["near"] else HELD[row["holds"]]


_FALSE: dict[str, Show] = {
    "": _plain("name"),
    "measured": lambda row: _number(row["value"]),
    "from": lambda row: _number(row["low"]),
    "to": lambda row: _number(row["high"]),
    "markets": _plain("n"),
}
_SIZE: dict[str, Show] = {
    "test": _plain("test"),
    **{level: _at(level) for level in ("0.05", "0.01", "0.001")},
    "p-values": lambda row: f"{row['n']:,}",
}
_EVEN: dict[str, Show] = {
    "test": _plain("test"),
    "Kolmogorov-Smirnov": lambda row: _number(row["distance"]),
    "p": lambda row: _number(row["p"]),
}
_POWER: dict[str, Show] = {
    "planted bps": lambda row: f"{row['planted_bps']:g}",
    "occurrences": lambda row: _number(row["occurrences"], 4),
    "right finding": lambda row: _between(row["any_right"]),
    "planted found": lambda row: _between(row["planted_found"]),
    "ranks first": lambda row: _between(row["planted_first"]),
    "right promotion": lambda row: _between(row["promoted_right"]),
    "findings": _plain("findings"),
    "false": lambda row: _mean(row["false_share"]),
}
_BY_N: dict[str, Show] = {
    "planted bps": lambda row: f"{row['planted_bps']:g}",
    "occurrences from": lambda row: f"{row['n_from']:,}",
    "true bps": lambda row: _mean(row["true_bps"]),
    "found": lambda row: _mean(row["found"]),
    "p at most .05": lambda row: _mean(row["rejected"]),
}
_BIAS: dict[str, Show] = {
    "planted bps": lambda row: f"{row['planted_bps']:g}",
    "estimator": _plain("estimator"),
    "true": lambda row: _number(row["true_bps"]),
    "bias": lambda row: _mean(row["bias_bps"]),
    "share of it": lambda row: _number(row["bias_share"]),
}
_COVERAGE: dict[str, Show] = {
    "planted bps": lambda row: f"{row['planted_bps']:g}",
    "of": _plain("group"),
    **{
        name: (lambda row, name=name: _mean(row[name]))  # type: ignore[misc]
        for name in ("scaled", "mean", "weighted", "posterior")
    },
}
_SELECTED: dict[str, Show] = {
    "planted bps": lambda row: f"{row['planted_bps']:g}",
    "shown": _plain("shown"),
    "says": lambda row: _number(row["said_bps"]),
    "true": lambda row: _number(row["true_bps"]),
    "bias": lambda row: _mean(row["bias_bps"]),
    "n": lambda row: str(row["bias_bps"]["n"]),
}
_PLACEBOS: dict[str, Show] = {
    "outcomes": _plain("kind"),
    "runs": _plain("markets"),
    "findings": _plain("findings"),
    "runs with any": lambda row: _between(row["any_finding"]),
    **{level: _at(level) for level in ("0.05", "0.01", "0.001")},
    "least q": lambda row: _number(row["least_q"]),
}
_CHECKS: dict[str, Show] = {
    "": _plain("name"),
    "figure": lambda row: _number(row["figure"]),
    "by chance": lambda row: f"{_number(row['low'])} to {_number(row['high'])}",
    "wanted": lambda row: f"{_number(row['wanted'][0])} to {_number(row['wanted'][1])}",
    "told": _held,
}
