"""Which Prefect server a run talks to, settled before Prefect is imported.

A server that ``make ui`` started is used when it answers; otherwise a temporary one is started for
the run, see `flows.tethered`. All state lies in the project's state folder unless the user has
set PREFECT_HOME.
"""

from __future__ import annotations

import atexit
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import ProxyHandler, build_opener, urlopen

from lake.errors import ConfigError

STATE_FOLDER = Path(".assay")
LOOPBACK = "127.0.0.1"
START_SECONDS, ANSWER_SECONDS, STOP_SECONDS, POLL_SECONDS = 120, 5, 10, 0.05
_QUIET = "CRITICAL"
_DEFAULTS = {
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_CLI_PROMPT": "false",
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_BATCH_SIZE": "200",
    "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": _QUIET,
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
    _bypass_proxies()
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
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return str(url) if _is_healthy(url) else None


def announce(url: str) -> None:
    """Leave word of a standing server for the runs to come."""
    _marker().parent.mkdir(parents=True, exist_ok=True)
    _marker().write_text(json.dumps({"url": url}))


def withdraw() -> None:
    """Take that word back."""
    _marker().unlink(missing_ok=True)


@contextmanager
def temporary_server(meanwhile: Callable[[], object] = tuple) -> Iterator[None]:
    """A server for this run alone, unless one is named; one starts at a time.

    Two first starts at once would create the same database twice.

    Parameters
    ----------
    meanwhile : callable
        What can be done while it starts.

    Raises
    ------
    ConfigError
        When the server that the user named does not answer, or the own one does not start.
    """
    named = os.environ.get("PREFECT_API_URL")
    if named:
        _check_named(named)
        meanwhile()
        yield
        return
    with _one_at_a_time():
        server, url = _start()
        # Not at the end of this block: what Prefect still has to say at the exit comes before.
        atexit.register(_stop, server)
        os.environ["PREFECT_API_URL"] = f"{url}/api"
        meanwhile()
        _await(server, url)
    try:
        yield
    finally:
        del os.environ["PREFECT_API_URL"]


def _marker() -> Path:
    return home() / "server.json"


def _is_healthy(url: str) -> bool:
    try:
        with build_opener(ProxyHandler({})).open(f"{url}/api/health", timeout=2) as answer:
            return bool(answer.status == 200)
    except (OSError, ValueError):
        return False


def _bypass_proxies() -> None:
    for name in ("NO_PROXY", "no_proxy"):
        spared = [word for word in os.environ.get(name, "").split(",") if word]
        os.environ[name] = ",".join(dict.fromkeys([*spared, LOOPBACK, "localhost"]))


def _check_named(url: str) -> None:
    try:
        urlopen(f"{url.rstrip('/')}/health", timeout=ANSWER_SECONDS).close()  # noqa: S310
    except HTTPError:
        return  # somebody is there
    except (OSError, ValueError) as error:
        reason = error.reason if isinstance(error, URLError) else error
        raise ConfigError(
            f"PREFECT_API_URL names {url}, which does not answer: {reason}",
            "the address of a Prefect server that runs, like http://127.0.0.1:4200/api",
            "unset it, and the run brings its own server; or start that server",
        ) from error


def _start() -> tuple[subprocess.Popen[bytes], str]:
    is_debug = os.environ["PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL"] != _QUIET
    server = subprocess.Popen(  # noqa: S603
        [sys.executable, "-P", str(Path(__file__).with_name("tethered.py"))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=None if is_debug else subprocess.DEVNULL,
        start_new_session=True,
    )
    assert server.stdout is not None
    return server, f"http://{LOOPBACK}:{server.stdout.readline().decode().strip()}"


def _await(server: subprocess.Popen[bytes], url: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not _is_healthy(url):
        if server.poll() is not None or time.monotonic() > deadline:
            raise _no_server()
        time.sleep(POLL_SECONDS)


def _no_server() -> ConfigError:
    free_mb = shutil.disk_usage(home()).free / 2**20
    return ConfigError(
        f"the temporary Prefect server did not start; its state lies in {home()}, "
        f"where {free_mb:,.0f} MiB are free",
        "a folder that may be written, with room for Prefect's database",
        "free some room, or name another folder by PREFECT_HOME; --debug shows what it says",
    )


def _stop(server: subprocess.Popen[bytes]) -> None:
    assert server.stdin is not None
    server.stdin.close()
    try:
        server.wait(timeout=STOP_SECONDS)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    try:
        home().mkdir(parents=True, exist_ok=True)
        lock = (home() / "start.lock").open("w")
    except OSError as error:
        raise ConfigError(
            f"{home()} cannot be written: {error.strerror}",
            "a folder for Prefect's state",
            "name another by PREFECT_HOME, or start from a folder that may be written",
        ) from error
    with lock:
        if sys.platform != "win32":
            import fcntl

            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
