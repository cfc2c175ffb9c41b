"""What an engine's back-test tells its user: measures, its members, timings, and where all is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel
from rich.console import Console
from rich.table import Table

from flows.backtested import measures_table, plain
from flows.run import Run, Tables
from flows.terminal import WIDTH_WHEN_PIPED
from lake.ref import Ref
from lake.time import timeframe_of
from tasks.backtest.engine_member import Member, compare_best
from tasks.backtest.engine_page import Heard, Page, read_page
from tasks.backtest.engine_request import AskedEngine

READ = ("metrics", "trades", "log")


@dataclass(frozen=True)
class EngineMade:
    """The tables of an engine's back-test, and what its desks said."""

    bars: Tables
    account: dict[str, Ref]
    pictures: Tables
    sheet: Ref
    heard: Heard


class EngineBacktest(BaseModel):
    """The end of an engine's back-test: what ``--json`` prints."""

    run: str
    engine: str
    markets: list[str]
    n_bars: int
    n_decisions: int
    n_trades: int
    metrics: list[dict[str, Any]]
    members: list[Member]
    comparison: str
    timings: list[dict[str, Any]]
    notes: list[str]
    sheet: str
    picture: str
    charts: dict[str, str]
    trades: str
    decisions: str
    cache: dict[str, int]
    seconds: dict[str, float]
    failed: list[str]

    @property
    def wrong(self) -> bool:
        """Whether some task failed."""
        return bool(self.failed)

    def for_machines(self) -> dict[str, Any]:
        """What ``--json`` prints; a number that is not known is null."""
        known = self.model_dump(mode="json", exclude={"metrics", "timings"})
        rows = {"metrics": self.metrics, "timings": self.timings}
        return known | {
            name: [{n: plain(v) for n, v in row.items()} for row in listed]
            for name, listed in rows.items()
        }

    def show(self) -> None:
        """Print the measures, the engines beside each other, and where everything is."""
        console = Console()
        if not console.is_terminal:
            console = Console(width=WIDTH_WHEN_PIPED)
        console.print(measures_table(self.metrics))
        console.print(_members_table(self.members, self.timings))
        for line in self._closing():
            console.print(line, soft_wrap=True, highlight=False, markup=False)

    def _closing(self) -> Iterator[str]:
        yield from (f"FAILED      {line}" for line in self.failed)
        yield from ([f"compared    {self.comparison}"] if self.comparison else [])
        traded = f"{self.n_bars:,} bars, {self.n_decisions:,} decisions, {self.n_trades:,} trades"
        yield f"markets     {', '.join(self.markets)}: {traded}"
        yield from (f"note        {note}" for note in self.notes)
        hits, computed = self.cache["hits"], self.cache["computed"]
        yield f"cache       {hits} tasks found in the lake, {computed} computed"
        yield f"decisions   {self.decisions}"
        yield f"trades      {self.trades}"
        yield from (f"chart       {place}" for place in self.charts.values())
        yield f"picture     {self.picture}"
        yield f"tear sheet  {self.sheet}"


def tell_engine(run: Run, asked: AskedEngine, made: EngineMade) -> EngineBacktest:
    """Publish tear sheet, charts, trades and decisions, and put the back-test into numbers."""
    about: dict[str, Any] = {name: made.account[name] for name in READ}
    drawn: dict[str, Any] = {"sheet": made.sheet, "pictures": made.pictures, "bars": made.bars}
    found, heard = read_page(run.results.uri, **about, **drawn), made.heard
    stem = f"{asked.engine}-{timeframe_of(made.bars.markets[0])}-{made.sheet.key[:12]}"
    return EngineBacktest(
        run=run.name,
        engine=asked.engine,
        markets=made.bars.markets,
        n_bars=found.n_bars,
        n_decisions=found.n_decisions,
        n_trades=found.n_trades,
        metrics=found.metrics,
        members=heard.members,
        comparison=compare_best(heard.members),
        timings=[row._asdict() | {"ns_per_bar": row.ns_per_bar} for row in heard.timings],
        notes=heard.notes,
        **_publish(run, stem, found),
        cache={"hits": run.n_cached, "computed": len(run.outcomes) - run.n_cached},
        seconds={stage: round(cost.seconds, 3) for stage, cost in run.meter.costs.items()},
        failed=[f"{o.task} {o.market} {o.part}: {o.error!r}" for o in run.failures],
    )


def _publish(run: Run, stem: str, found: Page) -> dict[str, Any]:
    """Write what people read into the lake; where each lies."""
    charts = found.charts.items()
    return {
        "sheet": run.publish(f"{stem}.html", found.html),
        "picture": run.publish(f"{stem}.png", found.png),
        "charts": {m: run.publish(f"{stem}-{m}.png", png) for m, png in charts},
        "trades": run.publish(f"{stem}.csv", found.trades_csv),
        "decisions": run.publish(f"{stem}-decisions.csv", found.decisions_csv),
    }


def _members_table(members: Sequence[Member], timings: Sequence[dict[str, Any]]) -> Table:
    """A row per engine and per part of the desk: how much it says, what it earns, what it costs."""
    table = Table(title="Engines, each with its own account", title_justify="left")
    titles = ("engine", "reads", "bars", "ns per bar", "in a stance", "says")
    for name in (*titles, "net", "Sharpe", "trades"):
        table.add_column(name, justify="left" if name in ("engine", "reads") else "right")
    spoken = {row.engine: row for row in members}
    for timing in timings:
        row, speed = spoken.get(timing["what"]), f"{timing['ns_per_bar']:,.0f}"
        cells = _cells(row) if row else ["", *[""] * 5]
        table.add_row(timing["what"], cells[0], f"{timing['n_bars']:,}", speed, *cells[1:])
    return table


def _cells(row: Member) -> list[str]:
    return [
        row.timeframe,
        _written(row.in_stance, ".1%"),
        _written(row.contribution, ".3f"),
        _written(row.net_share, "+.1%"),
        _written(row.sharpe, ".2f"),
        _written(row.n_trades, ",.0f"),
    ]


def _written(value: float | None, form: str) -> str:
    return "" if value is None else format(value, form)
