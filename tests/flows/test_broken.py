"""What breaks from outside: signals, streams, names. See test_discovery for the main road."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.flows.conftest import ROOT, Command
from tests.flows.test_discovery import SMALL

pytestmark = pytest.mark.slow
PATIENCE_SECONDS = 10


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("seconds", [1.5, 5.0])
def test_an_interrupted_run_leaves_at_once_and_says_so(
    environment: dict[str, str], tmp_path: Path, sent: int, code: int, seconds: float
) -> None:
    days = ("--profile", "smoke", "--demo.n_days", "2000")
    command = [sys.executable, "-m", "flows.discovery", *days, "--lake", str(tmp_path / "lake")]
    run = subprocess.Popen(command, env=environment, cwd=ROOT, stderr=subprocess.PIPE, text=True)
    time.sleep(seconds)
    run.send_signal(sent)
    _, said = run.communicate(timeout=PATIENCE_SECONDS)
    assert run.returncode == code
    assert "interrupted" in said
    assert "Traceback" not in said


def test_a_lake_without_a_name_is_refused(discover: Command, tmp_path: Path) -> None:
    finished = discover(*SMALL, "--lake", "", cwd=tmp_path)
    assert finished.code == 2
    assert "--lake DIR" in finished.err
    assert not list(tmp_path.iterdir())


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> str:
    """One lake for runs of which only the end matters."""
    return str(tmp_path_factory.mktemp("broken") / "lake")


@pytest.mark.parametrize("form", [(), ("--json",)])
def test_a_reader_that_goes_away_is_no_fault(
    environment: dict[str, str], lake: str, form: tuple[str, ...]
) -> None:
    words = [*(word for word in SMALL if word != "--json"), *form]
    command = [sys.executable, "-m", "flows.discovery", *words, "--lake", lake]
    reader, writer = os.pipe()
    os.close(reader)
    run = subprocess.run(
        command, env=environment, cwd=ROOT, stdout=writer, stderr=subprocess.PIPE, check=False
    )
    os.close(writer)
    assert run.returncode == 0
    assert b"Error" not in run.stderr


def test_a_fault_of_the_program_is_told_in_short(tmp_path: Path) -> None:
    broken = "import sys; sys.modules['flows.discovery'] = None\n"
    (tmp_path / "sitecustomize.py").write_text(broken)
    path = os.pathsep.join([str(tmp_path), str(ROOT)])
    call = "from flows.command import run_command; run_command('flows.discovery', 'x', [])"
    done = subprocess.run(
        [sys.executable, "-c", call],
        env=os.environ | {"PYTHONPATH": path, "PREFECT_HOME": str(tmp_path / "state")},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "ModuleNotFoundError" in done.stderr
    assert "--debug" in done.stderr
    assert "Traceback" not in done.stderr
