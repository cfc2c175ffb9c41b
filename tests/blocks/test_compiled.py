"""A blueprint brings the settings of its research, and nothing that it has no business with."""

import json
from pathlib import Path

import pytest

from blocks.compiled import (
    choose_blueprint,
    other_settings,
    research_of,
    settings_from,
    settings_of,
)
from blocks.profile import RunConfig, load_config
from lake.errors import ConfigError
from tasks.blueprint.compilation import event_rule
from tasks.blueprint.document import Settings
from tasks.blueprint.text import write_json, write_yaml
from tests.backtest.researched import resealed, researched

TUNED = {"vol_spike": {"threshold": 5.5}, "vol_shock": {"probability": 0.9}}
RESEARCH = (
    *("--timeframe", "1h", "--symbols", "AAA,BBB", "--start", "2024-01-05", "--end", "2024-05-01"),
    *("--beside", "funding", "--leader", "AAA", "--no-drop-unproven-last-bar"),
    *("--demo.seed", "7", "--demo.spike.effect_bps", "90"),
    *("--clean.max_log_jump", "0.9", "--features.fast", "2h"),
    *(
        "--events.parameters",
        '{"vol_spike": {"threshold": 5.5}, "vol_shock": {"probability": 0.9}}',
    ),
    *("--events.cooldown", "3h"),
)
PLACES = ("data", "funding", "open_interest", "spot", "mark", "fees", "calendar")


def compiled_under(config: RunConfig, family: str = "volatility", name: str = "vol_spike"):
    """A blueprint of a run with these settings."""
    rooms = {room: getattr(config, room) for room in ("clean", "features", "events")}
    settings = Settings(**settings_of(config.ingest, **rooms))
    event = event_rule(family, name, config.events)
    fields = {"settings": settings, "event": event}
    return resealed(researched().blueprint, config.events.modules, **fields)


def written(blueprint, folder: Path, ending: str = "json") -> str:
    path = folder / f"blueprint.{ending}"
    path.write_text(write_json(blueprint) if ending == "json" else write_yaml(blueprint))
    return str(path)


def with_settings(blueprint, room: str, **fields):
    """The blueprint with other settings of one room."""
    settings = blueprint.settings.model_dump(mode="json")
    settings[room] |= fields
    return resealed(blueprint, settings=Settings(**settings))


@pytest.fixture
def config(monkeypatch: pytest.MonkeyPatch) -> RunConfig:
    for name in PLACES:
        monkeypatch.delenv(f"ASSAY_{name.upper()}", raising=False)
    return load_config(RESEARCH)


# There and back.


@pytest.mark.parametrize("ending", ["json", "yaml"])
def test_a_run_of_a_blueprint_has_the_rooms_of_its_research(
    config: RunConfig, tmp_path: Path, ending: str
) -> None:
    path = written(compiled_under(config), tmp_path, ending)
    run = load_config(["--blueprint", path], "flows.backtest")
    assert run.ingest == config.ingest
    assert (run.clean, run.features) == (config.clean, config.features)
    assert run.backtest.blueprint == path


def test_of_the_events_it_looks_for_its_own_alone_and_as_it_was_tuned(
    config: RunConfig, tmp_path: Path
) -> None:
    blueprint = compiled_under(config)
    run = load_config(["--blueprint", written(blueprint, tmp_path)], "flows.backtest")
    assert run.events.chosen() == ("volatility",)
    assert [a.name for a in run.events.analyzers("volatility")] == ["vol_spike"]
    assert event_rule("volatility", "vol_spike", run.events) == blueprint.event
    assert blueprint.event.parameters["threshold"] == 5.5
    assert blueprint.event.cooldown == "3h"


def test_the_event_of_the_document_counts_and_not_what_its_research_ran_besides(
    config: RunConfig, tmp_path: Path
) -> None:
    other = load_config([*RESEARCH, "--events.parameters", '{"vol_spike": {"threshold": 2.5}}'])
    event = event_rule("volatility", "vol_spike", other.events)
    edited = resealed(compiled_under(config), event=event)
    run = load_config(["--blueprint", written(edited, tmp_path)], "flows.backtest")
    assert event_rule("volatility", "vol_spike", run.events) == event
    assert event.parameters["threshold"] == 2.5


def test_a_sequence_is_looked_for_without_its_flag(tmp_path: Path) -> None:
    said = ("vol_shock then vol_spike within 8h", "vol_spike then vol_shock within 2h")
    config = load_config(["--timeframe", "1h", "--sequences", json.dumps(said)])
    name = "vol_shock_then_vol_spike_within_8h"
    blueprint = compiled_under(config, "sequences", name)
    run = load_config(["--blueprint", written(blueprint, tmp_path)], "flows.backtest")
    assert run.events.sequences == said[:1]
    assert run.events.chosen() == ("sequences",)
    assert event_rule("sequences", name, run.events) == blueprint.event


def test_events_of_a_module_that_the_user_did_not_name_do_not_stop_another_event(
    tmp_path: Path,
) -> None:
    own = ("--events-from", "tests.audit.cheats", "--timeframe", "1h")
    known = load_config(own).events.analyzers("cheats")
    tuned = json.dumps({a.name: a.parameters for a in known if a.parameters})
    config = load_config([*own, "--events.parameters", tuned])
    path = written(compiled_under(config), tmp_path)
    assert load_config(["--blueprint", path], "flows.backtest").events.modules == ()


def test_a_demo_market_is_told_whole_and_of_other_sources_nothing_of_it() -> None:
    demo = load_config(["--timeframe", "1h", "--demo.n_days", "77"])
    files = load_config(["--timeframe", "1h", "--source", "files", "--data", "/somewhere"])
    told = [settings_of(c.ingest)["ingest"] for c in (demo, files)]
    assert told[0]["demo"]["n_days"] == 77
    assert "demo" not in told[1]
    assert research_of(compiled_under(files)).source == "files"


# Places and addresses.


def test_places_and_addresses_of_the_research_are_not_in_the_document() -> None:
    secret = "somewhere-private"
    places = [word for name in PLACES for word in (f"--{name}", f"/{secret}/{name}")]
    addresses = ("--binance.rest_url", f"https://{secret}", "--binance.archive_url", secret)
    config = load_config([*RESEARCH, "--source", "files", *places, *addresses])
    assert secret not in write_json(compiled_under(config))
    assert compiled_under(config).settings.ingest["binance"] == {"venue": "um"}


@pytest.mark.parametrize("place", [*PLACES, "lake", "workers", "profile", "backtest", "calibrate"])
def test_a_blueprint_cannot_name_a_place_or_how_it_is_run(
    config: RunConfig, tmp_path: Path, place: str
) -> None:
    path = written(with_settings(compiled_under(config), "ingest", **{place: "/x"}), tmp_path)
    with pytest.raises(ConfigError, match=rf"settings\.ingest\.{place}"):
        load_config(["--blueprint", path], "flows.backtest")


@pytest.mark.parametrize("address", ["rest_url", "archive_url", "n_tries", "timeout_seconds"])
def test_a_blueprint_cannot_name_an_address_or_how_it_is_asked(
    config: RunConfig, tmp_path: Path, address: str
) -> None:
    binance = {"venue": "um", address: "https://evil.example"}
    path = written(with_settings(compiled_under(config), "ingest", binance=binance), tmp_path)
    with pytest.raises(ConfigError, match=rf"settings\.ingest\.binance\.{address}"):
        load_config(["--blueprint", path], "flows.backtest")


def test_a_module_that_a_blueprint_s_settings_name_is_not_imported(
    config: RunConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "evil_events.py").write_text("raise SystemExit('imported')\n")
    monkeypatch.syspath_prepend(tmp_path)
    named = with_settings(compiled_under(config), "events", modules=["evil_events"])
    run = load_config(["--blueprint", written(named, tmp_path)], "flows.backtest")
    assert run.events.modules == ()


# What does not fit.


@pytest.mark.parametrize(
    ("room", "place"),
    [
        ("ingest", "settings.ingest.tiemframe"),
        ("clean", "settings.clean.max_log_jmp"),
        ("features", "settings.features.fasst"),
        ("events", "settings.events.colldown"),
    ],
)
def test_an_unknown_key_is_refused_with_its_path(
    config: RunConfig, tmp_path: Path, room: str, place: str
) -> None:
    key = place.rpartition(".")[2]
    path = written(with_settings(compiled_under(config), room, **{key: 1}), tmp_path)
    with pytest.raises(ConfigError, match=place.replace(".", r"\.")) as caught:
        load_config(["--blueprint", path], "flows.backtest")
    assert "compile it again" in caught.value.do


@pytest.mark.parametrize("binance", [5, None, "um", ["venue"]])
def test_settings_of_the_exchange_that_are_no_object_are_refused(
    config: RunConfig, binance: object
) -> None:
    with pytest.raises(ConfigError, match=r"settings\.ingest\.binance"):
        settings_from(with_settings(compiled_under(config), "ingest", binance=binance))


@pytest.mark.parametrize(
    ("room", "fields", "place"),
    [
        ("ingest", {"timeframe": "7m"}, "timeframe"),
        ("ingest", {"demo": {"n_dais": 90}}, "demo.n_dais"),
        ("ingest", {"demo": 5}, "demo"),
        ("ingest", {"symbols": ["../../x"]}, "symbols"),
        ("clean", {"max_log_jump": "high"}, "clean.max_log_jump"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_with_its_place(
    config: RunConfig, tmp_path: Path, room: str, fields: dict, place: str
) -> None:
    path = written(with_settings(compiled_under(config), room, **fields), tmp_path)
    with pytest.raises(ConfigError, match=place.replace(".", r"\.")):
        load_config(["--blueprint", path], "flows.backtest")


# Which layer wins.


def test_a_flag_wins_over_the_blueprint_and_that_over_the_profile(
    config: RunConfig, tmp_path: Path
) -> None:
    profile = tmp_path / "mine.yaml"
    profile.write_text("timeframe: 4h\ndemo: {n_days: 99, seed: 1}\nworkers: 3\n")
    path = written(compiled_under(config), tmp_path)
    flags = ("--blueprint", path, "--profile", str(profile), "--demo.seed", "8")
    run = load_config(flags, "flows.backtest")
    assert (run.demo.seed, run.demo.n_days, run.timeframe, run.workers) == (8, 730, "1h", 3)


def test_the_environment_wins_over_the_blueprint_and_may_name_it(
    config: RunConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ASSAY_BACKTEST__BLUEPRINT", written(compiled_under(config), tmp_path))
    monkeypatch.setenv("ASSAY_DEMO__SEED", "9")
    run = load_config([], "flows.backtest")
    assert (run.demo.seed, run.timeframe, run.clean.max_log_jump) == (9, "1h", 0.9)


def test_a_profile_may_not_bring_the_blueprint_s_settings_back(
    config: RunConfig, tmp_path: Path
) -> None:
    path = written(compiled_under(config), tmp_path)
    run = load_config(["--blueprint", path, "--profile", "smoke"], "flows.backtest")
    assert run.demo.n_days == config.demo.n_days


def test_days_that_a_user_names_are_his_and_the_research_s_are_still_known(
    config: RunConfig, tmp_path: Path
) -> None:
    blueprint = compiled_under(config)
    path = written(blueprint, tmp_path)
    run = load_config(["--blueprint", path, "--start", "2024-02-02"], "flows.backtest")
    assert (str(run.start), str(run.end)) == ("2024-02-02", "2024-05-01")
    assert research_of(blueprint) == config.ingest


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        ((), []),
        (("--workers", "3", "--start", "2024-02-02", "--symbols", "AAA"), []),
        (("--features.fast", "3h", "--clean.max_log_jump", "1.5"), ["clean.", "features."]),
        (("--events", "vol_shock"), ["events.names"]),
        (("--events.cooldown", "9h"), ["events.cooldown"]),
        (("--events.parameters", '{"vol_spike": {"threshold": 9.0}}'), ["events.parameters"]),
    ],
)
def test_what_a_user_tunes_otherwise_than_the_blueprint_is_told(
    config: RunConfig, tmp_path: Path, flags: tuple[str, ...], said: list[str]
) -> None:
    blueprint = compiled_under(config)
    run = load_config(["--blueprint", written(blueprint, tmp_path), *flags], "flows.backtest")
    rooms = {room: getattr(run, room) for room in ("clean", "features", "events")}
    told = other_settings(blueprint, **rooms)
    assert len(told) == len(said)
    assert all(name.startswith(part) for name, part in zip(told, said, strict=True))


def test_without_a_blueprint_nothing_changes() -> None:
    assert load_config([], "flows.backtest") == load_config([])


# No blueprint.


def test_no_blueprint_is_told_with_what_to_do() -> None:
    with pytest.raises(ConfigError, match="no blueprint") as caught:
        choose_blueprint(None)
    assert "--blueprint FILE" in caught.value.do


FILES = {
    "an empty file": b"",
    "a binary file": bytes(range(256)) * 8,
    "half a JSON": b'{"version": 2, "name": "x"',
    "broken YAML": b"version: [2\nname: x\n",
    "a list": b"[1, 2, 3]",
    "a word": b"blueprint",
    "an object with nothing in it": b"{}",
}


@pytest.mark.parametrize("content", FILES.values(), ids=FILES)
def test_a_file_that_is_no_blueprint_is_told_before_anything_is_run(
    tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "blueprint.json"
    path.write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        load_config(["--blueprint", str(path)], "flows.backtest")
    assert caught.value.came
    assert caught.value.wanted
    assert caught.value.do


@pytest.mark.parametrize("make", [lambda path: None, lambda path: path.mkdir()], ids=["no", "dir"])
def test_a_file_that_is_not_there_and_a_folder_are_named(tmp_path: Path, make) -> None:
    make(tmp_path / "blueprint.json")
    with pytest.raises(ConfigError, match=r"blueprint\.json cannot be read") as caught:
        load_config(["--blueprint", str(tmp_path / "blueprint.json")], "flows.backtest")
    assert "--blueprint" in caught.value.do


def test_a_blueprint_of_a_user_s_event_needs_its_module_to_be_named(tmp_path: Path) -> None:
    own = ("--events-from", "tests.audit.cheats")
    config = load_config([*own, "--timeframe", "1h"])
    name = config.events.analyzers("cheats")[0].name
    path = written(compiled_under(config, "cheats", name), tmp_path)
    with pytest.raises(ConfigError, match=r"--events-from tests\.audit\.cheats"):
        load_config(["--blueprint", path], "flows.backtest")
    run = load_config(["--blueprint", path, *own], "flows.backtest")
    assert [a.name for a in run.events.analyzers("cheats")] == [name]
