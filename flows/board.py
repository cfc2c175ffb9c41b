"""What the user watches while a flow works: a bar per stage, here and in Prefect's interface."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from prefect.artifacts import create_progress_artifact, update_progress_artifact
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn


@dataclass
class Board:
    """Progress of the stages: on the terminal when there is one, and as a Prefect artifact.

    Attributes
    ----------
    stages : tuple of str
        All that will be worked through, in order.
    quiet : bool
        Show nothing on the terminal (``--json``, or output that is no terminal).
    """

    stages: tuple[str, ...]
    quiet: bool = False
    _bars: dict[str, Any] = field(default_factory=dict)
    _found: dict[str, int] = field(default_factory=dict)
    _artifact: UUID | None = None
    _progress: Progress | None = None

    @contextmanager
    def showing(self) -> Iterator[Board]:
        """Show the board for as long as this lasts."""
        self._artifact = create_progress_artifact(  # type: ignore[assignment]
            progress=0.0, key="discovery-progress", description="Stages of the discovery run done"
        )
        console = Console(file=sys.stderr)
        self._progress = Progress(
            TextColumn("{task.description:<11}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[note]}"),
            console=console,
            disable=self.quiet or not console.is_terminal,
        )
        with self._progress:
            yield self
        self._tell_prefect(1.0)

    def expect(self, stage: str, n_tasks: int) -> None:
        """`n_tasks` more will be worked on in `stage`."""
        assert self._progress is not None
        if stage not in self._bars:
            self._tell_prefect(self.stages.index(stage) / len(self.stages))
            self._bars[stage] = self._progress.add_task(stage, total=0, note="")
        bar = self._bars[stage]
        self._progress.update(bar, total=(self._progress.tasks[bar].total or 0) + n_tasks)

    def advance(self, stage: str, found: bool) -> None:
        """One task of `stage` is done; `found` says that its table was in the lake already."""
        assert self._progress is not None
        self._found[stage] = self._found.get(stage, 0) + found
        note = f"{self._found[stage]} from the lake" if self._found[stage] else ""
        self._progress.update(self._bars[stage], advance=1, note=note)

    def _tell_prefect(self, share: float) -> None:
        assert self._artifact is not None
        update_progress_artifact(artifact_id=self._artifact, progress=100.0 * share)
