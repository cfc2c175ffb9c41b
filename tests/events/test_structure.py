"""Engines as sources of events, on bars whose longer bars are known by hand."""

from dataclasses import replace

import numpy as np
import pytest
from pydantic import ValidationError

from flows.listing import list_events, show_events
from lake.errors import ConfigError
from tasks.engines.config import EnginesConfig
from tasks.engines.desk import Desk, Slots
from tasks.engines.momentum import MOMENTUM, MomentumConfig
from tasks.events.config import EventsConfig
from tasks.events.contract import first_foresight, first_memory
from tasks.events.detect import find_events, parameters_key
from tasks.events.readers import Output, tell
from tasks.events.registry import analyzers, catalogue, families, obstacle
from tasks.events.sequences import read_sequence
from tasks.events.structure import EngineReader, chart, tell_event
from tasks.events.volatility import vol_spike
from tasks.kernels.chart import CLOSE
from tasks.kernels.fusion_memory import ENTER, TURN
from tasks.kernels.momentum import TURN as TURN_OF_STANCE
from tests.events.market import bars_of, simulated

COOLDOWN = "1h"
ENGINES = {
    "wyckoff": 9,
    "wyckoff_daily": 9,
    "smart_money": 8,
    "order_blocks": 4,
    "momentum": 1,
    "fusion": 5,
}
(MOMENTUM_TURN,) = analyzers("momentum")
RISING = 100.0 + np.arange(400.0)  # bars of 15m; START_MS is a midnight


def by_name(name):
    return next(analyzer for analyzer in catalogue() if analyzer.name == name)


def say_new_highs(memory, bars, rules, readings, notes):
    """A close above all before it; it began at the bar before."""
    own = memory[0]
    for t in range(bars.shape[1]):
        n = int(own["chart"]["n"])
        readings[t] = np.zeros((), readings.dtype)
        if n == 0 or bars[CLOSE, t] > own["first"]:
            own["first"] = bars[CLOSE, t]
            readings[t]["side"][TURN_OF_STANCE], readings[t]["strength"][TURN_OF_STANCE] = 1, 0.5
            readings[t]["anchor"][TURN_OF_STANCE] = max(n - 1, 0)
        own["chart"]["n"] = n + 1
    return 0


HIGHS = EngineReader("highs", replace(MOMENTUM, fold=say_new_highs))
NEW_HIGH = tell_event(
    Output(HIGHS, TURN_OF_STANCE), __name__, "new_high", "New.", MomentumConfig().model_dump()
)


def new_highs(bars, **values):
    return NEW_HIGH.marks(bars, COOLDOWN, values)


def test_every_event_of_every_engine_is_in_the_catalogue():
    told = {f: [a for a in analyzers(f) if a.output] for f in families()}
    assert {f: len(of_family) for f, of_family in told.items() if of_family} == ENGINES
    assert all(len(of_family) in (0, len(analyzers(f))) for f, of_family in told.items())
    assert sum(a.output is None for a in catalogue()) == 57


def test_an_event_stands_at_the_base_bar_at_whose_close_its_own_bar_closed():
    found = new_highs(bars_of(RISING))
    assert np.flatnonzero(found.fired).tolist() == list(range(3, 400, 4))
    assert (found.side[found.fired] == 1).all()
    four = new_highs(bars_of(RISING), timeframe="4h")
    assert np.flatnonzero(four.fired).tolist() == list(range(15, 400, 16))


def test_bars_that_are_longer_already_are_read_as_they_are():
    found = new_highs(bars_of(RISING, timeframe="2h"), timeframe="1h")
    assert found.fired.all()


def test_the_anchor_is_the_base_bar_at_which_the_anchor_bar_closed():
    found = new_highs(bars_of(RISING))
    at = np.flatnonzero(found.fired)
    assert found.anchor[at[:3]].tolist() == [3, 3, 7]  # it began a bar before
    assert (found.anchor[at[1:]] == at[:-1]).all()


def test_a_bar_of_a_stretch_that_began_before_the_market_is_no_bar():
    found = new_highs(bars_of(RISING).part(1, 400))
    assert np.flatnonzero(found.fired).tolist()[0] == 6  # the second hour's last


def test_an_engine_does_not_see_gaps_and_nothing_stands_in_one():
    closes = RISING.copy()
    closes[[4, 5, 6, 7]] = np.nan  # no bar of the second hour
    closes[11] = np.nan  # the third hour is known in a gap
    found = new_highs(bars_of(closes))
    assert np.flatnonzero(found.fired).tolist()[:3] == [3, 15, 19]
    assert found.anchor[15] == 11


def test_each_event_is_a_fact_of_its_own_without_a_cooldown():
    found = MOMENTUM_TURN.marks(simulated(), "2w")
    assert np.array_equal(found.fired, MOMENTUM_TURN.marks(simulated(), "1h").fired)
    assert found.fired.sum() > 100


def test_momentum_s_events_are_the_engine_s_own_readings():
    bars, per = simulated(), 4
    whole = chart(bars)[:, : len(bars) // per * per].reshape(5, -1, per)
    hourly = np.array(
        [whole[0, :, 0], whole[1].max(1), whole[2].min(1), whole[3, :, -1], whole[4].sum(1)]
    )
    said = MOMENTUM.run(MOMENTUM.start(), hourly, MomentumConfig()).readings
    found = MOMENTUM_TURN.marks(bars, COOLDOWN)
    assert np.array_equal(found.side[per - 1 :: per], said["side"][:, 0])
    assert np.array_equal(found.strength[per - 1 :: per], said["strength"][:, 0].astype(np.float32))


def test_the_daily_events_are_those_of_the_other_family_on_bars_of_a_day():
    bars = simulated(3000, "1d")
    for analyzer in analyzers("wyckoff_daily"):
        other = by_name(analyzer.name.removesuffix("_daily"))
        assert np.array_equal(analyzer.marks(bars, "1d").side, other.marks(bars, "1d").side)
        assert obstacle(other, bars) == "not runnable: needs bars of 4h or shorter"
        assert obstacle(analyzer, bars) is None


def test_the_parameters_are_the_engine_s_and_tune_it():
    assert MOMENTUM_TURN.parameters == MomentumConfig().model_dump()
    tuned = {"momentum_turn": {"adx_least": 35.0, "timeframe": "4h"}}
    config = EventsConfig(parameters=tuned)
    usual, strict = (
        find_events(simulated(), "ABCUSDT-15m", "momentum", c) for c in (EventsConfig(), config)
    )
    assert 0 < strict.height < usual.height
    keys = {parameters_key(MOMENTUM_TURN, c) for c in (EventsConfig(), config)}
    assert len(keys) == 2
    assert set(strict["parameters_key"]) | set(usual["parameters_key"]) == keys
    listed = list_events(config.only("momentum"), "15m")
    assert listed[0]["parameters"] == MomentumConfig(adx_least=35.0, timeframe="4h").model_dump()


@pytest.mark.parametrize(
    ("event", "values", "says"),
    [
        ("momentum_turn", {"adx_least": 300.0}, "momentum_turn.adx_least=300.0: .*less than"),
        ("momentum_turn", {"rsi_bars": 100_000}, "momentum_turn.rsi_bars"),
        ("momentum_turn", {"timeframe": "7m"}, "no timeframe"),
        ("momentum_turn", {"adx": 1.0}, "'adx_"),
        ("fusion_entry", {"enter": 0.05}, "leave=0.1 above enter=0.05"),
        ("momentum_entry", {"momentum": 2.0}, "no parameter of momentum_entry"),
    ],
)
def test_a_parameter_that_the_engine_refuses_is_refused_before_anything_runs(event, values, says):
    with pytest.raises(ValidationError, match=says):
        EventsConfig(parameters={event: values})


def test_a_timeframe_that_is_not_made_of_base_bars_is_refused():
    with pytest.raises(ConfigError, match="bars of 6h for momentum, of base bars of 4h"):
        MOMENTUM_TURN.marks(simulated(100, "4h"), COOLDOWN, {"timeframe": "6h"})


def test_it_depends_on_the_whole_history_and_so_do_its_sequences():
    assert MOMENTUM_TURN.lookback("15m", COOLDOWN) is None
    both = read_sequence("momentum_turn then vol_spike within 8h")
    assert both.lookback("15m", COOLDOWN) is None
    assert not both.mirrored  # one turns on the axis of prices, the other on that of logs
    assert read_sequence("momentum_turn then wyckoff_sign within 8h").mirrored
    bars = simulated()
    assert both.marks(bars, COOLDOWN).fired.any()
    assert first_foresight(both, bars, n_places=2) is None
    assert first_memory(both, bars, COOLDOWN) is None
    listed = {row["event"]: row for row in list_events(EventsConfig(), "15m")}
    assert listed["momentum_turn"]["lookback_bars"] is None
    assert listed["momentum_turn"]["engine"] == "momentum"
    assert listed["vol_spike"]["lookback_bars"] == vol_spike.lookback("15m", COOLDOWN)


def test_the_catalogue_tells_them_from_the_others(capsys):
    show_events(EventsConfig(), "15m")
    told = capsys.readouterr().out
    assert f"57 events and {sum(ENGINES.values())} of structure engines" in told
    assert "whole history" in told
    show_events(EventsConfig(families=("momentum",)), "15m")
    assert capsys.readouterr().out.startswith("1 of structure engines")


def test_prices_only_are_enough_for_momentum_and_no_other():
    silent = replace(simulated(2000), volume=np.full(2000, np.nan))
    reasons = {a.name: obstacle(a, silent) for f in ENGINES for a in analyzers(f)}
    assert reasons.pop("momentum_turn") is None
    assert set(reasons.values()) == {"not runnable: needs volume"}


class Counted(EngineReader):
    """An engine's reader that counts how often it is asked."""

    n = 0

    def read(self, memory, bars, config):
        Counted.n += 1
        return super().read(memory, bars, config)


def test_one_run_serves_all_events_with_the_same_parameters():
    reader, bars = Counted("counted", MOMENTUM), simulated(1000)
    told = [
        tell_event(Output(reader, 0), __name__, name, "Counts.", MomentumConfig().model_dump())
        for name in ("one", "other")
    ]
    Counted.n = 0
    for analyzer in told:
        analyzer.marks(bars, COOLDOWN)
    assert Counted.n == 1
    told[0].marks(bars, COOLDOWN, {"adx_least": 30.0})
    assert Counted.n == 2


def decided(bars, config):
    nothing = np.full(len(bars), np.nan)
    desk = Desk(bars.timeframe, config)
    return desk.run(desk.start(), Slots(bars.time, chart(bars), bars.is_gap, nothing)).fused


@pytest.mark.parametrize(
    ("event", "engine"),
    [
        ("fusion_entry", "fusion"),
        ("wyckoff_entry", "wyckoff"),
        ("smart_money_entry", "smc"),
        ("order_block_entry", "hob"),
        ("momentum_entry", "momentum"),
    ],
)
def test_an_entry_stands_where_the_desk_enters_or_turns(event, engine):
    bars = simulated()
    fused = decided(bars, EnginesConfig().alone(engine))
    enters = np.isin(fused["decision"], (ENTER, TURN))
    found = by_name(event).marks(bars, COOLDOWN)
    assert found.fired.any()
    assert np.array_equal(found.side, np.where(enters, fused["side"], 0))
    assert np.array_equal(
        found.strength, np.where(enters, np.abs(fused["score"]), 0.0).astype("f4")
    )
    assert np.array_equal(found.anchor, np.arange(len(bars)))


def test_the_fusion_s_own_parameters_tune_it():
    bars, fusion_entry = simulated(), by_name("fusion_entry")
    config = EnginesConfig()
    lower = config.model_copy(update={"fusion": config.fusion.model_copy(update={"enter": 0.25})})
    found = fusion_entry.marks(bars, COOLDOWN, {"enter": 0.25})
    enters = np.isin(decided(bars, lower)["decision"], (ENTER, TURN))
    assert np.array_equal(found.fired, enters)
    assert found.fired.sum() > fusion_entry.marks(bars, COOLDOWN).fired.sum()


def test_what_a_reader_says_of_part_of_the_bars_is_part_of_what_it_says():
    reader, bars = EngineReader("smc", by_name("smart_money_gap").output.reader.engine), simulated()
    config = reader.config({})
    whole = tell(reader, bars, config)
    halves = whole.part(0, 5000).then(whole.part(5000, len(bars)), 5000)
    for one, other in zip(whole, halves, strict=True):
        assert one.tobytes() == other.tobytes()
    assert whole.notes.size > 100


def test_on_a_grid_the_chart_turned_over_is_exact_and_above_zero():
    bars = simulated(2000).on_grid()
    over = bars.turned_over()
    assert np.unique(bars.close + over.close).size == 1
    assert np.array_equal(bars.high + over.low, bars.low + over.high)
    assert np.array_equal(np.diff(over.close), -np.diff(bars.close))
    assert np.array_equal(over.high - over.low, bars.high - bars.low)
    assert (over.low > 0.0).all()
    np.testing.assert_allclose(bars.close, simulated(2000).close, rtol=1e-7)
