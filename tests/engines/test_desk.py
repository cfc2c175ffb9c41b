"""The desk is one fold over base bars: all engines, the context and the fusion of both."""

import numpy as np
import pytest

from lake.errors import ConfigError
from tasks.engines.config import EnginesConfig, FusionConfig
from tasks.engines.desk import MEMORY, Desk, Slots
from tasks.engines.engine import load_memory, save_memory
from tasks.engines.smc import SMC
from tasks.engines.wyckoff import WYCKOFF
from tasks.kernels.fusion_memory import DECISIONS, MEMBERS
from tests.engines.charts import market, real, times_four, turned_over
from tests.real import needs_real_data

HOUR = 3_600_000
START = 19_000 * 24 * HOUR
NAME = "desk"


def slots(bars, step=HOUR, missing=0.02, seed=1, start=START):
    n = bars.shape[1]
    is_gap = np.random.default_rng(seed).random(n) < missing
    held = np.where(is_gap, np.nan, bars)
    return Slots(start + step * np.arange(n, dtype=np.int64), held, is_gap, np.full(n, np.nan))


BARS = market(6000, seed=11)
SLOTS = slots(BARS)
CONFIG = EnginesConfig(fusion=FusionConfig(enter=0.25))


def decided(given=SLOTS, config=CONFIG, timeframe="1h", memory=None):
    desk = Desk(timeframe, config)
    return desk.run(desk.start() if memory is None else memory, given)


@pytest.fixture(scope="module")
def whole():
    return decided()


def same(one, other):
    assert one.tobytes() == other.tobytes()


def test_something_is_decided(whole):
    n_of = np.bincount(whole.fused["decision"], minlength=len(DECISIONS))
    assert (n_of[[DECISIONS.index(name) for name in ("enter", "leave", "vetoed")]] >= 10).all()
    assert (np.abs(whole.fused["contributions"]).max(axis=0) > 0).all()


def test_bar_by_bar_is_the_same_as_all_at_once():
    desk, memory, at_once = Desk("1h", CONFIG), Desk("1h", CONFIG).start(), SLOTS.part(0, 400)
    fused = [desk.run(memory, SLOTS.part(t, t + 1)).fused for t in range(400)]
    whole_memory = desk.start()
    same(np.concatenate(fused), desk.run(whole_memory, at_once).fused)
    same(memory, whole_memory)


def test_saved_and_read_back_at_ten_random_bars_it_decides_the_same(whole):
    desk, memory, fused = Desk("1h", CONFIG), np.zeros(1, MEMORY), []
    cuts = np.sort(np.random.default_rng(2).choice(6000, 10, replace=False)).tolist()
    for start, end in zip([0, *cuts], [*cuts, 6000], strict=True):
        memory = load_memory(NAME, MEMORY, save_memory(NAME, memory))
        fused.append(desk.run(memory, SLOTS.part(start, end)).fused)
    same(np.concatenate(fused), whole.fused)


def test_upside_down_decisions_turn_round(whole):
    there = decided(slots(turned_over(BARS))).fused
    for field in ("score", "side", "stance", "contributions"):
        np.testing.assert_array_equal(whole.fused[field], -there[field], err_msg=field)
    for field in ("decision", "reasons", "fresh", "alignment", "percentile"):
        np.testing.assert_array_equal(whole.fused[field], there[field], err_msg=field)


def test_the_unit_of_account_does_not_matter(whole):
    there = decided(slots(times_four(BARS))).fused
    for field in ("score", "decision", "side", "reasons", "unit", "percentile", "contributions"):
        np.testing.assert_array_equal(whole.fused[field], there[field], err_msg=field)


def test_nothing_is_decided_in_a_gap(whole):
    assert SLOTS.is_gap.sum() > 50
    assert not whole.fused["decision"][SLOTS.is_gap].any()


def test_gating_changes_no_decision(whole):
    gated = CONFIG.model_copy(
        update={"fusion": CONFIG.fusion.model_copy(update={"is_gated": True})}
    )
    found = decided(config=gated).fused
    assert found["is_skipped"].sum() > 500
    for field in (name for name in found.dtype.names if name != "is_skipped"):
        np.testing.assert_array_equal(found[field], whole.fused[field], err_msg=field)


def test_a_longer_bar_is_not_seen_before_it_has_closed():
    bars, at = BARS[:, :3000], 2400 + 1  # the second hour of a day, and of its first four
    for length in (1, 2):
        changed = bars.copy()
        changed[1, at : at + length] += 500.0
        one, other = (decided(slots(b, missing=0.0)) for b in (bars, changed))
        for member, closes in (("wyckoff", 2403), ("wyckoff_daily", 2423), ("session", 2403)):
            rows = one.frames[member].rows
            before, after = rows < closes, rows >= closes
            bars_one, bars_other = (d.frames[member].bars for d in (one, other))
            assert np.array_equal(bars_one[:, before], bars_other[:, before])
            assert not np.array_equal(bars_one[:, after], bars_other[:, after])
            assert rows[after][0] == closes


def test_alone_an_engine_is_the_score(whole):
    for number, name in ((2, "smc"), (3, "hob"), (4, "momentum")):
        found = decided(config=CONFIG.alone(name))
        said = found.heard[name].readings
        wanted = np.where(said["is_warm"], said["stance"] * said["conviction"], 0.0)
        np.testing.assert_allclose(found.fused["score"][found.frames[name].rows], wanted)
        assert MEMBERS[number] == name


def test_a_position_is_guarded_by_the_swing_behind_it():
    found = decided(config=CONFIG.alone("smc"))
    facts = found.heard["smc"].readings["facts"]
    low, high = (facts[:, SMC.facts.index(f"swing_{end}")] for end in ("low", "high"))
    at = np.searchsorted(found.frames["smc"].rows, np.flatnonzero(found.fused["side"]))
    fused, n_of = found.fused[found.frames["smc"].rows[at]], {1: 0, -1: 0}
    for row, said in zip(at, fused, strict=True):
        side, close = int(said["side"]), found.frames["smc"].bars[3, row]
        edge = low[row] if side > 0 else high[row]
        is_guarded = DECISIONS[said["decision"]] != "leave" and side * (close - edge) > 0
        np.testing.assert_equal(said["guard"], edge if is_guarded else np.nan)
        n_of[side] += is_guarded
    assert min(n_of.values()) > 10


def test_a_structure_is_fresh_from_its_break_or_its_phase_on(whole):
    events = {
        "smc": (SMC, ("break_of_structure", "change_of_character")),
        "wyckoff": (WYCKOFF, ("phase",)),
        "wyckoff_daily": (WYCKOFF, ("phase",)),
    }
    is_fresh = np.zeros(6000, bool)
    for name, (engine, wanted) in events.items():
        side = whole.heard[name].readings["side"]
        met = (side[:, [engine.events.index(event) for event in wanted]] != 0).any(axis=1)
        assert met.any() or name == "wyckoff_daily"  # 250 days are few for it
        is_fresh[whole.frames[name].rows[met]] = True
    last = np.maximum.accumulate(np.where(is_fresh, np.arange(6000), -1))
    assert np.array_equal(whole.fused["fresh"], np.where(last < 0, -1, np.arange(6000) - last))


def parameters():
    fields = FusionConfig.model_fields
    quiet = {"is_gated": "changes no decision, see test_gating_changes_no_decision"}
    return [name for name in fields if name not in quiet]


OTHERS = {"hour": ["4h"], "session": ["2h", "1d"], "day": ["4h", "12h"]}
AGITATED = np.full(6000, np.nan)
AGITATED[::2] = np.random.default_rng(5).random(3000)


@pytest.mark.parametrize("name", parameters())
def test_every_parameter_changes_a_decision(name):
    given = SLOTS._replace(macro=AGITATED)
    default = getattr(CONFIG.fusion, name)
    first = decided(given).fused["decision"].tobytes()
    factors = (0.0, 0.5, 0.8, 1.15, 1.5, 2.0, 4.0)
    others = OTHERS.get(name) or [type(default)(default * factor) for factor in factors]
    found = set()
    for other in others:
        try:
            fusion = FusionConfig(**{**CONFIG.fusion.model_dump(), name: other})
        except ValueError:
            continue
        config = CONFIG.model_copy(update={"fusion": fusion})
        found.add(decided(given, config).fused["decision"].tobytes())
    assert found - {first}


@pytest.mark.parametrize("name", ["wyckoff", "smc", "hob", "momentum"])
def test_every_engine_s_timeframe_changes_a_decision(name):
    own = getattr(CONFIG, name).model_copy(update={"timeframe": "2h"})
    config = CONFIG.model_copy(update={name: own})
    first, found = (decided(config=c.alone(name)).fused["decision"] for c in (CONFIG, config))
    assert not np.array_equal(first, found)
    daily = CONFIG.model_copy(update={"wyckoff_daily": "12h"}).alone("wyckoff")
    first = decided(config=CONFIG.alone("wyckoff")).fused["decision"]
    assert not np.array_equal(decided(config=daily).fused["decision"], first)


def test_base_bars_that_do_not_fill_a_longer_one_are_refused():
    with pytest.raises(ConfigError, match="12h for wyckoff_daily, of base bars of 8h"):
        decided(timeframe="8h", config=EnginesConfig(wyckoff_daily="12h"))


@needs_real_data
@pytest.mark.parametrize("timeframe", ["15m", "1h", "4h"])
def test_no_decision_on_real_bars_is_rewritten(timeframe):
    step = {"15m": HOUR // 4, "1h": HOUR, "4h": 4 * HOUR}[timeframe]
    given = slots(real("ETHUSDT", timeframe, 20_000), step, missing=0.0)
    fused = decided(given, timeframe=timeframe).fused
    for cut in np.random.default_rng(1).choice(20_000, 4).tolist():
        same(fused[:cut], decided(given.part(0, cut), timeframe=timeframe).fused)
