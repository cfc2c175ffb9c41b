"""Findings estimated anew before each fold, by the stage as the flow calls it."""

import math

import numpy as np
import polars as pl
import pytest
from scipy.stats import t

from lake.ref import Ref
from lake.schema import FINDINGS, REFITS
from lake.time import duration_ms
from tasks.discovery import task
from tasks.discovery.config import DiscoveryConfig
from tasks.discovery.confirmation import choose_findings
from tasks.discovery.effects import estimate
from tasks.discovery.entries import list_entries
from tasks.discovery.eras import DISCOVERY, cut, draw_eras, training_of
from tasks.discovery.findings import judge
from tasks.discovery.folds import draw_folds
from tasks.discovery.grid import draw_grid
from tasks.discovery.refits import refit
from tests.discovery import market, naive

CONFIG = DiscoveryConfig(
    conditions=("all", "vol_regime"), n_sign_flips=99, min_clusters=10, n_folds=3
)
NAMES = ("BTCUSDT-15m", "ETHUSDT-15m")
HORIZONS = {"1h": 4, "2h": 8}
STEP = duration_ms("15m")
N = 96 * 100
FAMILIES = {"volatility": ("crash", "fading"), "calendar": ("noise",)}
SAME = ["hypothesis", "n", "n_clusters", "scaled_bps", "scaled_se_bps"]


def planted(name, seed):
    """`crash` before a rise, `fading` before a rise until day 60 and a fall since, and `noise`."""
    rng = np.random.default_rng(seed)
    shocks = rng.normal(0, 1, N)
    rows = {"crash": np.arange(150, N - 20, 40), "fading": np.arange(170, N - 20, 40)}
    shocks[rows["crash"] + 2] += 1.5
    shocks[rows["fading"] + 2] += np.where(rows["fading"] < 96 * 60, 1.5, -4.0)
    frame = market.bars(N, seed, shared=shocks, gaps=0.002)
    rows["noise"] = np.arange(160, N - 20, 40)
    events = {
        family: market.events(
            frame,
            {event: rows[event] for event in named},
            name,
            family,
            sides_of={event: np.ones(len(rows[event])) for event in named},
        )
        for family, named in FAMILIES.items()
    }
    return frame, events, market.features(frame, seed), market.outcomes(frame, tuple(HORIZONS))


@pytest.fixture(scope="module")
def markets():
    return {name: planted(name, seed) for seed, name in enumerate(NAMES)}


@pytest.fixture(scope="module")
def eras(markets):
    return draw_eras([known[0] for known in markets.values()], ["15m"] * 2, HORIZONS, CONFIG)


@pytest.fixture(scope="module")
def folds(eras):
    return draw_folds(eras, CONFIG)


@pytest.fixture(scope="module")
def findings(markets, eras):
    """FINDINGS of the discovery era, without a scrutiny."""
    entries, effects = [], []
    for name, (_, events, features, outcomes) in markets.items():
        seen = [cut(table, eras, DISCOVERY) for table in (pl.concat(events.values()), features)]
        after = {h: cut(frame, eras, DISCOVERY) for h, frame in outcomes.items()}
        entries.append(list_entries(name, *seen, CONFIG))
        effects.append(estimate(name, *seen, after, CONFIG))
    return judge(effects, draw_grid(entries, list(HORIZONS)), CONFIG)


def ref(kind, name="all", part="-"):
    return Ref(kind=kind, market=name, part=part, key="k", content="c", n_rows=0, n_bytes=0)


class Lake:
    """Tables in memory, and which of them were opened."""

    def __init__(self, markets, findings, folds):
        self.tables = {ref("FINDINGS"): findings, ref("FOLDS"): folds}
        for name, (_, events, features, outcomes) in markets.items():
            self.tables[ref("FEATURES", name)] = features
            self.tables |= {ref("EVENTS", name, part): rows for part, rows in events.items()}
            self.tables |= {ref("OUTCOMES", name, part): rows for part, rows in outcomes.items()}
        self.opened = []

    def read(self, wanted):
        self.opened.append(wanted)
        return self.tables[wanted]

    def of(self, kind):
        return [one for one in self.tables if one.kind == kind]


def refit_all(lake, config=CONFIG):
    """What the stage makes of the lake's tables, as the flow would have it made."""
    return task.refit.cache_policy.recipe.function(
        lake,
        findings=ref("FINDINGS"),
        folds=ref("FOLDS"),
        events=lake.of("EVENTS"),
        features=lake.of("FEATURES"),
        outcomes=lake.of("OUTCOMES"),
        config=config,
    )


@pytest.fixture(scope="module")
def refits(markets, findings, folds):
    return refit_all(Lake(markets, findings, folds))


def test_every_finding_is_estimated_before_every_fold(findings, folds, refits):
    found = choose_findings(findings)
    assert {"crash", "fading"} <= set(found["event"])
    assert {"all", *NAMES} == set(found["market"])
    assert set(found["horizon"]) == set(HORIZONS)
    assert REFITS.conform(refits).equals(refits)
    wanted = found.select("hypothesis").join(folds.select("fold"), how="cross")
    assert refits.select("hypothesis", "fold").equals(wanted.sort("hypothesis", "fold"))


def test_before_the_first_fold_the_estimate_is_that_of_discovery_to_the_last_digit(
    findings, refits
):
    first = refits.filter(fold=1)
    assert first.select(SAME).equals(choose_findings(findings).select(SAME))
    assert first["selected"].all()


def seen_before(known, end, horizon):
    """The naive twin's observations of a market whose bars were cut by hand."""
    frame, events, features, _ = known
    n = int(frame["time"].search_sorted(end))
    marks = pl.concat(events.values()).filter(pl.col("time") < end)
    return naive.observations(frame[:n], features[:n], marks, HORIZONS[horizon], STEP)


def test_estimates_are_those_of_the_definition_on_bars_cut_at_the_end_of_training(
    markets, findings, folds, refits
):
    for fold, end in folds.select("fold", "train_end").rows():
        for horizon in HORIZONS:
            cells = {name: seen_before(known, end, horizon) for name, known in markets.items()}
            asked = choose_findings(findings).filter(horizon=horizon)
            for row in asked.iter_rows(named=True):
                place = row["event"], row["condition"]
                held = [cells[name] for name in NAMES if row["market"] in ("all", name)]
                theta, se, n_clusters = naive.effect(held, *place, "scaled")
                seen = [one for cell in held for one in cell.get(place, [])]
                unit = 1e4 * len(seen) / sum(1 / one.s for one in seen)
                direction = math.copysign(1.0, row["scaled_bps"])
                p = t.sf(direction * theta / se, n_clusters - 1)
                again = refits.row(
                    by_predicate=(pl.col("hypothesis") == row["hypothesis"])
                    & (pl.col("fold") == fold),
                    named=True,
                )
                assert (again["n"], again["n_clusters"]) == (len(seen), n_clusters)
                assert again["scaled_bps"] == pytest.approx(unit * theta, rel=1e-9)
                assert again["scaled_se_bps"] == pytest.approx(unit * se, rel=1e-9)
                assert again["p"] == pytest.approx(p, rel=1e-6, abs=1e-15)
                assert again["selected"] == (p <= 0.05 and direction * theta > 0)


def test_what_turned_since_it_was_found_is_not_chosen_again(refits):
    everywhere = pl.col("hypothesis") == "all|fading|1h|all"
    assert refits.filter(everywhere)["selected"].to_list() == [True, True, False]
    lasting = pl.col("hypothesis") == "all|crash|1h|all"
    assert refits.filter(lasting)["selected"].all()


def spoil(known, end, seed=0):
    """A market all of whose rows that were known at `end` or later are others."""
    frame, events, features, outcomes = known
    rng = np.random.default_rng(seed)

    def twist(table, late):
        numbers = [name for name, dtype in table.schema.items() if dtype == pl.Float64]
        return table.with_columns(
            pl.when(late).then(7 - pl.col(n) * rng.normal(2, 1)).otherwise(n).alias(n)
            for n in numbers
        )

    late = pl.col("time") >= end
    regimes = {name: pl.when(late).then(1).otherwise(name) for name in ("vol_regime",)}
    other = {}
    for family, marks in events.items():
        turned = marks.with_columns(side=pl.when(late).then(-pl.col("side")).otherwise("side"))
        kept = pl.Series(rng.random(marks.height) < 0.5)
        other[family] = turned.filter(~late | kept).cast(dict(marks.schema))
    followed = {h: twist(rows, pl.col("exit_time") >= end) for h, rows in outcomes.items()}
    told = twist(features, late).with_columns(**regimes).cast(dict(features.schema))
    return frame, other, told, followed


@pytest.mark.parametrize("fold", [1, 2, 3])
def test_nothing_at_or_after_the_end_of_training_moves_a_fold(
    markets, findings, folds, refits, fold
):
    end = folds.filter(pl.col("fold") == fold)["train_end"].item()
    spoilt = {name: spoil(known, end) for name, known in markets.items()}
    then = refit_all(Lake(spoilt, findings, folds))
    till = pl.col("fold") <= fold
    assert then.filter(till).equals(refits.filter(till))
    # A regime that a market was not in since may keep its estimate.
    moved = then["p"] != refits["p"]
    assert moved.any() == (fold < 3)
    held = refits["hypothesis"].str.ends_with("|all")
    assert moved.filter(held & (refits["fold"] > fold)).all()


@pytest.mark.parametrize("fold", [1, 2, 3])
def test_what_is_known_one_bar_earlier_moves_it(markets, findings, folds, refits, fold):
    end = folds.filter(pl.col("fold") == fold)["train_end"].item()
    last = end - pl.duration(milliseconds=STEP)
    spoilt = {name: spoil(known, last) for name, known in markets.items()}
    then = refit_all(Lake(spoilt, findings, folds))
    now = pl.col("fold") == fold
    moved = then.filter(now)["scaled_bps"] != refits.filter(now)["scaled_bps"]
    assert moved.any()


def test_events_whose_exit_crosses_the_end_of_training_do_not_count(markets, findings, folds):
    frame, _, features, outcomes = markets[NAMES[0]]
    end = int(frame["time"].search_sorted(folds["train_end"][1]))
    whole = frame.with_columns(is_gap=False)
    usual = features.with_columns(sigma=pl.lit(0.01))
    after = {"1h": outcomes["1h"].with_columns(forward_return=pl.col("forward_return").fill_nan(0))}
    counts = []
    # Entered after the close of row r, left at the close of row r + 4.
    for last in (end - 6, end - 5, end - 4, end - 3):
        rows = {"crash": np.append(np.arange(150, 900, 40), last)}
        marks = {"volatility": market.events(whole, rows, NAMES[0])}
        asked = findings.filter(pl.col("hypothesis") == f"{NAMES[0]}|crash|1h|all")
        lake = Lake({NAMES[0]: (whole, marks, usual, after)}, asked, folds)
        counts.append(refit_all(lake).filter(fold=2)["n"].item())
    assert counts == [20, 20, 19, 19]


def test_the_embargo_of_a_fold_is_not_trained_on_but_that_of_those_before_it_is(
    markets, findings, folds, eras
):
    """An event at every bar: as many as there are bars less the horizon, also between the eras."""
    frame, _, features, outcomes = markets[NAMES[0]]
    usual = features.with_columns(sigma=pl.lit(0.01))
    after = {"1h": outcomes["1h"].with_columns(forward_return=pl.col("forward_return").fill_nan(0))}
    every = {"volatility": market.events(frame, {"crash": np.arange(N)}, NAMES[0])}
    asked = findings.filter(pl.col("hypothesis") == f"{NAMES[0]}|crash|1h|all")
    told = refit_all(Lake({NAMES[0]: (frame, every, usual, after)}, asked, folds))
    # 100 days: 60 to discover, then two hours; 30 days less these in thirds, cut at midnights.
    ends = [96 * 60, 96 * 70 - 8, 96 * 80 - 8]
    assert told["n"].to_list() == [end - 4 for end in ends]
    assert [training_of(folds, k)[1] for k in (1, 2, 3)] == [
        int(frame["time"].dt.epoch("ms")[0]) + end * STEP for end in ends
    ]
    assert training_of(folds, 1)[1] == int(eras["end"][0].timestamp() * 1000)


def effects_until(markets, end):
    """EFFECTS of bars cut by hand at `end`."""
    found = []
    for name, (_, events, features, outcomes) in markets.items():
        before = [x.filter(pl.col("time") < end) for x in (pl.concat(events.values()), features)]
        after = {h: o.filter(pl.col("exit_time") < end) for h, o in outcomes.items()}
        found.append(estimate(name, *before, after, CONFIG))
    return found


@pytest.fixture(scope="module")
def effects(markets, folds):
    return effects_until(markets, folds["train_end"][2])


def test_what_goes_the_other_way_is_not_chosen_however_large_a_p_may_be(findings, effects):
    found = choose_findings(findings)
    anything = CONFIG.model_copy(update={"refit_p": 1.0})
    for given in (found, found.with_columns(-pl.col("scaled_bps"))):
        told = refit(given, 3, effects, anything)
        same = told["scaled_bps"].sign() == given["scaled_bps"].sign()
        assert 0 < same.sum() < found.height
        assert told["selected"].equals(same.alias("selected"))
        strict = refit(given, 3, effects, CONFIG)
        assert strict["selected"].equals((same & (told["p"] <= 0.05)).alias("selected"))


def test_the_level_is_that_of_the_config_and_includes_it(findings, effects):
    found = choose_findings(findings)
    told = refit(found, 3, effects, CONFIG)
    p = told.filter(pl.col("p").is_between(1e-6, 0.4))["p"].max()
    for level, chosen in ((p, True), (np.nextafter(p, 0.0), False)):
        again = refit(found, 3, effects, CONFIG.model_copy(update={"refit_p": level}))
        assert again.filter(pl.col("p") == p)["selected"].item() is chosen


def test_what_has_no_p_is_not_chosen(markets, findings, folds, recwarn):
    found = choose_findings(findings)
    silent = {
        name: (f, {"volatility": e["volatility"].clear()}, s, o)
        for name, (f, e, s, o) in markets.items()
    }
    anything = CONFIG.model_copy(update={"refit_p": 1.0})
    never = refit_all(Lake(silent, findings, folds), anything)
    assert set(never["n"]) == {0}
    assert never["p"].is_nan().all()
    assert not never["selected"].any()
    assert refit(found, 1, [], anything).equals(never.filter(fold=1))
    always = {}
    for name, (frame, _, features, outcomes) in markets.items():
        rows = dict.fromkeys(("crash", "fading", "noise"), np.arange(N))
        sides = {event: np.ones(N) for event in rows}
        marks = {"-": market.events(frame, rows, name, sides_of=sides)}
        always[name] = (frame, marks, features, outcomes)
    told = refit_all(Lake(always, findings, folds), anything)
    assert told["n"].min() > 0
    assert told["p"].is_nan().all()
    assert not told["selected"].any()
    assert not recwarn.list


def test_the_order_of_tables_findings_and_folds_does_not_matter(markets, findings, folds, refits):
    turned = Lake(dict(reversed(markets.items())), findings[::-1], folds[::-1])
    assert refit_all(turned).equals(refits)


def test_without_a_finding_no_market_is_opened(markets, findings, folds):
    for none in (FINDINGS.empty(), findings.with_columns(verdict=pl.lit("no finding"))):
        lake = Lake(markets, none, folds)
        assert refit_all(lake).equals(REFITS.empty())
        assert [one.kind for one in lake.opened] == ["FINDINGS"]


def test_families_without_a_finding_are_not_opened(markets, findings, folds, refits):
    some = findings.filter(pl.col("family") == "volatility")
    lake = Lake(markets, some, folds)
    told = refit_all(lake)
    assert {one.part for one in lake.opened if one.kind == "EVENTS"} == {"volatility"}
    assert told.equals(refits.join(some, on="hypothesis", how="semi"))
