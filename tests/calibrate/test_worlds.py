import itertools

import numpy as np
import pytest

from tasks.calibrate.config import CalibrateConfig, check_askable, list_placebos, list_worlds
from tasks.calibrate.world import World
from tasks.calibrate.worlds import simulate_markets, simulate_world
from tasks.ingest import demo, demo_beside
from tests.calibrate.small import PROCEDURE

WORLD = World(kind="planted", effect_bps=50.0, seed=5)


@pytest.fixture(scope="module")
def planted():
    return simulate_world(PROCEDURE, WORLD)


@pytest.fixture(scope="module")
def null():
    return simulate_world(PROCEDURE, World(seed=5))


def test_every_effect_has_as_many_markets_of_the_same_seeds():
    worlds = list_worlds(CalibrateConfig(markets=3, effect=(0, 5)))
    assert [w.part for w in worlds] == [
        *("null-0-0000", "null-0-0001", "null-0-0002"),
        *("planted-5-0000", "planted-5-0001", "planted-5-0002"),
    ]
    seeds = [w.seed for w in worlds]
    assert seeds[:3] == seeds[3:]
    assert len(set(seeds)) == 3


def test_more_markets_leave_those_that_were_there_as_they_are():
    few, many = (list_worlds(CalibrateConfig(markets=n, effect=(0,))) for n in (2, 9))
    assert many[:2] == few


def test_placebos_come_in_four_kinds():
    kinds = [world.kind for world in list_placebos(CalibrateConfig(placebos=2))]
    assert kinds == [k for k in ("shifted", "bootstrapped", "flipped", "permuted") for _ in "12"]


def test_a_null_market_has_no_drift(null):
    assert all((drawn.drift == 0.0).all() for drawn in null.drawn.values())


def test_a_planted_market_is_the_null_one_until_its_first_spike(null, planted):
    for market, drawn in planted.drawn.items():
        first = np.flatnonzero(drawn.drift)[0]
        spike = np.flatnonzero(drawn.sides[0])[0]
        assert first == spike + 1
        np.testing.assert_array_equal(drawn.prices[:, :first], null.drawn[market].prices[:, :first])


def test_the_drift_after_a_spike_adds_up_to_the_effect(planted):
    drawn = planted.drawn["DEMOA-15m"]
    at = np.flatnonzero(drawn.sides[0])
    alone = next(a for a, b in itertools.pairwise(at) if b - a > 20)
    drifted = drawn.sides[0, alone] * drawn.drift[alone + 1 : alone + 5]
    assert drifted == pytest.approx(np.full(4, 50e-4 / 4), rel=1e-9)
    assert drawn.drift[alone + 5] == 0.0


def test_what_is_simulated_once_is_what_the_source_reads_piece_by_piece():
    ingest = PROCEDURE.ingest
    snapshots = demo.survey(ingest)
    drawn = simulate_markets(ingest, PROCEDURE).drawn
    for snapshot in snapshots:
        market = drawn[snapshot.market]
        assert demo.draw_bars(ingest.demo, snapshot, market).equals(
            demo.load(None, snapshot, (), None)
        )
    for snapshot in demo_beside.survey_beside(ingest, snapshots):
        market = drawn[f"{snapshot.bars_of or snapshot.symbol}-15m"]
        assert demo_beside.draw_beside(ingest.demo, snapshot, market).equals(
            demo_beside.load_beside(None, snapshot, (), None)
        )


def test_a_leader_that_is_none_of_the_markets_is_simulated_beside_them():
    ingest = PROCEDURE.ingest.model_copy(update={"symbols": ("DEMOB",)})
    alone = simulate_markets(ingest, PROCEDURE)
    both = simulate_markets(PROCEDURE.ingest, PROCEDURE)
    assert list(alone.bars) == ["DEMOB-15m"]
    assert alone.context["DEMOB-15m"].equals(both.context["DEMOB-15m"])


def test_what_is_not_looked_for_cannot_be_planted():
    from lake.errors import ConfigError
    from tasks.events.config import EventsConfig

    blind = PROCEDURE.model_copy(update={"events": EventsConfig(families=("temporal",))})
    with pytest.raises(ConfigError, match="vol_spike"):
        check_askable(CalibrateConfig(effect=(0, 5)), blind)
    with pytest.raises(ConfigError, match="planted over 2h"):
        check_askable(CalibrateConfig(effect=(5,), horizon="2h"), PROCEDURE)
    check_askable(CalibrateConfig(effect=(0,), horizon="2h"), blind)


@pytest.mark.parametrize("effect", ["-1", "nan", "inf", "2000", "5,5", "", "many"])
def test_effects_that_make_no_sense_are_refused(effect):
    with pytest.raises(ValueError, match="effect"):
        CalibrateConfig(effect=effect)
