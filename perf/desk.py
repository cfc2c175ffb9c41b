"""``python -m perf.desk [--plot FILE]``: what the structure engines cost per bar as history grows.

All engines read the base bars themselves here, which is the most that they can be asked: by default
they read one in twelve of them, or fewer.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from lake.time import duration_ms
from perf.events import SIX_YEARS
from tasks.engines.config import EnginesConfig
from tasks.engines.desk import Desk, Slots
from tasks.events.bars import Bars
from tasks.events.proving import proving_ground

TIMEFRAME = "5m"
BLOCK = 10_000
N_ROUNDS = 3
HOUR_BARS = 2_555  # three and a half months of 1h
SHOWN = ("wyckoff", "smc", "hob", "momentum", "fusion")
NS, MS = 1e9, 1e3


def main(arguments: list[str] | None = None) -> int:
    """Measure, print, and draw where that is asked for."""
    parser = argparse.ArgumentParser(prog="python -m perf.desk", description=__doc__)
    parser.add_argument("--plot", type=Path, metavar="FILE", help="write a picture of the cost")
    asked = parser.parse_args(arguments)
    console = Console()
    slots = _slots(proving_ground(SIX_YEARS, TIMEFRAME))
    every = _every_bar()
    _seconds(Desk(TIMEFRAME, every), slots.part(0, BLOCK))
    costs = _best([_costs(every, slots) for _ in range(N_ROUNDS)])
    console.print(_table(costs))
    for name, config in (("engines on 5m", every), ("default timeframes", EnginesConfig())):
        seconds = min(_seconds(Desk(TIMEFRAME, config), slots) for _ in range(N_ROUNDS))
        console.print(f"{SIX_YEARS:,} bars of {TIMEFRAME}, {name}: {seconds:.2f} s")
    hours = _slots(proving_ground(HOUR_BARS, "1h"))
    desk = Desk("1h", EnginesConfig())
    seconds = min(_seconds(desk, hours) for _ in range(10 * N_ROUNDS))
    console.print(f"{HOUR_BARS:,} bars of 1h, three timeframes and fusion: {seconds * MS:.1f} ms")
    if asked.plot is not None:
        _draw(costs, asked.plot)
    return 0


def _every_bar() -> EnginesConfig:
    """All engines on the base bars."""
    c = EnginesConfig()
    own = {n: getattr(c, n).model_copy(update={"timeframe": TIMEFRAME}) for n in SHOWN[:-1]}
    fusion = c.fusion.model_copy(update={"hour": TIMEFRAME})
    return c.model_copy(update={**own, "wyckoff_daily": TIMEFRAME, "fusion": fusion})


def _slots(bars: Bars) -> Slots:
    held = np.array([bars.open, bars.high, bars.low, bars.close, bars.volume])
    return Slots(bars.time, held, bars.is_gap, np.full(len(bars), np.nan))


def _seconds(desk: Desk, slots: Slots) -> float:
    started = time.perf_counter()
    desk.run(desk.start(), slots)
    return time.perf_counter() - started


def _costs(config: EnginesConfig, slots: Slots) -> dict[str, np.ndarray]:
    """Nanoseconds per bar of each engine, block after block of one history, shape (n_blocks,)."""
    desk = Desk(TIMEFRAME, config)
    memory = desk.start()
    blocks = [desk.run(memory, part).took for part in _blocks(slots)]
    return {name: np.array([took[name] for took in blocks]) * NS / BLOCK for name in SHOWN}


def _blocks(slots: Slots) -> Iterator[Slots]:
    for start in range(0, slots.times.size - BLOCK + 1, BLOCK):
        yield slots.part(start, start + BLOCK)


def _best(rounds: list[dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    return {name: np.min([costs[name] for costs in rounds], axis=0) for name in SHOWN}


def _table(costs: dict[str, np.ndarray]) -> Table:
    years = BLOCK * duration_ms(TIMEFRAME) / duration_ms("1d") / 365
    table = Table(title=f"ns per bar, best of {N_ROUNDS}, all engines on {TIMEFRAME}")
    table.add_column("bars before")
    for name in SHOWN:
        table.add_column(name, justify="right")
    n_blocks = len(costs[SHOWN[0]])
    for k in sorted({0, n_blocks // 8, n_blocks // 4, n_blocks // 2, n_blocks - 1}):
        row = [f"{costs[name][k]:.0f}" for name in SHOWN]
        table.add_row(f"{k * BLOCK:,} ({k * years:.1f} years)", *row)
    return table


def _draw(costs: dict[str, np.ndarray], path: Path) -> None:
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axis = plt.subplots(figsize=(8.0, 3.6))
    for name in SHOWN:
        axis.plot(np.arange(len(costs[name])) * BLOCK, costs[name], label=name, linewidth=1.4)
    axis.set_xlabel(f"bars of {TIMEFRAME} seen before")
    axis.set_ylabel("ns per bar")
    axis.set_ylim(bottom=0.0)
    axis.legend(ncols=len(SHOWN), frameon=False, fontsize=8)
    axis.spines[["top", "right"]].set_visible(False)
    figure.tight_layout()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=96, metadata={"Software": None})
    plt.close(figure)


if __name__ == "__main__":
    sys.exit(main())
