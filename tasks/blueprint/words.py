"""How a blueprint's terms are said in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tasks.trading.config import Costs, Exits, Limits, Sizing


@dataclass(frozen=True)
class Label:
    """A label of FEATURES: its name, and what each of its values says."""

    name: str
    values: Mapping[int, str]


LABELS = {
    "vol_regime": Label("the volatility regime", {0: "low", 1: "middle", 2: "high"}),
    "trend_regime": Label("the trend", {-1: "down", 0: "flat", 1: "up"}),
    "session": Label("the session", {0: "Asian", 1: "European", 2: "American"}),
    "funding_regime": Label(
        "the funding", {-1: "paid by shorts", 0: "usual", 1: "high, paid by longs"}
    ),
}
_LARGE = 1000


def ordinal(n: int) -> str:
    """``1st``, ``2nd``, ``12th``.

    Examples
    --------
    >>> [ordinal(n) for n in (1, 2, 3, 4, 11, 12, 13, 21, 111, 112, 288)]
    ['1st', '2nd', '3rd', '4th', '11th', '12th', '13th', '21st', '111th', '112th', '288th']
    """
    teens = n % 100 in (11, 12, 13)
    return f"{n}{'th' if teens else {1: 'st', 2: 'nd', 3: 'rd'}.get(n % 10, 'th')}"


def n_of(n: int, noun: str) -> str:
    """``1 trade``, ``1,200 trades``."""
    return f"{n:,d} {noun}{'' if n == 1 else 's'}"


def listed(words: Sequence[str], last: str = "and") -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    return f" {last} ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def plain(value: float) -> str:
    """A number of the settings: thousands separated where it is large.

    Examples
    --------
    >>> plain(100000.0), plain(0.5), plain(12.0)
    ('100,000', '0.5', '12')
    """
    return f"{value:,.0f}" if abs(value) >= _LARGE else f"{value:g}"


def say_exits(exits: Exits, horizon: str, horizon_bars: int) -> str:
    """How a position is left: ``Leave at the close of the 12th bar after the event's (1h)``."""
    bar = f"the {ordinal(horizon_bars)} bar after the event's ({horizon})"
    after = f"the close of {bar}" if exits.time_at == "close" else f"the open that follows {bar}"
    unit = {
        "volatility": f"times the volatility over {horizon}",
        "atr": "times the average true range",
        "bps": "bps",
    }[exits.unit]
    ways = [f"at a stop {exits.stop:g} {unit} from the entry"] if exits.stop else []
    if exits.trail:
        begun = f" once that is {exits.trail_from:g} away" if exits.trail_from else ""
        ways.append(f"at a trailing stop {exits.trail:g} {unit} from the best price{begun}")
    for target in exits.targets:
        share = "all" if target.share == 1 else f"{100 * target.share:g} %"
        ways.append(f"{share} at a target {target.at:g} {unit} from the entry")
    before = f", or before {listed(ways, 'or')}" if ways else ""
    moved = " After the first target the stop lies at the entry." if exits.stop_to_entry else ""
    return f"Leave at {after}{before}.{moved}"


def say_sizing(sizing: Sizing) -> str:
    """How large a position is."""
    unit = "quote units" if sizing.contract == "linear" else "coins"
    share = f"{100 * sizing.share:g} % of the equity"
    capped = f" and {plain(sizing.max_notional)} {unit}" if sizing.max_notional else ""
    at_most = f", at most {sizing.max_leverage:g} times the equity{capped}"
    size = {
        "fixed_notional": f"{plain(sizing.notional)} quote units",
        "equity_share": f"{share}{at_most}",
        "risk_share": f"so large that the stop is {share} away{at_most}",
        "volatility_target": f"so large that it moves {share} a day{at_most}",
    }[sizing.method]
    account = f"an account of {plain(sizing.capital)} {unit}"
    return f"Size of a position: {size}, from {account} ({sizing.contract} contract)."


def say_limits(limits: Limits) -> str:
    """What an order may not break."""
    said = [
        f"{n_of(limits.per_market, 'position')} per market",
        f"{n_of(limits.max_open, 'position')} in all",
    ]
    if limits.max_gross:
        said.append(f"{limits.max_gross:g} times the equity in all positions")
    if limits.max_participation:
        said.append(f"{100 * limits.max_participation:g} % of the usual volume of a bar")
    pauses = [f"none for {limits.cooldown} after a position"] if limits.cooldown else []
    pauses += [f"none on the same side for {limits.lockout} after a stop"] if limits.lockout else []
    pauses += say_breakers(limits)
    return f"At most {listed(said)}{''.join(f'; {pause}' for pause in pauses)}."


def say_breakers(limits: Limits) -> list[str]:
    """After what losses nothing is opened."""
    losses = {
        "in a day": limits.day_loss,
        "in a week": limits.week_loss,
        "from the highest equity": limits.drawdown,
    }
    said = [f"none after a loss of {100 * x:g} % {when}" for when, x in losses.items() if x]
    if limits.loss_streak:
        said.append(f"none in a market after {limits.loss_streak} losing positions there in a row")
    return said


def say_costs(costs: Costs) -> list[str]:
    """What a fill and a night are assumed to cost, a line each."""
    times = "" if costs.multiple == 1 else f", all of it times {costs.multiple:g}"
    own = "the market's own settlements; where there are none, " if costs.funding == "own" else ""
    return [
        f"Fees {costs.taker_fee_bps:g} bps for what is taken (entries, stops, exits by time), "
        f"{costs.maker_fee_bps:g} bps for targets.",
        f"Half the spread {costs.half_spread_bps:g} bps in usual times, more when volatility is "
        f"up; impact {costs.impact:g} sigma sqrt(Q / V), {costs.unknown_impact_bps:g} bps where "
        f"that is not known{times}.",
        f"Funding: {own}longs pay {costs.assumed_funding_bps:g} bps every eight hours.",
    ]
