"""What a back-test tells its user: measures, notes, JSON, and where the tear sheet is."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel
from rich.console import Console
from rich.table import Table

from blocks.profile import RunConfig
from flows.run import Run, Tables
from flows.terminal import WIDTH_WHEN_PIPED
from lake.ref import Ref
from tasks.backtest.request import Asked
from tasks.backtest.task import read_sheet

VERIFIED = "verified: the golden trades are replayed to the last bit"


@dataclass(frozen=True)
class Made:
    """The tables of a back-test, what is to be said of it, and what golden trade differs."""

    bars: Tables
    trades: Ref
    metrics: Ref
    sheet: Ref
    notes: tuple[str, ...]
    different: str | None


class Backtest(BaseModel):
    """The end of a back-test: what ``--json`` prints."""

    run: str
    blueprint: str
    hypothesis: str
    markets: list[str]
    n_bars: int
    n_trades: int
    metrics: list[dict[str, Any]]
    notes: list[str]
    verified: bool | None
    different: str | None
    sheet: str
    picture: str
    trades: str
    cache: dict[str, int]
    seconds: dict[str, float]
    failed: list[str]

    @property
    def wrong(self) -> bool:
        """Whether some task failed, or a golden trade differs."""
        return bool(self.failed) or self.different is not None

    def for_machines(self) -> dict[str, Any]:
        """What ``--json`` prints; a number that is not known is null."""
        known = self.model_dump(mode="json", exclude={"metrics"})
        return known | {"metrics": [{n: plain(v) for n, v in m.items()} for m in self.metrics]}

    def show(self) -> None:
        """Print the measures, and where the tear sheet is."""
        console = Console()
        if not console.is_terminal:
            console = Console(width=WIDTH_WHEN_PIPED)
        console.print(measures_table(self.metrics))
        for line in self._closing():
            console.print(line, soft_wrap=True, highlight=False, markup=False)

    def _closing(self) -> Iterator[str]:
        yield from (f"FAILED      {line}" for line in self.failed)
        yield f"blueprint   {self.blueprint}: {self.hypothesis}"
        traded = f"{self.n_bars:,} bars, {self.n_trades:,} trades"
        yield f"markets     {', '.join(self.markets)}: {traded}"
        yield from (f"note        {note}" for note in self.notes)
        hits, computed = self.cache["hits"], self.cache["computed"]
        yield f"cache       {hits} tasks found in the lake, {computed} computed"
        yield f"trades      {self.trades}"
        yield f"picture     {self.picture}"
        yield f"tear sheet  {self.sheet}"


def tell_sample(n_in_sample: int, n_trades: int) -> list[str]:
    """Say how much of it is no proof."""
    if not n_in_sample:
        return []
    return [f"in sample: {n_in_sample:,} of {n_trades:,} trades lie where the rule was found"]


def tell_bars(others: Sequence[str]) -> list[str]:
    """Say that bars are not those of the research, where they are not."""
    return [f"other bars than those of the research: {', '.join(others)}"] if others else []


def tell_settings(tuned: Sequence[str]) -> list[str]:
    """Say what the user tuned otherwise than the blueprint."""
    return [f"other settings than the blueprint's: {', '.join(tuned)}"] if tuned else []


def tell_golden(different: str | None) -> str:
    """Say whether the golden trades are replayed."""
    return VERIFIED if different is None else f"NOT the golden trades: {different}"


def tell(run: Run, c: RunConfig, asked: Asked, made: Made) -> Backtest:
    """Publish tear sheet, picture and trades, and put the back-test into numbers."""
    uri, b = run.results.uri, asked.blueprint
    found = read_sheet(
        uri, sheet=made.sheet, metrics=made.metrics, trades=made.trades, bars=made.bars
    )
    stem = f"{b.name}-{made.sheet.key[:12]}"
    return Backtest(
        run=run.name,
        blueprint=b.name,
        hypothesis=b.hypothesis,
        markets=made.bars.markets,
        n_bars=found.n_bars,
        n_trades=found.n_trades,
        metrics=found.metrics,
        notes=list(made.notes),
        verified=made.different is None if c.backtest.verify else None,
        different=made.different,
        sheet=run.publish(f"{stem}.html", found.html),
        picture=run.publish(f"{stem}.png", found.png),
        trades=run.publish(f"{stem}.csv", found.trades_csv),
        cache={"hits": run.n_cached, "computed": len(run.outcomes) - run.n_cached},
        seconds={stage: round(cost.seconds, 3) for stage, cost in run.meter.costs.items()},
        failed=[f"{o.task} {o.market} {o.part}: {o.error!r}" for o in run.failures],
    )


def measures_table(metrics: Sequence[dict[str, Any]]) -> Table:
    """METRICS as people read them."""
    table = Table(title="Measures of the back-test", title_justify="left")
    for name in ("measure", "value", "95 %", "unit", "note"):
        right = name in ("value", "95 %")
        table.add_column(name, justify="right" if right else "left", overflow="fold")
    for row in metrics:
        ends = [_number(row[end]) for end in ("lower", "upper")]
        between = "" if "" in ends else " to ".join(ends)
        name = row["metric"].replace("_", " ")
        table.add_row(name, _number(row["value"]), between, row["unit"], row["note"])
    return table


def _number(value: float | None) -> str:
    return "" if value is None or math.isnan(value) else f"{value:,.4g}"


def plain(value: Any) -> Any:
    """A value as JSON has it: a number that is not known is null."""
    return None if isinstance(value, float) and not math.isfinite(value) else value
