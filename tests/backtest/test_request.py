"""What a user names is his wish; what he does not name is as it was in the research."""

from datetime import date

import pytest

from blocks.profile import load_config
from lake.errors import ConfigError
from tasks.backtest.request import BacktestConfig, ask
from tasks.blueprint.code import current_code, current_libraries
from tasks.blueprint.text import load_blueprint
from tasks.ingest.config import IngestConfig
from tests.backtest.researched import resealed, researched

WINTER, SPRING = date(2024, 1, 5), date(2024, 3, 20)
RESEARCH = IngestConfig(start=WINTER, end=SPRING, symbols=("AAA", "BBB"))


def asked(days, research=RESEARCH, blueprint=None, **config):
    return ask(blueprint or researched().blueprint, research, days, BacktestConfig(**config), ())


def with_days(start=WINTER, end=SPRING, symbols=("AAA", "BBB")):
    return IngestConfig(start=start, end=end, symbols=symbols)


def midnight(day):
    return (day - date(1970, 1, 1)).days * 86_400_000


# Days.


def test_days_of_the_research_are_no_wish_so_all_its_bars_are_traded_up_to_the_sealed_era():
    sealed = researched().blueprint.eras.sealed.start.date()
    span = asked(with_days()).span
    assert (span.start, span.end) == (None, midnight(sealed))


def test_days_that_the_user_names_limit_the_trades():
    one = asked(with_days(start=date(2024, 2, 1))).span
    two = asked(with_days(end=date(2024, 2, 29))).span
    assert one.start == midnight(date(2024, 2, 1))
    assert (two.start, two.end) == (None, midnight(date(2024, 3, 1)))


@pytest.mark.parametrize(
    ("start", "end", "wide"),
    [
        (date(2024, 2, 1), date(2024, 2, 9), (WINTER, SPRING)),
        (date(2023, 2, 1), date(2024, 2, 9), (date(2023, 2, 1), SPRING)),
        (date(2024, 2, 1), date(2025, 2, 9), (WINTER, date(2025, 2, 9))),
        (None, date(2024, 2, 9), (None, SPRING)),
        (date(2024, 2, 1), None, (WINTER, None)),
    ],
)
def test_bars_are_brought_for_the_days_of_the_research_and_those_that_are_asked_for(
    start, end, wide
):
    wished = with_days(start, end)
    widened = asked(wished).widened(wished)
    assert (widened.start, widened.end) == wide
    assert widened.symbols == wished.symbols
    assert (wished.start, wished.end) == (start, end)


def test_a_research_on_all_days_keeps_all_days():
    everything = IngestConfig()
    wished = IngestConfig(start=WINTER, end=SPRING)
    widened = asked(wished, everything).widened(wished)
    assert (widened.start, widened.end) == (None, None)
    assert asked(wished, everything).span.start == midnight(WINTER)


def test_a_whole_run_can_be_widened_too():
    wished = load_config(["--start", "2024-02-01", "--end", "2024-02-09"])
    widened = asked(wished).widened(wished)
    assert (widened.start, widened.end) == (WINTER, SPRING)
    assert widened.model_copy(update={"start": wished.start, "end": wished.end}) == wished


def test_the_sealed_era_is_opened_only_where_the_user_says_so():
    assert not asked(with_days()).span.opens_sealed
    assert asked(with_days(), open_sealed=True).span.opens_sealed
    with pytest.raises(ConfigError, match="sealed"):
        asked(with_days(start=date(2024, 4, 20), end=None))


# Markets.


@pytest.mark.parametrize(
    ("symbols", "own", "present", "traded"),
    [
        (("AAA", "BBB"), ("BBB-1h",), ("AAA-1h", "BBB-1h"), ("BBB-1h",)),
        (("AAA", "BBB"), ("AAA-1h", "BBB-1h"), ("AAA-1h", "BBB-1h"), ("AAA-1h", "BBB-1h")),
        (("AAA", "BBB"), ("BBB-1h",), ("CCC-1h",), ("CCC-1h",)),
        (("AAA", "BBB"), ("BBB-1h", "CCC-1h"), ("BBB-1h", "DDD-1h"), ("BBB-1h",)),
        (("AAA",), ("BBB-1h",), ("AAA-1h",), ("AAA-1h",)),
        ((), ("BBB-1h",), ("AAA-1h", "BBB-1h"), ("AAA-1h", "BBB-1h")),
    ],
    ids=[
        "of the research's markets its own",
        "pooled over all",
        "on other bars whatever is there",
        "its own as far as they are there",
        "another one that the user names",
        "all where the user asks for all",
    ],
)
def test_the_blueprint_s_markets_are_traded_unless_the_user_names_others(
    symbols, own, present, traded
):
    blueprint = researched("all", 20.0, "BBB-1h").blueprint.model_copy(update={"markets": own})
    assert asked(with_days(symbols=symbols), blueprint=blueprint).traded(present) == traded


# What is said of the code.


def of_this_code(blueprint):
    return resealed(blueprint, code=current_code(blueprint.event), libraries=current_libraries())


def test_a_blueprint_of_this_code_and_these_libraries_needs_no_note():
    assert asked(with_days(), blueprint=of_this_code(researched().blueprint)).changed() == []


def test_modules_that_changed_are_named():
    blueprint = of_this_code(researched().blueprint)
    code = blueprint.code | {"tasks.trading.orders": "0" * 64}
    notes = asked(with_days(), blueprint=resealed(blueprint, code=code)).changed()
    assert notes == ["compiled by another version of the code: tasks.trading.orders"]


def test_of_many_modules_the_first_five_are_named_and_the_others_counted():
    blueprint = of_this_code(researched().blueprint)
    code = dict.fromkeys(blueprint.code, "0" * 64)
    (note,) = asked(with_days(), blueprint=resealed(blueprint, code=code)).changed()
    first = sorted(blueprint.code)[:5]
    assert note.endswith(f": {', '.join(first)} and {len(code) - 5} more")


def test_a_library_of_another_version_is_named_beside_the_code():
    blueprint = of_this_code(researched().blueprint)
    libraries = blueprint.libraries | {"numpy": "1.0.0"}
    code = {
        name: digest for name, digest in blueprint.code.items() if name != "tasks.trading.orders"
    }
    changed = resealed(blueprint, libraries=libraries, code=code)
    assert asked(with_days(), blueprint=changed).changed() == [
        "compiled by another version of the code: tasks.trading.orders",
        "compiled by another version of libraries: numpy",
    ]


# What enters the lake.


def test_the_document_goes_into_the_lake_as_a_text_that_reads_back_to_the_same():
    taken = asked(with_days()).document
    assert load_blueprint(taken["document"], taken["modules"]) == researched().blueprint
