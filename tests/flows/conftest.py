"""A standing Prefect server for the flow tests: started once, on a state folder of its own."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Finished:
    """A run of the command line: what it printed and how it ended."""

    code: int
    out: str
    err: str

    @property
    def summary(self) -> dict[str, Any]:
        return dict(json.loads(self.out))


Command = Callable[..., Finished]


@pytest.fixture(scope="session")
def prefect_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("prefect")


@pytest.fixture(scope="session")
def environment(prefect_home: Path) -> Iterator[dict[str, str]]:
    """The environment of a run beside a standing server."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("ASSAY_")}
    own |= {"PREFECT_HOME": str(prefect_home), "PYTHONPATH": str(ROOT)}
    own.pop("PREFECT_API_URL", None)
    server = subprocess.Popen(
        [sys.executable, "-m", "deployments.ui"],
        env=own,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    assert server.stdout is not None
    shown = [server.stdout.readline() for _ in range(2)]
    assert "Prefect's interface: http://127.0.0.1:" in shown[1], shown
    yield own
    server.terminate()
    server.wait()


@pytest.fixture(scope="session")
def discover(environment: dict[str, str]) -> Command:
    """``python -m flows.discovery ARGUMENTS``."""

    def run(*arguments: str, cwd: Path = ROOT, **variables: str) -> Finished:
        done = subprocess.run(
            [sys.executable, "-m", "flows.discovery", *arguments],
            env=environment | variables,
            capture_output=True,
            text=True,
            cwd=cwd,
            check=False,
        )
        return Finished(done.returncode, done.stdout, done.stderr)

    return run
