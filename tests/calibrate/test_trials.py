import numpy as np
import polars as pl
import pytest

from lake.schema import CALIBRATION
from tasks.calibrate import pipeline
from tasks.calibrate.pipeline import observe
from tasks.calibrate.trials import try_placebo, try_world
from tasks.calibrate.world import PLACEBOS, World
from tasks.calibrate.worlds import simulate_world
from tests.calibrate.small import PROCEDURE


@pytest.fixture(scope="module")
def planted():
    return try_world(World(kind="planted", effect_bps=120.0, number=4, seed=11), PROCEDURE)


def test_a_market_is_told_with_its_name_and_the_truth_of_every_hypothesis(planted):
    assert CALIBRATION.conform(planted).equals(planted)
    assert planted.select("world", "planted_bps", "number", "seed").unique().rows() == [
        ("planted", 120.0, 4, 11)
    ]
    truth = planted.select("truth_scaled_bps", "truth_effect_bps", "truth_weighted_bps")
    assert truth.select(pl.all().is_finite().all()).row(0) == (True, True, True)


def test_a_large_effect_is_found_confirmed_and_its_truth_known_in_both_eras(planted):
    found = planted.filter(pl.col("verdict") == "finding")
    assert "vol_spike" in found["event"].to_list()
    for name in ("confirmed_bps", "truth_confirmed_bps", "net_bps"):
        assert found[name].is_finite().all()
        assert planted.filter(pl.col("verdict") != "finding")[name].is_nan().all()
    assert planted["promoted"].null_count() == 0


def test_a_null_market_has_no_true_effect():
    rows = try_world(World(number=1, seed=11), PROCEDURE)
    assert (rows["truth_scaled_bps"] == 0.0).all()
    assert rows["world"].unique().to_list() == ["null"]
    known = rows.filter(pl.col("verdict") == "finding")["truth_confirmed_bps"]
    assert (known == 0.0).all()


def test_the_same_world_gives_the_same_bytes():
    world = World(number=1, seed=11)
    assert try_world(world, PROCEDURE).equals(try_world(world, PROCEDURE), null_equal=True)


@pytest.mark.parametrize("kind", PLACEBOS)
def test_a_placebo_takes_a_planted_effect_away(kind):
    # 120 bps after each spike are found where outcomes are real, see above.
    simulation = simulate_world(PROCEDURE, World(kind="planted", effect_bps=120.0, seed=11))
    known = observe(simulation.bars, simulation.context, PROCEDURE)
    rows = try_placebo(World(kind=kind, seed=1), known, PROCEDURE)
    own = rows.filter(pl.col("event") == "vol_spike")
    assert own.height > 0
    assert not (own["verdict"] == "finding").any()
    assert rows["promoted"].null_count() == rows.height
    assert (rows["truth_scaled_bps"] == 0.0).all()


@pytest.mark.parametrize("kind", PLACEBOS)
def test_a_placebo_never_opens_the_later_eras(kind):
    simulation = simulate_world(PROCEDURE, World(seed=11))
    known = observe(simulation.bars, simulation.context, PROCEDURE)
    end = known.eras["end"][0]
    later = pl.col("time") >= end
    poisoned = pipeline.Known(
        features={
            m: f.with_columns(sigma=pl.when(later).then(9.9).otherwise("sigma"))
            for m, f in known.features.items()
        },
        events=known.events,
        outcomes={
            m: {
                h: o.with_columns(
                    forward_return=pl.when(later).then(9.9).otherwise("forward_return")
                )
                for h, o in parts.items()
            }
            for m, parts in known.outcomes.items()
        },
        eras=known.eras,
    )
    world = World(kind=kind, seed=1)
    once, again = (try_placebo(world, k, PROCEDURE) for k in (known, poisoned))
    assert once.equals(again, null_equal=True)
    assert np.isfinite(once["p"].to_numpy()).any()
