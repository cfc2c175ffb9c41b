import pytest

from blocks.flags import spelled_out
from blocks.profile import load_config
from lake.errors import ConfigError


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (["--events", "vol_spike"], ["--events.names", "vol_spike"]),
        (["--events-from=my_events"], ["--events.modules=my_events"]),
        (["--events_from", "my-events"], ["--events.modules", "my-events"]),
        (["--open-interest", "a-b"], ["--open_interest", "a-b"]),
        (["--no-list-events"], ["--no-list_events"]),
        (["--engine", "fusion"], ["--backtest.engine", "fusion"]),
        (
            ["--engine=smc", "--engines.smc.gap-bars=8"],
            ["--backtest.engine=smc", "--engines.smc.gap_bars=8"],
        ),
        (["--help", "-h", "word"], ["--help", "-h", "word"]),
        (["--discovery.fdr_q=0.1"], ["--discovery.fdr_q=0.1"]),
    ],
)
def test_flags_are_spelled_as_the_config_calls_them(written, meant):
    assert spelled_out(written) == meant


def test_events_families_and_sequences_are_chosen_by_short_flags():
    config = load_config(
        ["--events", "vol_spike,band_break", "--sequences", "vol_shock then vol_spike within 8h"]
    )
    assert config.events.names == ("vol_spike", "band_break")
    assert config.events.chosen() == ("sequences", "statistical", "volatility")
    assert load_config(["--families", "regime"]).events.chosen() == ("regime",)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--events", "vol_spiek"], "nearest is 'vol_spike'"),
        (["--families", "volatilty"], "nearest is 'volatility'"),
        (["--sequences", "vol_shock and vol_spike"], "FIRST then SECOND within DURATION"),
        (["--sequences", "vol_shock then vol_spike within soon"], "no duration"),
        (["--sequences", "nothing then vol_spike within 8h"], "no event 'nothing'"),
        (["--events-from", "../evil"], "no module"),
        (["--events-from", "tasks.events.volatility"], "rename it"),
    ],
)
def test_a_wrong_choice_is_refused_with_what_was_wanted(arguments, said):
    with pytest.raises(ConfigError, match=said):
        load_config(arguments)
