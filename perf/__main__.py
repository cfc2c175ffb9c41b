"""``python -m perf [NAME ...]``: run the benchmarks, judge them, exit 1 on FAIL."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from importlib import import_module

from rich.console import Console
from rich.table import Table

from flows.server import settle
from perf.harness import Bench, Measured, judge, measure, read_baselines

SUITES = (
    "kernels",
    "events",
    "statistics",
    "shrinkage",
    "engine",
    "structure",
    "lake",
    "prefect",
    "demo",
)


def main(arguments: list[str] | None = None) -> int:
    """Measure what is asked for and print a table."""
    parser = argparse.ArgumentParser(prog="python -m perf", description=__doc__)
    parser.add_argument("names", nargs="*", help=f"suites ({', '.join(SUITES)}) or benchmarks")
    parser.add_argument("--peers", metavar="PYTHON", help="interpreter that has engine's peers")
    asked = parser.parse_args(arguments)
    names = asked.names
    os.environ["ASSAY_PEERS"] = asked.peers or sys.executable
    settle()
    console = Console()
    baselines = read_baselines()
    rows = []
    for bench in _chosen(names):
        console.print(f"measuring {bench.name} ...", highlight=False)
        measured = measure(bench)
        rows.append((measured, judge(measured, baselines)))
    if not rows:
        print(f"no benchmark named {names}; there are the suites {SUITES}", file=sys.stderr)
        return 2
    console.print(_table(rows, baselines))
    return int(any(verdict == "FAIL" for _, verdict in rows))


def _chosen(names: list[str]) -> Iterator[Bench]:
    for suite in SUITES:
        module = import_module(f"perf.{suite}")
        yield from module.benches(wanted=lambda name, s=suite: _wanted(names, s, name))


def _wanted(names: list[str], suite: str, name: str) -> bool:
    return not names or suite in names or name in names


def _table(rows: list[tuple[Measured, str]], baselines: dict[str, dict[str, float]]) -> Table:
    table = Table(title="ours over peer, lower is better; seconds are this machine's")
    for column in ("benchmark", "peer", "ours ms", "peer ms", "ratio", "fails above", "verdict"):
        table.add_column(column, justify="left" if column in ("benchmark", "peer") else "right")
    for measured, verdict in rows:
        allowed = baselines.get(measured.name, {}).get("fail_above", float("nan"))
        table.add_row(
            measured.name,
            measured.peer,
            f"{measured.ours_seconds * 1e3:,.2f}",
            f"{measured.peer_seconds * 1e3:,.2f}",
            f"{measured.ratio:.3g}",
            f"{allowed:.3g}",
            verdict,
        )
    return table


if __name__ == "__main__":
    sys.exit(main())
