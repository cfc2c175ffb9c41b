"""The card, read as a person reads it."""

import json

import pytest
from scipy import stats

from lake.errors import ConfigError
from tasks.blueprint.card import interval, say_rule, write_card
from tasks.blueprint.document import Source
from tasks.blueprint.text import load_blueprint
from tasks.blueprint.words import ordinal, plain, say_costs, say_exits, say_limits, say_sizing
from tasks.trading.config import Costs, Exits, Limits, Sizing, Target, Terms
from tests.blueprint.world import BridgeTerms, case_of, changed, compiled, finding

FADED = Terms(
    exits=Exits(
        time_at="next_open",
        unit="bps",
        stop=120.0,
        trail=80.0,
        targets=(Target(at=60.0, share=0.5), Target(at=150.0, share=0.5)),
        stop_to_entry=True,
    ),
    sizing=Sizing(method="risk_share", share=0.005, max_leverage=3.0),
    limits=Limits(max_open=4, max_gross=2.0, max_participation=0.01, cooldown="4h", lockout="1d"),
    costs=Costs(multiple=2.0, funding="assumed"),
)


@pytest.fixture(scope="module")
def followed():
    return compiled(case_of())


@pytest.fixture(scope="module")
def faded():
    found = finding("all", "trend_regime=-1")
    return compiled(case_of(found=found, bridged={"follow": -1}, terms=FADED))


def section(card, title):
    return card.split(f"## {title}\n\n")[1].split("\n\n## ")[0]


def test_the_rule_of_a_followed_event_in_one_market(followed):
    assert say_rule(followed) == (
        "When vol_spike stands at the close of a 1h bar of AAA and the volatility regime is high, "
        "enter at the next open in the event's side (long where it has none). Leave at the close "
        "of the 2nd bar after the event's (2h), or before at a stop 2 times the volatility over "
        "2h from the entry."
    )


def test_the_rule_of_a_faded_event_in_two_markets(faded):
    assert say_rule(faded) == (
        "When vol_spike stands at the close of a 1h bar of AAA or BBB and the trend is down, enter "
        "at the next open against the event's side (short where it has none). Leave at the open "
        "that follows the 2nd bar after the event's (2h), or before at a stop 120 bps from the "
        "entry, at a trailing stop 80 bps from the best price, 50 % at a target 60 bps from the "
        "entry or 50 % at a target 150 bps from the entry. After the first target the stop lies "
        "at the entry."
    )


def test_size_limits_and_tuning_stand_under_the_rule(followed, faded):
    rule = section(write_card(followed), "Rule")
    assert "- Event: vol_spike of tasks.events.volatility (history 1d, threshold 4.0, " in rule
    assert "cooldown 1h)\n" in rule
    assert "Size of a position: 100,000 quote units, from an account of 1,000,000 quote" in rule
    assert "At most 1 position per market and 1,024 positions in all; none for 4h after a" in rule
    rule = section(write_card(faded), "Rule")
    assert "so large that the stop is 0.5 % of the equity away, at most 3 times the equity" in rule
    assert (
        "At most 1 position per market, 4 positions in all, 2 times the equity in all positions "
        "and 1 % of the usual volume of a bar; none for 4h after a position; none on the same side "
        "for 1d after a stop."
    ) in rule


def test_the_evidence_stands_with_its_intervals(followed):
    evidence = section(write_card(followed), "Evidence")
    assert (
        "- Searched, 2023-03-07 to 2024-01-01: +50.0 bps found, of which +49.0 bps are believed "
        "(95 %: +47.0 to +51.0), from 50 events in 25 calendar blocks, q 0.\n"
    ) in evidence
    # t(15) at 0.975 is 2.131 in any printed table: 30 -+ 5 * 2.131
    assert (
        "- Out of sample, 2024-01-02 to 2024-04-10: +30.0 bps (95 %: +19.3 to +40.7) a trade after "
        "costs over 20 trades in 16 calendar blocks, q 0.001; +42.0 bps before costs of 12.0 bps. "
        "70 % of them won, the worst made -80.0 bps.\n"
    ) in evidence
    assert "p 0.4 a day or a week later, 0.002 at random bars, - on the other side" in evidence
    assert (
        "(candidates): 900 trials, probability that the Sharpe ratio is above 0 0.999, " in evidence
    )
    assert "Sealed, in no number here: 2024-04-11 to 2024-04-30" in evidence


def test_walk_forward_and_stress_are_tables(followed):
    card = write_card(followed)
    assert section(card, "Walk-forward").splitlines() == [
        "| fold | from | to | traded | trades | net bps |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
        "| 1 | 2024-01-11 | 2024-01-21 | yes | 10 | +31.0 |",
        "| 2 | 2024-01-21 | 2024-01-31 | no | 0 | - |",
        "| 3 | 2024-01-31 | 2024-02-10 | yes | 10 | +29.0 |",
        "",
        "Folds that were not traded do not count in the evidence.",
    ]
    assert section(card, "Stress").splitlines()[2:] == [
        "| fold | 1 | 10 | +31.0 | 7.0 | 0.01 |",
        "| fold | 3 | 10 | +29.0 | 7.0 | 0.02 |",
        "| notional | 50000 | 20 | +33.0 | 5.0 | - |",
        "| notional | 1000000 | 20 | +9.0 | 5.0 | - |",
    ]


def test_costs_falsifiers_and_provenance_are_told(followed, faded):
    card = write_card(followed)
    assert section(card, "What would falsify it").splitlines() == [
        f"- {sentence}" for sentence in followed.falsified_by
    ]
    assert "Fees 5 bps for what is taken" in section(card, "Costs assumed")
    assert "the market's own settlements; where there are none, longs pay 1 bps" in card
    assert "all of it times 2.\n- Funding: longs pay 1 bps every" in write_card(faded)
    provenance = section(card, "Provenance")
    assert f"20 golden trades, sha256 {followed.golden.sha256[:12]}" in provenance
    assert f"{len(followed.code)} modules of code; numba " in provenance
    sources = tuple(Source(table=f"RAW_BARS/{i}/-", key=None, content=64 * "a") for i in range(10))
    told = section(write_card(followed.model_copy(update={"provenance": sources})), "Provenance")
    assert f"- 10 tables, back to RAW_BARS/0/- {12 * 'a'}, RAW_BARS/1/- " in told
    assert "and 2 more." in told


def test_an_interval_is_that_of_students_t():
    low, high = stats.t.interval(0.95, 7, loc=3.0, scale=1.5)
    assert interval(3.0, 1.5, 8) == f"+3.0 bps (95 %: {low:+.1f} to {high:+.1f})"
    assert interval(3.0, 1.5, 1) == interval(3.0, None, 9) == "+3.0 bps"
    assert interval(None, 1.0, 9) == "- bps"


def test_words_of_the_document_cannot_command_a_terminal_or_break_a_table(followed):
    document = changed(followed, "evidence.verdict", "good\x1b[2Jnet\nnext\u202egood")
    document["evidence"]["stress"][0]["level"] = "a|b\n| c"
    with pytest.raises(ConfigError) as refused:
        load_blueprint(json.dumps(document))
    document["name"] = str(refused.value).split("fit the content: '")[1].split("'")[0]
    card = write_card(load_blueprint(json.dumps(document)))
    assert "\x1b" not in card
    assert "- Verdict: good[2Jnetnextgood\n" in card
    assert "| fold | a/b/ c | 10 |" in card
    assert card.replace("\n", "").isprintable()


def test_a_card_is_the_same_for_the_same_document(followed):
    assert write_card(followed) == write_card(load_blueprint(followed.model_dump_json()))
    assert write_card(followed).isascii()
    assert write_card(followed).startswith(f"# {followed.name}\n\n## Rule\n\nWhen vol_spike")


def test_other_terms_have_other_words():
    assert (
        say_exits(Exits(), "1h", 12) == "Leave at the close of the 12th bar after the event's (1h)."
    )
    whole = Exits(unit="atr", targets=(Target(at=2.0, share=1.0),))
    assert "or before all at a target 2 times the average true range from the" in say_exits(
        whole, "1h", 1
    )
    inverse = Sizing(contract="inverse", capital=12.0, method="equity_share", share=0.1)
    assert "10 % of the equity, at most 1 times the equity, from an account of 12 coins" in (
        say_sizing(inverse)
    )
    assert "moves 1 % of the equity a day" in say_sizing(Sizing(method="volatility_target"))
    assert say_limits(Limits(per_market=2)).startswith("At most 2 positions per market and 1,024")
    assert len(say_costs(BridgeTerms().terms.costs)) == 3


def test_what_stops_trading_is_said():
    held = Limits(day_loss=0.05, week_loss=0.1, drawdown=0.2, loss_streak=3)
    assert say_limits(held).endswith(
        "; none after a loss of 5 % in a day; none after a loss of 10 % in a week; none after a "
        "loss of 20 % from the highest equity; none in a market after 3 losing positions there in "
        "a row."
    )
    late = Exits(unit="atr", stop=2.0, trail=1.0, trail_from=3.0)
    assert "from the best price once that is 3 away" in say_exits(late, "1h", 1)
    capped = Sizing(method="risk_share", max_notional=50_000.0)
    assert "at most 1 times the equity and 50,000 quote units" in say_sizing(capped)


def test_numbers_read_well():
    assert [ordinal(n) for n in (1, 2, 3, 4, 11, 12, 13, 21, 22, 111, 288)] == (
        ["1st", "2nd", "3rd", "4th", "11th", "12th", "13th", "21st", "22nd", "111th", "288th"]
    )
    assert [plain(v) for v in (100000.0, 0.5, 12.0)] == ["100,000", "0.5", "12"]
