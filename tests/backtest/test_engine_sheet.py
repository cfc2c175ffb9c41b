"""What an engine's tear sheet has besides, and that the blueprint's has nothing of it."""

import re
from dataclasses import replace

import pytest

from lake.schema import DECISIONS
from tasks.backtest.engine_card import title_of, write_engine_card
from tasks.backtest.engine_config import EngineTrading
from tasks.backtest.engine_member import Member
from tasks.backtest.engine_sheet import N_LAST, N_PICTURES, ShownEngine, tell_engine
from tasks.backtest.sheet import draw_sheet
from tasks.engines.config import EnginesConfig, FusionConfig
from tasks.engines.macro import MacroSeries
from tests.backtest.sample import make_shown
from tests.trading.world import at, filled

PNG = b"\x89PNG\r\n"


def decisions(n: int) -> object:
    rows = [
        {"market": "AAA-1h", "time": at(hour), "known_at": at(hour + 1), "engine": "fusion"}
        | {"decision": "enter", "side": 1, "reasons": "score_beyond_enter", "fate": f"fate {hour}"}
        | {"score": 0.4, "smc": 0.25, "close": 100.0, "state_hash": "0" * 16}
        for hour in range(n)
    ]
    return filled(DECISIONS, rows)


def shown(n: int = 3, n_pictures: int = 1) -> ShownEngine:
    said = {"timeframe": "1h", "n_bars": 900, "in_stance": 0.125, "contribution": 0.03}
    members = [
        Member(engine="smc", net=-500.0, net_share=-0.0005, sharpe=-0.4, n_trades=12.0, **said),
        Member(engine="wyckoff_daily", **said),
    ]
    pictures = {f"M{k:02d}-1h": PNG for k in range(n_pictures)}
    return ShownEngine(members, "fusion does not beat <it>", decisions(n), pictures)


# The sections.


def test_members_are_listed_with_dashes_where_they_have_no_account() -> None:
    smc, daily = tell_engine(shown())["members"].rows
    assert smc == ("smc", "1h", "900", "12.5", "0.030", "−500.00", "−0.1", "−0.40", "12")  # noqa: RUF001
    assert daily[5:] == ("–", "–", "–", "–")  # noqa: RUF001


@pytest.mark.parametrize(("n", "said"), [(3, "all 3"), (N_LAST + 5, f"the last {N_LAST} of")])
def test_the_last_decisions_are_listed_latest_first(n: int, said: str) -> None:
    told = tell_engine(shown(n))
    grid = told["decisions"]
    assert said in grid.caption
    assert len(grid.rows) == min(n, N_LAST)
    fates = [row[5] for row in grid.rows]
    assert fates[0] == f"fate {n - 1}"
    assert grid.rows[0][4] == "score_beyond_enter"


def test_no_decision_is_no_table() -> None:
    told = tell_engine(shown(0))
    assert told["decisions"] is None
    assert told["n_decisions"] == "0 decisions"


def test_a_page_holds_so_many_charts_and_says_that_there_are_more() -> None:
    told = tell_engine(shown(n_pictures=N_PICTURES + 2))
    assert len(told["pictures"]) == N_PICTURES
    assert told["rest"] == "2 more charts"
    assert tell_engine(shown())["rest"] == ""


# The page.


def test_an_engine_s_page_leads_to_its_sections_and_escapes_what_it_is_told() -> None:
    html = draw_sheet(make_shown(20, 2_000, engine=shown(), eras=()))
    assert "fusion does not beat &lt;it&gt;" in html
    ids = re.findall(r'<section id="(\w+)">', html)
    links = re.findall(r'<a href="#(\w+)">', html)
    assert set(links) == {*ids, "headline"}
    assert ids.index("equity") < ids.index("engines") < ids.index("decisions") < ids.index("months")
    assert "<h2>The engine</h2>" in html


def test_a_blueprint_s_page_knows_nothing_of_engines() -> None:
    html = draw_sheet(make_shown(20, 2_000))
    for section in ("engines", "structure", "decisions"):
        assert f'id="{section}"' not in html
    assert "<h2>The blueprint</h2>" in html


def test_a_market_s_name_cannot_break_out_of_the_page() -> None:
    hostile = replace(shown(), pictures={'"><script>x</script>': PNG})
    html = draw_sheet(make_shown(20, 2_000, engine=hostile))
    assert "<script>x</script>" not in html


# The card.


def test_the_card_says_every_setting_and_what_it_usually_is() -> None:
    config = EnginesConfig(fusion=FusionConfig(enter=0.5))
    card = write_engine_card("fusion", config, EngineTrading(horizon_bars=7))
    assert card.startswith("# The fusion of all engines\n")
    assert "| enter | 0.5 | 0.35 |" in card
    assert "| leave | 0.1 |  |" in card
    assert "| horizon_bars | 7 | 96 |" in card
    assert "| terms.exits.targets | at 2.0 share 0.5, at 4.0 share 0.5 |  |" in card
    for name in ("wyckoff", "smc", "hob", "momentum", "fusion", "trading"):
        assert f"## {name}\n" in card


def test_the_card_of_one_engine_leaves_the_others_out() -> None:
    card = write_engine_card("hob", EnginesConfig(), EngineTrading())
    assert "## hob\n" in card
    assert "## smc\n" not in card
    assert title_of("hob") == "The engine hob, alone"


def test_macro_series_are_told_by_their_content() -> None:
    series = MacroSeries(path="0123456789abcdef" * 4, every="1w", stale_after=3)
    card = write_engine_card("hob", EnginesConfig(macro=(series,)), EngineTrading())
    assert "| 0123456789abcdef | 1w | 3 |" in card
