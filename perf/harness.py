"""How a benchmark is measured and judged: always as a ratio to a peer in the same process."""

from __future__ import annotations

import gc
import json
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

BASELINES = Path(__file__).with_name("baselines.json")
N_ROUNDS = 5
Work = Callable[[], object]


@dataclass(frozen=True)
class Bench:
    """One comparison.

    Attributes
    ----------
    name, peer : str
        What is measured, and against what.
    ours, theirs : callable
        The two pieces of work, timed in turn.
    n_rounds : int
        Pairs of timings; the median ratio counts.
    """

    name: str
    peer: str
    ours: Work
    theirs: Work
    n_rounds: int = N_ROUNDS


@dataclass(frozen=True)
class Measured:
    """A benchmark's figures: seconds are this machine's, the ratio travels."""

    name: str
    peer: str
    ours_seconds: float
    peer_seconds: float
    ratio: float


def measure(bench: Bench) -> Measured:
    """Time both sides in turn after one warm-up each; the ratio is the median of the pairs."""
    bench.ours()
    bench.theirs()
    pairs = [(_seconds(bench.ours), _seconds(bench.theirs)) for _ in range(bench.n_rounds)]
    return Measured(
        name=bench.name,
        peer=bench.peer,
        ours_seconds=statistics.median(ours for ours, _ in pairs),
        peer_seconds=statistics.median(theirs for _, theirs in pairs),
        ratio=statistics.median(ours / theirs for ours, theirs in pairs),
    )


def judge(measured: Measured, baselines: dict[str, dict[str, float]]) -> str:
    """PASS, WARN or FAIL: the ratio against what its baseline allows; NEW without one."""
    allowed = baselines.get(measured.name)
    if allowed is None:
        return "NEW"
    if measured.ratio > allowed["fail_above"]:
        return "FAIL"
    return "WARN" if measured.ratio > allowed["warn_above"] else "PASS"


def read_baselines() -> dict[str, dict[str, float]]:
    """Allowed ratios by benchmark."""
    return dict(json.loads(BASELINES.read_text(encoding="utf-8")))


def calibration_loop() -> float:
    """A fixed piece of arithmetic in plain Python: what one core of this machine is worth."""
    total = 0.0
    for i in range(300_000):
        total += (i % 7) * 0.5
    return total


def _seconds(work: Work) -> float:
    gc.collect()
    started = time.perf_counter()
    work()
    return time.perf_counter() - started
