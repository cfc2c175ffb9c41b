"""Engines beside each other: shares, contributions, timings, and who is better."""

import math

import polars as pl
import pytest

from tasks.backtest.engine_figures import gist_of, list_members, list_timings, quickest
from tasks.backtest.engine_member import Member, compare_best, members_of
from tests.backtest.heard import told_of

NAMES = ["wyckoff", "wyckoff_daily", "smc", "hob", "momentum", "fusion"]


@pytest.fixture(scope="module")
def gists():
    return [gist_of(told_of()), gist_of(told_of(1, "BBB-1h"))]


def measures(profit: float, sharpe: float, n_trades: float) -> pl.DataFrame:
    rows = [("profit", profit), ("total_return", profit / 1e6), ("sharpe", sharpe)]
    schema = ["metric", "value", "lower", "upper"]
    told = [(*row, row[1] - 0.05, row[1] + 0.1) for row in (*rows, ("trades", n_trades))]
    return pl.DataFrame(told, schema=schema, orient="row")


def member(engine: str, sharpe: float | None, net: float = 1.0, n_trades: float | None = 3.0):
    said = {"timeframe": "1h", "n_bars": 9, "in_stance": 0.5, "contribution": 0.1}
    said |= {"sharpe_lower": None if sharpe is None else sharpe - 0.05}
    return Member(
        engine=engine, sharpe=sharpe, net=net, net_share=net / 100, n_trades=n_trades, **said
    )


# How much each said.


def test_shares_and_contributions_are_over_the_bars_of_all_markets(gists) -> None:
    rows = {row.engine: row for row in list_members(gists, {})}
    assert list(rows) == NAMES
    told = [told_of(), told_of(1, "BBB-1h")]
    for name, row in rows.items():
        if name == "fusion":
            said = [(one.decided.fused["stance"], one.decided.fused["score"]) for one in told]
        else:
            place = NAMES.index(name)
            said = [
                (
                    one.decided.heard[name].readings["stance"],
                    one.decided.fused["contributions"][:, place],
                )
                for one in told
            ]
        stances = [int(value) for stance, _ in said for value in stance]
        sizes = [abs(float(value)) for _, size in said for value in size]
        assert row.n_bars == len(stances)
        assert row.in_stance == pytest.approx(sum(v != 0 for v in stances) / len(stances))
        assert row.contribution == pytest.approx(sum(sizes) / len(sizes))


def test_each_reads_its_own_timeframe(gists) -> None:
    frames = {row.engine: row.timeframe for row in list_members(gists, {})}
    assert frames == dict.fromkeys(NAMES, "1h") | {"wyckoff": "4h", "wyckoff_daily": "1d"}


def test_its_own_account_stands_beside_each_engine_that_has_one(gists) -> None:
    known = {"hob": measures(-5e4, -0.5, 12.0), "fusion": measures(2e4, math.nan, 7.0)}
    rows = {row.engine: row for row in list_members(gists, known)}
    hob, fusion = rows["hob"], rows["fusion"]
    assert (hob.net, hob.net_share, hob.sharpe, hob.n_trades) == (-5e4, -0.05, -0.5, 12.0)
    assert (hob.sharpe_lower, hob.sharpe_upper) == (-0.55, -0.4)
    assert fusion.sharpe is None
    assert rows["wyckoff_daily"].net is None


def test_an_engine_alone_is_told_alone() -> None:
    rows = list_members([gist_of(told_of(engine="momentum"))], {"momentum": measures(1, 1, 1)})
    assert [row.engine for row in rows] == ["momentum"]
    assert members_of("wyckoff") == ("wyckoff", "wyckoff_daily")


# How long it took.


def test_timings_are_per_bar_that_was_read_and_sum_to_all(gists) -> None:
    timings = list_timings(gists)
    named = {timing.what: timing for timing in timings}
    assert list(named) == [*NAMES[:-1], "context", "longer bars", "fusion", "all"]
    smc = named["smc"]
    assert smc.seconds == pytest.approx(sum(gist.took["smc"] for gist in gists))
    assert smc.ns_per_bar == pytest.approx(1e9 * smc.seconds / smc.n_bars)
    assert named["wyckoff"].n_bars < smc.n_bars / 3
    parts = sum(timing.seconds for timing in timings[:-1])
    assert named["all"].seconds == pytest.approx(parts)
    assert named["all"].seconds == pytest.approx(sum(sum(gist.took.values()) for gist in gists))


def test_of_several_times_the_least_counts(gists) -> None:
    slow = gists[0].__class__(**{**vars(gists[0]), "took": dict.fromkeys(gists[0].took, 9.0)})
    assert quickest([slow, gists[0]]).took == gists[0].took


# Who is better.


@pytest.mark.parametrize(
    ("fusion", "verb"),
    [
        (0.6, "beats"),
        (0.54, "is ahead of, but not beyond chance,"),
        (0.5, "does not beat"),
        (0.1, "does not beat"),
    ],
)
def test_the_fusion_is_held_against_its_best_member(fusion: float, verb: str) -> None:
    rows = [member("smc", 0.2), member("hob", 0.5), member("fusion", fusion)]
    said = compare_best(rows)
    assert said.startswith(f"fusion {verb} its best member, hob: Sharpe ratio {fusion:.3f}")
    assert "against 0.500, net +1.0 % against +1.0 %, 3 trades against 3" in said
    assert "lose" not in said


def test_how_sure_the_ratios_are_is_said() -> None:
    sure = member("hob", 0.5).model_copy(update={"sharpe_lower": -0.25, "sharpe_upper": 1.25})
    said = compare_best([sure, member("fusion", 0.1)])
    assert "Sharpe ratio 0.100 against 0.500 (95 %: -0.25 to 1.25), net" in said


def test_that_both_lose_is_said() -> None:
    assert compare_best([member("smc", -0.2, -3.0), member("fusion", -0.1, -2.0)]).endswith(
        "; both lose"
    )


def test_a_ratio_that_is_not_known_is_behind_all_that_are() -> None:
    said = compare_best([member("smc", None, 50.0), member("hob", -2.0), member("fusion", -1.0)])
    assert said.startswith("fusion beats its best member, hob")
    said = compare_best([member("smc", None, 5.0), member("hob", None, 2.0), member("fusion", 0.1)])
    ahead = "fusion is ahead of, but not beyond chance, its best member, smc: Sharpe ratio 0.100"
    assert said.startswith(f"{ahead} against not known")


def test_where_nothing_was_traded_that_is_said() -> None:
    idle = [member("smc", None, 0.0, 0.0), member("fusion", None, 0.0, 0.0)]
    assert compare_best(idle) == "no engine traded: there is nothing to compare"


def test_there_is_nothing_to_compare_without_a_fusion_or_without_accounts() -> None:
    assert compare_best([member("smc", 1.0)]) == ""
    assert compare_best([member("smc", 1.0, n_trades=None), member("fusion", 1.0)]) == ""
