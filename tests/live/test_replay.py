"""What is decided live is what the back-test decides, to the last bit, whatever happens between."""

from __future__ import annotations

import dataclasses
from functools import cache
from typing import Any

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from lake.schema import FUNDING
from tasks.backtest.engine_config import (
    EngineExits,
    EngineLimits,
    EngineSizing,
    EngineTerms,
    EngineTrading,
)
from tasks.engines.macro import Published
from tasks.live import trader
from tasks.live.live import Live
from tasks.live.setting import Setting
from tasks.trading.config import Costs
from tasks.trading.simulation import Simulated
from tests.live.market import (
    HOUR,
    LIVELY,
    SETTING,
    START,
    N,
    account_of,
    backtest,
    dirty,
    other,
    raw_rows,
    replayed,
)

KINDS = {"enter", "leave", "turn", "vetoed"}


def funding() -> pl.DataFrame:
    stamps = pl.Series([START + k * 8 * HOUR for k in range(30, 250)]).cast(FUNDING.columns["time"])
    rates = [0.0004 * np.sin(k) for k in range(220)]
    known = {"time": stamps, "rate": rates, "hours": 8.0, "rate_8h": rates, "known_at": stamps}
    return FUNDING.conform(pl.DataFrame(known).select(list(FUNDING.columns)))


def macro() -> Published:
    times = np.arange(START, START + N * HOUR, 40 * HOUR)
    return Published(times, np.where(np.arange(times.size) % 3, 0.2, 0.9), 50 * HOUR)


SETTINGS: dict[str, Setting] = {
    "lively": SETTING,
    "smart money alone, the terms as they are": other(engine="smc", trading=EngineTrading()),
    "all that can be otherwise": other(
        engine="smc",
        start=START + 300 * HOUR,
        funding=funding(),
        macro=(macro(),),
        trading=EngineTrading(
            horizon_bars=12,
            structure_stop=False,
            terms=EngineTerms(
                exits=EngineExits(stop=9.0, targets=(), stop_to_entry=False),
                sizing=EngineSizing(method="volatility_target", share=0.02, max_leverage=3.0),
                limits=EngineLimits(max_participation=0.5, drawdown=None, loss_streak=None),
                costs=Costs(half_spread_bps=20.0, impact=3.0),
            ),
        ),
    ),
}


@cache
def both(name: str) -> tuple[pl.DataFrame, Simulated, pl.DataFrame, Live]:
    rows, setting = dirty(raw_rows()), SETTINGS[name]
    decisions, done = backtest(rows, setting)
    ear, live, _ = replayed(rows, setting)
    return decisions, done, ear.table, live


@pytest.mark.parametrize("name", SETTINGS)
def test_every_column_of_every_decision_is_the_back_test_s(name: str) -> None:
    decisions, _, told, _ = both(name)
    assert decisions.height > 20
    assert_frame_equal(told, decisions, check_exact=True)


@pytest.mark.parametrize("name", SETTINGS)
def test_every_trade_fill_and_close_of_the_account_is_the_back_test_s(name: str) -> None:
    _, done, _, live = both(name)
    mine = account_of(live)
    assert done.trades.height > 3
    assert_frame_equal(mine.trades, done.trades, check_exact=True)
    assert_frame_equal(mine.fills, done.fills, check_exact=True)
    assert_frame_equal(mine.equity, done.equity, check_exact=True)


def test_the_samples_have_every_kind_of_decision_and_many_fates() -> None:
    decisions = pl.concat([both(name)[0] for name in SETTINGS])
    trades = pl.concat([both(name)[1].trades for name in SETTINGS])
    assert set(decisions["decision"]) == KINDS
    assert {"taken", "left", "cooldown", "no trade in the next bar"} <= set(decisions["fate"])
    assert {"macro" in reasons for reasons in decisions["reasons"]} == {True, False}
    assert {"stop", "target", "time", "signal", "structure"} <= set(trades["exit"])
    assert trades["funding_bps"].abs().max() > 1.0


def test_the_sample_has_every_kind_of_dirt() -> None:
    ear, _, ended = replayed(dirty(raw_rows()), SETTING)
    assert set(ended.quarantined) == {
        *("no_time", "off_grid", "not_a_number", "not_positive", "bad_ohlc"),
        *("duplicate", "spike"),
    }
    assert len(ear.rejected) == sum(ended.quarantined.values())
    assert ended.n_contradicted == 0
    assert ended.n_rows == len(dirty(raw_rows()))
    assert ended.n_slots == N


def test_the_last_decision_s_fate_is_told_though_no_bar_shows_it() -> None:
    rows = dirty(raw_rows())
    decisions, _, _, _ = both("lively")
    last = decisions.filter(pl.col("decision") == "enter")["time"].dt.epoch("ms")[-1]
    cut = [row for row in rows if row.time_ms is not None and row.time_ms <= last]
    ear, _, ended = replayed(cut, SETTING)
    assert ear.table.equals(backtest(cut, SETTING)[0])
    assert ear.decisions[-1]["fate"] == "no trade in the next bar"
    assert sum(ended.decided.values()) == len(ear.decisions)


def test_what_contradicts_or_comes_late_is_told_and_the_first_stands() -> None:
    rows = list(raw_rows(400))
    assert rows[200].time_ms is not None
    wrong = rows[200]._replace(numbers=(*rows[200].numbers[:4], 1.0, *rows[200].numbers[5:]))
    early = rows[300]
    mixed = [*rows[:201], wrong, *rows[201:300], *rows[301:303], early, *rows[303:]]
    clean = [*rows[:300], *rows[301:]]
    ear, live, ended = replayed(mixed, SETTING)
    assert ended.quarantined == {"conflict": 1, "late": 1}
    assert ended.n_contradicted == 2
    assert live.trader.state_hash == replayed(clean, SETTING)[1].trader.state_hash
    assert [reason for _, reason in ear.rejected] == ["conflict", "late"]


def test_timings_are_told_every_so_many_bars() -> None:
    ear, _, ended = replayed(list(raw_rows()), SETTING)
    assert [n for n, _ in ear.flushed] == [500, 1000]
    engines = {"wyckoff", "wyckoff_daily", "smc", "hob", "momentum", "fusion", "account", "all"}
    assert engines <= set(ear.flushed[0][1])
    assert all(0 <= took.mean_us <= took.worst_us for took in ear.flushed[0][1].values())
    assert engines <= set(ended.timings)


# Faults that the comparison has to find.


def differs(name: str = "lively") -> bool:
    rows, setting = dirty(raw_rows()), SETTINGS[name]
    decisions, done, _, _ = both(name)
    ear, live, _ = replayed(rows, setting)
    return not (ear.table.equals(decisions) and account_of(live).equity.equals(done.equity))


def test_a_cost_of_the_bar_before_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    lay = trader.lay_tail

    def late(*asked: Any) -> Any:
        laid = lay(*asked)
        laid.tape.bars[5:7, 1:] = laid.tape.bars[5:7, :-1].copy()
        return laid

    monkeypatch.setattr(trader, "lay_tail", late)
    assert differs("all that can be otherwise")


def test_a_desk_that_is_fed_another_close_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    hear = trader.Trader._hear

    def deaf(self: Any, numbers: Any) -> Any:
        late = self._tail.last_ms == START + 900 * HOUR and numbers is not None
        return hear(self, (*numbers[:3], numbers[3] + 2.0**-10, *numbers[4:]) if late else numbers)

    monkeypatch.setattr(trader.Trader, "_hear", deaf)
    assert differs()


def test_a_tail_that_is_one_bar_too_short_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    from tasks.live import live

    monkeypatch.setattr(live, "enough", lambda *_: 200)
    assert differs("all that can be otherwise")


def test_an_order_that_is_filled_a_bar_late_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    decide = trader.Trader._decide

    def numbered_wrong(self: Any, *said: Any) -> Any:
        told = decide(self, *said)
        self._orders["due"] += 1
        return told

    monkeypatch.setattr(trader.Trader, "_decide", numbered_wrong)
    assert differs()


def test_settings_are_compared_whole() -> None:
    keyed = SETTING.keyed()
    for change in (
        {"engine": "smc"},
        {"start": START},
        {"funding": funding()},
        {"engines": LIVELY.alone("smc")},
        {"trading": EngineTrading()},
    ):
        assert dataclasses.replace(SETTING, **change).keyed() != keyed
