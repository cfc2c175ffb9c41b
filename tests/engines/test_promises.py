"""What every engine promises: it is a fold, it never rewrites, and it knows no up and no unit."""

import numpy as np
import pytest
from numpy.lib.recfunctions import repack_fields

from lake.errors import SchemaError
from tasks.engines.catalogue import ENGINES
from tasks.engines.engine import load_memory, save_memory
from tests.engines.charts import market, real, times_four, turned_over
from tests.engines.schematics import schematics
from tests.real import needs_real_data

BARS = np.concatenate([market(3000, seed=5), schematics()], axis=1)
TURNED = ("side", "stance")


@pytest.fixture(params=ENGINES, ids=lambda engine: engine.name)
def engine(request):
    return request.param


def heard(engine, bars, memory=None, **changed):
    memory = engine.start() if memory is None else memory
    return engine.run(memory, bars, engine.config(**changed))


def same(one, other):
    return one.tobytes() == other.tobytes()


def test_something_is_said(engine):
    readings = heard(engine, BARS).readings
    assert readings["is_warm"].any()
    for number, name in enumerate(engine.events):
        assert (readings["side"][:, number] != 0).any(), name
    assert {-1, 0, 1} == set(readings["stance"].tolist())
    assert (readings["conviction"] <= 1.0).all()
    assert (readings["conviction"] >= 0.0).all()


def test_bar_by_bar_is_the_same_as_all_at_once(engine):
    memory = engine.start()
    whole = heard(engine, BARS[:, :800], memory)
    stepped = engine.start()
    parts = [heard(engine, BARS[:, t : t + 1], stepped) for t in range(800)]
    assert same(whole.readings, np.concatenate([part.readings for part in parts]))
    assert same(whole.notes, np.concatenate([part.notes for part in parts]))
    assert same(memory, stepped)


def test_saved_and_read_back_at_ten_random_bars_it_ends_the_same(engine):
    whole_memory = engine.start()
    whole = heard(engine, BARS, whole_memory)
    cuts = np.sort(np.random.default_rng(3).choice(BARS.shape[1], 10, replace=False))
    memory, readings, notes = engine.start(), [], []
    for part in np.split(BARS, cuts, axis=1):
        memory = load_memory(engine.name, engine.memory, save_memory(engine.name, memory))
        said = heard(engine, part, memory)
        readings.append(said.readings)
        notes.append(said.notes)
    assert same(whole.readings, np.concatenate(readings))
    assert same(whole.notes, np.concatenate(notes))
    assert same(whole_memory, memory)


def test_a_damaged_memory_is_refused(engine):
    saved = bytearray(save_memory(engine.name, engine.start()))
    saved[-1] ^= 1
    for wrong in (bytes(saved), b"", b"{}\n", save_memory("another", engine.start())):
        with pytest.raises(SchemaError):
            load_memory(engine.name, engine.memory, wrong)


@pytest.mark.parametrize("cut", [1, 37, 300, 1111, 2500])
def test_no_reading_is_rewritten_by_another_future(engine, cut):
    whole = heard(engine, BARS)
    futures = (BARS[:, :cut], np.concatenate([BARS[:, :cut], turned_over(BARS)[:, cut:]], axis=1))
    for bars in futures:
        other = heard(engine, bars)
        assert same(whole.readings[:cut], other.readings[:cut])
        assert same(whole.notes[whole.notes["bar"] < cut], other.notes[other.notes["bar"] < cut])


@pytest.mark.parametrize("seed", range(3))
def test_upside_down_sides_turn_round(engine, seed):
    bars = market(2000, seed)
    here, there = heard(engine, bars).readings, heard(engine, turned_over(bars)).readings
    for name in TURNED:
        assert np.array_equal(here[name], -there[name])
    for name in ("strength", "anchor", "conviction", "is_warm"):
        assert np.array_equal(here[name], there[name]), name


def test_the_unit_of_account_does_not_matter(engine):
    here, there = heard(engine, BARS).readings, heard(engine, times_four(BARS)).readings
    for name in ("side", "strength", "anchor", "stance", "conviction", "is_warm"):
        assert np.array_equal(here[name], there[name]), name


def parameters():
    return [
        (engine, name)
        for engine in ENGINES
        for name in engine.config.model_fields
        if name != "timeframe"
    ]


@pytest.mark.parametrize(("engine", "name"), parameters(), ids=lambda x: getattr(x, "name", x))
def test_every_parameter_changes_what_is_said(engine, name):
    default = engine.config.model_fields[name].default
    first, found = told(heard(engine, BARS)), set()
    for factor in (0.5, 0.8, 1.5, 2.0):
        other = type(default)(default * factor) if default else default + 0.3 * factor
        try:
            found.add(told(heard(engine, BARS, **{name: other})))
        except ValueError:
            continue
    assert found - {first}


def told(said):
    """What others act upon: sides and stances, without the facts between them."""
    return repack_fields(said.readings[["side", "stance", "conviction"]]).tobytes()


@needs_real_data
@pytest.mark.parametrize("timeframe", ["15m", "1h", "4h"])
def test_no_reading_of_real_bars_is_rewritten(engine, timeframe):
    bars = real("ETHUSDT", timeframe, 20_000)
    whole = heard(engine, bars)
    for cut in np.random.default_rng(1).choice(bars.shape[1], 6):
        assert same(whole.readings[:cut], heard(engine, bars[:, :cut]).readings)
