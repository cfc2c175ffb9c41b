import numpy as np
import polars as pl
import pytest
from scipy.stats import t

from lake.schema import EVENT_PATHS
from tasks.discovery.config import DiscoveryConfig
from tasks.discovery.paths import trace
from tests.discovery import market

NAME = "BTCUSDT-15m"
CONFIG = DiscoveryConfig(path_bars_before=3, path_bars_after=6)
N = 96 * 30


def _inputs(seed=0, gaps=0.0, drift=0.0):
    frame = market.bars(N, seed, gaps=gaps, drift=drift)
    rng = np.random.default_rng(seed)
    rows = {"crash": rng.choice(N, 200, replace=False), "surge": rng.choice(N, 60, replace=False)}
    return frame, market.events(frame, rows, seed=seed)


@pytest.mark.parametrize("gaps", [0.0, 0.01])
def test_paths_are_those_of_the_definition(gaps):
    frame, events = _inputs(gaps=gaps)
    paths = trace(NAME, frame, events, CONFIG)
    opens, closes = frame["open"].to_numpy(), frame["close"].to_numpy()

    def path(row):
        if row < 3 or row + 6 >= N or np.isnan(closes[row - 3 : row + 7]).any():
            return None
        return closes[row - 3 : row + 7] / opens[row + 1] - 1

    every = [p for p in map(path, range(N)) if p is not None]
    drift = np.mean(every, axis=0) * (np.arange(-3, 7) > 0)
    for name in ("crash", "surge"):
        marks = events.filter(pl.col("event") == name).select("time", "side").rows()
        signed = [
            (-1 if side < 0 else 1, path(frame["time"].search_sorted(time))) for time, side in marks
        ]
        wanted = [side * (p - drift) for side, p in signed if p is not None]
        got = paths.filter(pl.col("event") == name)
        assert got["offset"].to_list() == list(range(-3, 7))
        assert set(got["n"]) == {len(wanted)}
        np.testing.assert_allclose(got["mean_bps"], 1e4 * np.mean(wanted, axis=0), atol=1e-9)


def test_paths_fit_their_table():
    paths = trace(NAME, *_inputs(), CONFIG)
    assert EVENT_PATHS.conform(paths).equals(paths)
    assert paths.equals(paths.sort(*EVENT_PATHS.order))
    assert (paths["lower_bps"] <= paths["upper_bps"]).all()


def test_the_band_of_events_on_separate_days_is_the_usual_one():
    frame, _ = _inputs()
    rows = np.arange(50, N, 96)
    events = market.events(frame, {"daily": rows}, sides_of={"daily": np.ones(rows.size, int)})
    band = trace(NAME, frame, events, CONFIG).filter(pl.col("offset") <= 0)
    n = band["n"][0]
    opens, closes = frame["open"].to_numpy(), frame["close"].to_numpy()
    before = 1e4 * (closes[rows[:n] - 3] / opens[rows[:n] + 1] - 1)
    half = t.isf(0.025, n - 1) * before.std(ddof=1) / np.sqrt(n)
    assert band["upper_bps"][0] - band["mean_bps"][0] == pytest.approx(half)
    assert band["mean_bps"][0] - band["lower_bps"][0] == pytest.approx(half)


def test_drift_alone_is_no_path():
    frame, _ = _inputs(drift=0.001)
    everywhere = np.arange(N)
    events = market.events(frame, {"each": everywhere}, sides_of={"each": np.ones(N, int)})
    paths = trace(NAME, frame, events, CONFIG).filter(pl.col("offset") > 0)
    np.testing.assert_allclose(paths["mean_bps"], 0, atol=1e-8)


def test_events_without_a_whole_path_have_no_curve():
    frame, _ = _inputs()
    events = market.events(frame, {"first": [0], "last": [N - 1], "one": [500]})
    paths = trace(NAME, frame, events, CONFIG)
    assert set(paths["event"]) == {"one"}
    assert paths["lower_bps"].is_nan().all()


def test_no_bars_or_events_give_no_paths():
    frame, events = _inputs()
    assert trace(NAME, frame, events.clear(), CONFIG).equals(EVENT_PATHS.empty())
    assert trace(NAME, frame.clear(), events.clear(), CONFIG).equals(EVENT_PATHS.empty())
