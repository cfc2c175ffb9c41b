import json

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from lake.errors import ConfigError
from lake.store import open_lake
from tasks.blueprint.compilation import compile_one
from tasks.blueprint.config import BlueprintConfig
from tasks.blueprint.document import Blueprint, Strategy, seal
from tasks.blueprint.text import load_blueprint, write_json, write_yaml
from tasks.events.config import EventsConfig
from tests.blueprint.world import WEIGHED, case_of, finding, trade


@pytest.fixture(scope="module")
def blueprint(tmp_path_factory) -> Blueprint:
    lake = open_lake(str(tmp_path_factory.mktemp("lake")))
    row = finding("AAA-1h", "vol_regime=2")
    case = case_of(lake, row, WEIGHED, [trade(h) for h in range(700, 800, 10)])
    joined = case.findings.join(case.bridged, on="hypothesis", suffix="_confirmed")
    row = joined.row(0, named=True)
    return compile_one(row | {"verdict_reason": "net"}, case, EventsConfig(), BlueprintConfig())


def changed(blueprint, path, value):
    """The blueprint as plain values, with the one at `path` replaced."""
    plain = json.loads(write_json(blueprint))
    inner = plain
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = value
    return plain


def test_json_and_yaml_read_back_to_the_same_document(blueprint):
    assert load_blueprint(write_json(blueprint)) == blueprint
    assert load_blueprint(write_yaml(blueprint)) == blueprint
    assert write_json(load_blueprint(write_yaml(blueprint))) == write_json(blueprint)
    assert write_yaml(load_blueprint(write_json(blueprint))) == write_yaml(blueprint)


def test_both_texts_have_sorted_keys_and_the_same_values(blueprint):
    plain = json.loads(write_json(blueprint))
    assert plain == yaml.safe_load(write_yaml(blueprint))
    assert list(plain) == sorted(plain)
    assert list(yaml.safe_load(write_yaml(blueprint))) == sorted(plain)


numbers = st.floats(allow_nan=False, allow_infinity=False)
words = st.text(max_size=12)


@given(
    numbers,
    numbers,
    words,
    st.dictionaries(words, st.one_of(st.booleans(), st.integers(), numbers, words), max_size=4),
)
@settings(max_examples=60, deadline=None)
def test_any_numbers_and_words_survive_both_ways(blueprint, price, effect, reason, parameters):
    evidence = blueprint.evidence
    discovery = evidence.discovery.model_copy(update={"effect_bps": effect})
    fields = dict(blueprint) | {
        "golden": (blueprint.golden[0].model_copy(update={"entry_price": price}),),
        "evidence": evidence.model_copy(update={"verdict": reason, "discovery": discovery}),
        "event": blueprint.event.model_copy(update={"parameters": parameters}),
    }
    del fields["name"]
    sealed = seal(Strategy(**fields))
    for text in (write_json(sealed), write_yaml(sealed)):
        assert load_blueprint(text) == sealed
        types = {k: type(v) for k, v in load_blueprint(text).event.parameters.items()}
        assert types == {k: type(v) for k, v in parameters.items()}


def test_the_name_holds_event_horizon_market_and_hash(blueprint):
    start, _, digest = blueprint.name.rpartition("-")
    assert start == "vol_spike-2h-AAA-1h"
    assert len(digest) == 8
    assert int(digest, 16) >= 0


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("event", "parameters", "threshold"), 4.5),
        (("golden", 0, "entry_price"), 100.01),
        (("costs", "taker_fee_bps"), 4.0),
    ],
)
def test_a_changed_document_does_not_fit_its_name(blueprint, path, value):
    text = json.dumps(changed(blueprint, path, value))
    with pytest.raises(ConfigError, match="does not fit the content"):
        load_blueprint(text)


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("event", "parametres"), {}, "event.parametres: Extra inputs"),
        (("leverage",), 20, "leverage: Extra inputs"),
        (("version",), 2, "version: Input should be 1"),
        (("costs", "taker_fee_bps"), -1.0, "costs.taker_fee_bps: .*greater than or equal to 0"),
        (("rule",), "both", "rule: Input should be 'follow' or 'fade'"),
        (("entry",), "this_close", "entry: "),
        (("timeframe",), "7m", "7m' is no timeframe"),
        (("timeframe",), "5m", "not of the timeframe 5m"),
        (("exit", "horizon"), "2x", "exit.horizon: .*no duration"),
        (("exit", "time_stop_bars"), 3, "exit after 3 bars, but 2h are 2 bars of 1h"),
        (("markets",), [], "markets: Tuple should have at least 1 item"),
        (("conditions", 0, "label"), "moon", "'moon' is no column of FEATURES"),
        (("golden", 0, "side"), 0, "golden.0.side: "),
        (("golden", 0, "entry_time"), "2024-01-01T00:00:00", "golden.0.entry_time: .*timezone"),
        (("evidence", "confirmation", "q"), 1.2, "evidence.confirmation.q: "),
        (("kill", "stop_below_bps"), "low", "kill.stop_below_bps: .*valid number"),
        (("sizing", "units"), 0, "sizing.units: "),
    ],
)
def test_a_key_or_value_that_does_not_fit_is_named(blueprint, path, value, message):
    plain = changed(blueprint, path, value)
    for text in (json.dumps(plain), yaml.safe_dump(plain)):
        with pytest.raises(ConfigError, match=message):
            load_blueprint(text)


@pytest.mark.parametrize("text", ["", "{", "- 1", "a: [", "word", "{}", "a: &a [*a]", "\x00"])
def test_a_text_that_is_no_blueprint_is_refused(text):
    with pytest.raises(ConfigError):
        load_blueprint(text)


@pytest.mark.parametrize("number", ["NaN", "Infinity"])
def test_a_number_that_is_none_is_refused(blueprint, number):
    text = write_json(blueprint).replace(f'"net_bps": {38.0}', f'"net_bps": {number}')
    with pytest.raises(ConfigError, match="finite"):
        load_blueprint(text)


def test_a_blueprint_cannot_be_changed(blueprint):
    with pytest.raises(ValidationError, match="frozen"):
        blueprint.rule = "fade"
