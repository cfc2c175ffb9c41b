import warnings

import numpy as np
import polars as pl
import pytest
from scipy import stats

from lake.schema import SEARCH, TRADES
from tasks.bridge.config import BridgeConfig
from tasks.bridge.search import search_statistics, variance_of_trials
from tests.bridge.market import at, filled, two_eras

CONFIG = BridgeConfig(bootstrap_reps=199)
REALS = [name for name, dtype in SEARCH.columns.items() if dtype == pl.Float64]


def trades_of(net, first_day=2):
    """One trade per day and strategy wherever `net` (days, strategies) is not 0."""
    rows = [
        {
            "hypothesis": f"h{k:03d}",
            "market": "AAA-1h",
            "exit_time": at(24 * (first_day + day) + 5),
            "net_bps": float(net[day, k]),
        }
        for day, k in zip(*np.nonzero(net), strict=True)
    ]
    return filled(TRADES, rows)


def weigh(net, n_trials=100, n_effective=None, config=CONFIG, **promoted):
    eras = two_eras(48, 48 + 24 * len(net))
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        return search_statistics(trades_of(net), eras, n_trials, n_effective, config, **promoted)


def only_row(*args, **named):
    frame = weigh(*args, **named)
    assert frame.height == 1
    return frame.row(0, named=True)


def results(seed, n_days, k, drift=0.0):
    return np.random.default_rng(seed).normal(drift, 20, (n_days, k))


def test_the_portfolio_holds_every_strategy_alike():
    net = results(1, 60, 4, 3.0)
    got = only_row(net)
    mean = net.mean(axis=1)
    assert (got["n_days"], got["n_strategies"], got["n_trades"]) == (60, 4, 240)
    assert got["mean_bps"] == pytest.approx(mean.mean())
    assert got["sharpe"] == pytest.approx(mean.mean() / np.sqrt(stats.tvar(mean)))
    assert got["skew"] == pytest.approx(stats.skew(mean))
    assert got["kurtosis"] == pytest.approx(stats.kurtosis(mean, fisher=False))
    assert got["reason"] == ""


def test_the_ratio_is_deflated_by_the_trials_own_ratios():
    net = results(2, 400, 30, 1.0) * np.r_[np.full(15, 1), np.full(15, -1)]
    got = only_row(net, n_trials=500, n_effective=20.0)
    ratios = net.mean(0) / net.std(0, ddof=1)
    spread = np.std(ratios, ddof=1)
    assert spread**2 > 1 / 399

    def hurdle(n):
        first, second = stats.norm.ppf([1 - 1 / n, 1 - 1 / (n * np.e)])
        return spread * ((1 - 0.5772156649) * first + 0.5772156649 * second)

    def above(sharpe):
        noise = 1 - got["skew"] * got["sharpe"] + (got["kurtosis"] - 1) / 4 * got["sharpe"] ** 2
        return stats.norm.cdf((got["sharpe"] - sharpe) * np.sqrt(399 / noise))

    assert got["hurdle"] == pytest.approx(hurdle(500))
    assert got["psr"] == pytest.approx(above(0))
    assert got["dsr"] == pytest.approx(above(hurdle(500)))
    assert got["dsr_effective"] == pytest.approx(above(hurdle(20)))


def test_strategies_that_resemble_each_other_do_not_lower_the_hurdle():
    one = results(3, 200, 1, 2.0)
    alike = one + 0.01 * results(4, 200, 5)
    assert variance_of_trials(alike) == 1 / 199
    assert variance_of_trials(one) == 1 / 199
    assert only_row(alike)["hurdle"] == pytest.approx(only_row(one)["hurdle"])


def test_a_portfolio_with_skill_passes_whatever_was_tried():
    got = only_row(results(6, 400, 10, 4.0), n_trials=20_000)
    assert got["dsr"] > 0.95
    assert got["p_spa"] < 0.05
    assert got["n_superior"] == len(got["superior"]) > 0
    assert got["least_days"] < 400


def test_those_that_earn_are_named():
    net = results(7, 300, 6)
    net += np.where(np.arange(6) == 4, 8.0 - net.mean(0), -net.mean(0))
    got = only_row(net)
    assert got["superior"] == ["h004"]
    assert got["p_spa"] == 1 / 200
    assert got["pbo"] < 0.1


def test_the_promoted_are_weighed_beside_all_candidates():
    net = results(8, 100, 5, 1.0)
    got = weigh(net, promoted=["h001", "h003", "never traded"])
    every, chosen = got.row(0, named=True), got.row(1, named=True)
    assert (every["portfolio"], chosen["portfolio"]) == ("candidates", "promoted")
    assert every == only_row(net) | {n: every[n] for n in REALS if np.isnan(every[n])}
    assert chosen["mean_bps"] == pytest.approx(net[:, [1, 3]].mean())
    assert chosen["hurdle"] == every["hurdle"]
    # They were chosen on these very days: no test of the choice is left.
    assert np.isnan([chosen["p_spa"], chosen["pbo"]]).all()
    assert (chosen["n_superior"], chosen["superior"]) == (None, None)


def test_nothing_promoted_is_said():
    got = weigh(results(8, 100, 5), promoted=[]).row(1, named=True)
    assert (got["n_strategies"], got["n_trades"], got["reason"]) == (0, 0, "nothing traded")


@pytest.mark.parametrize(
    ("net", "reason"),
    [
        (np.zeros((100, 0)), "nothing traded"),
        (results(1, 31, 3), "31 days: at least 32 wanted"),
        (np.full((100, 2), 3.3), "net results that do not vary"),
        (np.full((100, 2), np.inf), "net results that are not finite"),
        (np.full((100, 2), np.nan), "net results that are not finite"),
    ],
)
def test_where_nothing_can_be_said_the_reason_is(net, reason):
    got = only_row(net, n_effective=10.0)
    assert got["reason"] == reason
    assert np.isnan([got[name] for name in REALS if name != "n_effective"]).all()
    assert (got["n_trials"], got["n_superior"], got["superior"]) == (100, None, None)


def test_one_candidate_leaves_no_choice_but_all_else_is_told():
    got = only_row(results(9, 100, 1, 2.0))
    assert got["reason"] == "pbo: one candidate leaves no choice"
    known = [n for n in REALS if n not in ("pbo", "n_effective", "dsr_effective", "least_days")]
    assert not np.isnan([got[name] for name in known]).any()


def test_one_trade_is_enough_to_be_counted():
    net = np.zeros((100, 2))
    net[40, 0], net[:, 1] = 12.0, results(3, 100, 1)[:, 0]
    got = only_row(net)
    assert (got["n_strategies"], got["n_trades"], got["reason"]) == (2, 101, "")
    assert 0 < got["p_spa"] <= 1


def test_what_is_beyond_reach_has_no_least_length():
    got = only_row(results(2, 100, 3, -5.0))
    assert np.isnan(got["least_days"])
    assert got["dsr"] < got["psr"] < 0.5


def test_where_the_effective_number_is_not_known_nothing_is_made_up():
    got = only_row(results(2, 100, 3), n_effective=None)
    assert np.isnan([got["n_effective"], got["dsr_effective"]]).all()


def test_the_order_of_the_trades_changes_nothing():
    net = results(4, 80, 5)
    trades, eras = trades_of(net), two_eras(48, 48 + 24 * 80)
    straight = search_statistics(trades, eras, 10, 5.0, CONFIG)
    assert straight.equals(search_statistics(trades.reverse(), eras, 10, 5.0, CONFIG))
    assert straight.schema == pl.Schema(SEARCH.columns)
