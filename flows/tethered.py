"""A Prefect server that ends when the run that started it does, however that run ends.

Started as a script by `flows.server`: prints its port, then serves until its standard input is
closed, which the system does for a run that is killed.
"""

from __future__ import annotations

import os
import signal
import socket
import threading
import time

LOOPBACK = "127.0.0.1"
LEAVE_SECONDS = 5
APPLICATION = "prefect.server.api.server:create_app"


def main() -> None:
    """Serve until the run is over."""
    listener = socket.create_server((LOOPBACK, 0))
    os.write(1, f"{listener.getsockname()[1]}\n".encode())
    os.dup2(2, 1)  # nobody reads on
    threading.Thread(target=_leave_with_the_run, daemon=True).start()
    os.environ |= {"PREFECT_UI_ENABLED": "0", "PREFECT__SERVER_FINAL": "1"}
    os.environ["PREFECT__SERVER_EPHEMERAL"] = "1"

    import uvicorn

    config = uvicorn.Config(APPLICATION, factory=True, log_level="error", lifespan="on")
    uvicorn.Server(config).run(sockets=[listener])


def _leave_with_the_run() -> None:
    os.read(0, 1)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(LEAVE_SECONDS)
    os._exit(1)


if __name__ == "__main__":
    main()
