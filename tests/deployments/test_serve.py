from importlib import import_module

import pytest
import yaml

from blocks.profile import RunConfig
from deployments.serve import PLAN, main, read_deployment


def test_the_plan_names_a_flow_that_exists_and_parameters_that_fit_it() -> None:
    plan = read_deployment("nightly")
    path, _, name = plan["entrypoint"].partition(":")
    flow = getattr(import_module(path.removesuffix(".py").replace("/", ".")), name)
    assert flow.name == "discovery"
    assert RunConfig(**plan["parameters"]["config"]).profile == "full"


def test_there_is_one_schedule() -> None:
    plan = yaml.safe_load(PLAN.read_text())
    schedules = [s for deployment in plan["deployments"] for s in deployment["schedules"]]
    assert [s["cron"] for s in schedules] == ["15 0 * * *"]


def test_serving_without_a_server_says_how_to_start_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: object, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PREFECT_HOME", str(tmp_path))
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    assert main() == 2
    assert "make ui" in capsys.readouterr().err
