"""The chart of a market's structure: what is chosen for it, and that it can be drawn."""

import io
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from itertools import pairwise

import numpy as np
import polars as pl
import pytest
from PIL import Image

from lake.errors import ConfigError
from lake.schema import TRADES
from tasks.backtest.decided import decision_frame, listen
from tasks.backtest.structure_picture import HEIGHT, WIDTH, draw_scene
from tasks.backtest.structure_scene import Scene
from tasks.backtest.structure_seen import MOST, choose_rows, set_scene
from tasks.backtest.zones import zone_frame
from tests.backtest.heard import EAGER, GAPS, bars_at, told_of, without_volume
from tests.trading.world import at, filled, ms

FIRST, N = 1400, 250


@cache
def zones() -> pl.DataFrame:
    return zone_frame(told_of())


@cache
def log() -> pl.DataFrame:
    return decision_frame(told_of()).with_columns(fate=pl.lit("taken"))


def trade(entered: int, left: int, price: float, side: int = 1, market: str = "AAA-1h") -> dict:
    return {
        "market": market,
        "entry_time": at(entered),
        "exit_time": at(left),
        "entry_price": price,
        "exit_price": 1.01 * price,
        "side": side,
        "exit": "time",
    }


@cache
def scene_of(first: int = FIRST, n: int = N) -> Scene:
    price = float(told_of().slots.bars[3, first])
    inside = trade(first + 3, first + 20, price)
    rows = [inside, trade(first - 30, first - 20, price), inside | {"market": "BBB-1h"}]
    return set_scene(told_of(), zones(), log(), filled(TRADES, rows), slice(first, first + n))


# Which bars.


def test_the_last_bars_are_drawn_or_those_before_an_end() -> None:
    times = ms(0) + 3_600_000 * np.arange(100)
    assert choose_rows(times, 30, None) == slice(70, 100)
    assert choose_rows(times, 30, ms(50)) == slice(20, 50)
    assert choose_rows(times, 30, ms(10)) == slice(0, 10)
    assert choose_rows(times, 300, None) == slice(0, 100)


def test_where_nothing_was_decided_lately_the_last_decision_is_drawn() -> None:
    times, decided = ms(0) + 3_600_000 * np.arange(100), np.array([12, 40])
    assert choose_rows(times, 20, None, decided) == slice(26, 46)
    assert choose_rows(times, 20, None, np.array([12, 80])) == slice(80, 100)
    assert choose_rows(times, 20, None, decided[:0]) == slice(80, 100)
    assert choose_rows(times, 20, ms(90), decided) == slice(70, 90)


def test_an_end_before_the_bars_is_refused() -> None:
    with pytest.raises(ConfigError, match="ends before 2024-01-01") as caught:
        choose_rows(ms(0) + 3_600_000 * np.arange(5), 30, ms(0))
    assert "chart_end" in caught.value.do


# What is seen.


def test_bars_score_and_contributions_are_those_of_the_span() -> None:
    scene, told = scene_of(), told_of()
    inside = slice(FIRST, FIRST + N)
    assert scene.times.tolist() == told.slots.times[inside].tolist()
    assert scene.score.tolist() == told.decided.fused["score"][inside].tolist()
    assert scene.contributions.T.tolist() == told.decided.fused["contributions"][inside].tolist()
    (gap,) = (row - FIRST for row in GAPS if FIRST <= row < FIRST + N)
    assert np.flatnonzero(np.isnan(scene.bars[3])).tolist() == [gap]


def test_zones_that_live_in_the_span_are_drawn_from_birth_to_death_and_not_too_many() -> None:
    scene = scene_of()
    step = 3_600_000
    known = {
        (row["kind"], row["top"]): row
        for row in zones().to_dicts()
        if row["kind"] in MOST and row["died_time"] is not None
    }
    for kind, most in MOST.items():
        assert 0 < len([box for box in scene.boxes if box.kind == kind]) <= most
    for box in scene.boxes:
        assert box.start < N
        assert box.end > 0
        assert box.bottom <= box.top
        row = known.get((box.kind, box.top))
        if row is not None and not box.lives:
            died = row["died_time"] - datetime.fromtimestamp(scene.times[0] / 1000, UTC)
            assert box.end == died.total_seconds() * 1000 / step


def test_a_zone_that_died_before_or_was_born_after_the_span_is_not_drawn() -> None:
    row = {"market": "AAA-1h", "engine": "smc", "kind": "gap", "zone": 1, "side": 1, "why": "aged"}
    edges = {"top": 2.0, "bottom": 1.0, "value": 0.0}
    lives = {
        "before": (FIRST - 9, FIRST - 1),
        "at the first bar": (FIRST - 9, FIRST + 5),
        "after": (FIRST + N, FIRST + N + 9),
        "at the last bar": (FIRST + N - 1, FIRST + N + 9),
    }
    for name, (born, died) in lives.items():
        times = {"anchor_time": at(born), "born_time": at(born), "died_time": at(died)}
        frame = pl.DataFrame([row | edges | times], schema=zones().schema)
        none = TRADES.empty()
        scene = set_scene(told_of(), frame, log(), none, slice(FIRST, FIRST + N))
        assert len(scene.boxes) == (1 if name.startswith("at") else 0), name


def test_swings_alternate_and_are_called_by_the_one_before_on_their_side() -> None:
    swings = scene_of(200, 2500).swings
    assert len(swings) > 40
    sides = [swing.side for swing in swings]
    assert all(a == -b for a, b in pairwise(sides))
    for side, letter in ((1, "H"), (-1, "L")):
        own = [swing for swing in swings if swing.side == side]
        for before, swing in pairwise(own):
            assert swing.word == ("H" if swing.price > before.price else "L") + letter


def test_a_swing_stands_at_its_own_bar() -> None:
    scene = scene_of()
    for swing in scene.swings:
        assert scene.bars[1 if swing.side > 0 else 2, swing.at] == swing.price


def test_breaks_lead_from_a_swing_to_a_close_beyond_it() -> None:
    scene = scene_of(200, 2500)
    assert {link.word for link in scene.breaks} == {"BOS", "CHoCH"}
    for link in scene.breaks:
        close = scene.bars[3, int(link.end)]
        assert link.side * (close - link.first) > 0
        assert link.start < link.end


def test_phases_are_told_by_letter_and_timeframe() -> None:
    phases = scene_of(0, 3000).phases
    assert list(phases) == ["4h", "1d"]
    letters = {phase.letter for phase in phases["4h"]}
    assert letters <= set("ABCDE")
    assert "A" in letters
    for own in phases.values():
        assert all(a.end <= b.start for a, b in pairwise(own))


def test_decisions_and_trades_of_this_market_are_drawn_alone() -> None:
    scene = scene_of()
    rows = np.flatnonzero(told_of().decided.fused["decision"][FIRST : FIRST + N])
    assert [mark.at for mark in scene.decisions] == rows.tolist()
    assert [(link.start, link.end) for link in scene.trades] == [(3.0, 20.0)]


# The picture.


@cache
def drawn(first: int = FIRST) -> bytes:
    return draw_scene(scene_of(first))


def picture(scene: Scene) -> Image.Image:
    return Image.open(io.BytesIO(draw_scene(scene)))


def test_the_picture_has_its_size_and_nothing_is_cut_off() -> None:
    image = picture(scene_of())
    assert image.size == (WIDTH, HEIGHT)
    pixels = np.asarray(image.convert("L"))
    assert pixels.min() < 60
    edges = [pixels[:4], pixels[-4:], pixels[:, :4], pixels[:, -4:]]
    assert all((edge == 255).all() for edge in edges)


def test_the_same_scene_gives_the_same_bytes() -> None:
    assert draw_scene(scene_of()) == drawn()


@pytest.mark.parametrize(
    "change",
    [
        {"boxes": []},
        {"swings": []},
        {"breaks": []},
        {"trades": []},
        {"decisions": []},
        {"phases": {"4h": [], "1d": []}},
        {"score": np.zeros(N)},
        {"contributions": np.zeros((5, N))},
        {"stance": np.zeros(N, np.int64)},
    ],
    ids=lambda change: next(iter(change)),
)
def test_each_part_is_on_the_picture(change: dict) -> None:
    known = scene_of(0, 3000).phases["4h"][0]
    first = int(known.start) if "phases" in change else FIRST
    assert draw_scene(replace(scene_of(first), **change)) != drawn(first)


def test_what_became_of_an_entry_is_seen() -> None:
    scene = scene_of()
    refused = [mark._replace(fate="cooldown") for mark in scene.decisions]
    assert draw_scene(replace(scene, decisions=refused)) != drawn()


@pytest.mark.parametrize("n", [1, 2, 40])
def test_few_bars_are_drawn_too(n: int) -> None:
    assert picture(scene_of(FIRST, n)).size == (WIDTH, HEIGHT)


def test_a_span_of_gaps_alone_is_drawn_empty() -> None:
    scene = scene_of()
    empty = replace(scene, bars=np.full((5, N), np.nan), boxes=[], swings=[], breaks=[])
    assert picture(empty).size == (WIDTH, HEIGHT)


def test_a_market_without_volume_is_drawn_and_says_so() -> None:
    told = listen("AAA-1h", "fusion", without_volume(bars_at()), EAGER, [])
    none = TRADES.empty()
    scene = set_scene(told, zone_frame(told), decision_frame(told), none, slice(FIRST, FIRST + N))
    assert picture(scene).size == (WIDTH, HEIGHT)
