"""Events: all of them on years of 5m bars, against what a user would pick, and on two cores."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from typing import Any

from perf.harness import Bench, Work
from perf.rules import by_pandas, by_polars, frame_of, ours, scored_by_pandas, scored_ours
from tasks.events.bars import Bars
from tasks.events.proving import proving_ground
from tasks.events.registry import analyzers, families

SIX_YEARS = 631_000
TWO_YEARS, TWO_MONTHS = 210_000, 17_500
N_SYMBOLS = 2
N_THREADS = 2
COOLDOWN = "1h"


def benches(wanted: Callable[[str], bool]) -> Iterator[Bench]:
    """Ten rules against polars and pandas; all events on two symbols, one thread and two."""
    for name, (peer, n_bars, mine, make) in PEERS.items():
        if wanted(name):
            bars = _market(0, n_bars)
            yield Bench(name, peer, partial(mine, bars), make(bars), n_rounds=3)
    if wanted("all events, two threads"):
        markets = [_market(seed, SIX_YEARS) for seed in range(N_SYMBOLS)]
        yield Bench(
            "all events, two threads",
            "the same on one thread: two symbols, six years of 5m, every event",
            lambda: find_all(markets, N_THREADS),
            lambda: find_all(markets, 1),
            n_rounds=3,
        )


def find_all(markets: Sequence[Bars], n_threads: int) -> int:
    """Find every event on every market, a piece of work per market and family; count them."""
    fresh = [bars.part(0, len(bars)) for bars in markets]
    work = [(bars, family) for bars in fresh for family in families()]
    with ThreadPoolExecutor(n_threads) as pool:
        return sum(pool.map(lambda piece: _find(*piece), work))


def _find(bars: Bars, family: str) -> int:
    return sum(int(a.marks(bars, COOLDOWN).fired.sum()) for a in analyzers(family))


def _polars_peer(bars: Bars) -> Work:
    return partial(by_polars, frame_of(bars))


def _pandas_peer(bars: Bars, rules: Callable[[Any], object] = by_pandas) -> Work:
    import pandas as pd

    return partial(rules, pd.DataFrame(frame_of(bars).to_dict(as_series=False)))


PEERS: dict[str, tuple[str, int, Callable[[Bars], object], Callable[[Bars], Work]]] = {
    "ten rules, polars": (
        "the same rules as polars expressions on all cores, 2 years of 5m",
        TWO_YEARS,
        ours,
        _polars_peer,
    ),
    "ten rules, pandas": (
        "the same rules with pandas rolling, 2 years of 5m",
        TWO_YEARS,
        ours,
        _pandas_peer,
    ),
    "z-score rules, pandas": (
        "three rules with pandas rolling and apply, 2 months of 5m",
        TWO_MONTHS,
        scored_ours,
        partial(_pandas_peer, rules=scored_by_pandas),
    ),
}


@cache
def _market(seed: int, n_bars: int) -> Bars:
    return proving_ground(n_bars, "5m", seed)
