"""What is left of a candidate when things are worse, and where its profit comes from."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lake.errors import SchemaError
from lake.schema import STRESSED
from tasks.bridge.breaking import break_even
from tasks.bridge.case import Case, open_case
from tasks.bridge.config import BridgeConfig
from tasks.bridge.ground import UNKNOWN, Ground
from tasks.bridge.orders import delayed, pick, sized, sized_terms, turned
from tasks.bridge.placebos import describe_random, random_entries, shifted

BEST, BOTH = "best", "both"
Row = dict[str, Any]
Levels = Iterator[tuple[str, Row]]


def stress_candidates(
    candidates: pl.DataFrame, refits: pl.DataFrame, ground: Ground, config: BridgeConfig
) -> pl.DataFrame:
    """Return STRESSED: every test of every candidate, traded or not.

    All but the folds are of the trades in the folds that REFITS selected. Costs, delays and
    notionals go through the engine. `break_even` has one level, the multiple of the costs at which
    the net mean is zero (0 where nothing is earned for free, inf where no multiple does). `trimmed`
    leaves out the best trades, or as many of the best and of the worst.

    Parameters
    ----------
    candidates : pl.DataFrame
        What `select_candidates` returned.
    refits : pl.DataFrame
        REFITS.
    ground : Ground
    config : BridgeConfig

    Raises
    ------
    SchemaError
        When a candidate was not refitted before every fold, an event stands at no bar of its
        market, or a condition is not known.
    """
    chosen = _chosen_folds(candidates, refits, ground)
    rows = [
        {"hypothesis": name, "test": test, "level": level} | row
        for candidate in candidates.sort("hypothesis").iter_rows(named=True)
        for name in [candidate["hypothesis"]]
        for case in [open_case(candidate, ground, chosen[name], config)]
        for test, ask in TESTS.items()
        for level, row in ask(case)
    ]
    return pl.DataFrame(rows, schema=STRESSED.columns).sort(STRESSED.order)


def level_of(number: float) -> str:
    """A number as levels are called: 0.5, 2, 30000000."""
    return f"{number:.15g}"


def _costs(case: Case) -> Levels:
    for multiple in case.config.cost_multiples:
        yield level_of(multiple), case.describe(case.at_costs(multiple))


def _break_even(case: Case) -> Levels:
    multiple = break_even(lambda m: _mean(case.at_costs(m).net_bps))
    shown = case.at_costs(multiple if np.isfinite(multiple) else 1.0)
    yield level_of(multiple), case.describe(shown)


def _delays(case: Case) -> Levels:
    for delay in case.config.delays_bars:
        yield str(delay), case.describe(case.play(delayed(case.orders, delay, case.ground)))


def _notionals(case: Case) -> Levels:
    for notional in case.config.notionals:
        terms = sized_terms(case.config.terms, notional)
        earned = case.play(sized(case.orders, notional), terms)
        yield level_of(notional), case.describe(earned)


def _trimmed(case: Case) -> Levels:
    """A share of the trades is at least one, and never all."""
    net = case.earned.net_bps
    n = len(net)
    ranks = np.argsort(np.argsort(net, kind="stable"), kind="stable")
    n_out = min(int(np.ceil(case.config.trimmed_share * n)), max(n - 1, 0))
    below = ranks < n - n_out
    yield BEST, case.describe(pick(case.earned, below))
    n_each = min(n_out, (n - 1) // 2) if n else 0
    inner = (ranks >= n_each) & (ranks < n - n_each)
    yield BOTH, case.describe(pick(case.earned, inner))


def _folds(case: Case) -> Levels:
    for number, done in case.simulated.items():
        yield str(number), case.describe(done.results)


def _years(case: Case) -> Levels:
    years = case.earned.event_ms.astype("datetime64[ms]").astype("datetime64[Y]").astype(str)
    return _slices(case, years)


def _markets(case: Case) -> Levels:
    return _slices(case, np.array(case.ground.laid.markets, dtype=np.str_)[case.earned.market])


def _regimes(case: Case) -> Levels:
    rows = case.rows
    for name, labels in case.ground.labels.items():
        for value in np.unique(labels[rows]):
            if value != UNKNOWN:
                yield f"{name}={value}", case.describe(pick(case.earned, labels[rows] == value))


def _shifted(case: Case) -> Levels:
    for shift in case.config.shifts:
        later = shifted(case.signals, shift)
        yield shift, case.describe(case.play(case.write(later)))


def _opposite(case: Case) -> Levels:
    yield "all", case.describe(case.play(turned(case.orders)))


def _random(case: Case) -> Levels:
    drawn = random_entries(case)
    row = describe_random(case.earned, case.blocks(case.earned), drawn, case.blocks(drawn))
    yield level_of(case.config.random_replicas), row


TESTS: Mapping[str, Callable[[Case], Levels]] = {
    "cost": _costs,
    "break_even": _break_even,
    "delay": _delays,
    "notional": _notionals,
    "trimmed": _trimmed,
    "fold": _folds,
    "year": _years,
    "market": _markets,
    "regime": _regimes,
    "shifted": _shifted,
    "opposite": _opposite,
    "random": _random,
}


def _slices(case: Case, keys: NDArray[np.str_]) -> Levels:
    for key in np.unique(keys):
        yield str(key), case.describe(pick(case.earned, keys == key))


def _mean(values: NDArray[np.float64]) -> float:
    return float(np.mean(values)) if len(values) else np.nan


def _chosen_folds(
    candidates: pl.DataFrame, refits: pl.DataFrame, ground: Ground
) -> dict[str, frozenset[int]]:
    """By hypothesis, the folds before which it was selected."""
    numbers = {fold.number for fold in ground.folds}
    own = refits.join(candidates, on="hypothesis", how="semi")
    asked = {(h, fold) for h, fold in own.select("hypothesis", "fold").iter_rows()}
    lost = sorted(
        f"{name} before fold {fold}"
        for name in candidates["hypothesis"]
        for fold in numbers
        if (name, fold) not in asked
    )
    if lost:
        raise SchemaError(
            f"REFITS without {lost[0]}, and {len(lost) - 1} more",
            "each finding refitted before each fold",
            "run the flow again with --refresh discovery",
        )
    selected = own.filter(pl.col("selected")).select("hypothesis", "fold").iter_rows()
    chosen: dict[str, set[int]] = {name: set() for name in candidates["hypothesis"]}
    for name, fold in selected:
        chosen[name].add(fold)
    return {name: frozenset(folds) for name, folds in chosen.items()}
