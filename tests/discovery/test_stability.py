import math
from datetime import UTC, datetime

import numpy as np
import polars as pl
import pytest

from lake.ref import EVERY_MARKET
from lake.schema import EFFECTS, FINDINGS, STABILITY
from tasks.discovery.config import DiscoveryConfig
from tasks.discovery.hearing import hear
from tasks.discovery.stability import heterogeneity, slice_effects

CONFIG = DiscoveryConfig()
DAY = 86_400_000
FIRST = datetime(2021, 3, 1, tzinfo=UTC).toordinal() - datetime(1970, 1, 1).toordinal()
REGIMES = ("vol_regime=0", "vol_regime=1", "vol_regime=2")
SIGMA = 50.0


def observe(seed, n_days=700, per_day=20, share=0.1, drift=None, effect=None, sides=(-1, 1)):
    """Bars of one market as an array of day, is event, side, z and volatility regime."""
    rng = np.random.default_rng(seed)
    day = np.repeat(np.arange(FIRST, FIRST + n_days), per_day)
    chosen = rng.random(day.size) < share
    side = rng.choice(sides, day.size)
    z = rng.normal(0, 1, day.size) + np.repeat(rng.normal(0, 0.2, n_days), per_day)
    z += 0.0 if drift is None else drift(day - FIRST)
    z += 0.0 if effect is None else side * chosen * effect(day - FIRST)
    return pl.DataFrame(
        {"day": day, "chosen": chosen, "side": side, "z": z, "vol": rng.integers(0, 3, day.size)}
    )


def effects_of(market, bars, event="crash"):
    """EFFECTS by grouping, with a horizon of one hour: blocks are days."""
    marks = bars.filter("chosen").with_columns(
        event=pl.lit(event), signed=pl.col("side") * pl.col("z")
    )
    every = bars.with_columns(event=pl.lit(""), side=pl.lit(1), signed=pl.col("z"))
    columns = ["day", "side", "signed", "vol", "event"]
    both = pl.concat(
        [marks.select(columns), every.select(columns).cast(marks.select(columns).schema)]
    )
    regime = pl.format("vol_regime={}", pl.col("vol"))
    both = pl.concat(
        [both.with_columns(condition=pl.lit("all")), both.with_columns(condition=regime)]
    )
    blocks = both.group_by("event", "condition", "day").agg(
        n=pl.len().cast(pl.Float64),
        side=pl.col("side").sum().cast(pl.Float64),
        scaled=pl.col("signed").sum(),
    )
    lists = (
        blocks.sort("day")
        .group_by("event", "condition")
        .agg(pl.col("day").alias("cluster"), "n", "side", "scaled")
    )
    zero = [
        pl.col("n").alias(name) for name in ("mean", "weight", "weight_side", "weighted", "score")
    ]
    labels = {"market": market, "family": "shock", "horizon": "1h", "horizon_bars": 1}
    whole = lists.with_columns(
        *zero, inverse=pl.lit(1.0), square=pl.lit(1.0), **{k: pl.lit(v) for k, v in labels.items()}
    )
    return EFFECTS.conform(
        whole.with_columns(pl.col("horizon_bars").cast(pl.Int64)).select(list(EFFECTS.columns))
    ).sort(EFFECTS.order)


def finding(market="BTCUSDT-1h", condition="all", event="crash"):
    row = {name: [None] for name in FINDINGS.columns}
    row |= {"market": [market], "event": [event], "horizon": ["1h"], "condition": [condition]}
    row |= {"hypothesis": [f"{market}|{event}|1h|{condition}"], "sigma_bps": [SIGMA]}
    return pl.DataFrame(row, schema=FINDINGS.columns)


def naive(markets, kept):
    """n, blocks, effect and error of the bars that `kept` keeps, by the definition."""
    signed, blocks, errors = [], [], {}
    for bars in markets:
        rows = [row for row in bars.rows() if kept(row)]
        mu = sum(z for *_, z, _ in rows) / len(rows)
        own = [(day, side, side * z - side * mu) for day, chosen, side, z, _ in rows if chosen]
        signed += [excess for *_, excess in own]
        blocks += [day for day, *_ in own]
        turned = sum(side for _, side, _ in own)
        for day, _, _, z, _ in rows:
            errors[day] = errors.get(day, 0.0) + turned * (z - mu) / len(rows)
    n, theta = len(signed), sum(signed) / len(signed)
    sums = {day: -error for day, error in errors.items()}
    for day, excess in zip(blocks, signed, strict=True):
        sums[day] += excess - theta
    n_blocks = len(set(blocks))
    square = sum((total / n) ** 2 for total in sums.values())
    se = math.sqrt(n_blocks / (n_blocks - 1) * square) if n_blocks > 1 else math.nan
    return n, n_blocks, SIGMA * theta, SIGMA * se, SIGMA * sum(signed)


def year_of(day):
    return datetime.fromtimestamp(day * 86_400, UTC).year


def test_slices_are_those_of_the_definition():
    bars = {"BTCUSDT-1h": observe(1, 400, 12), "ETHUSDT-1h": observe(2, 400, 12)}
    effects = [effects_of(name, frame) for name, frame in bars.items()]
    got = slice_effects(finding(EVERY_MARKET), effects, CONFIG)
    assert STABILITY.conform(got).equals(got.sort(STABILITY.order))
    both = list(bars.values())
    wanted = {
        ("half", "first"): naive(both, lambda row: row[0] < FIRST + 200),
        ("half", "second"): naive(both, lambda row: row[0] >= FIRST + 200),
        ("year", "2021"): naive(both, lambda row: year_of(row[0]) == 2021),
        ("year", "2022"): naive(both, lambda row: year_of(row[0]) == 2022),
        **{("market", name): naive([own], lambda row: True) for name, own in bars.items()},
        **{
            ("regime", f"vol_regime={k}"): naive(both, lambda row, k=k: row[4] == k)
            for k in range(3)
        },
    }
    found = {row[1:3]: row[3:] for row in got.rows()}
    assert found.keys() == wanted.keys()
    for key, row in wanted.items():
        assert found[key] == pytest.approx(row, rel=1e-9), key


def test_a_hypothesis_of_one_market_and_regime_has_halves_and_years_of_its_own():
    bars = [observe(1, 400, 12), observe(2, 400, 12)]
    effects = [effects_of("BTCUSDT-1h", bars[0]), effects_of("ETHUSDT-1h", bars[1])]
    got = slice_effects(finding(condition="vol_regime=1"), effects, CONFIG)
    assert set(got["by"]) == {"half", "year"}
    first = got.row(by_predicate=pl.col("slice") == "first")
    kept = naive(bars[:1], lambda row: row[0] < FIRST + 200 and row[4] == 1)
    assert first[3:] == pytest.approx(kept, rel=1e-9)


def test_slices_add_up_to_the_whole():
    bars = {"BTCUSDT-1h": observe(3, sides=(1,)), "ETHUSDT-1h": observe(4, 500, share=0.02)}
    effects = [effects_of(name, frame) for name, frame in bars.items()]
    got = slice_effects(finding(EVERY_MARKET), effects, CONFIG)
    n, _, effect, _, total = naive(list(bars.values()), lambda row: True)
    by_market = got.filter(pl.col("by") == "market")
    assert (by_market["n"] * by_market["scaled_bps"]).sum() / n == pytest.approx(effect)
    assert by_market["sum_bps"].sum() == pytest.approx(total)
    # Halves and years leave out what the drift of their own bars differs from the era's.
    for by, kinds in (("half", ["first", "second"]), ("year", ["2021", "2022", "2023"])):
        own = got.filter(pl.col("by") == by)
        assert own["slice"].to_list() == kinds
        assert own["n"].sum() == n
        drifts = 0.0
        for frame in bars.values():
            middle = FIRST + 350
            half = pl.when(pl.col("day") < middle).then(0).otherwise(1)
            year = pl.col("day").map_elements(year_of, pl.Int64)
            part = (half if by == "half" else year).alias("part")
            means = frame.group_by(part).agg(mu=pl.col("z").mean())
            sides = frame.filter("chosen").group_by(part).agg(pl.col("side").sum())
            joined = means.join(sides, on="part")
            drifts += (joined["side"] * (joined["mu"] - frame["z"].mean())).sum()
        assert own["sum_bps"].sum() + SIGMA * drifts == pytest.approx(total)


def test_slices_by_market_and_regime_are_the_hypotheses_that_ask_for_these():
    bars = {"BTCUSDT-1h": observe(11), "ETHUSDT-1h": observe(12, sides=(1,))}
    effects = [effects_of(name, frame) for name, frame in bars.items()]
    got = slice_effects(finding(EVERY_MARKET), effects, CONFIG)
    asked = [finding(name) for name in bars]
    asked += [finding(EVERY_MARKET, condition) for condition in ("all", *REGIMES)]
    heard = hear(effects, pl.concat(asked), CONFIG)[0]
    theta, se = SIGMA * heard.estimates.theta[:, 0], SIGMA * heard.estimates.se[:, 0]
    told = {row: (theta[k], se[k]) for k, row in enumerate(heard.labels["hypothesis"])}
    for by, name, effect, error in got.select("by", "slice", "scaled_bps", "scaled_se_bps").rows():
        market, condition = (name, "all") if by == "market" else (EVERY_MARKET, name)
        if by in ("market", "regime"):
            assert (effect, error) == pytest.approx(told[f"{market}|crash|1h|{condition}"])
    by_market = got.filter(pl.col("by") == "market")
    whole = (by_market["n"] * by_market["scaled_bps"]).sum() / by_market["n"].sum()
    assert whole == pytest.approx(told[f"{EVERY_MARKET}|crash|1h|all"][0])


def test_a_bull_year_is_no_instability_of_an_event_that_is_always_long():
    def bull_then_bear(day):
        return np.where(day < 350, 0.3, -0.3)

    effects = [effects_of("BTCUSDT-1h", observe(5, drift=bull_then_bear, sides=(1,)))]
    got = slice_effects(finding(), effects, CONFIG)
    halves = got.filter(pl.col("by") == "half")
    assert (halves["scaled_bps"].abs() < 3 * halves["scaled_se_bps"]).all()
    assert heterogeneity(got)["i2_halves"].item() < 0.7


def test_an_effect_of_one_year_is_seen_as_such():
    effects = [effects_of("BTCUSDT-1h", observe(6, effect=lambda day: 0.5 * (day < 300)))]
    told = heterogeneity(slice_effects(finding(), effects, CONFIG)).row(0, named=True)
    assert told["i2_years"] > 0.9
    assert told["i2_halves"] > 0.9
    assert told["largest_year_share"] > 0.85
    assert math.isnan(told["i2_markets"])


def test_a_lasting_effect_is_stable_in_most_simulations():
    inflated = []
    for seed in range(60):
        effects = [effects_of("BTCUSDT-1h", observe(seed, 730, 6, effect=lambda day: 0.5))]
        inflated.append(
            heterogeneity(slice_effects(finding(), effects, CONFIG))["i2_halves"].item()
        )
    # Q exceeds its degree of freedom in about a third of samples without heterogeneity, and is
    # above 3.84, an I^2 of .74, in one of twenty.
    assert np.mean(np.array(inflated) > 0) < 0.5
    assert np.mean(np.array(inflated) > 0.74) < 0.15


def test_the_order_of_effects_and_repeated_baselines_change_nothing():
    one = effects_of("BTCUSDT-1h", observe(7))
    two = effects_of("ETHUSDT-1h", observe(8))
    wanted = slice_effects(finding(EVERY_MARKET), [one, two], CONFIG)
    again = one.filter(pl.col("event") == "").with_columns(family=pl.lit("other"))
    other = effects_of("BTCUSDT-1h", observe(9), "surge")
    got = slice_effects(finding(EVERY_MARKET), [two, one, again, other], CONFIG)
    assert got.equals(wanted)


def test_a_slice_in_one_block_has_no_error_and_an_empty_one_is_absent():
    bars = observe(10).with_columns(
        chosen=pl.col("day").is_in([FIRST + 3, FIRST + 600, FIRST + 601])
    )
    got = slice_effects(finding(), [effects_of("BTCUSDT-1h", bars)], CONFIG)
    first = got.row(by_predicate=pl.col("slice") == "first", named=True)
    assert (first["n_clusters"], math.isnan(first["scaled_se_bps"])) == (1, True)
    assert math.isfinite(first["scaled_bps"])
    assert "2023" not in got.filter(pl.col("by") == "year")["slice"].to_list()
    assert math.isnan(heterogeneity(got)["i2_halves"].item())


def slices(by, effect, se, total=None):
    n = len(effect)
    return pl.DataFrame(
        {
            "hypothesis": ["h"] * n,
            "by": [by] * n,
            "slice": [f"vol_regime={k}" if by == "regime" else str(2020 + k) for k in range(n)],
            "n": [9] * n,
            "n_clusters": [9] * n,
            "scaled_bps": np.array(effect, float),
            "scaled_se_bps": np.array(se, float),
            "sum_bps": np.array(total or effect, float),
        },
        schema=STABILITY.columns,
    )


@pytest.mark.parametrize("seed", range(6))
def test_heterogeneity_is_that_of_statsmodels(seed):
    from statsmodels.stats.meta_analysis import combine_effects

    rng = np.random.default_rng(seed)
    se = rng.uniform(1, 3, 6)
    effect = rng.normal(2, 0.2 + seed, 6)
    wanted = max(0.0, combine_effects(effect, se**2).i2)
    assert heterogeneity(slices("year", effect, se))["i2_years"].item() == pytest.approx(wanted)
    with_unknown = slices("year", [*effect, 99.0, 99.0], [*se, np.nan, 0.0])
    assert heterogeneity(with_unknown)["i2_years"].item() == pytest.approx(wanted)


def test_each_kind_of_regime_is_compared_in_itself_and_the_worst_is_told():
    calm = slices("regime", [1.0, 1.0, 1.0], [1.0, 1.0, 1.0])
    torn = slices("regime", [9.0, 0.0, -9.0], [1.0, 1.0, 1.0]).with_columns(
        pl.col("slice").str.replace("vol", "trend")
    )
    one = heterogeneity(torn)["i2_regimes"].item()
    assert one == pytest.approx(1 - 2 / 162)
    assert heterogeneity(pl.concat([calm, torn]))["i2_regimes"].item() == one
    assert heterogeneity(calm)["i2_regimes"].item() == 0.0


def test_the_largest_year_may_be_more_than_the_whole():
    def share(*totals):
        told = heterogeneity(slices("year", totals, [1.0] * len(totals), list(totals)))
        return told["largest_year_share"].item()

    assert share(60.0, 30.0, 10.0) == pytest.approx(0.6)
    assert share(-60.0, -30.0, -10.0) == pytest.approx(0.6)
    assert share(90.0, -60.0) == pytest.approx(3.0)
    assert share(-90.0, 60.0) == pytest.approx(3.0)
    assert math.isnan(share(5.0, -5.0))


def test_nothing_at_the_top_is_nothing_to_slice():
    got = slice_effects(finding().clear(), [], CONFIG)
    assert got.equals(STABILITY.empty())
    assert heterogeneity(got).is_empty()
