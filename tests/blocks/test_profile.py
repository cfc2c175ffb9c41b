from pathlib import Path

import pytest

from blocks.layers import load_profile
from blocks.profile import load_config
from lake.errors import ConfigError


def test_no_arguments_mean_the_demo_market_and_the_full_profile() -> None:
    config = load_config([])
    assert (config.source, config.profile, config.timeframe) == ("demo", "full", "5m")


def test_a_flag_wins_over_the_environment_and_that_over_the_profile(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    profile = tmp_path / "mine.yaml"
    profile.write_text("extends: smoke\ntimeframe: 1h\nworkers: 3\nsymbols: [AAA]\n")
    monkeypatch.setenv("ASSAY_TIMEFRAME", "4h")
    monkeypatch.setenv("ASSAY_SYMBOLS", "BBB,CCC")
    config = load_config(["--profile", str(profile), "--timeframe", "15m"])
    assert config.timeframe == "15m"
    assert config.symbols == ("BBB", "CCC")
    assert config.workers == 3


def test_a_profile_keeps_what_it_does_not_say_from_the_one_it_extends(tmp_path: Path) -> None:
    parent, child = tmp_path / "parent.yaml", tmp_path / "child.yaml"
    parent.write_text("demo: {n_days: 90, seed: 5}\n")
    child.write_text(f"extends: {parent}\ndemo: {{seed: 6}}\n")
    assert load_profile(str(child)) == {"demo": {"n_days": 90, "seed": 6}}


def test_nested_keys_are_flags_and_variables_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSAY_DEMO__SEED", "11")
    config = load_config(["--demo.n_days", "77"])
    assert (config.demo.n_days, config.demo.seed) == (77, 11)


@pytest.mark.parametrize(
    ("arguments", "nearest"),
    [
        (["--tiemframe", "5m"], "timeframe"),
        (["--demo.n_dais", "60"], "demo.n_days"),
        (["--profile", "smok"], "smoke"),
        (["--refresh", "evets"], "events"),
    ],
)
def test_an_unknown_name_is_refused_with_the_nearest_right_one(
    arguments: list[str], nearest: str
) -> None:
    with pytest.raises(ConfigError, match=f"did you mean '{nearest}'"):
        load_config(arguments)


def test_an_unknown_key_in_a_profile_is_refused_with_the_nearest(tmp_path: Path) -> None:
    profile = tmp_path / "typo.yaml"
    profile.write_text("demo: {n_dayz: 60}\n")
    with pytest.raises(ConfigError, match=r"did you mean 'demo\.n_days'"):
        load_config(["--profile", str(profile)])


def test_an_unknown_variable_is_refused_with_the_nearest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSAY_TIMEFRAM", "5m")
    with pytest.raises(ConfigError, match="ASSAY_TIMEFRAME"):
        load_config([])


@pytest.mark.parametrize(
    "arguments",
    [
        ["--symbols", "../../x"],
        ["--start", "2024-01-02", "--end", "2024-01-01"],
        ["--timeframe", "7m"],
        ["--workers", "0"],
        ["--source", "elsewhere"],
        ["--start", "yesterday"],
        ["stray"],
        ["--profile", "/nowhere/to/be/found.yaml"],
    ],
)
def test_bad_values_say_what_came_what_was_wanted_and_what_to_do(arguments: list[str]) -> None:
    with pytest.raises(ConfigError) as caught:
        load_config(arguments)
    assert caught.value.came
    assert caught.value.wanted
    assert caught.value.do


def test_a_profile_that_extends_itself_is_refused(tmp_path: Path) -> None:
    profile = tmp_path / "loop.yaml"
    profile.write_text(f"extends: {profile}\n")
    with pytest.raises(ConfigError, match="extends itself"):
        load_config(["--profile", str(profile)])


def test_a_profile_that_is_no_yaml_is_refused(tmp_path: Path) -> None:
    profile = tmp_path / "broken.yaml"
    profile.write_text("demo: [1, 2\n")
    with pytest.raises(ConfigError, match="no YAML"):
        load_config(["--profile", str(profile)])


def test_where_a_run_happens_is_no_part_of_its_research() -> None:
    here = load_config(["--lake", "/tmp/a", "--workers", "1", "--data", "x"])
    there = load_config(["--lake", "s3://b/c", "--workers", "8", "--data", "y", "--json"])
    assert here.research == there.research


def test_help_lists_every_key(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        load_config(["--help"])
    assert caught.value.code == 0
    shown = capsys.readouterr().out
    for flag in ("--source", "--data", "--symbols", "--refresh", "--json", "--discovery.fdr_q"):
        assert flag in shown
