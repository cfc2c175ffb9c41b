"""What can be asked of an engine, and what cannot."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from blocks.compiled import check_asked
from blocks.profile import RunConfig, load_config
from lake.errors import ConfigError, InputError
from tasks.backtest.engine_config import EngineTerms
from tasks.backtest.engine_request import ask_engine
from tasks.trading.config import Target


def config(*flags: str) -> RunConfig:
    return load_config(["--timeframe", "1h", *flags], "flows.backtest")


def ms(year: int, month: int, day: int) -> int:
    return round(datetime(year, month, day, tzinfo=UTC).timestamp() * 1000)


# Flags.


def test_an_engine_and_its_settings_are_chosen_by_flags() -> None:
    run = config(
        *("--engine", "fusion", "--engines.fusion.enter", "0.3", "--engines.smc.gap_bars", "8"),
        *("--backtest.chart-end", "2024-05-01", "--no-backtest.structure-stop"),
    )
    assert run.backtest.engine == "fusion"
    assert (run.engines.fusion.enter, run.engines.smc.gap_bars) == (0.3, 8)
    assert (run.backtest.chart_end, run.backtest.structure_stop) == (date(2024, 5, 1), False)


def test_the_terms_of_engines_are_those_of_the_definitions() -> None:
    terms = config("--engine", "smc").backtest.trading.terms
    exits, limits = terms.exits, terms.limits
    assert (exits.unit, exits.stop, exits.stop_to_entry) == ("atr", 2.0, True)
    assert exits.targets == (Target(at=2.0, share=0.5), Target(at=4.0, share=0.5))
    assert (terms.sizing.method, terms.sizing.share) == ("risk_share", 0.01)
    assert terms.sizing.max_leverage == 1.0
    assert (limits.loss_streak, limits.day_loss) == (3, 0.05)
    assert (limits.week_loss, limits.drawdown) == (0.10, 0.20)
    assert config("--engine", "smc").backtest.trading.horizon_bars == 96


def test_a_term_that_is_changed_leaves_the_others_as_they_are() -> None:
    run = config(
        *("--backtest.engine_terms.exits.stop", "3", "--backtest.engine_terms.limits.drawdown"),
        *("0.5", "--backtest.engine_terms.exits.trail", "1"),
    )
    exits, usual = run.backtest.engine_terms.exits, EngineTerms().exits
    assert (exits.stop, exits.trail) == (3.0, 1.0)
    assert (exits.unit, exits.targets) == (usual.unit, usual.targets)
    limits = run.backtest.engine_terms.limits
    assert (limits.drawdown, limits.loss_streak) == (0.5, 3)


def test_an_engine_has_no_part_in_the_research_of_discovery() -> None:
    usual, tuned = config(), config("--engines.fusion.enter", "0.3", "--engine", "hob")
    assert usual.research == tuned.research
    assert usual.recorded != tuned.recorded


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--engine", "fushion"], "no engine 'fushion'; the nearest is 'fusion'"),
        (["--engine", "wykoff"], "the nearest is 'wyckoff'"),
        (["--engines.fusion.entr", "0.3"], r"did you mean 'engines\.fusion\.enter'"),
        (["--engines.fusion.enter", "1.3"], r"engines\.fusion\.enter"),
        (["--engines.fusion.leave", "0.9"], "left as soon as entered"),
        (["--backtest.engine_terms.exits.unit", "bps"], "unit"),
        (["--engines.macro", '[{"path": "x.csv"}]'], "every"),
    ],
)
def test_a_wrong_name_or_value_is_told_with_the_nearest_right_one(
    flags: list[str], said: str
) -> None:
    with pytest.raises(ConfigError, match=said):
        config(*flags)


# What goes together.


def test_neither_a_blueprint_nor_an_engine_is_told_with_both_ways() -> None:
    with pytest.raises(ConfigError, match="no blueprint") as caught:
        check_asked(config())
    assert "--blueprint FILE" in caught.value.do
    assert "--engine" in caught.value.do


def test_a_blueprint_and_an_engine_are_one_too_many() -> None:
    run = config("--engine", "smc")
    both = run.model_copy(
        update={"backtest": run.backtest.model_copy(update={"blueprint": "some.json"})}
    )
    with pytest.raises(ConfigError, match=r"a blueprint, some\.json, and an engine, smc"):
        check_asked(both)


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--verify"], "--verify with --engine hob"),
        (["--open-sealed"], "--open-sealed with --engine hob"),
        (["--timeframe", "30m", "--engines.hob.timeframe", "1h"], None),
        (["--timeframe", "8h", "--engines.wyckoff.timeframe", "12h"], "multiple"),
        (["--start", "2024-05-02", "--backtest.chart_end", "2024-05-01"], "before --start"),
    ],
)
def test_what_an_engine_cannot_be_asked_is_refused(flags: list[str], said: str | None) -> None:
    run = config("--engine", "hob", *flags)
    if said is None:
        check_asked(run)
        return
    with pytest.raises(ConfigError) as caught:
        check_asked(run)
    assert said in f"{caught.value.came} {caught.value.wanted}"
    assert caught.value.do


def test_a_macro_series_that_cannot_be_read_is_told_before_anything_runs() -> None:
    run = config("--engine", "hob", "--engines.macro", '[{"path": "/no/such.csv", "every": "1d"}]')
    with pytest.raises(InputError, match=r"/no/such\.csv cannot be read"):
        check_asked(run)


# What is made of it.


def test_a_fusion_is_compared_with_its_members_and_an_engine_with_nobody() -> None:
    assert ask_engine(config("--engine", "fusion")).compared == (
        *("wyckoff", "smc", "hob", "momentum", "fusion"),
    )
    assert ask_engine(config("--engine", "hob")).compared == ("hob",)


def test_days_before_the_first_are_heard_and_not_traded() -> None:
    run = config("--engine", "hob", "--start", "2024-05-01", "--backtest.engine_warmup_days", "30")
    asked = ask_engine(run)
    assert asked.widened(run).start == date(2024, 4, 1)
    assert asked.widened(run).end is None
    assert asked.start == ms(2024, 5, 1)
    everything = config("--engine", "hob")
    assert ask_engine(everything).start is None
    assert ask_engine(everything).widened(everything) == everything


def test_the_chart_ends_with_its_last_day() -> None:
    assert ask_engine(config("--engine", "hob")).chart_before is None
    run = config("--engine", "hob", "--backtest.chart_end", "2024-02-28")
    assert ask_engine(run).chart_before == ms(2024, 2, 29)


def test_the_place_of_a_macro_series_is_kept_out_of_what_is_keyed(tmp_path: Path) -> None:
    path = tmp_path / "macro.csv"
    path.write_text("published,value\n2024-01-01,0.5\n")
    flag = f'[{{"path": "{path}", "every": "1d"}}]'
    asked = ask_engine(config("--engine", "hob", "--engines.macro", flag))
    assert asked.places == (str(path),)
    assert str(tmp_path) not in asked.engines.model_dump_json()
    path.write_text("published,value\n2024-01-01,0.6\n")
    assert ask_engine(config("--engine", "hob", "--engines.macro", flag)).engines != asked.engines
