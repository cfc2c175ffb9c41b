"""Input that no estimate can be made of: insufficient evidence, a reason, and no warning."""

import math
import warnings

import numpy as np
import polars as pl
import pytest

from tasks.discovery.conclusion import conclude
from tasks.discovery.config import DiscoveryConfig
from tasks.discovery.confirmation import confirm
from tasks.discovery.effects import estimate
from tasks.discovery.findings import judge
from tasks.discovery.grid import draw_grid
from tasks.discovery.scrutiny import choose_top
from tasks.discovery.stability import slice_effects
from tests.discovery import market

CONFIG = DiscoveryConfig(n_sign_flips=99)
NAME = "BTCUSDT-15m"
N = 96 * 60
FRAME = market.bars(N)
OFTEN = np.arange(100, N - 200, 20)
PRICES = ("open", "high", "low", "close")


@pytest.fixture(autouse=True)
def no_warning_escapes():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def told(frame=FRAME, rows_of=None, horizons=("1h",), features=None, outcomes=None):
    """FINDINGS after the last word, of events of which some are fit to be tested."""
    events = market.events(frame, rows_of or {"often": OFTEN})
    known = market.features(frame) if features is None else features
    followed = market.outcomes(frame, horizons) if outcomes is None else outcomes
    grid = draw_grid([market.entries_of(events, frame, CONFIG)], horizons)
    effects = [estimate(NAME, events, known, followed, CONFIG)]
    judged = judge(effects, grid, CONFIG)
    top = choose_top(judged, CONFIG)
    scrutiny = top.select("hypothesis", p_permutation=0.5, median_bps=np.nan)
    stability = slice_effects(top, effects, CONFIG)
    findings = conclude(judged, scrutiny, stability, CONFIG)
    assert findings.height == (grid["same_as"] == "").sum()
    assert_is_told(judged)
    assert_is_told(findings)
    confirm(findings, effects, CONFIG)
    return findings


def assert_is_told(findings):
    for verdict, reason in findings.select("verdict", "reason").rows():
        assert verdict in ("finding", "no finding", "insufficient evidence")
        assert reason
        assert not {"nan", "inf", "none"} & set(reason.lower().replace(":", " ").split())
    untested = findings.filter(verdict="insufficient evidence")
    for name in ("p", "q", "q_event", "q_by", "p_romano_wolf", "p_rank"):
        wanted = untested[name].is_nan() if name != "q_event" else untested["q"].is_nan()
        assert wanted.all()
        assert findings.filter(pl.col("verdict") != "insufficient evidence")[name].is_finite().all()


def assert_insufficient(findings, because):
    assert set(findings["verdict"]) == {"insufficient evidence"}
    assert findings["reason"].str.contains(because, literal=True).all()


def test_one_occurrence_is_insufficient_and_says_how_many_would_settle_it():
    findings = told(rows_of={"often": OFTEN, "once": [3000]})
    once = findings.filter(event="once")
    assert_insufficient(once, "1 events, 30 wanted; 1 calendar blocks, 20 wanted; 1.0 effective")
    assert once["n_wanted"].to_list() == [30]
    assert once["scaled_se_bps"].is_nan().all()
    # It is still shrunk, by what its siblings suggest of its error.
    assert once["shrunk_sd_bps"].is_finite().all()
    assert (once["shrunk_bps"].abs() < once["scaled_bps"].abs()).all()
    often = findings.filter(event="often", condition="all")
    assert often["verdict"].item() == "no finding"


def test_one_occurrence_alone_is_insufficient():
    assert_insufficient(told(rows_of={"once": [3000]}), "1 events, 30 wanted")


def test_enough_occurrences_in_too_few_blocks_say_how_many_would_settle_it():
    findings = told(rows_of={"bunched": np.arange(1000, 1000 + 96 * 10)})
    everything = findings.filter(condition="all")
    assert_insufficient(everything, "11 calendar blocks, 20 wanted")
    wanted = math.ceil(960 * max(20 / 11, 15 / everything["effective_clusters"].item()))
    assert everything["n_wanted"].item() == wanted


def test_prices_that_never_move_have_no_volatility_and_are_insufficient():
    still = FRAME.with_columns(pl.lit(100.0).alias(name) for name in PRICES)
    assert_insufficient(told(still), "no occurrence has a volatility")


@pytest.mark.parametrize("y", [0.0, 0.01])
def test_outcomes_that_never_vary_are_insufficient(y):
    outcomes = {
        horizon: frame.with_columns(forward_return=pl.lit(y))
        for horizon, frame in market.outcomes(FRAME, ("1h",)).items()
    }
    known = market.features(FRAME).with_columns(sigma=pl.lit(0.004))
    events = {"often": OFTEN}
    findings = told(rows_of=events, features=known, outcomes=outcomes)
    large = findings.filter(pl.col("effective_clusters") >= 15, pl.col("n_clusters") >= 20)
    assert large.height >= 2
    if y:
        # A side still decides what is earned.
        assert set(findings["verdict"]) <= {"insufficient evidence", "no finding", "finding"}
    else:
        assert_insufficient(large, "does not vary about its baseline")


def test_an_event_at_every_bar_of_its_condition_is_insufficient():
    """Its excess is rounding, and so is its error: their ratio would be a t of anything."""
    features = market.features(FRAME)
    regime = features["vol_regime"].fill_null(-1).to_numpy()
    rows = {"each": np.arange(N), "wild": np.flatnonzero(regime >= 1)}
    events = market.events(FRAME, rows, sides_of={k: np.ones(len(r)) for k, r in rows.items()})
    grid = draw_grid([market.entries_of(events, FRAME, CONFIG)], ("1h",))
    findings = judge([market.effects_of(events, FRAME, CONFIG, ("1h",))], grid, CONFIG)
    whole = findings.filter(
        (pl.col("event") == "each") | pl.col("condition").str.starts_with("vol_regime")
    )
    assert whole.height > 5
    assert_insufficient(
        whole.filter(pl.col("n_clusters") >= 20, pl.col("effective_clusters") >= 15),
        "does not vary about its baseline",
    )
    assert findings.filter(event="wild", condition="all")["p"].is_finite().all()


@pytest.mark.parametrize("missing", [np.nan, np.inf, -np.inf])
def test_outcomes_that_are_all_missing_are_insufficient(missing):
    outcomes = {
        horizon: frame.with_columns(forward_return=pl.lit(missing))
        for horizon, frame in market.outcomes(FRAME, ("1h",)).items()
    }
    findings = told(outcomes=outcomes)
    assert_insufficient(findings, "no occurrence has a volatility and an outcome 1h later")
    assert set(findings["n_wanted"]) == {30}


def test_infinite_returns_are_left_out_as_missing():
    rows = np.random.default_rng(0).choice(N, 500, replace=False)
    clean = market.outcomes(FRAME, ("1h",))["1h"]
    broken = []
    for value in (np.nan, np.inf):
        y = clean["forward_return"].to_numpy().copy()
        y[rows] = value
        broken.append({"1h": clean.with_columns(forward_return=y)})
    one, two = (told(outcomes=outcomes) for outcomes in broken)
    assert one.equals(two)
    assert one.filter(condition="all")["verdict"].item() == "no finding"


@pytest.mark.parametrize("sigma", [np.nan, 0.0, np.inf])
def test_bars_without_a_volatility_are_left_out(sigma):
    some = np.random.default_rng(0).random(N) < 0.1
    known = market.features(FRAME)
    parts = [
        known.with_columns(sigma=np.where(some, value, known["sigma"])) for value in (np.nan, sigma)
    ]
    one, two = (told(features=features) for features in parts)
    assert one.equals(two)
    assert_insufficient(told(features=known.with_columns(sigma=pl.lit(sigma))), "no occurrence")


def test_prices_of_nought_or_infinity_spoil_only_the_occurrences_that_need_them():
    open_, close = FRAME["open"].to_numpy().copy(), FRAME["close"].to_numpy().copy()
    close[OFTEN[100] + 4], open_[OFTEN[150] + 1], open_[OFTEN[200]] = np.inf, 0.0, 0.0
    broken = FRAME.with_columns(close=close, open=open_)
    everything = told(broken, features=market.features(FRAME)).filter(condition="all")
    assert everything["verdict"].item() == "no finding"
    assert everything["n"].item() == OFTEN.size - 2


def test_a_return_beyond_all_measure_is_no_finding():
    y = market.outcomes(FRAME, ("1h",))["1h"]["forward_return"].to_numpy().copy()
    y[OFTEN[50]] = 1e12
    clean = market.outcomes(FRAME, ("1h",))["1h"]
    findings = told(outcomes={"1h": clean.with_columns(forward_return=y)})
    assert "finding" not in set(findings["verdict"])


def test_a_horizon_longer_than_the_data_is_insufficient_beside_one_that_is_not():
    findings = told(horizons=("1h", "52w"))
    assert_insufficient(findings.filter(horizon="52w"), "an outcome 52w later in the era")
    short = findings.filter(horizon="1h")
    assert short.drop("q", "q_event", "q_by").equals(told().drop("q", "q_event", "q_by"))


def test_a_horizon_longer_than_the_data_alone_is_insufficient():
    assert_insufficient(told(horizons=("52w",)), "no occurrence")
