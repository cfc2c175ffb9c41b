"""A run under way: hands tasks to the runner, keeps what came of them, writes the record."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from prefect import Task
from prefect.futures import PrefectFuture, as_completed
from prefect.utilities.annotations import NotSet

from blocks.lake import LakeResults, lake_results
from flows.board import Board
from flows.meter import Meter
from lake.record import keep_document, keep_run
from lake.ref import EVERY_MARKET, WHOLE, Ref

Call = Mapping[str, Any]


@dataclass(frozen=True)
class Outcome:
    """What came of one task: a ref or an error, made anew or found."""

    stage: str
    task: str
    market: str
    part: str
    state: str
    ref: Ref | None = None
    error: BaseException | None = None


class Tables(list[Ref]):
    """Refs in the order in which they were asked for, found by market."""

    @property
    def markets(self) -> list[str]:
        """The markets, sorted."""
        return sorted({ref.market for ref in self})

    def of(self, market: str, part: str | None = None) -> list[Ref]:
        """All tables of `market`, or those of one part."""
        return [ref for ref in self if ref.market == market and part in (None, ref.part)]

    def narrowed(self, market: str) -> Ref | list[Ref]:
        """The one table of `market`, or the list of its parts where there is one per part."""
        found = self.of(market)
        return found[0] if [ref.part for ref in found] == [WHOLE] else found


@dataclass
class Run:
    """One run on one lake.

    Attributes
    ----------
    name : str
        Start time and four random hex digits: unique, sortable.
    outcomes : list of Outcome
        One per task, in the order in which the stages asked for them.
    """

    name: str
    board: Board
    results: LakeResults
    refresh: frozenset[str]
    settings: dict[str, Any]
    started: datetime
    outcomes: list[Outcome] = field(default_factory=list)
    documents: list[str] = field(default_factory=list)
    meter: Meter = field(default_factory=Meter)

    def all(
        self, stage: str, task: Task[..., Ref], calls: Iterable[Call], *, tolerate: bool = False
    ) -> Tables:
        """Submit one task per call and wait for all; return the refs in the calls' order.

        Every task finishes before an error is raised. With `tolerate`, failed tasks are kept in
        `failures` and left out of what is returned.
        """
        asked = [{name: _listed(value) for name, value in call.items()} for call in calls]
        self.board.expect(stage, len(asked))
        ready = task.with_options(
            result_storage=self.results, refresh_cache=True if stage in self.refresh else NotSet
        )
        with self.meter.measure(stage):
            futures = [ready.submit(lake=self.results.uri, **call) for call in asked]
            for future in as_completed(futures):
                future.wait()  # else asking for its state would ask the server
                self.board.advance(stage, found=future.state.name == "Cached")
        done = [_outcome(stage, task, c, f) for c, f in zip(asked, futures, strict=True)]
        self.outcomes.extend(done)
        self.keep(finished=False)
        errors = [outcome.error for outcome in done if outcome.error is not None]
        if errors and not tolerate:
            raise errors[0]
        return Tables(outcome.ref for outcome in done if outcome.ref is not None)

    def map(
        self,
        stage: str,
        task: Task[..., Ref],
        over: Tables,
        **inputs: Any,
    ) -> Tables:
        """Map `task` over tables, see `spread`."""
        return self.all(stage, task, spread(over, **inputs))

    def one(self, stage: str, task: Task[..., Ref], **call: Any) -> Ref:
        """Submit one task and wait for it."""
        return self.all(stage, task, [call])[0]

    @property
    def failures(self) -> list[Outcome]:
        """Tasks that failed."""
        return [outcome for outcome in self.outcomes if outcome.error is not None]

    @property
    def n_cached(self) -> int:
        """Tasks whose table was there already."""
        return sum(outcome.state == "cached" for outcome in self.outcomes)

    def publish(self, name: str, content: str | bytes) -> str:
        """Write a document for people into the lake; return where it is."""
        self.documents.append(name)
        return keep_document(self.results.uri, name, content)

    def keep(self, finished: bool) -> None:
        """Write the record of this run into the lake."""
        record = {
            "run": self.name,
            "started": self.started.isoformat(),
            "finished": datetime.now(UTC).isoformat() if finished else None,
            "config": self.settings,
            "documents": sorted(self.documents),
            "refresh": sorted(self.refresh),
            "stages": [_recorded(outcome) for outcome in self.outcomes],
        }
        keep_run(self.results.uri, self.name, record)


def spread(
    over: Tables,
    *,
    parts: Iterable[str] | None = None,
    per_part: Mapping[str, Callable[[str], Any]] | None = None,
    **inputs: Any,
) -> list[Call]:
    """One call per table of `over`, and per part of each where `parts` are given.

    An input that is `over` itself becomes the table at hand, other tables are narrowed to its
    market, and everything else is passed as it is; `per_part` are inputs made of the part.
    """
    return [
        {
            "market": table.market,
            "part": part,
            **{name: make(part) for name, make in (per_part or {}).items()},
            **{name: _narrowed(value, over, table) for name, value in inputs.items()},
        }
        for table in over
        for part in (parts or [table.part])
    ]


@contextmanager
def open_run(
    uri: str, settings: dict[str, Any], refresh: Iterable[str], board: Board
) -> Iterator[Run]:
    """Open the lake at `uri` for a run; its record is kept however the run ends."""
    started = datetime.now(UTC)
    name = f"{started:%Y%m%dT%H%M%S}-{secrets.token_hex(2)}"
    run = Run(name, board, lake_results(uri), frozenset(refresh), settings, started)
    run.keep(finished=False)
    finished = False
    try:
        with board.showing(), run.meter.sampling():
            yield run
        finished = True
    finally:
        run.keep(finished)


def _outcome(stage: str, task: Task[..., Ref], call: Call, future: PrefectFuture[Ref]) -> Outcome:
    result: Ref | BaseException = future.result(raise_on_failure=False)
    error = result if isinstance(result, BaseException) else None
    found = "cached" if future.state.name == "Cached" else "computed"
    return Outcome(
        stage=stage,
        task=task.name,
        market=call.get("market", EVERY_MARKET),
        part=call.get("part", WHOLE),
        state="failed" if error else found,
        ref=result if isinstance(result, Ref) else None,
        error=error,
    )


def _narrowed(value: Any, over: Tables, table: Ref) -> Any:
    if value is over:
        return table
    return value.narrowed(table.market) if isinstance(value, Tables) else value


def _listed(value: Any) -> Any:
    return list(value) if isinstance(value, Tables) else value


def _recorded(outcome: Outcome) -> dict[str, Any]:
    return {
        "stage": outcome.stage,
        "task": outcome.task,
        "market": outcome.market,
        "part": outcome.part,
        "state": outcome.state,
        "address": outcome.ref.address if outcome.ref else None,
        "error": str(outcome.error) if outcome.error else None,
    }
