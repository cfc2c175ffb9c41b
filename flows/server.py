"""Which Prefect server a run talks to, settled before Prefect is imported.

A server that ``make ui`` started is used when it answers; otherwise Prefect starts a temporary one
for the run. All state lies in the project's state folder unless the user has set PREFECT_HOME.
"""

from __future__ import annotations

import atexit
import json
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.error import URLError
from urllib.request import ProxyHandler, build_opener

STATE_FOLDER = Path(".assay")
LOOPBACK = "127.0.0.1"
_OURS = b"prefect.server.api.server:create_app"
_DEFAULTS = {
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_CLI_PROMPT": "false",
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_BATCH_SIZE": "200",
    "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "CRITICAL",
    "PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW": "ignore",
    "PREFECT_RESULTS_PERSIST_BY_DEFAULT": "false",
    "PREFECT_TASKS_REFRESH_CACHE": "false",
}


def home() -> Path:
    """Where Prefect keeps its state."""
    return Path(os.environ.get("PREFECT_HOME", STATE_FOLDER / "prefect")).absolute()


def settle(debug: bool = False) -> str | None:
    """Set Prefect's environment; return the URL of a standing server, if one answers."""
    for name, value in _DEFAULTS.items():
        os.environ.setdefault(name, value)
    os.environ["PREFECT_HOME"] = str(home())
    if debug:
        os.environ["PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL"] = "INFO"
    if "PREFECT_API_URL" not in os.environ:
        standing = standing_server()
        if standing is not None:
            os.environ["PREFECT_API_URL"] = f"{standing}/api"
    return os.environ.get("PREFECT_API_URL")


def standing_server() -> str | None:
    """The address of the server that ``make ui`` started, if it answers."""
    try:
        url = json.loads(_marker().read_text())["url"]
        with build_opener(ProxyHandler({})).open(f"{url}/api/health", timeout=2) as answer:
            return str(url) if answer.status == 200 else None
    except (FileNotFoundError, ValueError, KeyError, URLError, OSError):
        return None


def announce(url: str) -> None:
    """Leave word of a standing server for the runs to come."""
    _marker().parent.mkdir(parents=True, exist_ok=True)
    _marker().write_text(json.dumps({"url": url}))


def withdraw() -> None:
    """Take that word back."""
    _marker().unlink(missing_ok=True)


@contextmanager
def temporary_server() -> Iterator[None]:
    """A server for this run alone, unless one is named; one starts at a time.

    Two first starts at once would create the same database twice; a server whose run was
    killed would stay for ever, so such are stopped first.
    """
    if os.environ.get("PREFECT_API_URL"):
        yield
        return
    from prefect.server.api.server import SubprocessASGIServer

    server = SubprocessASGIServer()
    with _one_at_a_time():
        stop_orphans()
        server.start()
        note = _note_server(server.server_process.pid if server.server_process else 0)
    atexit.register(note.unlink, missing_ok=True)
    yield


def _marker() -> Path:
    return home() / "server.json"


def _note_server(pid: int) -> Path:
    note = home() / "servers" / f"{os.getpid()}-{pid}"
    note.parent.mkdir(parents=True, exist_ok=True)
    note.touch()
    return note


def stop_orphans() -> None:
    """Stop temporary servers whose run was killed."""
    for note in sorted((home() / "servers").glob("*-*")):
        parent, _, pid = note.name.partition("-")
        if not _is_alive(int(parent)):
            if _is_server(int(pid)):
                with suppress(ProcessLookupError):
                    os.kill(int(pid), signal.SIGTERM)
            note.unlink(missing_ok=True)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _is_server(pid: int) -> bool:
    try:
        return pid > 0 and _OURS in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    if sys.platform == "win32":
        yield
        return
    import fcntl

    home().mkdir(parents=True, exist_ok=True)
    with (home() / "start.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
