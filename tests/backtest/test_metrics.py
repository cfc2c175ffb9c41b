import warnings

import numpy as np
import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy import stats

from lake.errors import InputError, SchemaError
from lake.schema import EQUITY, METRICS, TRADES
from tasks.backtest.config import MetricsConfig
from tasks.backtest.metrics import measure
from tasks.bridge.search import Trials
from tests.backtest.metrics_cases import QUICK, compounded, curve, metrics_of, traded

# Two bars a day; the days end at 1100, 990, 990 and 1188: returns .1, -.1, 0 and .2.
EQUITY_BY_HAND = curve(
    [1000, 1100, 880, 990, 990, 990, 1100, 1188],
    timeframe="12h",
    gross=[500, 550, 440, 0, 0, 0, 550, 0],
    n_open=[1, 2, 1, 0, 0, 0, 1, 0],
)
TRADES_BY_HAND = traded(
    [100, -110, -12, 300, -90],
    entry_hours=np.array([0, 12, 24, 36, 72]),
    exit_hours=np.array([0, 24, 24, 72, 84]),
    notional=[500.0, 500.0, 100.0, 400.0, 500.0],
    net_bps=[2000.0, -2200.0, -1200.0, 7500.0, -1800.0],
    gross_bps=[2010.0, -2190.0, -1190.0, 7510.0, -1790.0],
    cost_bps=[10.0] * 5,
    fee_bps=[8.0, 8.0, 8.0, 8.0, 3.0],
    slippage_bps=[2.0, 2.0, 2.0, 2.0, 3.0],
    funding_bps=[0.0, 0.0, 0.0, 0.0, 4.0],
    n_ambiguous=[0, 1, 0, 2, 0],
)
YEARS = 4 / 365
BY_HAND = {
    "days": 4,
    "profit": 188,
    "total_return": 0.188,
    "cagr": 1.188 ** (1 / YEARS) - 1,
    "volatility": np.sqrt(0.05 / 3 * 365),
    "sharpe": 0.05 / np.sqrt(0.05 / 3) * np.sqrt(365),
    "sortino": 0.05 / np.sqrt(0.01 / 4) * np.sqrt(365),
    "calmar": (1.188 ** (1 / YEARS) - 1) / 0.1,
    "omega": 0.3 / 0.1,
    "expected_shortfall": -0.1,
    "skew": 0,
    "kurtosis": (2 * 0.05**4 + 2 * 0.15**4) / 4 / 0.0125**2,
    "deepest_drawdown": 0.1,
    "deepest_drawdown_bars": 0.2,
    "current_drawdown": 0,
    "longest_drawdown_days": 3,
    "current_drawdown_days": 0,
    "under_water": 2 / 4,
    "exposure_time": 4 / 8,
    "exposure_gross": (0.5 + 0.5 + 0.5 + 0.5) / 8,
    "turnover": 2 * 2000 / (8238 / 8) / YEARS,
    "trades": 5,
    "hit_rate": 2 / 5,
    "profit_factor": 400 / 212,
    "expectancy_bps": 4300 / 5,
    "expectancy": 188 / 5,
    "mean_win": 200,
    "mean_loss": -212 / 3,
    "payoff_ratio": 200 / (212 / 3),
    "largest_win_share": 300 / 400,
    "losing_streak": 2,
    "mean_holding": (1 + 2 + 1 + 4 + 2) / 5,
    "longest_holding": 4,
    "ambiguous_bars": 3,
    "gross_bps": 4350 / 5,
    "cost_bps": 10,
    "fee_bps": 7,
    "slippage_bps": 2.2,
    "funding_bps": 0.8,
}
CERTAINTIES = {
    "probabilistic_sharpe",
    "deflated_sharpe",
    "deflated_sharpe_effective",
    "trials",
}
RETURNS = np.random.default_rng(7).normal(0.002, 0.02, 120)


def table(levels, trades=None, config=QUICK, **named):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return measure(
            curve(levels),
            TRADES.empty() if trades is None else trades,
            **({"capital": 1000.0, "timeframe": "1d", "config": config, "trials": None} | named),
        )


def test_a_small_account_measures_what_is_worked_out_by_hand():
    got = metrics_of(EQUITY_BY_HAND, TRADES_BY_HAND, timeframe="12h")
    assert {name: got[name] for name in BY_HAND} == pytest.approx(BY_HAND, rel=1e-12, abs=1e-12)
    assert set(got) == set(BY_HAND) | CERTAINTIES


def test_the_ratio_is_as_sure_as_the_papers_formula_says_of_its_trials():
    got = metrics_of(curve(compounded(RETURNS)), trials=Trials(100, 20.0, 0.004))
    ratio = RETURNS.mean() / np.sqrt(stats.tvar(RETURNS))
    skew, kurtosis = stats.skew(RETURNS), stats.kurtosis(RETURNS, fisher=False)
    error = np.sqrt((1 - skew * ratio + (kurtosis - 1) / 4 * ratio**2) / 119)
    assert got["probabilistic_sharpe"] == pytest.approx(stats.norm.cdf(ratio / error))
    for name, n in (("deflated_sharpe", 100), ("deflated_sharpe_effective", 20)):
        quantiles = stats.norm.ppf([1 - 1 / n, 1 - 1 / (n * np.e)])
        hurdle = np.sqrt(0.004) * np.dot([1 - np.euler_gamma, np.euler_gamma], quantiles)
        assert got[name] == pytest.approx(stats.norm.cdf((ratio - hurdle) / error))
    assert got["trials"] == 100


def test_a_hurdle_is_taken_from_each_day():
    got = metrics_of(
        curve(compounded(RETURNS)), config=QUICK.model_copy(update={"hurdle_per_year": 0.5})
    )
    excess = RETURNS - (1.5 ** (1 / 365) - 1)
    ratio = excess.mean() / np.sqrt(stats.tvar(excess))
    assert got["sharpe"] == pytest.approx(ratio * np.sqrt(365))
    assert got["omega"] == pytest.approx(excess[excess > 0].sum() / -excess[excess < 0].sum())
    downside = np.sqrt((excess[excess < 0] ** 2).sum() / 120)
    assert got["sortino"] == pytest.approx(excess.mean() / downside * np.sqrt(365))
    skew, kurtosis = stats.skew(RETURNS), stats.kurtosis(RETURNS, fisher=False)
    error = np.sqrt((1 - skew * ratio + (kurtosis - 1) / 4 * ratio**2) / 119)
    assert got["probabilistic_sharpe"] == pytest.approx(stats.norm.cdf(ratio / error))


def test_names_units_and_order_are_the_same_whatever_comes():
    usual = measure(
        EQUITY_BY_HAND,
        TRADES_BY_HAND,
        capital=1000,
        timeframe="12h",
        config=QUICK,
        trials=Trials(5, 2.0, 0.01),
    )
    for strange in (table([]), table([1000.0]), table([1000.0] * 50), table([np.nan, 1.0])):
        assert strange.select("metric", "unit").equals(usual.select("metric", "unit"))
    assert METRICS.conform(usual).equals(usual)
    assert usual["metric"].is_unique().all()
    assert usual["metric"].str.contains(r"^[a-z][a-z_]*$").all()
    assert (usual["unit"].str.len_chars() > 0).all()
    assert usual["metric"][:4].to_list() == ["days", "profit", "total_return", "cagr"]


@pytest.mark.parametrize(
    ("levels", "missing"),
    [
        ([], {"total_return": "no bars", "sharpe": "no bars", "turnover": "no bars"}),
        ([np.nan, 1100], {"total_return": "an equity that is not a finite number"}),
        ([1100], {"volatility": "one day: at least two wanted", "calmar": "no drawdown"}),
        (
            [1000] * 30,
            {
                "sharpe": "the daily returns do not vary",
                "sortino": "no day below the hurdle",
                "omega": "no day below the hurdle",
                "calmar": "no drawdown",
                "skew": "the daily returns do not vary",
                "probabilistic_sharpe": "the daily returns do not vary",
                "hit_rate": "no trades",
                "expectancy_bps": "no trades",
                "longest_holding": "no trades",
                "cost_bps": "no trades",
                "trials": "the number of trials is not known",
            },
        ),
    ],
)
def test_what_cannot_be_computed_is_missing_with_its_reason(levels, missing):
    frame = table(levels)
    rows = {row["metric"]: row for row in frame.iter_rows(named=True)}
    for name, reason in missing.items():
        assert np.isnan(rows[name]["value"])
        assert rows[name]["note"] == reason
    for column in ("value", "lower", "upper"):
        assert not frame[column].is_infinite().any()
    unexplained = frame.filter(pl.col("value").is_nan() & (pl.col("note") == ""))
    assert unexplained.is_empty()


def test_winners_alone_have_no_profit_factor_and_losers_no_mean_win():
    for net, missing in (
        ([1, 2], {"profit_factor", "mean_loss", "payoff_ratio"}),
        ([-1, -2], {"mean_win", "payoff_ratio", "largest_win_share"}),
        ([0, 0], {"profit_factor", "mean_loss", "mean_win", "payoff_ratio", "largest_win_share"}),
    ):
        got = metrics_of(curve([1000, 1001]), traded(net, cost_bps=[1.0, 1.0]))
        ours = {"hit_rate", "profit_factor", "expectancy", "mean_win", "mean_loss"} | {
            "payoff_ratio",
            "largest_win_share",
        }
        assert {name for name in ours if np.isnan(got[name])} == missing


def test_a_result_that_is_not_a_number_is_never_counted_as_none():
    got = metrics_of(curve([1000, 1001]), traded([5, np.nan, -3]))
    assert got["trades"] == 3
    for name in ("hit_rate", "profit_factor", "expectancy", "losing_streak"):
        assert np.isnan(got[name]), name


def test_a_ruined_account_lost_everything_on_that_day_and_says_when():
    levels = [1100, 880, -50, 20, 20]
    frame = table(levels)
    got = dict(zip(frame["metric"], frame["value"], strict=True))
    returns = np.array([0.1, -0.2, -1.0, 0.0, 0.0])
    assert got["total_return"] == pytest.approx(20 / 1000 - 1)
    assert got["cagr"] == -1.0
    assert got["deepest_drawdown"] == 1.0
    assert got["deepest_drawdown_bars"] == pytest.approx(1 + 50 / 1100)
    assert got["sharpe"] == pytest.approx(
        returns.mean() / returns.std(ddof=1) * np.sqrt(365), rel=1e-12
    )
    assert got["calmar"] == -1.0
    notes = dict(zip(frame["metric"], frame["note"], strict=True))
    assert notes["total_return"] == "ruined at 2024-01-04 00:00"
    assert notes["deepest_drawdown"].startswith("ruined at")


def test_what_a_ruined_account_still_holds_is_no_share_of_it():
    held = curve([1000, 800, -50, 20], gross=[500, 200, 700, 5], n_open=[1, 1, 1, 1])
    got = metrics_of(held)
    assert got["exposure_gross"] == pytest.approx((0.5 + 0.25 + 0.25) / 3)
    assert got["exposure_time"] == 1.0
    assert np.isnan(metrics_of(curve([-1.0, -2.0]))["exposure_gross"])


def test_a_curve_without_a_loss_has_no_upper_bound_and_says_so():
    frame = table(compounded([0.01, 0.03] * 30), config=QUICK)
    rows = {row["metric"]: row for row in frame.iter_rows(named=True)}
    assert np.isnan(rows["sortino"]["value"])
    assert np.isnan(rows["sortino"]["lower"])
    once = compounded([0.02] * 30 + [-0.01] + [0.02] * 30)
    rows = {row["metric"]: row for row in table(once).iter_rows(named=True)}
    assert rows["sortino"]["value"] > 0
    assert np.isfinite(rows["sortino"]["lower"])
    assert np.isnan(rows["sortino"]["upper"])
    assert "no upper bound" in rows["sortino"]["note"]


def test_few_days_have_no_interval_and_say_so():
    nine = {row["metric"]: row for row in table(compounded(RETURNS[:9])).iter_rows(named=True)}
    assert np.isnan(nine["sharpe"]["lower"])
    assert nine["sharpe"]["note"] == "no interval: 9 days, at least 10 wanted"
    ten = {row["metric"]: row for row in table(compounded(RETURNS[:10])).iter_rows(named=True)}
    assert ten["sharpe"]["lower"] < ten["sharpe"]["value"] < ten["sharpe"]["upper"]
    assert ten["sharpe"]["note"] == ""


def test_intervals_stand_where_they_are_asked_and_hold_the_value():
    frame = table(compounded(RETURNS), traded(RETURNS * 100))
    asked = frame.filter(pl.col("lower").is_finite())
    assert asked["metric"].to_list() == [
        "cagr",
        "sharpe",
        "sortino",
        "calmar",
        "deepest_drawdown",
        "expectancy_bps",
    ]
    assert asked.select((pl.col("lower") < pl.col("upper")).all()).item()
    usual = asked.filter(pl.col("metric") != "deepest_drawdown")
    assert usual.select(pl.col("value").is_between("lower", "upper").all()).item()


def test_the_same_seed_gives_the_same_bytes_and_another_seed_other_intervals():
    trades = traded(RETURNS)
    first, again = (table(compounded(RETURNS), trades) for _ in range(2))
    assert first.equals(again, null_equal=True)
    other = table(compounded(RETURNS), trades, QUICK.model_copy(update={"bootstrap_seed": 1}))
    assert other["value"].equals(first["value"])
    assert not other["lower"].equals(first["lower"])


def test_what_is_no_account_is_refused():
    for capital in (0.0, -1.0, np.inf, np.nan):
        with pytest.raises(InputError, match="capital"):
            table([1000.0], capital=capital)
    with pytest.raises(SchemaError):
        measure(
            EQUITY.empty().drop("gross"),
            TRADES.empty(),
            capital=1.0,
            timeframe="1d",
            config=QUICK,
            trials=None,
        )
    for wrong in ({"hurdle_per_year": -1}, {"shortfall_tail": 1}, {"bootstrap_reps": 5}):
        with pytest.raises(ValueError):
            MetricsConfig(**wrong)


moves = st.lists(st.floats(-0.5, 0.5), min_size=2, max_size=40)
results = st.lists(st.floats(-100, 100).map(lambda x: round(x, 3)), min_size=1, max_size=15)
CURRENCY = {"profit", "expectancy", "mean_win", "mean_loss"}


@settings(max_examples=20)
@given(moves, results)
def test_twice_the_money_doubles_what_is_in_currency_and_nothing_else(moves, results):
    levels, trades = compounded(moves), traded(results)
    double = trades.with_columns(pl.col("net", "notional") * 2)
    once = metrics_of(curve(levels), trades)
    twice = metrics_of(curve(2 * levels), double, capital=2000.0)
    for name, value in once.items():
        factor = 2 if name in CURRENCY else 1
        np.testing.assert_equal(twice[name], factor * value, err_msg=name)
    bounds = [
        metrics_of(curve(levels), trades, column="upper"),
        metrics_of(curve(2 * levels), double, capital=2000.0, column="upper"),
    ]
    np.testing.assert_equal(bounds[0], bounds[1])


@settings(max_examples=20)
@given(moves, st.integers(1, 20))
def test_flat_days_at_the_end_keep_what_was_gained_and_dilute_the_rest(moves, n_flat):
    levels = compounded(moves)
    once = metrics_of(curve(levels))
    later = metrics_of(curve(np.append(levels, [levels[-1]] * n_flat)))
    for name in ("profit", "total_return", "deepest_drawdown", "current_drawdown"):
        assert later[name] == once[name]
    assert later["days"] == once["days"] + n_flat
    if once["current_drawdown"] > 0:
        assert later["current_drawdown_days"] == once["current_drawdown_days"] + n_flat
    if once["volatility"] > 0 and abs(np.mean(moves)) < 1e-3:
        assert later["volatility"] <= once["volatility"]


@settings(max_examples=20)
@given(results, st.randoms(use_true_random=False))
def test_trades_in_another_order_measure_the_same(results, random):
    rng = np.random.default_rng(len(results))
    hours = rng.integers(0, 200, len(results))
    trades = traded(results, hours, hours + rng.integers(0, 50, len(results)))
    order = list(range(len(results)))
    random.shuffle(order)
    shuffled = table([1000.0, 1001.0], trades[order])
    assert shuffled.equals(table([1000.0, 1001.0], trades), null_equal=True)


@settings(max_examples=40)
@given(st.lists(st.floats(-50, 3000), min_size=1, max_size=30))
@example([5e-324, 1.0, 2.0] * 8)
@example([1e-200, 1e200, 1e-200])
def test_nothing_is_infinite_and_a_drawdown_is_a_share(levels):
    frame = table(levels)
    got = dict(zip(frame["metric"], frame["value"], strict=True))
    for column in ("value", "lower", "upper"):
        assert not frame[column].is_infinite().any()
    assert frame.filter(pl.col("value").is_nan() & (pl.col("note") == "")).is_empty()
    for name in ("deepest_drawdown", "current_drawdown", "under_water"):
        assert 0 <= got[name] <= 1
    if min(levels) > 0:
        assert 0 <= got["deepest_drawdown"] <= got["deepest_drawdown_bars"] <= 1
    else:
        assert got["deepest_drawdown_bars"] >= 1
        assert got["cagr"] == -1
