import json

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from lake.errors import ConfigError
from lake.schema import FEATURES, SIGN
from tasks.blueprint.document import CAN_BE_CONDITIONS, Blueprint, seal
from tasks.blueprint.text import load_blueprint, write_json, write_yaml
from tasks.blueprint.words import LABELS
from tasks.events.config import EventsConfig
from tests.blueprint.world import case_of, changed, compiled, finding, plain


@pytest.fixture(scope="module")
def blueprint() -> Blueprint:
    return compiled(case_of(), golden_trades=3)


def test_json_and_yaml_read_back_to_the_same_document(blueprint):
    assert load_blueprint(write_json(blueprint)) == blueprint
    assert load_blueprint(write_yaml(blueprint)) == blueprint
    assert write_json(load_blueprint(write_yaml(blueprint))) == write_json(blueprint)
    assert write_yaml(load_blueprint(write_json(blueprint))) == write_yaml(blueprint)


def test_both_texts_have_sorted_keys_and_the_same_values(blueprint):
    document = plain(blueprint)
    assert document == yaml.safe_load(write_yaml(blueprint))
    assert list(document) == sorted(document)
    assert list(yaml.safe_load(write_yaml(blueprint))) == sorted(document)


numbers = st.floats(allow_nan=False, allow_infinity=False)
words = st.text(max_size=12)
values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(2**53), 2**53), numbers, words),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=6,
)


@given(numbers, numbers, words, st.dictionaries(words, values, max_size=3))
@settings(max_examples=25, deadline=None)
def test_any_numbers_words_and_settings_survive_both_ways(blueprint, net, effect, reason, room):
    evidence, golden = blueprint.evidence, blueprint.golden
    discovery = evidence.discovery.model_copy(update={"effect_bps": effect})
    first = (golden.first[0].model_copy(update={"net_bps": net}), *golden.first[1:])
    fields = dict(blueprint) | {
        "golden": golden.model_copy(update={"first": first}),
        "evidence": evidence.model_copy(update={"verdict": reason, "discovery": discovery}),
        "code": {},  # long, and of no interest here
        "settings": blueprint.settings.model_copy(update={"clean": room}),
    }
    del fields["name"]
    sealed = seal(fields)
    for text in (write_json(sealed), write_yaml(sealed)):
        assert load_blueprint(text) == sealed
        assert write_json(load_blueprint(text)) == write_json(sealed)


def test_the_name_holds_event_horizon_market_and_hash(blueprint):
    start, _, digest = blueprint.name.rpartition("-")
    assert start == "vol_spike-2h-AAA-1h"
    assert len(digest) == 8
    assert int(digest, 16) >= 0


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("hypothesis", "AAA-1h|vol_spike|2h|all"),
        ("rule", "fade"),
        ("golden.first.0.entry_price", 100.00000000000001),
        ("terms.costs.taker_fee_bps", 4.0),
        ("settings.clean.max_log_jump", 1.5),
        ("code.lake", "0" * 64),
        ("libraries.numpy", "0.1"),
        ("evidence.stress.0.p", None),
        ("falsified_by.0", "never"),
    ],
)
def test_a_changed_document_has_another_name(blueprint, path, value):
    with pytest.raises(ConfigError, match=r"name: .* does not fit the content"):
        load_blueprint(json.dumps(changed(blueprint, path, value)))


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("event.parametres", {}, "event.parametres: Extra inputs"),
        ("leverage", 20, "leverage: Extra inputs"),
        ("terms.exits.stopp", 2.0, "terms.exits.stopp: Extra inputs"),
        ("terms.exits.stop", -1.0, "terms.exits.stop: .*greater than 0"),
        ("terms.exits.targets", [{"at": 1.0, "share": 2.0}], r"terms.exits.targets.0.share: .*1"),
        ("terms.sizing.method", "risk_share_", "terms.sizing.method: "),
        ("terms.costs.taker_fee_bps", -1.0, "terms.costs.taker_fee_bps: .*than or equal to 0"),
        ("terms.costs.taker_fee_bps", "5.0", "terms.costs.taker_fee_bps: .*valid number"),
        ("terms.limits.max_open", 0, "terms.limits.max_open: "),
        ("rule", "both", "rule: Input should be 'follow' or 'fade'"),
        ("no_side", "short", "no_side: "),
        ("entry", "this_close", "entry: "),
        ("timeframe", "7m", "timeframe: '7m' is no timeframe"),
        ("timeframe", "5m", "markets.0: AAA-1h is not of the timeframe 5m"),
        ("horizon", "2x", "horizon: .*no duration"),
        ("horizon_bars", 3, "horizon_bars: 2h are 2 bars of 1h"),
        ("horizon_bars", 2.5, "horizon_bars: .*valid integer"),
        ("markets", [], "markets: .*at least 1 item"),
        ("markets", ["AAA-1h", "AAA-1h"], "markets.1: AAA-1h stands there twice"),
        ("markets", ["../etc-1h"], "markets.0: .*no symbol"),
        ("markets", ["AAA"], "markets.0: .*no timeframe"),
        ("conditions.0.label", "moon", "conditions.0.label: 'moon' is no label of FEATURES"),
        (
            "conditions.0.label",
            "forward_return",
            "conditions.0.label: 'forward_return' is an outcome: it is known only after the trade",
        ),
        ("conditions.0.label", "sigma", "conditions.0.label: 'sigma' is no label"),
        ("conditions.0.value", 7, "conditions.0.value: vol_regime is never 7: wanted one of 0, 1"),
        ("conditions.0.value", True, "conditions.0.value: .*valid integer"),
        ("event.module", "os", "event.module: 'os' is none of tasks.events.*--events-from os"),
        ("event.module", "tasks.events.task", "event.module: .*defines no events"),
        ("event.module", "tasks.events.nowhere", "event.module: .*defines no events"),
        ("event.module", "tasks/events", "event.module: .*pattern"),
        ("event.family", "liquidity", "event.family: tasks.events.volatility defines another"),
        ("event.name", "vol_spikes", "event.name: .*not registered.*nearest is 'vol_spike'"),
        ("event.parameters.treshold", 3.0, "event.parameters.treshold: .*nearest is 'threshold'"),
        ("event.parameters.threshold", "4h", "event.parameters.threshold: .*value like 4.0"),
        ("event.parameters.threshold", None, "event.parameters.threshold"),
        ("event.parameters.history", "1 day", "event.parameters.history: .*no duration"),
        ("event.parameters.history", 24, "event.parameters.history: .*value like '1d'"),
        ("event.parameters", {}, "event.parameters.history: missing"),
        ("event.parameters_key", "0" * 12, "event.parameters_key: 000000000000 does not fit"),
        ("event.cooldown", "2h", "event.parameters_key: "),
        ("eras.sealed.start", "2020-01-01T00:00:00Z", "eras.sealed.start: .*in the span before"),
        ("eras.discovery.end", "2020-01-01T00:00:00Z", "eras.discovery.end: .*not after the start"),
        ("eras.discovery.end", "2024-01-01T00:00:00", "eras.discovery.end: .*timezone"),
        ("eras.discovery.end", "2024-01-01T00:00:00+01:00", "eras.discovery.end: .*not in UTC"),
        ("evidence.confirmation.q", 1.2, "evidence.confirmation.q: "),
        ("evidence.confirmation.net_bps", None, "evidence.confirmation.net_bps: "),
        ("evidence.folds.1.fold", 1, "evidence.folds.1.fold: there are two folds 1"),
        ("evidence.folds.1.start", "2024-01-12T00:00:00Z", "evidence.folds.1.start: .*before"),
        ("kill.stop_below_bps", "low", "kill.stop_below_bps: .*valid number"),
        ("code.lake", "abc", "code.lake: .*pattern"),
        ("golden.first.0.side", 0, "golden.first.0.side: "),
        ("golden.first.0.entry_price", 0.0, "golden.first.0.entry_price: .*greater than 0"),
        ("golden.first.0.fold", 2, "golden.first.0.fold: no fold that was traded"),
        ("golden.first.0.market", "BBB-1h", "golden.first.0.market: BBB-1h is none of the markets"),
        ("golden.last.1.exit_time", "2024-02-09T02:30:00Z", "golden.last.1.exit_time: .*off the g"),
        ("golden.last.1.exit_time", "2024-02-08T00:00:00Z", "golden.last.1.exit_time: .*before th"),
        ("golden.first.0.event_time", "2024-01-11T01:00:00Z", "golden.first.0.entry_time: .*not a"),
        ("golden.first.0.entry_time", "2024-01-10T00:00:00Z", "golden.first.0.entry_time: .*outsi"),
        ("golden.n_trades", 5, "golden.n_trades: 5 trades, of which 6 are listed"),
        ("golden.n_trades", 21, "golden.n_trades: 21, but the evidence is of 20 trades"),
        ("golden.sha256", "0", "golden.sha256: "),
    ],
)
def test_a_key_or_value_that_does_not_fit_is_named(blueprint, path, value, message):
    document = changed(blueprint, path, value)
    for text in (json.dumps(document), yaml.safe_dump(document)):
        with pytest.raises(ConfigError, match=f"(?m)^ *{message}"):
            load_blueprint(text)


def test_a_digest_that_does_not_fit_trades_that_are_all_listed_is_named():
    whole = compiled(case_of(), golden_trades=20)
    with pytest.raises(ConfigError, match=r"golden.sha256: does not fit"):
        load_blueprint(json.dumps(changed(whole, "golden.first.3.net_bps", 1.0)))


def test_all_that_is_wrong_is_named_at_once(blueprint):
    document = changed(blueprint, "terms.costs.taker_fee_bps", -1.0) | {"rule": "both"}
    with pytest.raises(ConfigError, match=r"(?s)rule: .*terms.costs.taker_fee_bps: "):
        load_blueprint(json.dumps(document))


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("golden.first.0.net_bps", "golden.first.0.net_bps"),
        ("evidence.discovery.t", "evidence.discovery.t"),
        ("settings.features.windows.1.weight", "settings.features.windows.1.weight"),
        ("event.parameters.threshold", "event.parameters.threshold"),
        ("terms.sizing.notional", "terms.sizing.notional"),
    ],
)
def test_a_number_that_is_none_is_named(blueprint, path, place, number):
    text = json.dumps(changed(blueprint, path, float(number.lower())))
    assert number in text
    with pytest.raises(ConfigError, match=f"(?m)^ *{place}: .*finite"):
        load_blueprint(text)


def test_a_blueprint_cannot_be_changed(blueprint):
    with pytest.raises(ValidationError, match="frozen"):
        blueprint.rule = "fade"
    with pytest.raises(ValidationError, match="frozen"):
        blueprint.terms.exits.stop = 1.0


def test_labels_alone_can_be_conditions_and_each_has_words():
    labels = ("vol_regime", "trend_regime", "session", "funding_regime")
    assert labels == CAN_BE_CONDITIONS == tuple(LABELS)
    for name, label in LABELS.items():
        assert FEATURES.columns[name] == SIGN
        assert len(label.values) == 3


TRAP = """
from pathlib import Path
from tasks.events.registry import event
from tasks.events.marks import marks
Path(__file__).with_suffix(".ran").touch()


@event(lookback=(1,), needs="O", mirrored=True)
def trap(bars, *, threshold: float = 4.0):
    return marks(bars.close > threshold, 1, 1.0)
"""


def test_an_event_of_ones_own_is_imported_only_when_the_environment_names_it(tmp_path, monkeypatch):
    (tmp_path / "my_trap_events.py").write_text(TRAP)
    monkeypatch.syspath_prepend(tmp_path)
    ran = tmp_path / "my_trap_events.ran"
    events = EventsConfig(modules=("my_trap_events",))
    found = finding("AAA-1h", "all", family="my_trap_events", event="trap")
    written = compiled(case_of(found=found), events)
    assert written.event.module == "my_trap_events"
    assert "my_trap_events" in written.code
    assert load_blueprint(write_json(written), ("my_trap_events",)) == written
    ran.unlink()
    with pytest.raises(ConfigError, match=r"event.module: .*--events-from my_trap_events"):
        load_blueprint(write_json(written))
    text = write_json(written).replace("my_trap_events", "other_events")
    (tmp_path / "other_events.py").write_text(TRAP)
    with pytest.raises(ConfigError, match=r"event.module: .*--events-from other_events"):
        load_blueprint(text, ("my_trap_events",))
    assert not list(tmp_path.glob("*.ran"))
