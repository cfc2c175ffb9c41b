"""The promises of `tasks/events/contract.py`, asked of every analyzer and of planted cheats."""

from dataclasses import replace

import numpy as np
import pytest

from tasks.events.bars import CONTEXT, VOLUMES, Bars
from tasks.events.contract import (
    first_foresight,
    first_memory,
    first_touched,
    first_unit,
    first_unmirrored,
    share_of_bars,
)
from tasks.events.marks import Marks, marks
from tasks.events.registry import (
    NEEDS,
    Analyzer,
    analyzers,
    catalogue,
    event,
    families,
    obstacle,
)
from tests.audit import cheats
from tests.events.market import bars_of, simulated

COOLDOWN = "1h"
IN_QUOTE = ("notional_quote",)
OF_NEED = {
    "O": ("close",),
    "V": ("volume",),
    "T": ("taker_buy_volume",),
    "F": ("funding",),
    "I": ("open_interest",),
    "S": ("spot",),
    "M": ("leader",),
    "X": ("fee",),
}
CLOCK = "temporal"
COLUMNS = (*VOLUMES, *CONTEXT)


def asked_together():
    """Each analyzer on its own, but the events of an engine at once: one run of it tells all."""
    for family in families():
        told = tuple(a for a in analyzers(family) if a.output)
        yield from (pytest.param((a,), id=a.name) for a in analyzers(family) if not a.output)
        if told:
            yield pytest.param(told, id=f"engine of {family}")


EVERY_ANALYZER = pytest.mark.parametrize("analyzer", catalogue(), ids=lambda a: a.name)
EVERY_GROUP = pytest.mark.parametrize("asked", list(asked_together()))


@pytest.fixture(scope="module")
def usual() -> Bars:
    return simulated()


@pytest.fixture(scope="module")
def long() -> Bars:
    return simulated(20_000, "1h")


@pytest.fixture
def bars(asked: tuple[Analyzer, ...], usual: Bars, long: Bars) -> Bars:
    """Bars of 104 days, or of 833 for events on daily bars."""
    return long if asked[0].family == "wyckoff_daily" else usual


def is_told(asked: tuple[Analyzer, ...]) -> bool:
    return asked[0].output is not None


@EVERY_GROUP
def test_the_future_changes_no_mark(asked: tuple[Analyzer, ...], bars: Bars) -> None:
    assert first_foresight(asked, bars, n_places=4 if is_told(asked) else 12) is None


@EVERY_GROUP
def test_the_lookback_or_the_memory_is_enough(asked: tuple[Analyzer, ...], bars: Bars) -> None:
    lookbacks = [analyzer.lookback(bars.timeframe, COOLDOWN) for analyzer in asked]
    assert all((n is None) == is_told(asked) for n in lookbacks)
    assert all(n < len(bars) - 400 for n in lookbacks if n is not None)
    assert first_memory(asked, bars, COOLDOWN, n_places=8 if is_told(asked) else 30) is None


@EVERY_GROUP
def test_the_chart_upside_down_turns_the_sides_round(
    asked: tuple[Analyzer, ...], bars: Bars
) -> None:
    assert first_unmirrored(asked, bars) is None


@EVERY_GROUP
def test_another_unit_of_account_changes_nothing(asked: tuple[Analyzer, ...], bars: Bars) -> None:
    assert first_unit(asked, bars) is None


@EVERY_GROUP
def test_tiny_and_huge_prices_change_nothing(asked: tuple[Analyzer, ...], bars: Bars) -> None:
    for factor in (2.0**-41, 2.0**13):
        rescaled = bars.rescaled(factor)
        for analyzer in asked:
            named = analyzer.parameters.items()
            amounts = {n: float(v) * factor for n, v in named if n in IN_QUOTE}
            other = analyzer.marks(rescaled, COOLDOWN, amounts)
            assert np.array_equal(analyzer.marks(bars, COOLDOWN).fired, other.fired)


@EVERY_GROUP
def test_bars_are_not_written_to(asked: tuple[Analyzer, ...], bars: Bars) -> None:
    assert first_touched(asked, bars) is None


@EVERY_GROUP
def test_it_fires_now_and_then(asked: tuple[Analyzer, ...], bars: Bars, usual: Bars) -> None:
    for analyzer in asked:
        most = 1.0 if analyzer.family == CLOCK else 0.05
        assert share_of_bars(analyzer, bars, COOLDOWN) > 0.0
        assert share_of_bars(analyzer, usual, COOLDOWN) <= most


@EVERY_GROUP
def test_fired_marks_have_strength_and_side(asked: tuple[Analyzer, ...], bars: Bars) -> None:
    for analyzer in asked:
        found = analyzer.marks(bars, COOLDOWN)
        assert np.isfinite(found.strength).all()
        assert (found.strength[found.fired] > 0).all()
        assert set(np.unique(found.side)) <= {-1, 0, 1}
        assert (found.anchor[found.fired] <= np.flatnonzero(found.fired)).all()


@EVERY_ANALYZER
def test_the_docstring_names_a_source(analyzer: Analyzer) -> None:
    text = analyzer.function.__doc__ or ""
    known = "catalogue" in text or "engines.md" in text
    assert known or any(f" {year}" in text for year in range(1950, 2030))


@EVERY_GROUP
def test_nothing_stands_on_bars_without_news(asked: tuple[Analyzer, ...], bars: Bars) -> None:
    n = len(bars)
    flat = bars_of(
        np.full(n, 100.0),
        timeframe=bars.timeframe,
        taker_buy_volume=0.5,
        funding=1e-4,
        funding_time=bars.funding_time,
        funding_hours=8.0,
        open_interest=1e9,
        spot=100.0,
        leader=50.0,
        fee=4.0,
        news=0.0,
    )
    empty = bars_of(np.full(n, np.nan), timeframe=bars.timeframe, volume=np.nan)
    for analyzer in asked:
        stills = [empty, *([] if analyzer.family == CLOCK else [flat, bars.part(0, 1)])]
        for still in stills:
            assert not analyzer.marks(still, COOLDOWN).fired.any()
        analyzer.marks(bars.part(0, 0), COOLDOWN)
        analyzer.marks(bars.part(0, 2), COOLDOWN)


@EVERY_GROUP
def test_columns_that_are_missing_throughout_crash_nothing(
    asked: tuple[Analyzer, ...], bars: Bars
) -> None:
    nothing = np.full(len(bars), np.nan)
    for name in VOLUMES if is_told(asked) else COLUMNS:
        without = replace(bars, **{name: nothing})
        for analyzer in asked:
            assert np.isfinite(analyzer.marks(without, COOLDOWN).strength).all()
    for analyzer in asked:
        for need in set(analyzer.needs) - {"C"}:
            without = replace(bars, **dict.fromkeys(OF_NEED[need], nothing))
            assert NEEDS[need] in (obstacle(analyzer, without) or "")


@EVERY_GROUP
def test_a_tick_after_a_flat_market_is_no_event_without_a_scale(
    asked: tuple[Analyzer, ...], bars: Bars
) -> None:
    closes = np.full(4000, 100.0)
    closes[3900:] = 101.0
    context = {"spot": 100.0, "leader": 50.0, "open_interest": 1e9, "fee": 4.0}
    still = bars_of(closes, taker_buy_volume=0.5, **context)
    for analyzer in asked:
        found = analyzer.marks(still, COOLDOWN)
        assert np.isfinite(found.strength).all()
        # An engine's means swing back from the tick.
        assert found.fired.sum() <= 1 + is_told(asked) or analyzer.family == CLOCK


@EVERY_GROUP
def test_nothing_stands_in_a_gap(asked: tuple[Analyzer, ...], bars: Bars) -> None:
    holed = with_gaps(bars)
    for analyzer in asked:
        found = analyzer.marks(holed, COOLDOWN)
        assert found.fired.any() or is_told(asked)
        assert not (found.fired & holed.is_gap).any()
        assert np.isfinite(found.strength).all()
    assert first_memory(asked, holed, COOLDOWN, n_places=4 if is_told(asked) else 12) is None


@EVERY_GROUP
def test_without_volume_it_says_so_or_does_not_need_it(
    asked: tuple[Analyzer, ...], bars: Bars
) -> None:
    nothing = np.zeros(len(bars))
    silent = replace(bars, **dict.fromkeys(VOLUMES, nothing))
    for analyzer in asked:
        if not obstacle(analyzer, silent):
            same = analyzer.marks(silent, COOLDOWN).fired == analyzer.marks(bars, COOLDOWN).fired
            assert same.all()
        elif analyzer.output is None:
            assert not analyzer.marks(silent, COOLDOWN).fired.any()


def with_gaps(bars: Bars) -> Bars:
    """`bars` with single, short and long gaps."""
    gap = np.zeros(len(bars), dtype=bool)
    for start, length in ((50, 1), (700, 3), (1500, 100), (2600, 1), (3300, 24)):
        gap[start : start + length] = True
    names = ("open", "high", "low", "close", *VOLUMES)
    return replace(
        bars, is_gap=gap, **{name: np.where(gap, np.nan, getattr(bars, name)) for name in names}
    )


def cheat(function: object) -> Analyzer:
    return event(lookback=(48,), needs="O", mirrored=True)(function)


@cheat
def sees_the_next_bar(bars: Bars) -> Marks:
    """Buys before the rise."""
    ahead = np.append(bars.log_return[1:], np.nan)
    return marks(np.abs(ahead) > 0.01, ahead, np.abs(ahead))


@cheat
def knows_the_whole_sample(bars: Bars) -> Marks:
    """Its threshold comes from all bars, later ones too."""
    size = np.abs(bars.log_return)
    finite = size[np.isfinite(size)]
    threshold = np.quantile(finite, 0.99) if finite.size else np.inf
    return marks(size > threshold, bars.log_return, size)


@cheat
def looks_to_both_sides(bars: Bars) -> Marks:
    """Swing highs of a centred window, on their own bar."""
    close = np.concatenate([[np.nan] * 3, bars.close, [np.nan] * 3])
    around = np.lib.stride_tricks.sliding_window_view(close, 7)
    return marks(bars.close == np.max(around, axis=1), 1, bars.close * 0 + 1)


@cheat
def remembers_for_ever(bars: Bars) -> Marks:
    """A new high of all time."""
    highest = np.maximum.accumulate(np.nan_to_num(bars.high))
    new = np.append(False, bars.high[1:] > highest[:-1])
    return marks(new, 1, np.ones(len(bars)))


@cheat
def counts_in_dollars(bars: Bars) -> Marks:
    """A move of so many units of the quote currency."""
    move = np.append(np.nan, np.diff(bars.close))
    return marks(np.abs(move) > 200.0, move, np.abs(move))


@cheat
def likes_it_up(bars: Bars) -> Marks:
    """Rises only."""
    return marks(bars.log_return > 0.01, 1, bars.log_return)


@cheat
def writes_on_its_bars(bars: Bars) -> Marks:
    """Fills what is missing in place."""
    bars.volume[5] = 0.0
    return marks(bars.close > 0, 1, bars.close)


@pytest.mark.parametrize(
    "seer", [sees_the_next_bar, knows_the_whole_sample, looks_to_both_sides], ids=lambda a: a.name
)
def test_a_seer_is_caught(seer: Analyzer, usual: Bars) -> None:
    assert first_foresight(seer, usual) is not None


def test_an_endless_memory_is_caught(usual: Bars) -> None:
    assert first_memory(remembers_for_ever, usual, COOLDOWN, n_places=100) is not None


def test_an_engine_that_sees_bars_before_they_close_is_caught(usual: Bars) -> None:
    assert first_foresight(cheats.joined_at_its_open, usual) is not None


def test_an_engine_whose_memory_is_not_whole_is_caught(usual: Bars) -> None:
    assert first_memory(cheats.memory_with_a_hole, usual, COOLDOWN) is not None


def test_of_several_that_are_asked_at_once_one_that_cheats_is_caught(usual: Bars) -> None:
    asked = (cheats.honest_engine, cheats.joined_at_its_open, cheats.memory_with_a_hole)
    assert first_foresight(asked, usual, n_places=3) is not None
    assert first_memory(asked, usual, COOLDOWN, n_places=3) is not None
    assert first_unmirrored(asked, usual) is not None
    assert first_foresight(asked[:1], usual, n_places=3) is None


def test_a_unit_of_account_is_caught(usual: Bars) -> None:
    assert first_unit(counts_in_dollars, usual) is not None


def test_one_sidedness_is_caught(usual: Bars) -> None:
    assert first_unmirrored(likes_it_up, usual) is not None


def test_writing_is_caught(usual: Bars) -> None:
    assert first_touched(writes_on_its_bars, usual) == 5
    with pytest.raises(ValueError, match="read-only"):
        writes_on_its_bars.function(usual)
