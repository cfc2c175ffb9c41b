"""The command line of a flow: arguments in, exit code out. Prefect is imported last of all."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from types import TracebackType
from typing import TYPE_CHECKING, Any, NoReturn, Protocol

from lake.errors import AssayError

if TYPE_CHECKING:
    from blocks.profile import RunConfig

OK, FAILED, BAD_INPUT, INTERRUPTED, TERMINATED = 0, 1, 2, 130, 143
_SHOW_CURSOR = "\x1b[?25h"  # the progress bars hide it


def run_command(
    module: str,
    flow: str,
    arguments: Sequence[str] | None = None,
    check: Callable[[RunConfig], object] | None = None,
) -> int:
    """Run `flow` of `module` as the user asks.

    Parameters
    ----------
    check : callable, optional
        Refuses what this job cannot be asked, before a server is started for it.

    Returns
    -------
    int
        0 when all went well, 1 when some task failed, 2 when the user can mend it. A fault of the
        program is told in short and exits with 1; it shows its trace with ``--debug``.
    """
    words = sys.argv[1:] if arguments is None else list(arguments)
    return guarded(words, lambda: _run(module, flow, words, check))


def guarded(words: Sequence[str], run: Callable[[], int]) -> int:
    """Run a command of these `words`: what the user can mend is told and becomes its exit code."""
    # Tasks are the threads here; a matrix library's own would only take their cores.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    _open_closed_streams()
    _heed_signals()
    if "--debug" not in words:
        sys.excepthook = _tell_in_short
    try:
        return run()
    except AssayError as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        if "--debug" in words:
            raise
        return BAD_INPUT


def _run(
    module: str,
    flow: str,
    words: Sequence[str],
    check: Callable[[RunConfig], object] | None,
) -> int:
    from blocks.profile import load_config
    from lake.store import open_lake

    config = load_config(words, module)
    if config.list_events:
        return _print_events(config)
    if check is not None:
        check(config)
    open_lake(config.lake)  # a name that is none is told before anything starts
    from flows.server import settle, temporary_server

    standing = settle(config.debug)
    note = f"Prefect at {standing}" if standing else "a temporary Prefect server"
    if not config.json_output:
        print(f"starting with {note}", file=sys.stderr)
    with temporary_server(meanwhile=lambda: import_module(module)):
        _heed_signals()  # polars took SIGINT for itself when it was imported
        # Not in the main thread: there Prefect replaces the handler of SIGTERM, and waits for
        # ever for what was interrupted.
        aside = ThreadPoolExecutor(1)
        summary = aside.submit(getattr(import_module(module), flow), config).result()
    return print_ending(summary, config)


def _print_events(config: RunConfig) -> int:
    from flows.listing import list_events, show_events

    if config.json_output:
        print(json.dumps(list_events(config.events, config.timeframe)))
    else:
        show_events(config.events, config.timeframe)
    return OK


def _open_closed_streams() -> None:
    """Give standard streams that are closed to nobody, lest a file of the run take their place."""
    if sys.stdout is None:
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115


def _heed_signals() -> None:
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, _leave)


def _leave(number: int, _: object) -> NoReturn:
    """Leave at once, whatever is under way: what the lake holds is whole at every moment.

    No exception does that: libraries swallow it, or wait for ever for what it interrupted.
    """
    show_cursor = _SHOW_CURSOR if sys.stderr.isatty() else ""
    os.write(2, f"{show_cursor}interrupted; what was made stays in the lake\n".encode())
    os._exit(TERMINATED if number == signal.SIGTERM else INTERRUPTED)


def _tell_in_short(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    print(
        f"{kind.__name__}: {error}\n"
        "  wanted: nothing from you: this is a fault of the program or of the machine\n"
        "  do: run again; if it comes again, --debug shows where",
        file=sys.stderr,
    )


class Ending(Protocol):
    """How a flow ends."""

    @property
    def wrong(self) -> bool:
        """Whether the command is to exit with 1."""

    def for_machines(self) -> dict[str, Any]:
        """What ``--json`` prints."""

    def show(self) -> None:
        """Print it for people."""


def print_ending(ending: Ending, config: RunConfig) -> int:
    """Print how a flow ended; return the command's exit code."""
    try:
        if config.json_output:
            print(json.dumps(ending.for_machines()))
        else:
            ending.show()
        sys.stdout.flush()
    except (BrokenPipeError, SystemExit):
        # Nobody reads on (| head), and rich would exit with 1 for it; what is still buffered must
        # not be flushed into the pipe.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return FAILED if ending.wrong else OK
