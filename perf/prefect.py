"""What Prefect costs: a run through flow and tasks against the same functions called directly."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from blocks.profile import RunConfig, load_config
from perf.harness import Bench

N_ROUNDS = 3


class PlainRun:
    """Stands in for `flows.run.Run`: calls each task's function at once, in this thread."""

    def __init__(self, lake: str) -> None:
        self.lake = lake

    def all(self, stage: str, task: Any, calls: Iterable[Any], **_: Any) -> Any:
        """Call the task's function for each call."""
        from flows.run import Tables

        return Tables(task.fn(lake=self.lake, **call) for call in calls)

    def one(self, stage: str, task: Any, **call: Any) -> Any:
        """Call the task's function."""
        return self.all(stage, task, [call])[0]

    def map(self, stage: str, task: Any, over: Any, **inputs: Any) -> Any:
        """Call the task's function over tables."""
        from flows.run import spread

        return self.all(stage, task, spread(over, **inputs))


def run_plainly(config: RunConfig, lake: str) -> Any:
    """All stages without Prefect's engine."""
    from flows.discovery import find, hand_over, observe, read

    run: Any = PlainRun(lake)
    raw, truth = read(run, config)
    seen = observe(run, config, raw)
    return hand_over(run, config, seen, find(run, config, seen), truth)


def benches(wanted: Callable[[str], bool]) -> Iterator[Bench]:
    """Cold (everything computed) and warm (everything cached) runs."""
    names = [name for name in ("prefect cold run", "prefect warm run") if wanted(name)]
    if not names:
        return
    from flows.discovery import run_discovery
    from flows.server import temporary_server

    folder = Path(tempfile.mkdtemp(prefix="assay-perf-"))
    kept = str(folder / "kept")

    def config(lake: str) -> RunConfig:
        return load_config(["--profile", "smoke", "--json", "--lake", lake])

    def fresh() -> str:
        return tempfile.mkdtemp(dir=folder)

    def cold() -> object:
        return run_discovery(config(fresh()))

    def warm() -> object:
        return run_discovery(config(kept))

    def plain() -> object:
        lake = fresh()
        return run_plainly(config(lake), lake)

    def empty() -> object:
        return _empty_flow()

    with ExitStack() as stack:
        stack.enter_context(temporary_server())
        sides = {
            "prefect cold run": ("the same functions called directly", cold, plain),
            "prefect warm run": ("an empty Prefect flow", warm, empty),
        }
        for name in names:
            yield Bench(name, *sides[name], n_rounds=N_ROUNDS)


def _empty_flow() -> object:
    from prefect import flow

    @flow(name="empty")
    def empty() -> None:
        return None

    return empty()
