import http.server
import json
import os
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from flows import server
from lake.errors import ConfigError
from tests.flows.conftest import ROOT


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    kept = dict(os.environ)
    monkeypatch.setenv("PREFECT_HOME", str(tmp_path))
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    yield tmp_path
    os.environ.clear()
    os.environ.update(kept)


class Healthy(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/api/health" else 404)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def a_server() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Healthy) as httpd:
        threading.Thread(target=httpd.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{httpd.server_port}"
        httpd.shutdown()


def test_a_server_that_answers_is_used(a_server: str) -> None:
    server.announce(a_server)
    assert server.settle() == f"{a_server}/api"
    assert os.environ["PREFECT_API_URL"] == f"{a_server}/api"


def test_word_of_a_server_that_is_gone_is_not_believed() -> None:
    server.announce("http://127.0.0.1:9")
    assert server.settle() is None
    assert "PREFECT_API_URL" not in os.environ


def test_a_broken_word_is_not_believed(own_home: Path) -> None:
    (own_home / "server.json").write_text("{")
    assert server.settle() is None


def test_what_the_user_has_set_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:1/api")
    monkeypatch.setenv("PREFECT_SERVER_ANALYTICS_ENABLED", "true")
    assert server.settle() == "http://127.0.0.1:1/api"
    assert os.environ["PREFECT_SERVER_ANALYTICS_ENABLED"] == "true"


def test_state_goes_to_the_project_and_nothing_phones_home(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("PREFECT_HOME")
    monkeypatch.chdir(tmp_path)
    server.settle()
    assert Path(os.environ["PREFECT_HOME"]) == tmp_path / ".assay" / "prefect"
    assert os.environ["DO_NOT_TRACK"] == "1"
    assert os.environ["PREFECT_SERVER_ANALYTICS_ENABLED"] == "false"


def test_withdrawn_word_is_gone(a_server: str) -> None:
    server.announce(a_server)
    server.withdraw()
    assert server.standing_server() is None


def test_the_word_holds_an_address_only(own_home: Path, a_server: str) -> None:
    server.announce(a_server)
    assert json.loads((own_home / "server.json").read_text()) == {"url": a_server}


STARTED = """
import sys, time
from flows import server
server.settle()
with server.temporary_server():
    print(server.os.environ["PREFECT_API_URL"], flush=True)
    time.sleep(60)
"""


def answers(url: str) -> bool:
    try:
        urllib.request.urlopen(f"{url}/health", timeout=2).close()
    except OSError:
        return False
    return True


@pytest.mark.slow
def test_the_server_of_a_killed_run_ends_by_itself() -> None:
    command = [sys.executable, "-c", STARTED]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as run:
        assert run.stdout is not None
        url = run.stdout.readline().strip()
        assert answers(url)
        run.kill()
    deadline = time.monotonic() + server.STOP_SECONDS
    while answers(url) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not answers(url)


def test_a_named_server_that_does_not_answer_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:1/api")
    with pytest.raises(ConfigError, match="PREFECT_API_URL"), server.temporary_server():
        pass


def test_a_state_folder_that_cannot_be_made_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("PREFECT_HOME", str(tmp_path / "file"))
    with pytest.raises(ConfigError, match="PREFECT_HOME"), server.temporary_server():
        pass


def test_a_proxy_never_stands_before_the_own_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "example.org")
    server.settle()
    assert os.environ["NO_PROXY"] == "example.org,127.0.0.1,localhost"
