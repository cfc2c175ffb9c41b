"""``python -m lake``: look into the lake, check it, explain it, sweep it."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from lake.errors import AssayError, ConfigError, LakeError
from lake.explain import explain
from lake.ledger_table import ledger_lines, read_ledger
from lake.lineage import ancestry
from lake.naming import find_table
from lake.schema import TABLES
from lake.show import listing, listing_lines, size_text, table_csv, table_json, table_lines
from lake.store import (
    BLOB_FOLDER,
    DRAFT_FOLDER,
    LEDGER_FOLDER,
    RUN_FOLDER,
    TABLE_FOLDER,
    Lake,
    open_lake,
)
from lake.sweep import carry_out, plan_lines, plan_sweep
from lake.time import duration_ms
from lake.verify import verify

Run = Callable[[argparse.Namespace, Lake], int]
DEFAULT_LAKE = ".assay/lake"
_NAMES = """\
A TABLE is named by its address KIND/market/part/key, by the beginning of its key (six digits or
more), or by KIND [market [part]], which is the one that the last run used.
"""
_EXAMPLES = """\
examples:
  python -m lake ls FINDINGS
  python -m lake show FINDINGS --rows 20
  python -m lake lineage BLUEPRINTS
  python -m lake explain features
  python -m lake ledger
  python -m lake sweep --keep 1 --dry-run
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return the exit status: 0, 1 for a lake that is not whole, 2 for misuse."""
    asked = _parser().parse_args(arguments)
    try:
        status = asked.run(asked, _existing_lake(asked.lake))
        sys.stdout.flush()
    except AssayError as error:
        if asked.debug:
            raise
        print(f"error: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:
        # Nobody reads on (| head); what is still buffered must not be flushed into the pipe.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return int(status)


def _existing_lake(uri: str) -> Lake:
    lake = open_lake(uri)
    folders = (RUN_FOLDER, TABLE_FOLDER, BLOB_FOLDER, LEDGER_FOLDER, DRAFT_FOLDER)
    if not any(True for folder in folders for _ in lake.files.walk(folder)):
        raise LakeError(
            f"no lake at {lake.uri}",
            "a folder or URI in which a run has kept its tables",
            "name it with --lake DIR or ASSAY_LAKE, or make one: python -m flows.discovery",
        )
    return lake


def _print(lines: Iterable[str]) -> None:
    for line in lines:
        print(line)


def _ls(asked: argparse.Namespace, lake: Lake) -> int:
    kind = asked.kind.upper() if asked.kind else None
    if kind is not None and kind not in TABLES:
        raise ConfigError(f"no kind {asked.kind!r}", f"one of {', '.join(sorted(TABLES))}", "ls")
    tables = listing(lake, kind, asked.market)
    _print([json.dumps(tables, indent=1)] if asked.json else listing_lines(tables))
    return 0


def _show(asked: argparse.Namespace, lake: Lake) -> int:
    entry = find_table(lake, asked.table)
    n_rows = asked.rows if asked.rows is not None else entry.ref.n_rows if asked.csv else 10
    if asked.csv:
        sys.stdout.write(table_csv(lake.read(entry.ref).head(n_rows)))
    elif asked.json:
        print(table_json(lake, entry, n_rows))
    else:
        _print(table_lines(lake, entry, n_rows, shutil.get_terminal_size((100, 24)).columns))
    return 0


def _verify(asked: argparse.Namespace, lake: Lake) -> int:
    checked = verify(lake)
    for fault in checked.faults:
        mark = "harmless" if fault.harmless else "WRONG   "
        _print([f"{mark}  {fault.place}", f"          {fault.what}", f"          do: {fault.do}"])
    n_harmless = len(checked.faults) - checked.n_wrong
    print(
        f"{checked.n_tables} tables, {checked.n_blobs} blobs, {checked.n_runs} runs, "
        f"{checked.n_entries} ledger entries, {size_text(checked.n_bytes)}: "
        f"{checked.n_wrong} wrong, {n_harmless} harmless"
    )
    return 1 if checked.n_wrong else 0


def _ledger(asked: argparse.Namespace, lake: Lake) -> int:
    table = read_ledger(lake)
    _print([json.dumps(table.plain(), indent=1)] if asked.json else ledger_lines(table))
    return 0


def _lineage(asked: argparse.Namespace, lake: Lake) -> int:
    _print(ancestry(lake, find_table(lake, asked.table).ref))
    return 0


def _explain(asked: argparse.Namespace, lake: Lake) -> int:
    _print(explain(lake, asked.what, asked.of_run))
    return 0


def _sweep(asked: argparse.Namespace, lake: Lake) -> int:
    plan = plan_sweep(lake, asked.keep, asked.older_than)
    if not asked.dry_run:
        carry_out(lake, plan)
    print("would delete:" if asked.dry_run else "deleted:")
    _print(plan_lines(plan, each=asked.dry_run))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m lake",
        description="Look into the lake, the tables that runs have kept.\n\n" + _NAMES,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    shared = argparse.ArgumentParser(add_help=False)
    _add_shared(parser, os.environ.get("ASSAY_LAKE") or DEFAULT_LAKE, debug=False)
    _add_shared(shared, argparse.SUPPRESS, debug=argparse.SUPPRESS)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for run, add_own, help_text in _commands():
        command = commands.add_parser(
            run.__name__.strip("_"),
            parents=[shared],
            help=help_text,
            description=f"{help_text[0].upper()}{help_text[1:]}.",
            epilog=_NAMES if add_own in (_add_show, _add_table, _add_explain) else None,
        )
        command.set_defaults(run=run)
        add_own(command)
    return parser


def _commands() -> tuple[tuple[Run, Callable[[argparse.ArgumentParser], None], str], ...]:
    return (
        (_ls, _add_ls, "list tables and the runs that used them"),
        (_show, _add_show, "print a table with its units"),
        (_verify, _add_nothing, "hash everything again, check every entry; exit 1 if any is wrong"),
        (_ledger, _add_json, "list every grid that was asked, its p-values and the looks"),
        (_lineage, _add_table, "show a table's ancestors down to the raw bytes"),
        (_explain, _add_explain, "say why a stage ran or was reused, field by field"),
        (_sweep, _add_sweep, "delete what the last runs do not need"),
    )


def _add_nothing(parser: argparse.ArgumentParser) -> None:
    """Leave the command with the shared flags only."""


def _add_shared(parser: argparse.ArgumentParser, lake: str, debug: Any) -> None:
    parser.add_argument(
        "--lake",
        default=lake,
        metavar="DIR|URI",
        help=f"where it lies (ASSAY_LAKE, else {DEFAULT_LAKE}); object stores as s3://bucket/lake",
    )
    parser.add_argument(
        "--debug", action="store_true", default=debug, help="show the trace of an error"
    )


def _add_ls(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("kind", nargs="?", metavar="KIND", help="only tables of this kind")
    parser.add_argument("--market", metavar="M", help="only this market's, e.g. BTCUSDT-5m")
    parser.add_argument("--json", action="store_true", help="print one JSON array")


def _add_json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def _add_table(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("table", nargs="+", metavar="TABLE", help="which table, see below")


def _add_show(parser: argparse.ArgumentParser) -> None:
    _add_table(parser)
    parser.add_argument(
        "--rows", type=_count, metavar="N", help="how many rows (default 10; all for --csv)"
    )
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print one JSON object")
    form.add_argument("--csv", action="store_true", help="print the rows as CSV")


def _add_explain(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "what", nargs="*", metavar="STAGE|TABLE", help="a stage such as features, or a table"
    )
    parser.add_argument(
        "--run", dest="of_run", metavar="RUN", help="the run (default: the last one)"
    )


def _add_sweep(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--keep", type=_count, default=3, metavar="N", help="finished runs to keep (default 3)"
    )
    parser.add_argument(
        "--older-than",
        type=_seconds,
        default="1h",
        metavar="AGE",
        help="touch nothing younger, such as 30m, 1h or 2d (default 1h): longer than a run takes",
    )
    parser.add_argument("--dry-run", action="store_true", help="list it, delete nothing")


def _count(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is no count: wanted 0 or more")
    return int(text)


def _seconds(text: str) -> float:
    if text == "0":
        return 0.0
    try:
        return duration_ms(text) / 1000
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


if __name__ == "__main__":
    raise SystemExit(main())
