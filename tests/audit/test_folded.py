"""The sweep of what remembers: honest engines pass it, and every output that cheats is caught."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from lake.schema import AUDIT
from tasks.audit.config import AuditConfig
from tasks.audit.folded import audit_folded, subjects_of
from tasks.engines.momentum import MOMENTUM, MomentumConfig
from tasks.events.config import EventsConfig
from tasks.events.proving import proving_ground
from tasks.events.readers import Output
from tasks.events.registry import analyzers, families
from tasks.events.structure import EngineReader, tell_event
from tasks.kernels.chart import CLOSE
from tasks.kernels.reading import NOTE
from tests.audit import cheats
from tests.events.real_bars import real_bars
from tests.real import needs_real_data

CONFIG = AuditConfig(n_cuts=16)
TOLD = [family for family in families() if any(a.output for a in analyzers(family))]


def audited(told, bars=None, config=CONFIG, events=None):
    bars = proving_ground(3000) if bars is None else bars
    subjects = subjects_of(told, events or EventsConfig())
    return pl.concat([audit_folded(s, bars, "ABCUSDT-15m", config) for s in subjects])


def rewritten(table):
    return {(r["kind"], r["name"]): r["how"] for r in table.to_dicts() if r["n_rewritten"]}


def told_by(fold, **options):
    """The event of an engine that is fed by `fold`, a plain function."""
    reader = EngineReader("planted", replace(MOMENTUM, fold=fold, **options))
    return tell_event(
        Output(reader, 0), __name__, "planted_turn", "A plant.", MomentumConfig().model_dump()
    )


@pytest.mark.parametrize("family", TOLD)
def test_no_output_of_an_honest_engine_is_accused(family):
    told = analyzers(family)
    table = audited(told, proving_ground(6000, "1h" if family == "wyckoff_daily" else "15m"))
    assert table.schema == AUDIT.columns
    reader = told[0].output.reader
    zones = [f"{reader.name}.zones"] if reader.has_zones else []
    outputs = {reader.name, *zones, *(f"{reader.name}.{event}" for event in reader.events)}
    assert set(table.filter(pl.col("kind") == "engine")["name"]) == outputs
    assert set(table.filter(pl.col("kind") == "event")["name"]) == {a.name for a in told}
    assert (table["n_cuts"] >= 16).all()
    assert (table["n_readings"] > 5000).all()
    assert rewritten(table) == {}


def test_an_engine_that_knows_a_bar_before_it_has_closed_is_caught_in_all_that_it_says():
    assert rewritten(audited([cheats.joined_at_its_open])) == {
        ("engine", "joined_at_its_open"): "cut",
        ("engine", "joined_at_its_open.turn"): "cut",
        ("event", "early_turn"): "cut",
    }


def test_a_memory_that_is_not_whole_is_told_from_foresight():
    found = rewritten(audited([cheats.memory_with_a_hole]))
    assert found["event", "new_high"] == "restarted"
    assert found["engine", "memory_with_a_hole.turn"] == "restarted"


def test_few_cuts_are_enough():
    assert rewritten(audited([cheats.joined_at_its_open], config=AuditConfig(n_cuts=2)))
    assert rewritten(audited([cheats.memory_with_a_hole], config=AuditConfig(n_cuts=2)))


def peeking(field):
    """Momentum that writes the next close into one field of its readings."""

    def fold(memory, bars, rules, readings, notes):
        MOMENTUM.fold(memory, bars, rules, readings, notes)
        ahead = np.append(np.diff(bars[CLOSE]), 0.0)
        place = readings[field] if readings[field].ndim == 1 else readings[field][:, 0]
        place[:] = np.sign(ahead) if field in ("side", "stance") else ahead
        return 0

    return fold


@pytest.mark.parametrize(
    ("field", "names"),
    [
        ("facts", {("engine", "planted")}),
        ("conviction", {("engine", "planted")}),
        ("stance", {("engine", "planted")}),
        ("side", {("engine", "planted.turn"), ("event", "planted_turn")}),
    ],
)
def test_whatever_output_peeks_is_named(field, names):
    assert set(rewritten(audited([told_by(peeking(field))]))) == names


def note_the_next(memory, bars, rules, readings, notes):
    """A zone at each tenth bar, whose edge is the next bar's close."""
    first = int(memory[0]["chart"]["n"])
    MOMENTUM.fold(memory, bars, rules, readings, notes)
    at = [t for t in range(bars.shape[1]) if (first + t) % 10 == 9]
    notes[: len(at)] = np.zeros((), NOTE)
    for note, t in zip(notes, at, strict=False):
        note["bar"], note["top"] = first + t, bars[CLOSE, min(t + 1, bars.shape[1] - 1)]
    return len(at)


def test_a_zone_that_peeks_is_caught():
    told = told_by(note_the_next, notes_per_bar=1)
    assert rewritten(audited([told], config=AuditConfig(n_cuts=64))) == {
        ("engine", "planted.zones"): "cut"
    }


def test_an_event_is_audited_with_its_parameters_and_the_engine_with_its_own():
    tuned = EventsConfig(parameters={"wyckoff_climax": {"climax_vz": 1.5}})
    told, bars = analyzers("wyckoff"), proving_ground(4000)
    by_config = {s.is_whole: [a.name for a in s.analyzers] for s in subjects_of(told, tuned)}
    assert by_config[False] == ["wyckoff_climax"]
    assert len(by_config[True]) == len(told) - 1
    assert audited(told, bars, events=tuned).height == audited(told, bars).height


def test_it_is_the_same_each_time():
    one, other = (audited(analyzers("smart_money")) for _ in range(2))
    assert one.equals(other)


def test_a_market_of_few_bars_and_one_of_gaps_is_audited_without_a_crash():
    for family in TOLD:
        for n in (0, 1, 2, 97):
            assert not rewritten(audited(analyzers(family), proving_ground(100).part(0, n)))
    holed = proving_ground(4000)
    gap = np.random.default_rng(0).random(4000) < 0.3
    gap[1000:1200] = True
    holes = {n: np.where(gap, np.nan, getattr(holed, n)) for n in ("open", "high", "low", "close")}
    holed = replace(holed, is_gap=gap, volume=np.where(gap, np.nan, holed.volume), **holes)
    for family in TOLD:
        assert not rewritten(audited(analyzers(family), holed))


@needs_real_data
@pytest.mark.parametrize("timeframe", ["15m", "1h", "4h"])
def test_on_real_bars_no_output_of_any_engine_is_rewritten(timeframe):
    bars = real_bars("ETHUSDT", timeframe)
    for family in TOLD:
        table = audited(analyzers(family), bars, AuditConfig(n_cuts=4))
        assert rewritten(table) == {}, family
