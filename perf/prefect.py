"""What Prefect costs: a run through flow and tasks against the same functions called directly."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from blocks.profile import RunConfig, load_config
from perf.harness import Bench, Work

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
    from flows.discovery import find, hand_over, observe
    from flows.markets import bring_markets

    run: Any = PlainRun(lake)
    seen = observe(run, config, bring_markets(run, config))
    return hand_over(run, config, seen, find(run, config, seen))


def benches(wanted: Callable[[str], bool]) -> Iterator[Bench]:
    """Cold (everything computed) and warm (everything cached) runs."""
    names = [name for name in ("prefect cold run", "prefect warm run") if wanted(name)]
    if not names:
        return
    from flows.server import temporary_server

    folder = Path(tempfile.mkdtemp(prefix="assay-perf-"))
    sides: dict[str, tuple[str, Work, Work]] = {
        "prefect cold run": (
            "the same functions called directly",
            lambda: _discover(tempfile.mkdtemp(dir=folder)),
            lambda: _discover_plainly(tempfile.mkdtemp(dir=folder)),
        ),
        "prefect warm run": (
            "an empty Prefect flow",
            lambda: _discover(str(folder / "kept")),
            _run_empty_flow,
        ),
    }
    with temporary_server():
        for name in names:
            yield Bench(name, *sides[name], n_rounds=N_ROUNDS)


def _config(lake: str) -> RunConfig:
    return load_config(["--profile", "smoke", "--json", "--lake", lake])


def _discover(lake: str) -> object:
    from flows.discovery import run_discovery

    return run_discovery(_config(lake))


def _discover_plainly(lake: str) -> object:
    return run_plainly(_config(lake), lake)


def _run_empty_flow() -> object:
    from prefect import flow

    @flow(name="empty")
    def empty() -> None:
        return None

    return empty()
