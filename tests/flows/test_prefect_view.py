"""What a run leaves on a standing Prefect server."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.flows.conftest import Command

pytestmark = pytest.mark.slow
ASKED = (
    *("--profile", "smoke", "--demo.n_days", "60", "--json"),
    *("--events.families", "volatility", "--outcomes.horizons", "1h"),
)
PATIENCE_SECONDS = 30


@pytest.fixture(scope="module")
def server(
    discover: Command, prefect_home: Path, tmp_path_factory: pytest.TempPathFactory
) -> httpx.Client:
    """The server's interface after two identical runs."""
    lake = str(tmp_path_factory.mktemp("view") / "lake")
    for _ in range(2):
        assert discover(*ASKED, "--lake", lake).code == 0
    url = json.loads((prefect_home / "server.json").read_text())["url"]
    return httpx.Client(base_url=f"{url}/api", trust_env=False)


def last_run(server: httpx.Client) -> dict[str, Any]:
    query = {"sort": "START_TIME_DESC", "limit": 1}
    (run,) = server.post("/flow_runs/filter", json=query).json()
    return dict(run)


def eventually(ask: Callable[[], Any], wanted: Any) -> None:
    """The server records what it is told a moment later."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while ask() != wanted and time.monotonic() < deadline:
        time.sleep(0.5)
    assert ask() == wanted


def test_the_second_run_is_completed_and_all_its_tasks_are_cached(server: httpx.Client) -> None:
    run = last_run(server)
    assert (run["name"], run["state_name"]) == ("demo 5m", "Completed")
    query = {"flow_runs": {"id": {"any_": [run["id"]]}}}

    def counted() -> tuple[int, set[str]]:
        tasks = server.post("/task_runs/filter", json=query).json()
        return len(tasks), {task["state_name"] for task in tasks}

    eventually(counted, (67, {"Cached"}))


def test_task_runs_read_well(server: httpx.Client) -> None:
    query = {"flow_runs": {"id": {"any_": [last_run(server)["id"]]}}}

    def named() -> bool:
        names = {task["name"] for task in server.post("/task_runs/filter", json=query).json()}
        return {"ingest DEMOA-5m", "detect DEMOB-5m volatility", "judge first", "render"} <= names

    eventually(named, True)


def test_a_run_leaves_its_progress_a_summary_and_a_table(server: httpx.Client) -> None:
    run = last_run(server)
    query = {"flow_runs": {"id": {"any_": [run["id"]]}}}
    found = server.post("/artifacts/filter", json=query).json()
    artifacts = {artifact["key"]: artifact for artifact in found if artifact["key"]}
    assert {key: artifact["type"] for key, artifact in artifacts.items()} == {
        "discovery-progress": "progress",
        "discovery-summary": "markdown",
        "discovery-findings": "table",
    }
    assert artifacts["discovery-progress"]["data"] == 100
    assert "| testable |" in artifacts["discovery-summary"]["data"]
    assert "vol_spike" in json.dumps(artifacts["discovery-findings"]["data"])
