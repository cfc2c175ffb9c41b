"""The engine against backtesting.py, vectorbt's numba path and nautilus_trader.

The same signals on the same bars: closes' moving averages of 10 and 30 bars cross; every cross
turns the position around at the next open. "cross" has no other exit, "bracket" also a stop and a
target. Ours always has everything else on: fees, spread, impact, funding, a curve; "all exits"
also trails, sells halves, moves its stop to the entry and keeps a time stop, against the peers'
bracket. Peers are charged a fee. Where signals come from is timed on no side.

The peers run in the interpreter that ``python -m perf engine --peers PYTHON`` names, one process
for all, warm. What is not there is reported as absent.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from perf.harness import Bench
from tasks.kernels.account import ORDER, run_account
from tasks.kernels.fills import Rule, Tape

ROOT = Path(__file__).resolve().parents[1]
REAL = ROOT.parent / "shared" / "data" / "binance_um" / "klines" / "BTCUSDT"
PEERS = ("backtesting.py", "vectorbt", "nautilus_trader")
STRATEGIES = ("cross", "bracket", "all exits")
FAST, SLOW, STOP, TARGET, SEED, START = 10, 30, 2.0, 3.0, 7, 30_000.0
FEE, SPREAD, IMPACT, FUNDING_RATE, NOTIONAL = 5e-4, 1e-5, 1e-8, 1e-4, 1e5
SAME, SLOWEST, MANY, N_ROUNDS, DUE = 1e-9, "nautilus_trader", 100_000, 5, 96
Reals = NDArray[np.float64]


@dataclass(frozen=True)
class Span:
    """Bars of a benchmark: how they are called, a step in minutes, sd of a bar's log return."""

    name: str
    minutes: int
    sd: float
    n_bars: int = 0
    path: Path | None = None


SPANS = (
    Span("1 year 1h", 60, 0.005, 8_760),
    Span("6 years 5m", 5, 0.0015, 631_008),
    Span("BTCUSDT 1h", 60, 0.005, path=REAL / "1h.parquet"),
    Span("BTCUSDT 15m", 15, 0.0025, path=REAL / "15m.parquet"),
)


@dataclass
class Work:
    """One side of a comparison: what it takes each time it runs, and what came out last.

    The first time warms up and does not count; what is compiled ahead skips it.
    """

    run: Callable[[], Any]
    warms_up: bool = True
    seconds: list[float] = field(default_factory=list)
    latest: Any = None

    def __call__(self) -> None:
        if not self.seconds and not self.warms_up:
            self.seconds.append(0.0)
            return
        started = time.perf_counter()
        self.latest = self.run()
        self.seconds.append(time.perf_counter() - started)

    def rate(self, n_bars: int) -> float:
        """Million bars a second, at the median of all runs but the first."""
        return float(n_bars / np.median(self.seconds[1:]) / 1e6)


class Peers:
    """The process that holds the peers."""

    def __init__(self, python: str, folder: Path) -> None:
        one_thread = dict.fromkeys(("OMP_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")
        self.log = folder / "peers.log"
        self.process = subprocess.Popen(
            [python, "-m", "perf.engine_peers"],
            cwd=ROOT,
            env=os.environ | one_thread,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.log.open("w"),
            text=True,
            bufsize=1,
        )
        self.found: dict[str, dict[str, str]] = self._answer()

    def ask(self, peer: str, case: Path, wants: str) -> Any:
        """Let a peer run a case, or list the trades of its latest run."""
        assert self.process.stdin
        request = {"peer": peer, "case": str(case), "wants": wants}
        self.process.stdin.write(json.dumps(request) + "\n")
        return self._answer()

    def close(self) -> None:
        """End the process by ending what it reads."""
        assert self.process.stdin
        self.process.stdin.close()
        self.process.wait()

    def _answer(self) -> Any:
        assert self.process.stdout
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"the peers' process ended:\n{self.log.read_text()[-3000:]}")
        return json.loads(line)


def benches(wanted: Callable[[str], bool]) -> Iterator[Bench]:
    """Each strategy on each span of bars against each peer that is there."""
    names = {
        (span, strategy, peer): f"{strategy}, {span.name}, {peer}"
        for span in SPANS
        for strategy in STRATEGIES
        for peer in PEERS
        if not (strategy == "all exits" and peer == SLOWEST)
    }
    asked = [key for key, name in names.items() if wanted(name)]
    if not asked:
        return
    with tempfile.TemporaryDirectory(prefix="assay-perf-") as folder:
        peers = Peers(os.environ.get("ASSAY_PEERS", sys.executable), Path(folder))
        try:
            _report_absent(peers.found, [span for span in SPANS if not _is_there(span)])
            for span, strategy, peer in asked:
                if _is_there(span) and "version" in peers.found[peer]:
                    yield from _bench(names[span, strategy, peer], span, strategy, peer, peers)
        finally:
            peers.close()


def _is_there(span: Span) -> bool:
    return span.path is None or span.path.exists()


def _report_absent(found: Mapping[str, Mapping[str, str]], spans: Sequence[Span]) -> None:
    for peer, answer in found.items():
        if "absent" in answer:
            print(f"absent: {peer} ({answer['absent']}); name an interpreter with --peers PYTHON")
    for span in spans:
        print(f"absent: {span.name} ({span.path} is not on this machine)")


def _bench(name: str, span: Span, strategy: str, peer: str, peers: Peers) -> Iterator[Bench]:
    bars = _bars(span)
    sides = crosses(bars["close"])
    case = Path(peers.log).with_name(f"{span.name}-{strategy != 'cross'}.npz".replace(" ", "-"))
    terms: dict[str, Any] = {"stop": STOP, "target": TARGET, "has_bracket": strategy != "cross"}
    np.savez(case, sides=sides, unit=np.full(len(sides), 2.0 * span.sd), **terms, **bars)
    tape = _tape(bars, span)
    orders = _orders(sides, 2.0 * span.sd, DUE if strategy == "all exits" else 0)
    ours = Work(lambda: run_account(tape, orders, _rule(strategy), True))
    n_bars = len(sides)
    is_long = peer == SLOWEST and n_bars > MANY
    theirs = Work(lambda: peers.ask(peer, case, "run"), warms_up=not is_long)
    n_rounds = 1 if is_long else N_ROUNDS
    yield Bench(name, f"{peer} {peers.found[peer]['version']}", ours, theirs, n_rounds)
    rates = ours.rate(n_bars), theirs.rate(n_bars)
    print(f"  {n_bars:,} bars; million bars/s: ours {rates[0]:.3g}, {peer} {rates[1]:.3g}", end="")
    print(f"; {rates[0] / rates[1]:,.3g} times; {len(ours.latest[0]):,} positions")
    if strategy != "all exits":
        print(f"  {compare(ours.latest[0], peers.ask(peer, case, 'trades'))}")


def crosses(close: Reals) -> NDArray[np.int64]:
    """+1 and -1 in turn where the fast mean of closes crosses the slow one, else 0."""
    above = np.nan_to_num(np.sign(_mean(close, FAST) - _mean(close, SLOW)))
    rows = np.flatnonzero(above)
    rows = rows[1:][np.diff(above[rows]) != 0]
    sides = np.zeros(len(close), np.int64)
    sides[rows] = above[rows]
    return sides


def _mean(x: Reals, window: int) -> Reals:
    return pl.Series(x).rolling_mean(window).to_numpy()


def _bars(span: Span) -> dict[str, Any]:
    """Real bars, or simulated ones in cents that open where the last one closed."""
    if span.path is not None:
        frame = pl.read_parquet(span.path, columns=["open", "high", "low", "close"])
        return {name: frame[name].to_numpy() for name in frame.columns}
    rng = np.random.default_rng(SEED)
    close = START * np.exp(np.cumsum(rng.normal(0, span.sd, span.n_bars)))
    close = np.round(close, 2)
    before = np.append(START, close[:-1])
    wicks = np.exp(0.5 * span.sd * np.abs(rng.normal(size=(2, span.n_bars))))
    high = np.round(np.maximum(before, close) * wicks[0], 2)
    low = np.round(np.minimum(before, close) / wicks[1], 2)
    return {"open": before, "high": high, "low": low, "close": close}


def _tape(bars: Mapping[str, Reals], span: Span) -> Tape:
    n_bars = len(bars["close"])
    per_settlement = 480 // span.minutes
    funding = np.where(np.arange(n_bars) % per_settlement == per_settlement - 1, FUNDING_RATE, 0.0)
    flat = (np.full(n_bars, value) for value in (1.0, SPREAD, IMPACT))
    prices = (bars[name] for name in ("open", "high", "low", "close"))
    return Tape(np.array([[0, n_bars, 0]]), np.array([*prices, *flat, funding, funding]))


def _orders(sides: NDArray[np.int64], unit: float, due: int) -> NDArray[np.void]:
    """At each cross two orders: leave what is held, then enter."""
    rows = np.flatnonzero(sides)
    orders = np.zeros(2 * len(rows), ORDER)
    orders["row"] = np.repeat(rows, 2)
    orders["side"][1::2] = sides[rows]
    orders["size"], orders["unit"], orders["most"] = NOTIONAL, unit, np.inf
    orders["due"] = due
    return orders


def _rule(strategy: str) -> Rule:
    is_all, far = strategy == "all exits", np.inf
    targets = {
        "cross": np.zeros((2, 0)),
        "bracket": np.array([[TARGET], [1.0]]),
        "all exits": np.array([[TARGET / 2, TARGET], [0.5, 0.5]]),
    }
    return Rule(
        stop=far if strategy == "cross" else STOP,
        trail=STOP if is_all else far,
        targets=targets[strategy],
        stop_to_entry=is_all,
        leaves_at_close=is_all,
        taker=FEE,
        maker=FEE,
        multiple=1.0,
        per_market=1,
        max_open=64,
        max_gross=10.0 if is_all else far,
        cooldown=0,
        lockout=2 * is_all,
        capital=2.0**33,
        quantum=2.0**-18,
        compounds=False,
        inverse=False,
    )


def compare(positions: NDArray[np.void], trades: Sequence[Sequence[float]]) -> str:
    """How far a peer's trades are ours: bars and sides, then also prices and results."""
    closed = positions[positions["left_at"] >= 0]
    names = ("entered", "left_at", "side", "entry", "exit")
    ours = {row[:3]: row for row in zip(*(closed[name].tolist() for name in names), strict=True)}
    theirs = {tuple(row[:3]): row for row in trades}
    both = ours.keys() & theirs.keys()
    gaps = [
        max(abs(p / q - 1.0) for p, q in zip(ours[key][3:], theirs[key][3:], strict=True))
        for key in both
    ]
    results = [abs(ours[k][4] / ours[k][3] - theirs[k][4] / theirs[k][3]) for k in both]
    n_entry = sum(key[0] == key[1] for key in ours.keys() - both)
    return (
        f"trades: ours {len(ours):,}, theirs {len(theirs):,}, same bars and side {len(both):,}, "
        f"same prices too {sum(gap <= SAME for gap in gaps):,}; results differ by at most "
        f"{max(results, default=0.0):.2g}; of ours that they lack {n_entry:,} left in the entry "
        f"bar, {len(ours) - len(both) - n_entry:,} otherwise"
    )
