"""What a desk said, as tables: nothing is lost, nothing is known too early."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from lake.schema import DECISIONS, STANCES, ZONES
from tasks.backtest.decided import decision_frame, listen, reason_codes, stance_frame
from tasks.backtest.zones import zone_frame
from tasks.kernels.fusion_memory import BEYOND, LEAVE, MACRO, MEMBERS, TURNED, VETOED
from tasks.kernels.reading import BORN, DIED
from tests.backtest.heard import EAGER, GAPS, N, bars_at, told_of
from tests.trading.world import ms

HOUR_MS = 3_600_000


@pytest.fixture(scope="module")
def told():
    return told_of()


@pytest.fixture(scope="module")
def decisions(told) -> pl.DataFrame:
    return decision_frame(told)


def rows_of(frame: pl.DataFrame, column: str = "time") -> np.ndarray:
    return ((frame[column].dt.epoch("ms") - ms(0)) // HOUR_MS).to_numpy()


# Decisions.


def test_there_is_a_row_per_decision_with_what_the_desk_said_there(told, decisions) -> None:
    fused = told.decided.fused
    rows = np.flatnonzero(fused["decision"])
    assert set(decisions["decision"]) == {"enter", "leave", "turn", "vetoed"}
    assert rows_of(decisions).tolist() == rows.tolist()
    for name in ("score", "alignment", "side"):
        assert decisions[name].to_list() == fused[name][rows].tolist()
    closes = bars_at()["close"].to_numpy()[rows]
    assert decisions["close"].to_list() == closes.tolist()


def test_the_contributions_sum_to_the_score_but_for_the_factor(decisions) -> None:
    total = decisions.select(pl.sum_horizontal(MEMBERS)).to_series().to_numpy()
    aligned = decisions["alignment"].to_numpy() >= EAGER.fusion.aligned_least
    factor = np.where(aligned, 1.0, EAGER.fusion.misaligned_factor)
    assert not aligned.all()
    np.testing.assert_allclose(decisions["score"].to_numpy(), factor * total, rtol=1e-12)


def test_a_decision_is_known_when_its_bar_has_closed(decisions) -> None:
    assert (decisions["known_at"] - decisions["time"]).unique().to_list() == [timedelta(hours=1)]


@pytest.mark.parametrize(
    ("bits", "codes"),
    [
        (0, []),
        (BEYOND, ["score_beyond_enter"]),
        (TURNED | BEYOND, ["score_beyond_enter", "score_turned"]),
        (MACRO, ["macro"]),
    ],
)
def test_reasons_are_told_by_their_codes(bits: int, codes: list[str]) -> None:
    assert list(reason_codes(bits)) == codes


def test_at_the_last_bar_there_may_be_a_decision_without_any_structure(told) -> None:
    fused = told.decided.fused.copy()
    fused["decision"][-1], fused["fresh"][-1] = VETOED, -1
    frame = decision_frame(replace(told, decided=replace(told.decided, fused=fused)))
    assert rows_of(frame)[-1] == N - 1
    assert frame["fresh_time"][-1] is None


def test_what_is_entered_has_a_reason_and_what_is_vetoed_another(decisions) -> None:
    entered = decisions.filter(pl.col("decision").is_in(["enter", "turn"]))
    assert entered["reasons"].str.contains("score_beyond_enter").all()
    vetoed = decisions.filter(pl.col("decision") == "vetoed")
    assert vetoed["reasons"].str.contains("volatility_").all()
    left = decisions.filter(pl.col("decision") == "leave")
    assert left["reasons"].str.contains("score_below_leave|score_turned").all()


def test_a_fresh_structure_was_known_by_then(told, decisions) -> None:
    known = decisions.filter(pl.col("fresh_time").is_not_null())
    assert known.height > 0
    assert (known["fresh_time"] <= known["time"]).all()
    fresh = told.decided.fused["fresh"][rows_of(known)]
    assert (rows_of(known) - rows_of(known, "fresh_time")).tolist() == fresh.tolist()


def test_no_fresh_structure_is_no_time(told) -> None:
    early = told.decided.fused["fresh"] < 0
    assert early[:10].all()
    decided = told.decided.fused.copy()
    decided["decision"][5] = VETOED
    frame = decision_frame(with_fused(told, decided))
    assert frame["fresh_time"][0] is None


def with_fused(told, fused):
    from dataclasses import replace

    return replace(told, decided=replace(told.decided, fused=fused))


def test_decisions_of_a_span_are_those_of_the_whole_inside_it(told, decisions) -> None:
    middle, end = ms(1200), ms(2200)
    inside = decision_frame(told, middle, end)
    rows = rows_of(decisions)
    assert_frame_equal(inside, decisions.filter((rows >= 1200) & (rows < 2200)))
    assert 0 < inside.height < decisions.height


def test_no_later_bar_changes_a_decision(decisions) -> None:
    cut = 2000
    first = decision_frame(listen("AAA-1h", "fusion", bars_at().head(cut), EAGER, []))
    assert_frame_equal(first, decisions.filter(rows_of(decisions) < cut))


def test_nothing_is_decided_in_a_gap(decisions) -> None:
    assert not set(rows_of(decisions)) & set(GAPS)


def test_an_engine_alone_says_its_own_name_and_nobody_else_contributes() -> None:
    frame = decision_frame(told_of(engine="momentum"))
    assert frame["engine"].unique().to_list() == ["momentum"]
    others = [name for name in MEMBERS if name != "momentum"]
    assert frame.select(pl.max_horizontal(pl.col(others).abs()).max()).item() == 0.0
    assert frame["score"].to_list() == frame["momentum"].to_list()


def test_no_bars_give_empty_tables() -> None:
    told = listen("AAA-1h", "fusion", bars_at().head(0), EAGER, [])
    for frame, table in (
        (decision_frame(told), DECISIONS),
        (stance_frame(told), STANCES),
        (zone_frame(told), ZONES),
    ):
        assert_frame_equal(frame, table.empty())


# Stances.


def test_stances_replayed_as_of_each_bar_are_what_the_engines_thought(told) -> None:
    stances = stance_frame(told)
    for name in MEMBERS:
        own = stances.filter(pl.col("engine") == name)
        rows, heard = told.decided.frames[name].rows, told.decided.heard[name].readings
        last = np.searchsorted(rows_of(own), rows, side="right") - 1
        for column in ("stance", "conviction"):
            values = np.concatenate([own[column].to_numpy(), [0]])
            assert values[last].tolist() == heard[column].tolist()
        assert own.height < len(rows)


def test_phases_are_wyckoffs_alone(told) -> None:
    stances = stance_frame(told)
    phases = stances.group_by("engine").agg(pl.col("phase").max())
    found = {name for name, most in phases.iter_rows() if most}
    assert "wyckoff" in found
    assert found <= {"wyckoff", "wyckoff_daily"}


# Zones.


def test_every_zone_that_was_noted_is_there_once_with_its_birth_and_death(told) -> None:
    zones = zone_frame(told)
    for name in MEMBERS:
        notes = told.decided.heard[name].notes
        own = zones.filter(pl.col("engine") == name)
        assert own.height == np.sum(notes["what"] == BORN)
        assert own["died_time"].drop_nulls().len() == np.sum(notes["what"] == DIED)
        assert own.select("kind", "zone").is_unique().all()
    assert set(zones["kind"]) == {"gap", "block", "level", "structure", "swing"}


def test_a_zone_begins_before_it_is_known_and_is_known_before_it_dies(told) -> None:
    zones = zone_frame(told)
    assert (zones["anchor_time"] <= zones["born_time"]).all()
    dead = zones.filter(pl.col("died_time").is_not_null())
    assert (dead["born_time"] <= dead["died_time"]).all()
    assert (zones["bottom"] <= zones["top"]).all()


def test_a_zone_has_a_reason_of_its_death_where_it_died_and_none_where_it_lives(told) -> None:
    zones = zone_frame(told)
    is_dead = zones["died_time"].is_not_null()
    assert is_dead.any()
    assert ((zones["why"] != "") == is_dead).all()


def test_what_a_longer_timeframe_says_is_known_at_the_close_of_its_last_base_bar(told) -> None:
    structures = zone_frame(told).filter(pl.col("engine") == "wyckoff", pl.col("kind") != "swing")
    assert set((rows_of(structures, "born_time") % 4).tolist()) == {3}
    assert set((rows_of(structures, "anchor_time") % 4).tolist()) == {0}


def test_the_desk_left_positions_that_it_had_entered(told) -> None:
    fused = told.decided.fused
    assert len(fused) == N
    before = np.concatenate([[0], fused["stance"][:-1]])
    left = fused["decision"] == LEAVE
    assert (before[left] == fused["side"][left]).all()
