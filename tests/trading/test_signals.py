import polars as pl
import pytest

from lake.errors import SchemaError
from lake.schema import EVENTS, SIGN, TIME
from tasks.trading.signals import choose_signals, meet_condition, read_condition
from tests.trading.world import at, bars_of, events_at, features_on

BARS = bars_of([100.0] * 6)
PLAIN = features_on(BARS)


def chosen(events, features=PLAIN, event="jump", condition="all", follow=1):
    return choose_signals(events, features, event, condition, follow)


def labelled(**labels):
    return features_on(BARS, **{n: pl.Series(v, dtype=SIGN) for n, v in labels.items()})


@pytest.mark.parametrize(
    ("side", "follow", "traded"),
    [(1, 1, 1), (-1, 1, -1), (0, 1, 1), (1, -1, -1), (-1, -1, 1), (0, -1, -1)],
)
def test_an_event_is_followed_or_faded_and_counts_as_long_without_a_side(side, follow, traded):
    assert chosen(events_at([2], [side]), follow=follow).rows() == [(at(2), traded)]


def test_signals_are_those_of_one_event_sorted_by_time():
    events = pl.concat([events_at([4, 1], [1, -1]), events_at([2], [1], "spike")])
    signals = chosen(events)
    assert signals.rows() == [(at(1), -1), (at(4), 1)]
    assert signals.schema == {"time": TIME, "side": SIGN}


def test_no_events_are_no_signals():
    assert chosen(EVENTS.empty()).schema == {"time": TIME, "side": SIGN}
    assert chosen(events_at([1], [1]), event="spike").is_empty()


def test_a_condition_is_met_at_the_event_s_own_bar():
    features = labelled(vol_regime=[2, 1, 1, 2, 0, 2])
    events = events_at([0, 1, 2, 3, 4], [1, 1, 1, -1, 1])
    assert chosen(events, features, condition="vol_regime=2").rows() == [(at(0), 1), (at(3), -1)]
    assert chosen(events, features, condition="vol_regime=0").rows() == [(at(4), 1)]


def test_a_condition_of_a_negative_value():
    features = labelled(trend_regime=[-1, 1, 0, -1, 1, 0])
    signals = chosen(events_at([0, 1, 2, 3], [1] * 4), features, condition="trend_regime=-1")
    assert signals["time"].to_list() == [at(0), at(3)]


def test_a_condition_that_is_not_known_is_not_met():
    features = labelled(vol_regime=[None, 0, None, 0, 0, 0])
    signals = chosen(events_at([0, 1, 2], [1] * 3), features, condition="vol_regime=0")
    assert signals["time"].to_list() == [at(1)]


def test_a_condition_at_a_bar_without_features_is_not_met():
    features = labelled(vol_regime=[1] * 6).head(3)
    signals = chosen(events_at([2, 4], [1, 1]), features, condition="vol_regime=1")
    assert signals["time"].to_list() == [at(2)]


def test_a_value_that_a_label_never_has_is_never_met():
    features = labelled(vol_regime=[2] * 6)
    assert chosen(events_at([2], [1]), features, condition="vol_regime=7").is_empty()
    assert chosen(events_at([2], [1]), features, condition="vol_regime=70000").is_empty()


def test_any_rows_with_a_time_can_meet_a_condition():
    rows = pl.DataFrame({"time": BARS["time"], "number": range(6)})
    features = labelled(session=[0, 1, 2, 0, 1, 2])
    assert meet_condition(rows, features, "session=1")["number"].to_list() == [1, 4]
    assert meet_condition(rows[::-1], features, "all")["number"].to_list() == list(range(6))


@pytest.mark.parametrize(
    "condition",
    [
        "forward_return=1",
        "exit_time=1",
        "weather=1",
        "sigma=1",
        "time=1",
        "vol_regime",
        "vol_regime=",
        "vol_regime=high",
        "vol_regime=1.0",
        "vol_regime=--1",
        "vol_regime=²",
        "vol_regime=1 ",
        " vol_regime=1",
        "vol_regime==1",
        "ALL",
        "",
    ],
)
def test_a_condition_on_an_outcome_or_on_what_is_no_label_is_refused(condition):
    with pytest.raises(SchemaError, match="the condition"):
        chosen(events_at([2], [1]), condition=condition)


def test_a_condition_is_a_label_and_a_number():
    assert read_condition("funding_regime=-1") == ("funding_regime", -1)
    assert read_condition("session=2") == ("session", 2)
