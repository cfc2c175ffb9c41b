"""``python -m perf.calibration``: what one simulated market costs, end to end and by part."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from rich.console import Console
from rich.table import Table

from tasks.calibrate.pipeline import follow, observe, search
from tasks.calibrate.trials import try_world
from tasks.calibrate.world import Procedure, World
from tasks.calibrate.worlds import simulate_world

N_THREADS, N_MARKETS, N_ROUNDS = 2, 4, 3
GOAL_SECONDS = 5.0
PROCEDURE = Procedure()


def main() -> int:
    """Measure null markets, two symbols over two years of 5m, warm, and print seconds."""
    worlds = [World(kind="null", number=i, seed=1000 + i) for i in range(N_MARKETS)]
    try_world(worlds[0], PROCEDURE)
    alone = min(_seconds(lambda: try_world(worlds[0], PROCEDURE)) for _ in range(N_ROUNDS))
    abreast = _seconds(lambda: _all(worlds)) / N_MARKETS
    table = Table(title="one null market of a calibration, warm")
    for name in ("", "seconds"):
        table.add_column(name, justify="right")
    for part, seconds in _parts(worlds[1]):
        table.add_row(part, f"{seconds:.2f}")
    table.add_section()
    table.add_row("end to end, alone on one thread", f"{alone:.2f}")
    table.add_row(f"of {N_MARKETS} on {N_THREADS} threads", f"{abreast:.2f}")
    table.add_row("goal", f"{GOAL_SECONDS:.2f}")
    Console().print(table)
    return 0 if min(alone, abreast) <= GOAL_SECONDS else 1


def _all(worlds: Sequence[World]) -> None:
    with ThreadPoolExecutor(N_THREADS) as pool:
        list(pool.map(lambda world: try_world(world, PROCEDURE), worlds))


def _parts(world: World) -> list[tuple[str, float]]:
    started = time.perf_counter()
    simulated = simulate_world(PROCEDURE, world)
    drawn = time.perf_counter()
    known = observe(simulated.bars, simulated.context, PROCEDURE)
    seen = time.perf_counter()
    findings = search(known.searched, known.eras, PROCEDURE)
    judged = time.perf_counter()
    follow(simulated.bars, simulated.funding, known, findings, PROCEDURE)
    ended = time.perf_counter()
    return [
        ("simulate and clean", drawn - started),
        ("features, events, outcomes", seen - drawn),
        ("estimate, judge, scrutinise", judged - seen),
        ("confirm, trade, promote", ended - judged),
    ]


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


if __name__ == "__main__":
    sys.exit(main())
