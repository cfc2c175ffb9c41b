import re
from dataclasses import replace
from functools import cache

import numpy as np
import polars as pl
import pytest
import statsmodels.api as sm
from scipy.stats import t

from lake.schema import EFFECTS, GRID, REFITS
from tasks.discovery.config import DiscoveryConfig
from tasks.discovery.hearing import hear
from tasks.events.registry import catalogue
from tasks.report.config import ReportConfig
from tasks.report.fusion import FAMILY, tell_fusion
from tasks.report.fusion_gaps import measure_gap, measure_net_gap, paired_error
from tasks.report.page import draw_report
from tasks.report.ranking import ranked
from tests.report.contest import (
    FUSION,
    MOMENTUM,
    SIGMA_BPS,
    SMART_MONEY,
    WYCKOFF,
    contest,
    covered,
    found,
    named,
    proven,
    summed,
    traded,
)
from tests.report.frames import fit
from tests.report.page import Page
from tests.report.sample import make_eventless, make_evidence, make_facts

CONFIG = ReportConfig()
NUMBER = r"[+\u2212]?[\d.]+"


def verdict(evidence, horizon="4h"):
    """The sentence on a horizon."""
    told = tell_fusion(evidence, CONFIG)["verdicts"]
    return next(words for words in told if words.startswith(f"At {horizon} "))


def numbers_in(words):
    """Difference, lower and upper end."""
    told = re.search(f"difference ({NUMBER}) bps, 95 % from ({NUMBER}) to ({NUMBER})", words)
    return [float(number.replace("\u2212", "-")) for number in told.groups()]


def cells(grid, title):
    place = [column.title for column in grid.columns].index(title)
    return [row[place] for row in grid.rows]


def test_fusion_beats_a_member_where_the_whole_interval_is_above_zero():
    told = verdict(contest(found(FUSION, 12.0), found(MOMENTUM, 3.0), found(WYCKOFF, -30.0)))
    assert "fusion beats its best member (momentum_entry): difference +9.0 bps, 95 % from " in told
    half = t.ppf(0.975, 199) * (2.0 + 2.0)
    assert numbers_in(told) == pytest.approx([9.0, 9.0 - half, 9.0 + half], abs=0.05)


def test_fusion_does_not_beat_a_member_where_the_interval_holds_zero():
    assert "fusion does not beat its best member" in verdict(
        contest(found(FUSION, 5.0), found(MOMENTUM, 3.0))
    )


def test_fusion_does_worse_where_the_whole_interval_is_below_zero():
    assert "fusion does worse than its best member (wyckoff_entry)" in verdict(
        contest(found(FUSION, -9.0), found(MOMENTUM, -3.0), found(WYCKOFF, 4.0))
    )


def test_the_best_member_is_chosen_by_its_own_side_in_the_discovery_era():
    evidence = contest(
        found(FUSION, 5.0),
        found(MOMENTUM, 6.0),
        found(SMART_MONEY, 9.0),
        found(WYCKOFF, -40.0),
        confirmed=[proven(e, v) for e, v in ((MOMENTUM, 30.0), (SMART_MONEY, 1.0), (FUSION, 2.0))],
    )
    told = tell_fusion(evidence, CONFIG)
    assert "its best member (smart_money_entry)" in told["verdicts"][0]
    best = dict(zip(cells(told["table"], "entry"), cells(told["table"], ""), strict=True))
    assert {event for event, mark in best.items() if mark} == {SMART_MONEY}


def test_what_was_chosen_by_looking_is_compared_where_nobody_looked():
    rows = [found(FUSION, 5.0, verdict="finding"), found(MOMENTUM, 30.0, verdict="finding")]
    told = verdict(contest(*rows, confirmed=[proven(FUSION, 7.0), proven(MOMENTUM, 4.0)]))
    assert numbers_in(told)[0] == 3.0
    assert told.endswith(", out of sample.")


def test_in_sample_it_is_said_that_the_choice_flatters_the_member():
    evidence = contest(found(FUSION, 5.0), found(MOMENTUM, 3.0), found(WYCKOFF, 1.0))
    assert "in sample, where it is the best of 2." in verdict(evidence)
    assert "flatters it" in tell_fusion(evidence, CONFIG)["sentence"]


def test_of_one_member_none_was_picked():
    assert verdict(contest(found(FUSION, 5.0), found(MOMENTUM, 3.0))).endswith("in sample.")


@pytest.mark.parametrize("n_clusters", [None, 4, 0])
def test_a_member_that_was_hardly_seen_out_of_sample_is_compared_in_sample(n_clusters):
    there = [] if n_clusters is None else [proven(MOMENTUM, np.nan, np.nan, n_clusters=n_clusters)]
    rows = (found(FUSION, 5.0), found(MOMENTUM, 3.0))
    told = verdict(contest(*rows, confirmed=[proven(FUSION, 7.0), *there]))
    assert "in sample" in told


def test_a_member_without_evidence_is_not_the_best():
    lucky = found(WYCKOFF, 90.0, verdict="insufficient evidence", q=np.nan)
    told = verdict(contest(found(FUSION, 5.0), found(MOMENTUM, 3.0), lucky))
    assert "its best member (momentum_entry)" in told


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        (
            [
                found(FUSION, 5.0, verdict="insufficient evidence", reason="12 events, 30 wanted"),
                found(MOMENTUM, 3.0),
            ],
            "fusion_entry has too little (12 events, 30 wanted)",
        ),
        ([found(FUSION, 5.0)], "no member has occurrences enough"),
        ([found(FUSION, 5.0), found(MOMENTUM, 3.0, n_clusters=4)], "too few calendar blocks"),
    ],
)
def test_what_cannot_be_said_is_said_to_be_so_with_the_reason(rows, why):
    told = verdict(contest(*rows))
    assert "it cannot be said" in told
    assert why in told


@pytest.mark.parametrize(
    ("coverage", "why"),
    [
        ([], "was not among the events of this run"),
        ([covered("not runnable: needs volume")], "could not run: not runnable: needs volume"),
        ([covered()], "never stood in the era that was searched"),
    ],
)
def test_without_a_hypothesis_of_fusion_the_section_says_why(coverage, why):
    told = tell_fusion(contest(found(MOMENTUM, 3.0), coverage=coverage), CONFIG)
    assert why in told["sentence"]
    assert told["empty"]


def test_the_first_sentence_counts_the_horizons_that_fusion_wins():
    rows = [
        found(event, effect, horizon=horizon, verdict=said)
        for horizon, effects, said in (
            ("1h", (20.0, 2.0), "finding"),
            ("4h", (3.0, 2.0), "no finding"),
            ("1d", (2.0, 30.0), "no finding"),
        )
        for event, effect in zip((FUSION, MOMENTUM), effects, strict=True)
    ]
    told = tell_fusion(contest(*rows), CONFIG)
    assert (
        "beats its best member at 1 of 3 horizons and is a finding itself at 1"
        in (told["sentence"])
    )
    assert [words.split()[1] for words in told["verdicts"]] == ["1h", "4h", "1d"]


def test_markets_are_compared_pooled_and_each_by_itself_folded_away():
    rows = [
        found(event, effect, market=market)
        for market in ("all", "BTCUSDT-1h", "ETHUSDT-1h")
        for event, effect in ((FUSION, 4.0), (MOMENTUM, 5.0))
    ]
    told = tell_fusion(contest(*rows), CONFIG)
    assert len(told["verdicts"]) == 1
    assert "Over all markets pooled, fusion beats" in told["sentence"]
    assert cells(told["markets"], "market") == ["BTCUSDT-1h", "ETHUSDT-1h"]
    assert cells(told["markets"], "so fusion") == ["does not beat"] * 2


def test_of_one_market_there_is_nothing_to_fold_away():
    rows = [found(event, 4.0, market="BTCUSDT-1h") for event in (FUSION, MOMENTUM)]
    told = tell_fusion(contest(*rows), CONFIG)
    assert "On BTCUSDT-1h, fusion beats" in told["sentence"]
    assert told["markets"] is None


@cache
def outcomes():
    """Two events on half the same bars of two markets over 60 blocks, with the baselines."""
    rng = np.random.default_rng(5)
    rows = []
    for market in ("BTCUSDT-1h", "ETHUSDT-1h"):
        blocks = np.sort(rng.integers(100, 160, 1440))
        moved = rng.normal(0.02, 1, 60)[blocks - 100] + rng.standard_t(5, 1440)
        rows.append(summed("", blocks, np.ones(1440), moved, market=market))
        side = rng.choice([-1, 1], 1440)
        shared = rng.random(1440) < 0.15
        for event in (FUSION, MOMENTUM):
            here = shared | (rng.random(1440) < 0.1)
            told = (blocks[here], side[here], (side * moved)[here])
            rows.append(summed(event, *told, market=market))
    return fit(EFFECTS, rows)


def heard(market):
    """What discovery itself says of the same sums."""
    asked = [
        {"hypothesis": named(event, market), "market": market, "family": "fusion", "event": event}
        | {"horizon": "4h", "horizon_bars": 4, "condition": "all", "n_entries": 300}
        for event in (FUSION, MOMENTUM)
    ]
    (told,) = hear([outcomes()], fit(GRID, pl.DataFrame(asked, GRID.columns)), DiscoveryConfig())
    return dict(zip(told.labels["event"], np.arange(2), strict=True)), told.estimates


@pytest.mark.parametrize("market", ["all", "BTCUSDT-1h"])
def test_beside_an_event_that_does_nothing_the_paired_error_is_the_event_s_own(market):
    """The oracle is discovery's own court."""
    place, estimates = heard(market)
    assert estimates.sigma == pytest.approx(SIGMA_BPS / 1e4)
    rows = outcomes()
    still = rows.filter(event=FUSION).with_columns(
        event=pl.lit(MOMENTUM), side=pl.col("side") * 0.0, scaled=pl.col("scaled") * 0.0
    )
    both = pl.concat([rows.filter(pl.col("event") != MOMENTUM), still])
    error = paired_error(
        found(FUSION, 1.0, market=market), found(MOMENTUM, 0.0, market=market), both
    )
    assert error == pytest.approx(SIGMA_BPS * estimates.se[place[FUSION], 0], rel=1e-12)


def test_the_paired_error_is_that_of_a_clustered_regression():
    """Two means on one set of blocks, baselines at zero: statsmodels' dummy, its factor undone."""
    rng = np.random.default_rng(2)
    blocks = np.tile(np.arange(40), 8)
    common = rng.normal(0, 2, 40)
    values = [common[blocks] + rng.normal(0, 1, blocks.size) for _ in range(2)]
    rows = [summed("", blocks, np.ones(blocks.size), np.zeros(blocks.size))]
    rows += [
        summed(event, blocks, np.ones(blocks.size), told)
        for event, told in zip((FUSION, MOMENTUM), values, strict=True)
    ]
    n = 2 * blocks.size
    dummy = np.column_stack([np.ones(n), np.repeat([1.0, 0.0], blocks.size)])
    fit_ = sm.OLS(np.concatenate(values), dummy).fit(
        cov_type="cluster", cov_kwds={"groups": np.tile(blocks, 2)}
    )
    wanted = SIGMA_BPS * fit_.bse[1] * np.sqrt((n - 2) / (n - 1))
    one, other = found(FUSION, 1.0, market="BTCUSDT-1h"), found(MOMENTUM, 0.0, market="BTCUSDT-1h")
    assert paired_error(one, other, fit(EFFECTS, rows)) == pytest.approx(wanted, rel=1e-9)


def test_a_paired_interval_is_never_wider_than_that_of_errors_added():
    place, estimates = heard("all")
    rows = [
        found(e, v, 100.0 * estimates.se[place[e], 0]) for e, v in ((FUSION, 5.0), (MOMENTUM, 3.0))
    ]
    told = ranked(contest(*rows)).filter(family="fusion").sort("event").to_dicts()
    paired, added = (measure_gap(*told, effects, 0.95) for effects in (outcomes(), EFFECTS.empty()))
    assert paired.is_paired
    assert not added.is_paired
    assert paired.bps == added.bps
    assert paired.half_bps < 0.9 * added.half_bps


def test_sums_of_another_horizon_do_not_pair():
    other = outcomes().with_columns(horizon=pl.lit("1h"))
    assert paired_error(found(FUSION, 1.0), found(MOMENTUM, 0.0), other) is None
    told = tell_fusion(contest(found(FUSION, 1.0), found(MOMENTUM, 0.0), effects=other), CONFIG)
    assert set(cells(told["table"], "measured")) == {"\u2013", "discovery, errors added"}
    assert "the two standard errors are added" in told["remark"]


def test_with_the_sums_at_hand_the_section_pairs_and_says_so():
    told = tell_fusion(
        contest(found(FUSION, 1.0), found(MOMENTUM, 0.0), effects=outcomes()), CONFIG
    )
    assert set(cells(told["table"], "measured")) == {"\u2013", "discovery, paired"}
    assert "errors are added" not in told["remark"]


def test_only_folds_that_count_for_both_are_compared():
    better = traded(FUSION, np.arange(20.0) + 100.0, fold=2)[0]
    trades, *rest = traded(FUSION, np.arange(20.0), fold=1)
    refits = [{"hypothesis": named(FUSION), "fold": fold, "selected": True} for fold in (1, 2)]
    one = (trades + [row | {"trade": row["trade"] + 20} for row in better], *rest)
    evidence = contest(
        found(FUSION, 5.0), found(MOMENTUM, 3.0), trades=[one, traded(MOMENTUM, np.arange(20.0))]
    )
    evidence = replace(
        evidence,
        refits=pl.concat([evidence.refits.filter(hypothesis=named(MOMENTUM)), fit(REFITS, refits)]),
    )
    assert evidence.counted.height == 60
    assert measure_net_gap(named(FUSION), named(MOMENTUM), evidence.counted, CONFIG).bps == 0.0


def test_trades_of_long_horizons_are_paired_by_longer_blocks():
    """Forty days of trades are forty blocks of a day, eight of five days."""
    rows = [traded(e, np.arange(40.0), horizon=h) for e in (FUSION, MOMENTUM) for h in ("4h", "1d")]
    counted = contest(found(FUSION, 5.0), trades=rows).counted
    ends = [
        measure_net_gap(named(FUSION, horizon=h), named(MOMENTUM, horizon=h), counted, config)
        for h, config in (("1d", CONFIG), ("1d", ReportConfig(pair_horizons=20)), ("4h", CONFIG))
    ]
    assert [gap.half_bps is None for gap in ends] == [False, True, False]


def test_the_catalogue_has_the_family_that_is_compared():
    names = {analyzer.name for analyzer in catalogue() if analyzer.family == FAMILY}
    assert {FUSION, MOMENTUM, SMART_MONEY, WYCKOFF} < names


def both_traded(*, follow=1, folds=(1, 1), selected=True, n=60):
    rng = np.random.default_rng(3)
    market_moves = rng.normal(0, 40, n)
    first = traded(FUSION, market_moves + 5.0 + rng.normal(0, 5, n), fold=folds[0])
    noise = rng.normal(0, 5, n)
    second = traded(MOMENTUM, market_moves + noise, fold=folds[1], follow=follow, selected=selected)
    rows = (found(FUSION, 5.0, verdict="finding"), found(MOMENTUM, 3.0, verdict="finding"))
    return contest(*rows, trades=[first, second])


def test_after_costs_the_trades_are_paired_by_block():
    """statsmodels' clustered dummy again, its factor undone."""
    evidence = both_traded()
    trades = evidence.trades.sort("hypothesis", "event_time")
    one = (trades["hypothesis"] == named(FUSION)).to_numpy().astype(float)
    days = trades["event_time"].dt.epoch("d").to_numpy()
    n = trades.height
    fit_ = sm.OLS(trades["net_bps"].to_numpy(), np.column_stack([np.ones(n), one])).fit(
        cov_type="cluster", cov_kwds={"groups": days}
    )
    gap = measure_net_gap(named(FUSION), named(MOMENTUM), evidence.counted, CONFIG)
    assert gap.bps == pytest.approx(fit_.params[1])
    half = t.ppf(0.975, 59) * fit_.bse[1] * np.sqrt((n - 2) / (n - 1))
    assert gap.half_bps == pytest.approx(half)
    told = verdict(evidence).split("After costs")[1]
    assert f"{gap.bps:+.1f} bps a trade" in told
    assert gap.half_bps < 5.0  # of means that err by 40 / sqrt(60) each


@pytest.mark.parametrize(
    "changes", [{"follow": -1}, {"folds": (1, 2)}, {"selected": False}], ids=str
)
def test_trades_that_are_not_alike_are_not_compared(changes):
    assert "After costs" not in verdict(both_traded(**changes))


def test_trades_in_too_few_blocks_have_no_interval():
    assert "After costs too few calendar blocks" in verdict(both_traded(n=4))


def test_the_table_shows_each_entry_as_the_tables_have_it():
    evidence = contest(
        found(FUSION, 5.0, q=0.04, verdict="finding"),
        found(MOMENTUM, 3.0),
        confirmed=[proven(FUSION, 2.5, 1.5)],
        trades=[traded(FUSION, [1.0] * 30)],
    )
    table = tell_fusion(evidence, CONFIG)["table"]
    half = 2.0 * t.ppf(0.975, 199)
    assert cells(table, "entry") == [FUSION, MOMENTUM]
    assert cells(table, "n") == ["400", "400"]
    assert cells(table, "found") == ["+5.0", "+3.0"]
    assert cells(table, "interval")[0] == f"+{5 - half:.1f} to +{5 + half:.1f}"
    assert cells(table, "q") == ["0.040", "0.62"]
    assert cells(table, "verdict") == ["finding", "no finding"]
    assert cells(table, "out of sample") == ["+2.5 \u00b1 1.5", "\u2013"]
    assert cells(table, "after costs") == ["+1.0 \u00b1 3.0", "\u2013"]


def test_the_chart_has_a_row_per_entry_and_horizon_and_room_between_horizons():
    rows = [found(e, 4.0, horizon=h) for h in ("1h", "4h") for e in (FUSION, MOMENTUM, WYCKOFF)]
    confirmed = [proven(FUSION, 2.0, horizon="1h")]
    chart = tell_fusion(contest(*rows, confirmed=confirmed), CONFIG)["chart"]
    assert len(chart.layout["yaxis"]["ticktext"]) == 6
    gaps = np.diff(chart.layout["yaxis"]["tickvals"])
    assert gaps[2] > 1.5
    assert set(np.round(np.delete(gaps, 2), 6)) == {1.0}
    fusion, member, proof = chart.data
    assert (len(fusion["y"]), len(member["y"]), len(proof["y"])) == (2, 4, 1)
    assert fusion["x"] == [4.0, 4.0]
    assert fusion["error_x"]["array"][0] == pytest.approx(2.0 * t.ppf(0.975, 199), rel=1e-5)
    assert proof["x"] == [2.0]
    assert fusion["y"][0] < 0.0 < proof["y"][0]
    assert fusion["y"][1] == chart.layout["yaxis"]["tickvals"][3]


def test_what_was_not_tested_is_in_the_table_and_not_in_the_chart():
    rows = [found(FUSION, 4.0), found(MOMENTUM, 4.0)]
    lacking = {"verdict": "insufficient evidence", "q": np.nan}
    told = tell_fusion(contest(*rows, found(WYCKOFF, 90.0, **lacking)), CONFIG)
    assert cells(told["table"], "entry") == [FUSION, MOMENTUM, WYCKOFF]
    assert len(told["chart"].layout["yaxis"]["ticktext"]) == 2
    nothing = tell_fusion(contest(found(FUSION, 4.0, **lacking)), CONFIG)
    assert nothing["chart"] is None


def page_of(evidence):
    return Page(draw_report(evidence, make_facts(make_evidence(1, n_days=60)))["html"][0])


def test_the_page_holds_the_section_and_leads_to_it():
    rows = [
        found(e, 4.0, market=m) for m in ("all", "BTCUSDT-1h") for e in (FUSION, MOMENTUM, WYCKOFF)
    ]
    page = page_of(contest(*rows))
    assert "#fusion" in page.loads
    assert {"fusion", "fusion-markets"} <= set(page.tables)
    assert "chart-fusion" in page.charts
    assert "does not beat its best member" in page.text


def test_a_run_without_events_has_a_section_that_says_so():
    assert "was not among the events of this run" in page_of(make_eventless()).text
