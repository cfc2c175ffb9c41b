import numpy as np
import polars as pl
import pytest

from lake.errors import InputError
from lake.schema import EFFECTS
from tasks.discovery.config import DiscoveryConfig
from tasks.discovery.effects import SUMS, estimate, lay_out, rank_scores
from tests.discovery import market, naive

NAME = "BTCUSDT-15m"
CONFIG = DiscoveryConfig()
N = 96 * 30
HELD = {"1h": 4, "1d": 96}


def inputs(seed=0, n=N):
    """Bars with gaps, and features that know no volatility here and there."""
    frame = market.bars(n, seed, gaps=0.01)
    rng = np.random.default_rng(seed)
    rows = {"crash": rng.choice(n, 200, replace=False), "surge": rng.choice(n, 50, replace=False)}
    sigma = market.features(frame, seed)["sigma"].to_numpy().copy()
    sigma[rng.choice(n, 60)], sigma[rng.choice(n, 60)] = 0.0, np.inf
    features = market.features(frame, seed).with_columns(sigma=sigma)
    return frame, features, market.events(frame, rows, seed=seed)


def sums_of(effects, horizon):
    """By event and condition: a dict of sums by block, and the totals."""
    found = {}
    for row in effects.filter(horizon=horizon).iter_rows(named=True):
        blocks = zip(row["cluster"], *(row[name] for name in SUMS), strict=True)
        by_block = {block: sums for block, *sums in blocks}
        found[row["event"], row["condition"]] = by_block, row["inverse"], row["square"]
    return found


@pytest.mark.parametrize("seed", range(2))
def test_effects_are_the_sums_of_the_definition(seed):
    frame, features, events = inputs(seed)
    effects = estimate(NAME, events, features, market.outcomes(frame), CONFIG)
    assert EFFECTS.conform(effects).equals(effects)
    for horizon, held in HELD.items():
        wanted = naive.observations(frame, features, events, held, 900_000)
        found = sums_of(effects, horizon)
        assert found.keys() == wanted.keys()
        for cell, seen in wanted.items():
            by_block, inverse, square = found[cell]
            assert {g for g, sums in by_block.items() if sums[0]} == {o.block for o in seen}
            for block, sums in by_block.items():
                own = [o for o in seen if o.block == block]
                assert sums == pytest.approx(
                    [
                        len(own),
                        sum(o.d for o in own),
                        sum(o.d * o.y for o in own),
                        sum(o.d * o.y / o.s for o in own),
                        sum(o.w for o in own),
                        sum(o.w * o.d for o in own),
                        sum(o.w * o.d * o.y for o in own),
                        sum(o.d * o.r for o in own),
                    ],
                    rel=1e-9,
                    abs=1e-12,
                )
            assert inverse == pytest.approx(sum(1 / o.s for o in seen), rel=1e-9)
            assert square == pytest.approx(sum(o.y**2 for o in seen), rel=1e-9)


def test_effects_are_sorted_as_their_table_says():
    frame, features, events = inputs()
    effects = estimate(NAME, events, features, market.outcomes(frame), CONFIG)
    assert effects.equals(effects.sort(*EFFECTS.order))
    assert effects.select("event", "horizon", "condition").is_unique().all()


def test_the_order_of_events_and_outcomes_does_not_matter():
    frame, features, events = inputs()
    outcomes = market.outcomes(frame)
    wanted = estimate(NAME, events, features, outcomes, CONFIG)
    turned = dict(reversed(outcomes.items()))
    shuffled = events.sample(fraction=1, shuffle=True, seed=1)
    assert estimate(NAME, shuffled, features, turned, CONFIG).equals(wanted)


def test_each_horizon_is_as_if_it_were_alone():
    frame, features, events = inputs()
    both = estimate(NAME, events, features, market.outcomes(frame, ("1h", "4h")), CONFIG)
    for horizon in ("1h", "4h"):
        alone = estimate(NAME, events, features, market.outcomes(frame, (horizon,)), CONFIG)
        wanted, found = sums_of(alone, horizon), sums_of(both, horizon)
        assert found.keys() == wanted.keys()
        for cell, (by_block, *totals) in wanted.items():
            held = {g: sums for g, sums in found[cell][0].items() if sums[0]}
            assert (held, *found[cell][1:]) == (by_block, *totals)


def test_without_events_there_is_the_baseline_and_it_is_the_same():
    frame, features, events = inputs()
    outcomes = market.outcomes(frame)
    alone = estimate(NAME, events.clear(), features, outcomes, CONFIG)
    assert set(alone["event"]) == {""}
    assert set(alone["family"]) == {""}
    with_events = estimate(NAME, events, features, outcomes, CONFIG)
    assert with_events.filter(event="").equals(alone)


def test_every_bar_is_summed_even_where_only_regimes_are_asked():
    frame, features, events = inputs()
    config = DiscoveryConfig(conditions=("session",))
    effects = estimate(NAME, events, features, market.outcomes(frame), config)
    assert set(effects["condition"]) == {"all", "session=0"}


def test_a_bar_whose_outcome_is_not_given_is_in_no_sum():
    frame, features, events = inputs()
    split = 96 * 20
    whole, purged = market.outcomes(frame, ("1h",)), {}
    purged["1h"] = whole["1h"].filter(pl.col("exit_time") < frame["time"][split])
    for outcomes, last in ((whole, N), (purged, split)):
        effects = estimate(NAME, events, features, outcomes, CONFIG)
        known = (
            outcomes["1h"]
            .join(features, on="time")
            .filter(pl.col("forward_return").is_finite())
            .filter(pl.col("sigma").is_finite() & (pl.col("sigma") > 0))
        )
        everything = effects.filter(event="", condition="all")
        assert everything["n"].list.sum().item() == known.height
        assert known["time"].max() < frame["time"][last - 4]


def test_weights_are_cut_at_five_times_their_median():
    frame, features, _ = inputs()
    sigma = np.full(N, 0.01)
    sigma[: N // 4] = 0.001
    era = lay_out(features.with_columns(sigma=sigma), market.outcomes(frame), CONFIG)
    assert era.weights[: N // 4] == pytest.approx(5e4)
    assert era.weights[N // 4 :] == pytest.approx(1e4)


def test_rank_scores_are_ranks_from_minus_one_to_one_without_what_is_unknown():
    from scipy.stats import rankdata

    values = np.random.default_rng(0).integers(0, 20, 60).astype(float)
    values[[3, 30]] = np.nan, np.inf
    scores = rank_scores(values)
    known = np.isfinite(values)
    np.testing.assert_allclose(scores[known], 2 * rankdata(values[known]) / 59 - 1)
    assert np.isnan(scores[~known]).all()
    assert rank_scores(np.full(3, np.nan)).size == 3


def test_events_and_outcomes_of_other_bars_are_refused():
    frame, features, events = inputs()
    outcomes = market.outcomes(frame)
    shifted = events.with_columns(pl.col("time") + pl.duration(minutes=1))
    with pytest.raises(InputError, match="grid"):
        estimate(NAME, shifted, features, outcomes, CONFIG)
    for part in (features[1:], features[:-96]):
        with pytest.raises(InputError, match="different bars"):
            estimate(NAME, events.clear(), part, outcomes, CONFIG)


def test_without_bars_or_horizons_there_are_no_effects():
    frame, features, events = inputs()
    outcomes = {h: o.clear() for h, o in market.outcomes(frame).items()}
    none = estimate(NAME, events.clear(), features.clear(), outcomes, CONFIG)
    assert none.equals(EFFECTS.empty())
    assert estimate(NAME, events, features, {}, CONFIG).equals(EFFECTS.empty())
