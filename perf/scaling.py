"""``python -m perf.scaling``: how the cost of all events grows with bars and with symbols."""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from perf.events import SIX_YEARS, find_all
from tasks.events.proving import proving_ground

BARS = (SIX_YEARS // 8, SIX_YEARS // 4, SIX_YEARS // 2, SIX_YEARS)
SYMBOLS = (1, 2, 8, 32)
N_THREADS = 2
MIB = 1024.0


def main() -> int:
    """Measure and print; symbols are made, looked through and let go in pairs, as a run does."""
    find_all([proving_ground(20_000, "5m")], N_THREADS)
    console, table = Console(), Table(title="all events on two threads, warm")
    for name in ("symbols", "bars each", "seconds", "microseconds per bar", "peak MiB"):
        table.add_column(name, justify="right")
    for n_symbols, n_bars in [*((1, n) for n in BARS), *((n, SIX_YEARS) for n in SYMBOLS[1:])]:
        seconds = sum(_seconds(pair, n_bars) for pair in _pairs(n_symbols))
        per_bar = 1e6 * seconds / (n_symbols * n_bars)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / MIB
        row = (f"{n_symbols}", f"{n_bars:,}", f"{seconds:.2f}", f"{per_bar:.2f}", f"{peak:,.0f}")
        table.add_row(*row)
    console.print(table)
    return 0


def _pairs(n_symbols: int) -> list[Sequence[int]]:
    return [range(first, min(first + 2, n_symbols)) for first in range(0, n_symbols, 2)]


def _seconds(seeds: Sequence[int], n_bars: int) -> float:
    markets = [proving_ground(n_bars, "5m", seed) for seed in seeds]
    started = time.perf_counter()
    find_all(markets, N_THREADS)
    return time.perf_counter() - started


if __name__ == "__main__":
    sys.exit(main())
