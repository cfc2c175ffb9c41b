from dataclasses import replace

import numpy as np
import pytest

from tasks.events.bars import Bars
from tasks.events.contract import first_foresight, first_memory
from tasks.events.registry import Analyzer, analyzers
from tasks.events.settlements import Settlements, run_length, settlements
from tests.events.market import bars_of, simulated

HOUR = 3_600_000


def known_at(closes: list[int], dues: list[float], rates: list[float], hours: float = 8.0) -> Bars:
    """Bars of 1h, at the close of the n-th of which (in `closes`) a settlement becomes known."""
    n = max(closes) + 4
    bars = bars_of(np.full(n, 100.0), timeframe="1h")
    funding, due = np.full(n, np.nan), np.full(n, np.nan)
    for close, when, rate in zip(closes, dues, rates, strict=True):
        funding[close - 1 :], due[close - 1 :] = rate, bars.time[0] + when * HOUR
    return replace(bars, funding=funding, funding_time=due, funding_hours=np.full(n, hours))


def test_a_settlement_stands_where_it_was_first_known():
    bars = known_at([3, 8, 17], [1, 8, 16], [1e-4, 2e-4, 2e-4])
    found = settlements(bars)
    assert found.bar.tolist() == [2, 7, 16]
    assert found.rate.tolist() == [1e-4, 2e-4, 2e-4]
    assert ((found.known - found.due) / HOUR).tolist() == [2, 0, 1]
    assert (found.interval == 8 * HOUR).all()


def test_what_is_missing_for_a_while_is_not_settled_again():
    bars = known_at([8, 16], [8, 16], [1e-4, 2e-4])
    funding = bars.funding.copy()
    funding[9:11] = np.nan
    assert settlements(replace(bars, funding=funding)).bar.tolist() == [7, 15]


@pytest.mark.parametrize("column", ["funding", "funding_time", "funding_hours"])
def test_without_rate_time_and_interval_nothing_is_settled(column):
    bars = known_at([8, 16], [8, 16], [1e-4, 2e-4])
    found = settlements(replace(bars, **{column: np.full(len(bars), np.nan)}))
    assert found.bar.size == found.tails(0.9, "10d")[0].size == found.linked(1.5, "2d").size == 0


def test_bars_longer_than_the_interval_show_every_so_many():
    bars = bars_of(np.full(6, 100.0), timeframe="4h")
    bars = replace(bars, funding=np.full(6, 1e-4), funding_time=bars.close_time.astype(float))
    found = settlements(replace(bars, funding_hours=np.full(6, 1.0)))
    assert (found.interval == 4 * HOUR).all()
    assert found.linked(1.5, "2d").tolist() == [False, True, True, True, True, True]


def settled(hours: list[float], rates: list[float], interval: float = 8.0) -> Settlements:
    due = np.array(hours) * HOUR
    every = np.full(due.size, interval * HOUR)
    return Settlements(np.arange(due.size), due, due, np.array(rates), every)


def test_windows_hold_what_was_due_in_them_before():
    found = settled([0, 8, 16, 24, 32, 56], [5.0, 1.0, 2.0, 3.0, 9.0, 7.0])
    # One day promises three settlements, of which one will do.
    medians = found.quantile(found.rate, 0.5, "1d")
    assert medians[1:].tolist() == [5.0, 3.0, 2.0, 2.0, 9.0]
    assert np.isnan(medians[0])


def test_a_third_of_the_promised_settlements_must_be_known():
    found = settled([8.0 * k for k in range(12)], [float(k) for k in range(12)])
    assert np.isnan(found.quantile(found.rate, 0.5, "10d")[:10]).all()
    assert found.quantile(found.rate, 0.5, "10d")[10] == 4.5


@pytest.mark.parametrize(
    ("hours", "linked"),
    [([0, 8], True), ([0, 12], True), ([0, 12.5], False), ([0, 16], False)],
)
def test_settlements_are_linked_when_none_is_missing_between(hours, linked):
    assert settled(hours, [1.0, 1.0]).linked(1.5, "2d").tolist() == [False, linked]
    assert settled(hours, [1.0, 1.0]).linked(1.5, "7h").tolist() == [False, False]


def test_runs_are_of_one_key_without_a_hole():
    key = np.array([1, 1, -1, -1, -1, 0, 0, 1, 1, 1], dtype=np.int8)
    linked = np.array([0, 1, 1, 1, 1, 1, 1, 1, 0, 1], dtype=bool)
    assert run_length(key, linked).tolist() == [1, 2, 1, 2, 3, 0, 0, 1, 1, 2]


def test_what_became_known_in_a_gap_stands_nowhere():
    bars = known_at([8, 16], [8, 16], [1e-4, 2e-4])
    found = settlements(bars)
    all_hold = np.ones(2, dtype=bool)
    holed = replace(bars, is_gap=np.arange(len(bars)) == 7)
    marks = found.stand(bars, all_hold, found.rate, np.ones(2))
    assert np.flatnonzero(marks.fired).tolist() == [7, 15]
    marks = found.stand(holed, all_hold, found.rate, np.ones(2), np.array([0, 0]))
    assert np.flatnonzero(marks.fired).tolist() == [15]
    assert marks.anchor[15] == 7


def ragged(seed: int) -> Bars:
    """Settlements that come late, are missing for a while, and change their interval."""
    rng = np.random.default_rng(seed)
    bars = simulated(6000, "1h", seed=seed)
    every = np.repeat([8.0, 8.0, 8.0, 4.0, 1.0, 8.0, 8.0, 4.0, 8.0, 8.0], 150)
    due = float(bars.time[0]) + np.cumsum(every) * HOUR
    late = rng.choice([0.0, 0.001, 3.0, 30.0], 1500, p=[0.9, 0.07, 0.02, 0.01])
    known = np.maximum.accumulate(due + late * HOUR)
    last = np.searchsorted(known, bars.close_time, "right") - 1
    mood = np.repeat(rng.choice([-1, 1], 100) * np.exp(rng.normal(size=100)), 15)
    rates = 1e-4 * mood * np.exp(0.3 * rng.normal(size=1500))
    missing = (last < 0) | np.repeat(rng.random(60) < 0.1, 100)
    columns = {"funding": rates[last], "funding_time": due[last], "funding_hours": every[last]}
    return replace(bars, **{n: np.where(missing, np.nan, v) for n, v in columns.items()})


@pytest.mark.parametrize(
    "analyzer", [a for a in analyzers("positioning") if a.needs == "F"], ids=lambda a: a.name
)
@pytest.mark.parametrize("seed", [1, 2])
def test_ragged_settlements_break_no_promise(analyzer: Analyzer, seed: int):
    bars = ragged(seed)
    assert analyzer.marks(bars, "1h").fired.any()
    assert first_memory(analyzer, bars, "1h", n_places=60) is None
    assert first_foresight(analyzer, bars, n_places=4) is None
