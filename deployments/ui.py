"""Start Prefect's server and interface on loopback and leave word of it: ``make ui``."""

from __future__ import annotations

import fcntl
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from flows.server import LOOPBACK, announce, settle, standing_server, withdraw

FIRST_PORT, N_PORTS = 4200, 50
PATIENCE_SECONDS = 120


def main() -> int:
    """Run the server until it is interrupted; say where it is."""
    found = settle()
    if found is not None:
        print(f"Prefect's interface is running already: {found.removesuffix('/api')}")
        return 0
    port = _claim_port()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    print(f"starting Prefect's server, state in {os.environ['PREFECT_HOME']} ...", flush=True)
    server = _start(port)
    try:
        return _attend(server, f"http://{LOOPBACK}:{port}")
    except KeyboardInterrupt:
        return 0
    finally:
        withdraw()
        server.terminate()
        server.wait()


def _start(port: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [
            sys.executable,
            "-m",
            "prefect",
            "server",
            "start",
            "--host",
            LOOPBACK,
            "--port",
            f"{port}",
        ],
        env={**os.environ, "PREFECT_API_URL": f"http://{LOOPBACK}:{port}/api"},
        stdout=subprocess.DEVNULL,
    )


def _attend(server: subprocess.Popen[bytes], url: str) -> int:
    announce(url)
    if not _answers(server):
        print("the server did not start; see above, and `make clean` helps", file=sys.stderr)
        return 1
    print(f"Prefect's interface: {url}\nruns from this folder appear there; Ctrl-C stops it")
    return server.wait()


def _answers(server: subprocess.Popen[bytes]) -> bool:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while server.poll() is None and time.monotonic() < deadline:
        if standing_server():
            return True
        time.sleep(0.2)
    return False


def _claim_port() -> int:
    """A port on which nobody listens, and for which no other interface is starting.

    A server binds its port seconds after it was told which; meanwhile a lock says whose it is. It
    is let go when this process ends.
    """
    for port in range(FIRST_PORT, FIRST_PORT + N_PORTS):
        with socket.socket() as probe:
            if probe.connect_ex((LOOPBACK, port)) != 0 and _lock(port):
                return port
    return FIRST_PORT


def _lock(port: int) -> bool:
    place = Path(tempfile.gettempdir()) / f"assay-port-{port}.lock"
    try:
        held = os.open(place, os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW, 0o600)
    except OSError:  # another user's
        return False
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(held)
        return False
    return True


if __name__ == "__main__":
    sys.exit(main())
