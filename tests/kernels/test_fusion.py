"""Fusion decides what its definition says, and looks at nothing that has not changed."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.engines.config import EnginesConfig, FusionConfig
from tasks.engines.engine import rules_of
from tasks.kernels import fusion, fusion_memory
from tests.engines.charts import market
from tests.kernels import naive_fusion

EDGES = (fusion_memory.WYCKOFF, fusion_memory.SMC, fusion_memory.HOB)


def said_of(rng, n, every, close, warm_from=0):
    """What an engine that reads every so many bars might say."""
    rows = np.arange(every - 1, n, every)
    said = np.zeros(rows.size, fusion_memory.SAID)
    said["row"] = rows
    said["stance"] = np.repeat(rng.integers(-1, 2, rows.size // 3 + 1), 3)[: rows.size]
    said["conviction"] = np.repeat(rng.random(rows.size // 3 + 1), 3)[: rows.size]
    said["is_warm"] = np.arange(rows.size) >= warm_from
    said["is_fresh"] = rng.random(rows.size) < 0.05
    said["guard"] = close[rows][:, None] + rng.normal(0, 100, (rows.size, 2))
    said["guard"][rng.random((rows.size, 2)) < 0.2] = np.nan
    return said


def seen_of(rng, n, every, close):
    rows = np.arange(every - 1, n, every)
    seen = np.zeros(rows.size, fusion_memory.SEEN)
    seen["row"], seen["trend"] = rows, rng.integers(-1, 2, rows.size)
    seen["close"], seen["atr"] = close[rows], 100.0
    seen["above"] = np.round(rng.normal(0, 100, rows.size))
    return seen


def world(seed=0, n=400):
    rng = np.random.default_rng(seed)
    bars = market(n, seed)
    said = [said_of(rng, n, e, bars[3], w) for e, w in ((4, 8), (24, 4), (1, 40), (1, 30), (1, 20))]
    seen = [seen_of(rng, n, every, bars[3]) for every in (1, 4, 24)]
    is_gap = rng.random(n) < 0.03
    ranges = np.where(np.arange(n) < 14, np.nan, 50.0 * np.exp(rng.normal(0, 0.5, n)))
    macro = np.where(rng.random(n) < 0.5, np.nan, rng.random(n))
    return {"bars": bars, "is_gap": is_gap, "ranges": ranges, "macro": macro}, said, seen


def ends(parts):
    return np.cumsum([len(part) for part in parts])


def run(market_, said, seen, config, memory=None):
    memory = np.zeros(1, fusion_memory.MEMORY) if memory is None else memory
    out = np.empty(market_["is_gap"].size, fusion_memory.FUSED)
    fusion.run_fusion(
        memory,
        *(np.ascontiguousarray(market_[name]) for name in ("bars", "is_gap", "ranges", "macro")),
        np.concatenate(said),
        ends(said),
        np.concatenate(seen),
        ends(seen),
        rules_of(config, fusion_memory.RULES),
        out,
    )
    return out


def as_dicts(records):
    return [{n: r[n].tolist() for n in records.dtype.names} for r in records]


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("name", ["fusion", "smc", "wyckoff"])
def test_it_decides_what_the_definition_says(seed, name):
    market_, said, seen = world(seed)
    config = (
        EnginesConfig().alone(name).fusion.model_copy(update={"enter": 0.2, "volatility_bars": 30})
    )
    found = run(market_, said, seen, config)
    wanted = naive_fusion.run_fusion(
        market_["bars"].T.tolist(),
        market_["is_gap"].tolist(),
        market_["ranges"].tolist(),
        market_["macro"].tolist(),
        dict(zip(fusion_memory.MEMBERS, map(as_dicts, said), strict=True)),
        dict(zip(fusion_memory.FRAMES, map(as_dicts, seen), strict=True)),
        config.model_dump(),
    )
    for field in ("score", "alignment", "percentile", "side", "stance", "fresh", "unit", "guard"):
        np.testing.assert_array_equal(found[field], [row[field] for row in wanted], err_msg=field)
    contributions = [list(row["contributions"].values()) for row in wanted]
    np.testing.assert_array_equal(found["contributions"], contributions)
    assert [fusion_memory.DECISIONS[code] for code in found["decision"]] == [
        r["decision"] for r in wanted
    ]
    assert found["reasons"].tolist() == [naive_fusion.bits(row["reasons"]) for row in wanted]
    assert found["chain"].tolist() == [row["chain"] for row in wanted]


def test_every_decision_and_reason_is_met():
    decided = [run(*world(seed), FusionConfig(enter=0.2, volatility_bars=30)) for seed in range(6)]
    found = np.concatenate(decided)
    assert set(found["decision"].tolist()) == set(range(len(fusion_memory.DECISIONS)))
    assert np.bitwise_or.reduce(found["reasons"]) == 2 ** len(fusion_memory.REASONS) - 1


@given(st.integers(0, 2**32 - 1), st.integers(1, 399))
def test_gated_or_not_and_cut_anywhere_it_decides_the_same(seed, cut):
    market_, said, seen = world(seed)
    whole = run(market_, said, seen, FusionConfig(enter=0.2))
    gated = FusionConfig(enter=0.2, is_gated=True)
    memory = np.zeros(1, fusion_memory.MEMORY)
    first = {name: values[..., :cut] for name, values in market_.items()}
    rest = {name: values[..., cut:] for name, values in market_.items()}
    before = [[part[part["row"] < cut] for part in parts] for parts in (said, seen)]
    after = [[later(part[part["row"] >= cut], cut) for part in parts] for parts in (said, seen)]
    parts = (run(first, *before, gated, memory), run(rest, *after, gated, memory))
    found = np.concatenate(parts)
    assert found["is_skipped"].any()
    for field in fusion_memory.FUSED.names:
        if field != "is_skipped":
            np.testing.assert_array_equal(found[field], whole[field], err_msg=field)


def later(part, by):
    moved = part.copy()
    moved["row"] -= by
    return moved


def test_an_engine_that_is_not_warm_takes_no_weight():
    market_, said, seen = world(1)
    for part in said[:-1]:
        part["is_warm"] = 0
    said[-1]["is_warm"], said[-1]["stance"], said[-1]["conviction"] = 1, 1, 0.6
    found = run(market_, said, seen, FusionConfig(misaligned_factor=1.0))
    assert found["score"].tolist() == [0.6] * 400


def test_a_decision_is_left_with_less_than_it_is_entered_with():
    market_, said, seen = world(2, 6)
    rows = np.zeros(6, fusion_memory.SAID)
    rows["row"], rows["is_warm"], rows["stance"] = np.arange(6), 1, 1
    rows["conviction"] = [0.3, 0.36, 0.2, 0.11, 0.09, 0.2]
    said = [rows[:0]] * 4 + [rows]
    market_["is_gap"][:] = False
    found = run(market_, said, seen, EnginesConfig().alone("momentum").fusion)
    assert found["stance"].tolist() == [0, 1, 1, 1, 0, 0]
    assert [fusion_memory.DECISIONS[code] for code in found["decision"]] == [
        "",
        "enter",
        "",
        "",
        "leave",
        "",
    ]
