"""Equal trades to backtesting.py: bars, sides, prices to 1e-9, returns with fees."""

import warnings

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.backtest.parity import (
    Bars,
    Exit,
    Plan,
    Result,
    opens_beyond_target,
    run_ours,
    run_theirs,
)
from tests.real import REAL_DATA, needs_real_data

FIXTURES = ("GOOG_1d", "NVDA_1999_2014_1d", "EURUSD_1h", "BTCUSD_1M")
FEE = 0.0007


def simulated(seed: int = 3, n_bars: int = 3000, gap: float = 0.01, sd: float = 0.01) -> Bars:
    """Calm bars and wild ones with gaps, so that opens lie beyond stops and targets."""
    rng = np.random.default_rng(seed)
    wild = rng.choice([0.2, 2.5], n_bars, p=[0.8, 0.2])
    gaps, bodies, up, down = wild * rng.normal(0, [[gap], [sd], [sd], [sd]], (4, n_bars))
    close = 100 * np.exp(np.cumsum(gaps + bodies))
    opened = close * np.exp(-bodies)
    high = np.maximum(opened, close) * np.exp(np.abs(up))
    low = np.minimum(opened, close) * np.exp(-np.abs(down))
    return {"open": opened, "high": high, "low": low, "close": close}


def read(name: str) -> Bars:
    if name == "simulated":
        return simulated()
    frame = pl.read_parquet(REAL_DATA / "fixtures" / f"{name}.parquet")
    return {price: frame[price].to_numpy() for price in ("open", "high", "low", "close")}


@pytest.fixture(
    params=["simulated", *(pytest.param(name, marks=needs_real_data) for name in FIXTURES)]
)
def bars(request) -> Bars:
    return read(request.param)


def crosses(bars: Bars, fast: int = 10, slow: int = 30) -> np.ndarray:
    close = pl.Series(bars["close"])
    above = np.sign((close.rolling_mean(fast) - close.rolling_mean(slow)).to_numpy())
    turned = np.append(0.0, np.diff(above))
    return np.where(np.isnan(turned) | (turned == 0), 0, above).astype(np.int64)


def often(bars: Bars, side: int | None = None, every: int = 4) -> np.ndarray:
    """A signal at every few bars but the first, at which backtesting.py asks for none."""
    sides = np.where(bars["close"] >= bars["open"], 1, -1) if side is None else side
    rows = np.arange(len(bars["close"]))
    return np.where((rows % every == every - 1) & (rows > 0), sides, 0)


def typical(bars: Bars) -> float:
    """Median log range of a bar: the scale of distances that are often touched."""
    return float(np.median(np.log(bars["high"] / bars["low"])))


def run_both(bars: Bars, plan: Plan) -> tuple[Result, Result]:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Some trades remain open", UserWarning)
        return run_ours(bars, plan), run_theirs(bars, plan)


def assert_same_exits(ours: list[Exit], theirs: list[Exit]) -> None:
    assert [exit_[:3] for exit_ in ours] == [exit_[:3] for exit_ in theirs]
    for place in (3, 4):
        np.testing.assert_allclose(
            [exit_[place] for exit_ in ours], [exit_[place] for exit_ in theirs], rtol=1e-9
        )


def assert_same(ours: Result, theirs: Result, at_least: int) -> None:
    assert len(ours.exits) >= at_least
    assert_same_exits(ours.exits, theirs.exits)
    assert ours.n_open == theirs.n_open
    assert ours.returns.keys() == theirs.returns.keys()
    for entered, value in ours.returns.items():
        assert value == pytest.approx(theirs.returns[entered], rel=1e-9, abs=1e-11)


def assert_same_but_told(bars: Bars, plan: Plan, at_least: int) -> int:
    """Equal but where the bar opens beyond the target and comes back; how often that is."""
    ours, theirs = run_both(bars, plan)
    assert len(ours.exits) >= at_least
    told = {e.entered for e in ours.exits if opens_beyond_target(bars, plan, e)}
    assert_same(*(without(result, told) for result in (ours, theirs)), at_least=0)
    pairs = [[e for e in result.exits if e.entered in told] for result in (ours, theirs)]
    for our, their in zip(*pairs, strict=True):
        assert our[:4] == their[:4]
        assert our.exit == bars["open"][our.left_at]
        assert their.exit == pytest.approx(our.entry * np.exp(-our.side * plan.stop), rel=1e-9)
    return len(told)


def without(result: Result, told: set[int]) -> Result:
    exits = [e for e in result.exits if e.entered not in told]
    returns = {entered: r for entered, r in result.returns.items() if entered not in told}
    return result._replace(exits=exits, returns=returns)


def test_moving_averages_that_cross_trade_alike(bars):
    plan = Plan(crosses(bars), fee=FEE)
    assert_same(*run_both(bars, plan), at_least=3)


def test_without_fees_the_return_is_the_move_of_the_price(bars):
    ours, theirs = run_both(bars, Plan(crosses(bars)))
    assert_same(ours, theirs, at_least=3)
    for exit_ in ours.exits:
        move = exit_.side * (exit_.exit / exit_.entry - 1)
        assert ours.returns[exit_.entered] == pytest.approx(move, rel=1e-9, abs=1e-11)


@pytest.mark.parametrize("side", [1, -1])
def test_brackets_in_percent_trade_alike(bars, side):
    """2.37 and 3.41 %: with so many digits no stop lies just at a price of the market."""
    stop, target = -side * np.log(1 - side * 0.0237), side * np.log(1 + side * 0.0341)
    plan = Plan(often(bars, side), stop=stop, targets=((target, 1.0),), fee=FEE)
    assert_same_but_told(bars, plan, at_least=30)


def test_brackets_on_both_sides_trade_alike(bars):
    near = typical(bars)
    plan = Plan(often(bars), stop=0.91 * near, targets=((1.37 * near, 1.0),), fee=FEE)
    assert_same_but_told(bars, plan, at_least=30)


def test_crosses_with_brackets_trade_alike(bars):
    near = typical(bars)
    plan = Plan(crosses(bars), stop=1.7 * near, targets=((2.3 * near, 1.0),), fee=FEE)
    assert_same_but_told(bars, plan, at_least=3)


def test_a_bar_that_touches_stop_and_target_is_a_stop_to_both(bars):
    near = typical(bars)
    plan = Plan(often(bars), stop=0.31 * near, targets=((0.37 * near, 1.0),))
    ours, theirs = run_both(bars, plan)
    told = sum(opens_beyond_target(bars, plan, exit_) for exit_ in ours.exits)
    ambiguous = [exit_ for exit_ in theirs.exits if touches_both(bars, plan, exit_)]
    assert len(ambiguous) >= 4
    assert ours.n_ambiguous + told == len(ambiguous)
    for exit_ in ambiguous:
        stop = exit_.entry * np.exp(-exit_.side * plan.stop)
        assert exit_.exit == pytest.approx(stop, rel=1e-9)
    assert assert_same_but_told(bars, plan, at_least=30) == told


def touches_both(bars: Bars, plan: Plan, exit_: Exit) -> bool:
    """Whether the bar of the exit holds the stop and the target, the open not beyond the stop."""
    row, side = exit_.left_at, exit_.side
    stop = exit_.entry * np.exp(-side * plan.stop)
    target = exit_.entry * np.exp(side * plan.targets[0][0])
    low, high = sorted((stop, target))
    is_before = row == exit_.entered or side * (bars["open"][row] - stop) > 0
    is_out = exit_.exit != bars["open"][row]
    return bool(bars["low"][row] <= low and bars["high"][row] >= high and is_before and is_out)


def test_an_open_beyond_the_target_is_ours_and_the_stop_of_that_bar_is_theirs():
    flat = np.full(6, 100.0)
    bars = {"open": flat.copy(), "high": flat + 0.5, "low": flat - 0.5, "close": flat.copy()}
    bars["open"][4], bars["high"][4], bars["low"][4] = 104.0, 105.0, 97.0
    plan = Plan(np.array([0, 1, 0, 0, 0, 0]), stop=0.02, targets=((0.03, 1.0),))
    ours, theirs = run_both(bars, plan)
    assert ours.exits == [(2, 4, 1, 100.0, 104.0)]
    assert theirs.exits == [(2, 4, 1, 100.0, pytest.approx(100 * np.exp(-0.02)))]
    assert ours.n_ambiguous == 0
    assert assert_same_but_told(bars, plan, at_least=1) == 1


def test_simulated_bars_do_open_beyond_targets_and_come_back():
    bars = simulated(gap=0.02)
    plan = Plan(often(bars), stop=0.02, targets=((0.015, 1.0),))
    assert assert_same_but_told(bars, plan, at_least=500) >= 10


@pytest.mark.parametrize("is_patient", [True, False])
@pytest.mark.parametrize("horizon", [1, 7])
def test_fixed_horizons_trade_alike(bars, is_patient, horizon):
    plan = Plan(often(bars, every=3), horizon=horizon, fee=FEE, is_patient=is_patient)
    assert_same(*run_both(bars, plan), at_least=15)


def test_two_targets_are_two_trades_of_half(bars):
    """The stop so far that no bar opens beyond a target and comes back to it."""
    near = typical(bars)
    targets = ((0.93 * near, 0.5), (2.11 * near, 0.5))
    plan = Plan(often(bars, every=9), stop=30 * near, targets=targets, fee=FEE)
    assert_same(*run_both(bars, plan), at_least=15)


def test_a_stop_that_trails_at_closes_trades_alike(bars):
    plan = Plan(often(bars, every=9), trail=1.57 * typical(bars), fee=FEE)
    assert_same(*run_both(bars, plan), at_least=15)


@settings(max_examples=40)
@given(
    seed=st.integers(0, 2**20),
    gap=st.floats(0, 0.02),
    every=st.integers(1, 9),
    stop=st.floats(0.002, 0.06),
    target=st.floats(0.002, 0.06),
)
def test_whatever_the_bars_brackets_trade_alike(seed, gap, every, stop, target):
    bars = simulated(seed, 80, gap)
    plan = Plan(often(bars, every=every), stop=stop, targets=((target, 1.0),), fee=FEE)
    assert_same_but_told(bars, plan, at_least=0)
