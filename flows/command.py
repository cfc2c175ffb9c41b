"""The command line of a flow: arguments in, exit code out. Prefect is imported last of all."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from types import TracebackType
from typing import TYPE_CHECKING, NoReturn

from lake.errors import AssayError

if TYPE_CHECKING:
    from blocks.profile import RunConfig

OK, FAILED, BAD_INPUT, INTERRUPTED, TERMINATED = 0, 1, 2, 130, 143


class Terminated(KeyboardInterrupt):
    """SIGTERM came."""


def run_command(module: str, flow: str, arguments: Sequence[str] | None = None) -> int:
    """Run `flow` of `module` as the user asks.

    Returns
    -------
    int
        0 when all went well, 1 when some task failed, 2 when the user can mend it. A fault of the
        program is told in short and exits with 1; it shows its trace with ``--debug``.
    """
    words = sys.argv[1:] if arguments is None else list(arguments)
    _open_closed_streams()
    signal.signal(signal.SIGTERM, _terminate)
    if "--debug" not in words:
        sys.excepthook = _tell_in_short
    try:
        return _run(module, flow, words)
    except AssayError as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        if "--debug" in words:
            raise
        return BAD_INPUT
    except KeyboardInterrupt as interruption:
        _leave(TERMINATED if isinstance(interruption, Terminated) else INTERRUPTED)


def _run(module: str, flow: str, words: Sequence[str]) -> int:
    from blocks.profile import load_config

    config = load_config(words)
    from flows.server import settle, temporary_server

    standing = settle(config.debug)
    note = f"Prefect at {standing}" if standing else "a temporary Prefect server"
    if not config.json_output:
        print(f"starting with {note}", file=sys.stderr)
    with temporary_server(meanwhile=lambda: import_module(module)):
        # Not in the main thread: there Prefect replaces the handler of SIGTERM, and waits for
        # ever for what was interrupted.
        aside = ThreadPoolExecutor(1)
        summary = aside.submit(getattr(import_module(module), flow), config).result()
    return _print(summary, config)


def _open_closed_streams() -> None:
    """Give standard streams that are closed to nobody, lest a file of the run take their place."""
    if sys.stdout is None:
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115


def _terminate(*_: object) -> None:
    raise Terminated


def _leave(code: int) -> NoReturn:
    """Leave at once, whatever is under way: what the lake holds is whole at every moment."""
    print("interrupted; what was made stays in the lake", file=sys.stderr)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _tell_in_short(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    print(
        f"{kind.__name__}: {error}\n"
        "  wanted: nothing from you: this is a fault of the program or of the machine\n"
        "  do: run again; if it comes again, --debug shows where",
        file=sys.stderr,
    )


def _print(summary: object, config: RunConfig) -> int:
    from flows.summary import Summary
    from flows.terminal import show

    assert isinstance(summary, Summary)
    try:
        if config.json_output:
            print(json.dumps(summary.for_machines()))
        else:
            show(summary)
        sys.stdout.flush()
    except BrokenPipeError:
        # Nobody reads on (| head); what is still buffered must not be flushed into the pipe.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return FAILED if summary.failed else OK
