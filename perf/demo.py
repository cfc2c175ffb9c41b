"""The whole demo run as a user starts it, cold and warm, against a calibration loop."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from perf.harness import Bench, calibration_loop

ROOT = Path(__file__).resolve().parent.parent
N_LOOPS = 20
N_ROUNDS = 3


def benches(wanted: Callable[[str], bool]) -> Iterator[Bench]:
    """``python -m flows.discovery`` as a process: import, server, stages, exit."""
    folder = Path(tempfile.mkdtemp(prefix="assay-perf-"))

    def cold() -> None:
        _discover(tempfile.mkdtemp(dir=folder))

    def warm() -> None:
        _discover(str(folder / "kept"))

    for name, work in (("demo cold process", cold), ("demo warm process", warm)):
        if wanted(name):
            yield Bench(name, f"{N_LOOPS} calibration loops", work, _loops, n_rounds=N_ROUNDS)


def _loops() -> None:
    for _ in range(N_LOOPS):
        calibration_loop()


def _discover(lake: str) -> None:
    command = [sys.executable, "-m", "flows.discovery", "--json", "--lake", lake]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
