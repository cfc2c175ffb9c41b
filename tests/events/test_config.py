import pytest
from pydantic import ValidationError

from tasks.events.config import EventsConfig
from tasks.events.registry import families


def test_all_families_run_unless_some_are_named():
    assert EventsConfig().chosen() == families()
    assert EventsConfig(families=("volatility", "liquidity")).chosen() == (
        "liquidity",
        "volatility",
    )


def test_parameters_of_known_events_are_taken():
    config = EventsConfig(parameters={"vol_spike": {"threshold": 5, "history": "2d"}})
    assert config.parameters["vol_spike"] == {"threshold": 5, "history": "2d"}


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"families": ["volatilty"]}, "'volatility'"),
        ({"parameters": {"vol_spik": {}}}, "'vol_spike'"),
        ({"parameters": {"vol_spike": {"treshold": 5}}}, "'threshold'"),
        ({"parameters": {"vol_spike": {"threshold": "much"}}}, "like 4.0"),
        ({"parameters": {"vol_spike": {"history": 7}}}, "like '1d'"),
        ({"parameters": {"vol_spike": {"history": "7 days"}}}, "no duration"),
        ({"parameters": {"false_breakout": {"within": 2.5}}}, "whole number"),
        ({"cooldown": "soon"}, "no duration"),
        ({"cool": "1h"}, "Extra inputs"),
    ],
)
def test_the_nearest_right_word_is_named(fields, says):
    with pytest.raises(ValidationError, match=says):
        EventsConfig(**fields)


def test_a_familys_config_holds_nothing_of_the_others():
    one = EventsConfig(parameters={"vol_spike": {"threshold": 5.0}}).only("liquidity")
    assert one == EventsConfig().only("liquidity")
    assert one != EventsConfig().only("volatility")
