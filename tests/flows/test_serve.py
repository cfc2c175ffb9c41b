"""The deployment as a user runs it: served from this process, started through Prefect."""

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.flows.conftest import ROOT

pytestmark = pytest.mark.slow
PATIENCE_SECONDS = 60


def start_run(environment: dict[str, str], config: dict[str, object]) -> int:
    """Ask Prefect for a run of the deployment and wait for its end; tried until it is served."""
    command = [sys.executable, "-m", "prefect", "deployment", "run", "discovery/nightly"]
    wanted = ["--param", f"config={json.dumps(config)}", "--watch"]
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        done = subprocess.run(
            [*command, *wanted],
            env=environment,
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        if "not found" not in done.stdout + done.stderr or time.monotonic() > deadline:
            return done.returncode
        time.sleep(1)


def test_a_served_deployment_runs_with_the_parameters_it_is_given(
    environment: dict[str, str], prefect_home: Path, tmp_path: Path
) -> None:
    url = json.loads((prefect_home / "server.json").read_text())["url"]
    beside = environment | {"PREFECT_API_URL": f"{url}/api"}
    server = subprocess.Popen([sys.executable, "-m", "deployments.serve"], env=beside, cwd=ROOT)
    settings = {"demo": {"n_days": 60}, "events": {"families": ["regime"]}}
    try:
        lake = str(tmp_path / "lake")
        assert start_run(beside, {"profile": "smoke", "lake": lake, **settings}) == 0
    finally:
        server.terminate()
        server.wait()
    assert len(list((tmp_path / "lake" / "documents").glob("report-*.html"))) == 1
