"""What an audit tells its user: a table, JSON, and whether anything looked ahead."""

from __future__ import annotations

from collections import Counter
from typing import Any

from pydantic import BaseModel
from rich.console import Console
from rich.table import Table

from flows.run import Run, Tables
from flows.terminal import WIDTH_WHEN_PIPED
from tasks.audit.task import read_audit

_NOUNS = {"feature": "features", "event": "events", "engine": "outputs of engines"}
_COLUMNS = ("name", "kind", "cuts", "readings", "rewritten", "first offender", "by")


class Verdict(BaseModel):
    """The end of an audit: what ``--json`` prints."""

    run: str
    markets: list[str]
    n_names: int
    n_readings: int
    n_rewritten: int
    not_audited: dict[str, str]
    failed: list[str]
    rows: list[dict[str, Any]]

    @property
    def wrong(self) -> bool:
        """Whether a reading changed, or something could not be audited for a fault."""
        return bool(self.failed or self.n_rewritten)

    def for_machines(self) -> dict[str, Any]:
        """What ``--json`` prints."""
        return self.model_dump(mode="json")

    def show(self) -> None:
        """Print the table, one row per name over all markets, and the sentence below it."""
        console = Console()
        if not console.is_terminal:
            console = Console(width=WIDTH_WHEN_PIPED)
        console.print(_table(self.rows))
        for line in self._closing():
            console.print(line, soft_wrap=True, highlight=False, markup=False)

    def _closing(self) -> list[str]:
        return [
            *[f"FAILED      {line}" for line in self.failed],
            *[f"not audited {name}: {reason}" for name, reason in self.not_audited.items()],
            f"markets     {', '.join(self.markets)}",
            f"audit       {self._counted()}; {self.n_readings:,} readings compared: "
            f"{self.n_rewritten:,} rewritten",
        ]

    def _counted(self) -> str:
        """How many names of each kind were audited: ``12 features, 3 events``."""
        kinds = Counter(row["kind"] for row in self.rows)
        told = [f"{kinds[kind]} {noun}" for kind, noun in _NOUNS.items() if kinds[kind]]
        return ", ".join(told) or "nothing"


def pronounce(run: Run, bars: Tables, swept: Tables) -> Verdict:
    """Put the audit's tables into a verdict."""
    rows, not_audited = read_audit(run.results.uri, swept)
    return Verdict(
        run=run.name,
        markets=bars.markets,
        n_names=len(rows),
        n_readings=sum(row["n_readings"] for row in rows),
        n_rewritten=sum(row["n_rewritten"] for row in rows),
        not_audited=not_audited,
        failed=[f"{o.task} {o.market} {o.part}: {o.error!r}" for o in run.failures],
        rows=rows,
    )


def _table(rows: list[dict[str, Any]]) -> Table:
    table = Table(title="Readings rewritten by another future, a later start or a saved memory")
    for name in _COLUMNS:
        table.add_column(name, justify="right" if name in _COLUMNS[2:5] else "left")
    for row in rows:
        counts = (f"{row[name]:,}" for name in ("n_cuts", "n_readings", "n_rewritten"))
        table.add_row(row["name"], row["kind"], *counts, row["first"], row["how"])
    return table
