"""The search is weighed through the lake, as the flow calls it, without Prefect's engine."""

import numpy as np
import pytest

from lake.keys import make_key
from lake.schema import ERAS, JUDGEMENT, TABLES, TRADES, VERDICTS
from lake.store import open_lake
from tasks.bridge.config import BridgeConfig
from tasks.bridge.task import weigh_search
from tests.bridge.market import at, filled, two_eras

CONFIG = BridgeConfig(bootstrap_reps=199)


def put(lake, kind, frame):
    key = make_key(kind, "all", "all", code=[], config={}, parents=[], libraries=[])
    return lake.write(key, TABLES[kind].conform(frame), [])


@pytest.fixture
def uri(tmp_path):
    return str(tmp_path / "lake")


@pytest.fixture
def tables(uri):
    lake = open_lake(uri)
    rng = np.random.default_rng(5)
    trades = [
        {
            "hypothesis": name,
            "market": "AAA-1h",
            "exit_time": at(24 * day + 3),
            "net_bps": rng.normal(drift, 20),
        }
        for name, drift in (("a", 12), ("b", 0))
        for day in range(2, 82)
    ]
    verdicts = [("a", "promoted"), ("b", "rejected")]
    frames = {
        "trades": filled(TRADES, trades),
        "verdicts": filled(VERDICTS, [{"hypothesis": n, "verdict": v} for n, v in verdicts]),
        "eras": two_eras(48, 48 + 24 * 80),
        "judgement": filled(JUDGEMENT, [{"n_ever_asked": 4, "n_effective": 2.5}]),
    }
    kinds = {"trades": TRADES, "verdicts": VERDICTS, "eras": ERAS, "judgement": JUDGEMENT}
    return {name: put(lake, kinds[name].name, frame) for name, frame in frames.items()}


def test_all_and_the_promoted_are_weighed_by_everything_that_was_asked(uri, tables):
    search = open_lake(uri).read(weigh_search.fn(lake=uri, **tables, config=CONFIG))
    assert search["portfolio"].to_list() == ["candidates", "promoted"]
    assert search["n_strategies"].to_list() == [2, 1]
    assert search["n_trials"].to_list() == [4, 4]
    assert search["superior"].to_list() == [["a"], None]


def test_weighed_twice_it_is_the_same_table(uri, tables):
    first, again = (weigh_search.fn(lake=uri, **tables, config=CONFIG) for _ in range(2))
    assert first == again
