"""The card: a blueprint in words, as Markdown in ASCII.

Words of the document are untrusted text: signs that are not printed are dropped, and whoever makes
HTML of the card must escape it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from lake.time import symbol_of
from tasks.blueprint.document import Blueprint, Condition
from tasks.blueprint.evidence import ConfirmationEvidence, DiscoveryEvidence, StressEvidence
from tasks.blueprint.words import (
    LABELS,
    listed,
    n_of,
    say_costs,
    say_exits,
    say_limits,
    say_sizing,
)

Lines = list[str]
LEVEL = 0.975
MISSING = "-"
SHORT = 12
MAX_NAMED = 8


def write_card(blueprint: Blueprint) -> str:
    """The whole card."""
    sections = {
        "Rule": _rule(blueprint),
        "Evidence": _evidence(blueprint),
        "Costs assumed": [f"- {line}" for line in say_costs(blueprint.terms.costs)],
        "Walk-forward": _walk_forward(blueprint),
        "Stress": _stress(blueprint.evidence.stress),
        "What would falsify it": [f"- {line}" for line in blueprint.falsified_by],
        "Provenance": _provenance(blueprint),
    }
    lines = [f"# {blueprint.name}"]
    for title, body in sections.items():
        lines += ["", f"## {title}", "", *body]
    return "".join(f"{_printed(line)}\n" for line in lines)


def say_rule(blueprint: Blueprint) -> str:
    """When and how it trades, in two sentences."""
    event, bar = blueprint.event.name, f"{blueprint.timeframe} bar"
    markets = listed([symbol_of(market) for market in blueprint.markets], "or")
    when = "".join(f" and {_say_condition(condition)}" for condition in blueprint.conditions)
    how = (
        "in the event's side (long where it has none)"
        if blueprint.rule == "follow"
        else "against the event's side (short where it has none)"
    )
    leave = say_exits(blueprint.terms.exits, blueprint.horizon, blueprint.horizon_bars)
    return (
        f"When {event} stands at the close of a {bar} of {markets}{when}, enter at the next open "
        f"{how}. {leave}"
    )


def interval(mean: float | None, error: float | None, n_clusters: int) -> str:
    """``+30.0 bps (95 %: +20.0 to +40.0)`` by Student's t over the calendar blocks.

    Without an error, or with fewer than two blocks, the mean alone.
    """
    if mean is None or error is None or n_clusters < 2:
        return f"{_signed(mean)} bps"
    from scipy.special import stdtrit  # slow to import

    reach = float(stdtrit(n_clusters - 1, LEVEL)) * error
    return f"{_signed(mean)} bps (95 %: {_signed(mean - reach)} to {_signed(mean + reach)})"


def _say_condition(condition: Condition) -> str:
    label = LABELS[condition.label]
    return f"{label.name} is {label.values[condition.value]}"


def _rule(blueprint: Blueprint) -> Lines:
    tuned = [f"{name} {value}" for name, value in sorted(blueprint.event.parameters.items())]
    tuned.append(f"cooldown {blueprint.event.cooldown}")
    return [
        say_rule(blueprint),
        "",
        f"- Event: {blueprint.event.name} of {blueprint.event.module} ({', '.join(tuned)})",
        f"- {say_sizing(blueprint.terms.sizing)}",
        f"- {say_limits(blueprint.terms.limits)}",
    ]


def _evidence(blueprint: Blueprint) -> Lines:
    evidence, eras = blueprint.evidence, blueprint.eras
    searched, held, sealed = (
        f"{era.start:%Y-%m-%d} to {era.end:%Y-%m-%d}"
        for era in (eras.discovery, eras.confirmation, eras.sealed)
    )
    return [
        f"- Searched, {searched}: {_found(evidence.discovery)}",
        f"- Out of sample, {held}: {_held(evidence.confirmation)}",
        f"- Placebos: {_placebos(evidence.confirmation)}",
        *(
            f"- The search as a whole ({search.portfolio}): {_count(search.n_trials)} trials, "
            f"probability that the Sharpe ratio is above 0 {_share(search.psr)}, above what the "
            f"best of so many shows by chance {_share(search.dsr)}."
            for search in evidence.search
        ),
        f"- Verdict: {evidence.verdict}",
        f"- Sealed, in no number here: {sealed}",
    ]


def _found(found: DiscoveryEvidence) -> str:
    return (
        f"{_signed(found.scaled_bps)} bps found, of which {_signed(found.shrunk_bps)} bps are "
        f"believed (95 %: {_signed(found.lower_bps)} to {_signed(found.upper_bps)}), from "
        f"{n_of(found.n, 'event')} in {n_of(found.n_clusters, 'calendar block')}, "
        f"q {_share(found.q)}."
    )


def _held(held: ConfirmationEvidence) -> str:
    after_costs = interval(held.net_bps, held.se_bps, held.n_clusters)
    won = MISSING if held.hit_rate is None else f"{100 * held.hit_rate:.0f} %"
    return (
        f"{after_costs} a trade after costs over {n_of(held.n_trades, 'trade')} in "
        f"{n_of(held.n_clusters, 'calendar block')}, q {_share(held.q)}; "
        f"{_signed(held.gross_bps)} bps before costs of {_decimal(held.cost_bps)} bps. {won} of "
        f"them won, the worst made {_signed(held.worst_bps)} bps."
    )


def _placebos(held: ConfirmationEvidence) -> str:
    return (
        f"p {_share(held.p_shifted)} a day or a week later, {_share(held.p_random)} at random "
        f"bars, {_share(held.p_opposite)} on the other side."
    )


def _walk_forward(blueprint: Blueprint) -> Lines:
    rows = [
        (
            str(fold.fold),
            f"{fold.start:%Y-%m-%d}",
            f"{fold.end:%Y-%m-%d}",
            "yes" if fold.selected else "no",
            f"{fold.n_trades:,d}",
            _signed(fold.net_bps),
        )
        for fold in blueprint.evidence.folds
    ]
    idle = not all(fold.selected for fold in blueprint.evidence.folds)
    note = ["", "Folds that were not traded do not count in the evidence."] if idle else []
    return _table(("fold", "from", "to", "traded", "trades", "net bps"), rows) + note


def _stress(stress: Sequence[StressEvidence]) -> Lines:
    rows = [
        (s.test, s.level, f"{s.n_trades:,d}", _signed(s.net_bps), _decimal(s.se_bps), _share(s.p))
        for s in sorted(stress, key=_place)
    ]
    return _table(("test", "level", "trades", "net bps", "se", "p"), rows)


def _place(stressed: StressEvidence) -> tuple[str, float, str]:
    """By test, and its levels by number where they are numbers."""
    return stressed.test, stressed.number or 0.0, stressed.level


def _provenance(blueprint: Blueprint) -> Lines:
    raw = [f"{s.table} {s.content[:SHORT]}" for s in blueprint.provenance if s.key is None]
    more = f" and {len(raw) - MAX_NAMED} more" if len(raw) > MAX_NAMED else ""
    back = f"back to {', '.join(raw[:MAX_NAMED]) or MISSING}{more}."
    libraries = ", ".join(f"{name} {version}" for name, version in blueprint.libraries.items())
    return [
        f"- Hypothesis {blueprint.hypothesis}, document version {blueprint.version}.",
        f"- {n_of(len(blueprint.provenance), 'table')}, {back}",
        f"- {n_of(len(blueprint.code), 'module')} of code; {libraries}.",
        f"- {n_of(blueprint.golden.n_trades, 'golden trade')}, sha256 "
        f"{blueprint.golden.sha256[:SHORT]}: replay them with "
        "`python -m flows.backtest --verify`.",
    ]


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Lines:
    if not rows:
        return ["None."]
    ruled = ["---" if i < 1 else "---:" for i in range(len(head))]
    cells: Iterable[Sequence[str]] = (head, ruled, *rows)
    return [f"| {' | '.join(cell.replace('|', '/') for cell in row)} |" for row in cells]


def _printed(line: str) -> str:
    return "".join(sign for sign in line if sign.isprintable())


def _signed(value: float | None) -> str:
    return MISSING if value is None else f"{value:+,.1f}"


def _decimal(value: float | None) -> str:
    return MISSING if value is None else f"{value:,.1f}"


def _share(value: float | None) -> str:
    return MISSING if value is None else f"{value:.3g}"


def _count(value: int | None) -> str:
    return MISSING if value is None else f"{value:,d}"
