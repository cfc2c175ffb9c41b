"""The command line of a flow: arguments in, exit code out. Prefect is imported last of all."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING

from lake.errors import AssayError

if TYPE_CHECKING:
    from blocks.profile import RunConfig

OK, FAILED, BAD_INPUT, INTERRUPTED = 0, 1, 2, 130


def run_command(module: str, flow: str, arguments: Sequence[str] | None = None) -> int:
    """Run `flow` of `module` as the user asks.

    Returns
    -------
    int
        0 when all went well, 1 when some task failed, 2 when the user can mend it.
    """
    words = sys.argv[1:] if arguments is None else list(arguments)
    try:
        return _run(module, flow, words)
    except AssayError as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        if "--debug" in words:
            raise
        return BAD_INPUT
    except KeyboardInterrupt:
        print("interrupted; what was made stays in the lake", file=sys.stderr)
        return INTERRUPTED


def _run(module: str, flow: str, words: Sequence[str]) -> int:
    from blocks.profile import load_config

    config = load_config(words)
    from flows.server import settle, temporary_server

    standing = settle(config.debug)
    note = f"Prefect at {standing}" if standing else "a temporary Prefect server"
    if not config.json_output:
        print(f"starting with {note}", file=sys.stderr)
    with temporary_server():
        summary = getattr(import_module(module), flow)(config)
    return _print(summary, config)


def _print(summary: object, config: RunConfig) -> int:
    from flows.summary import Summary
    from flows.terminal import show

    assert isinstance(summary, Summary)
    if config.json_output:
        print(json.dumps(summary.for_machines()))
    else:
        show(summary)
    return FAILED if summary.failed else OK
