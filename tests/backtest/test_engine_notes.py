"""What has to be known before an engine's figures are read."""

import numpy as np
import polars as pl
import pytest

from tasks.backtest.decided import listen
from tasks.backtest.engine_notes import list_notes, tell_refused
from tasks.engines.config import EnginesConfig, FusionConfig
from tests.backtest.heard import EAGER, bars_at, told_of, without_volume


def heard(bars, engine="fusion", config=EAGER, market="AAA-1h") -> list[str]:
    return list_notes(listen(market, engine, bars, config, []))


def test_a_market_in_which_all_was_heard_needs_no_note() -> None:
    assert list_notes(told_of()) == []


def test_an_engine_that_never_left_its_warm_up_is_named_with_what_it_read() -> None:
    notes = heard(bars_at().head(400))
    assert any(
        note.startswith("AAA-1h: too few bars for wyckoff_daily, which reads 16 of 1d")
        for note in notes
    )
    assert not any("for smc" in note for note in notes)


def test_of_an_engine_alone_no_other_s_warm_up_is_told() -> None:
    assert not any("too few" in note for note in heard(bars_at().head(400), "momentum"))


def test_a_market_without_volume_is_told_with_who_asks_for_it() -> None:
    notes = heard(without_volume(bars_at()))
    assert any(
        "no volume: what asks for it is silent (wyckoff, wyckoff_daily, smc, hob)" in note
        for note in notes
    )
    assert not any("trades nothing" in note for note in notes)
    assert heard(without_volume(bars_at()), "momentum") == []


def test_a_volume_of_zero_is_none_either_and_nothing_can_be_traded_in_it() -> None:
    zero = bars_at().with_columns(pl.lit(0.0).alias("volume"))
    assert any("no volume" in note and "trades nothing" in note for note in heard(zero))


def test_that_nothing_was_decided_is_told_with_how_far_the_score_went() -> None:
    strict = EnginesConfig(fusion=FusionConfig(enter=1.0))
    told = listen("AAA-1h", "fusion", bars_at(), strict, [])
    most = np.max(np.abs(told.decided.fused["score"]))
    (note,) = list_notes(told)
    assert f"no decision; the score's size is {most:.2f} at most" in note


def test_engines_that_read_longer_bars_than_theirs_are_told() -> None:
    bars = bars_at()
    slow = bars.with_columns(bars["time"].dt.offset_by("0h"))
    notes = heard(slow.gather_every(4), market="AAA-4h")
    assert any(
        "AAA-4h: smc, hob, momentum read bars of 4h in the place of shorter ones" in note
        for note in notes
    )


@pytest.mark.parametrize(
    ("fates", "said"),
    [
        ({"filled": 3, "open": 1}, []),
        (
            {"filled": 3, "loss streak": 1200, "cooldown": 0, "circuit breaker: day": 2},
            ["hob: entries refused: circuit breaker: day 2, loss streak 1,200"],
        ),
    ],
)
def test_refused_entries_are_counted_by_reason(fates: dict[str, int], said: list[str]) -> None:
    assert tell_refused("hob", fates) == said
