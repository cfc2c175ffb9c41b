"""The smart money engine against PyPI's smartmoneyconcepts.

Ours folds everything at once: swings, structure, gaps, blocks, sweeps and the stance, as one bar at
a time would; the package computes one thing after another over all bars. Swings by ten bars on both
sides. In the same run: how many readings either rewrites when bars are added one by one, and
whether gaps and their first touch are the same where both define them alike: without our least
width, least volume and age.

The package runs in the interpreter that ``python -m perf structure --peers PYTHON`` names, warm. If
it is not there, that is reported.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from perf.harness import Bench
from tasks.engines.smc import SMC, SmcConfig
from tasks.kernels.reading import BORN, CROWDED, DIED, GAP

ROOT = Path(__file__).resolve().parents[1]
REAL = ROOT.parent / "shared" / "data" / "binance_um" / "klines" / "ETHUSDT" / "15m.parquet"
PACKAGE, KINDS = "smartmoneyconcepts", ("gaps", "blocks", "breaks", "everything")
SIZES = {10_000: 5, 100_000: 2}  # bars, and rounds
N_REPLAYS, REPLAYED, COMPARED, SEED = 60, 2_000, 10_000, 11
PLAIN = SmcConfig(gap_atr=0.0, gap_volume=0.0, fill_share=0.0, gap_bars=10**9)
Reals = NDArray[np.float64]
Ask = Callable[..., Any]


def benches(wanted: Callable[[str], bool]) -> Iterator[Bench]:
    """Each kind of structure on each number of bars."""
    names = {(n, kind): f"smart money, {n} bars, {kind}" for n in SIZES for kind in KINDS}
    asked = [key for key, name in names.items() if wanted(name)]
    if not asked:
        return
    with tempfile.TemporaryDirectory(prefix="assay-perf-") as folder, _started(folder) as process:
        found = _answer(process)
        if "absent" in found:
            print(f"absent: {PACKAGE} ({found['absent']}); name an interpreter with --peers PYTHON")
            return
        ask = _asker(process, Path(folder))
        peer = f"{PACKAGE} {found['version']}"
        for n, kind in asked:
            bars = _bars(n)
            yield Bench(names[n, kind], peer, _ours(bars), _theirs(ask, bars, kind), SIZES[n])
        print(f"  {report_rewritten(ask)}")
        print(f"  {report_gaps(ask)}")


def _started(folder: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [os.environ.get("ASSAY_PEERS", sys.executable), "-m", "perf.structure_peers"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=(Path(folder) / "peers.log").open("w"),
        text=True,
        bufsize=1,
    )


def _answer(process: subprocess.Popen[str]) -> Any:
    assert process.stdout
    return json.loads(process.stdout.readline())


def _asker(process: subprocess.Popen[str], folder: Path) -> Ask:
    def ask(bars: Reals, wants: str, **more: int) -> Any:
        path = folder / f"{bars.shape[1]}.npy"
        if not path.exists():
            np.save(path, bars)
        assert process.stdin
        process.stdin.write(json.dumps({"bars": str(path), "wants": wants, **more}) + "\n")
        return _answer(process)

    return ask


def _ours(bars: Reals) -> Callable[[], object]:
    return lambda: SMC.run(SMC.start(), bars, SmcConfig())


def _theirs(ask: Ask, bars: Reals, kind: str) -> Callable[[], object]:
    return lambda: ask(bars, kind)


def _bars(n: int) -> Reals:
    """The last bars of ETHUSDT 15m, or where they are not, simulated ones."""
    if REAL.exists():
        frame = pl.read_parquet(REAL, columns=["open", "high", "low", "close", "volume"])
        return np.ascontiguousarray(frame.tail(n).to_numpy().T)
    rng = np.random.default_rng(SEED)
    path = 2_000.0 * np.exp(np.cumsum(rng.normal(0.0, 0.001, (n, 8)).ravel()).reshape(n, 8))
    open_ = np.append(2_000.0, path[:-1, -1])
    whole = np.round(np.column_stack([open_, path]), 2)
    volume = rng.lognormal(5.0, 0.5, n)
    return np.array([whole[:, 0], whole.max(axis=1), whole.min(axis=1), whole[:, -1], volume])


def report_rewritten(ask: Ask) -> str:
    """How many readings of earlier bars change while bars are added one by one."""
    bars = _bars(REPLAYED)
    theirs = ask(bars, "count rewritten", n_replays=N_REPLAYS)
    ours = sum(
        int((one != other[:-1]).any(axis=1).sum())
        for one, other in pairwise(
            _readings(bars[:, :end]) for end in range(REPLAYED - N_REPLAYS, REPLAYED + 1)
        )
    )
    total, said = (sum(counts.values()) for counts in theirs)
    return (
        f"readings rewritten over {N_REPLAYS} replays of {REPLAYED:,} bars: ours {ours}, "
        f"{PACKAGE} {total} ({_listed(theirs[0])}); {said} of them had been said otherwise, "
        f"{total - said} appeared at bars gone by"
    )


def _readings(bars: Reals) -> NDArray[np.uint8]:
    """All that is said, byte by byte, shape (n, bytes of a reading)."""
    readings = SMC.run(SMC.start(), np.ascontiguousarray(bars), SmcConfig()).readings
    return readings.view(np.uint8).reshape(len(readings), -1)


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items())


def report_gaps(ask: Ask) -> str:
    """How far gaps and their first touch are the same, by the rules that both have."""
    bars = _bars(COMPARED)
    notes = SMC.run(SMC.start(), bars, PLAIN).notes
    notes = notes[notes["kind"] == GAP]
    born, died = (notes[notes["what"] == what] for what in (BORN, DIED))
    end = dict(zip(died["zone"].tolist(), died["bar"].tolist(), strict=True))
    lost = set(died["zone"][died["why"] == CROWDED].tolist())
    rows = zip(*(born[name].tolist() for name in ("bar", "side", "zone")), strict=True)
    ours = {(bar - 1, side): (zone, end.get(zone, 0)) for bar, side, zone in rows}
    warm_up = min(bar for bar, _ in ours)
    theirs = {(i, side): j for i, side, j in ask(bars, "list gaps") if i >= warm_up}
    both = ours.keys() & theirs.keys()
    held = [key for key in both if ours[key][0] not in lost]
    return (
        f"gaps of {COMPARED:,} bars: ours {len(ours):,}, {PACKAGE} {len(theirs):,}, the same "
        f"{len(both):,}; of {len(held):,} that our list held to the end, first touched at the same "
        f"bar {sum(ours[key][1] == theirs[key] for key in held):,}"
    )
