"""From a promoted hypothesis to its blueprint."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import polars as pl

from lake.config import Config
from lake.ref import EVERY_MARKET
from lake.schema import BLUEPRINTS
from lake.store import Entry
from lake.time import n_bars, timeframe_of
from tasks.blueprint.config import BlueprintConfig
from tasks.blueprint.document import (
    Blueprint,
    Condition,
    ConfirmationEvidence,
    Costs,
    DiscoveryEvidence,
    EventRule,
    Evidence,
    GoldenTrade,
    KillRule,
    Part,
    Sizing,
    Strategy,
    TimeExit,
    seal,
)
from tasks.blueprint.provenance import list_sources
from tasks.blueprint.text import write_json, write_yaml
from tasks.events.config import EventsConfig
from tasks.events.detect import parameters_key
from tasks.events.registry import module_of

PROMOTED = "promoted"
Row = Mapping[str, Any]
P = TypeVar("P", bound=Part)


@dataclass(frozen=True)
class Case:
    """All that speaks for the promoted hypotheses.

    Attributes
    ----------
    findings, bridged, trades, verdicts : pl.DataFrame
        The tables of these names.
    markets : tuple of str
        Those of the run, sorted: what a pooled finding trades.
    ancestors : list of Entry
        The lake's entries of these tables and of all that they were made of.
    costs : Costs
        Under which the trades were simulated.
    """

    findings: pl.DataFrame
    bridged: pl.DataFrame
    trades: pl.DataFrame
    verdicts: pl.DataFrame
    markets: tuple[str, ...]
    ancestors: Sequence[Entry]
    costs: Costs


def compile_documents(case: Case, events: EventsConfig, config: BlueprintConfig) -> pl.DataFrame:
    """Return BLUEPRINTS: one document per promoted hypothesis, sorted by name."""
    promoted = case.verdicts.filter(pl.col("verdict") == PROMOTED)
    if promoted.is_empty():
        return BLUEPRINTS.empty()
    verdicts = promoted.select("hypothesis", verdict_reason="reason")
    joined = case.findings.join(case.bridged, on="hypothesis", suffix="_confirmed").join(
        verdicts, on="hypothesis"
    )
    blueprints = [
        compile_one(row, case, events, config)
        for row in joined.sort("hypothesis").iter_rows(named=True)
    ]
    rows = [(b.name, b.hypothesis, write_json(b), write_yaml(b)) for b in blueprints]
    return pl.DataFrame(rows, schema=BLUEPRINTS.columns, orient="row").sort(BLUEPRINTS.order)


def compile_one(row: Row, case: Case, events: EventsConfig, config: BlueprintConfig) -> Blueprint:
    """The blueprint of one row of FINDINGS joined with BRIDGED (suffix ``_confirmed``)."""
    pooled = row["market"] == EVERY_MARKET
    markets = case.markets if pooled else (row["market"],)
    timeframe = timeframe_of(markets[0])
    trades = case.trades.filter(pl.col("hypothesis") == row["hypothesis"])
    return seal(
        Strategy(
            hypothesis=row["hypothesis"],
            event=event_rule(row["family"], row["event"], events),
            rule="follow" if row["follow"] > 0 else "fade",
            conditions=conditions_of(row["condition"]),
            markets=markets,
            timeframe=timeframe,
            exit=TimeExit(horizon=row["horizon"], time_stop_bars=n_bars(row["horizon"], timeframe)),
            sizing=Sizing(units=config.size_units),
            costs=case.costs,
            kill=kill_rule(row, config),
            evidence=evidence_of(row),
            golden=golden_trades(trades, config.golden_trades),
            provenance=list_sources(case.ancestors),
        )
    )


def event_rule(family: str, name: str, config: EventsConfig) -> EventRule:
    """The analyzer and all parameters that it ran with."""
    analyzer = next(a for a in config.analyzers(family) if a.name == name)
    return EventRule(
        module=module_of(family, config.modules),
        family=family,
        name=name,
        parameters=analyzer.with_defaults(config.parameters.get(name, {})),
        cooldown=config.cooldown,
        parameters_key=parameters_key(analyzer, config),
    )


def assumed_costs(bridge_config: Config) -> Costs:
    """The costs among the fields of the bridge's config."""
    return Costs(**bridge_config.model_dump(include=set(Costs.model_fields)))


def conditions_of(condition: str) -> tuple[Condition, ...]:
    """Conditions of a hypothesis: none for ``all``, one for ``vol_regime=2``."""
    label, _, value = condition.partition("=")
    return (Condition(label=label, value=int(value)),) if value else ()


def kill_rule(row: Row, config: BlueprintConfig) -> KillRule:
    """The mean below which live trades would contradict those of the confirmation era.

    The standard error shrinks with the root of the number of trades.
    """
    scale = (row["n_trades"] / config.kill_trades) ** 0.5
    slack_bps = config.kill_standard_errors * row["se_bps_confirmed"] * scale
    return KillRule(
        n_trades=config.kill_trades,
        standard_errors=config.kill_standard_errors,
        stop_below_bps=row["net_bps"] - slack_bps,
    )


def evidence_of(row: Row) -> Evidence:
    """Numbers of both eras and the words of the verdict."""
    confirmation = {name.removesuffix("_confirmed"): value for name, value in row.items()}
    return Evidence(
        discovery=_pick(DiscoveryEvidence, row),
        confirmation=_pick(ConfirmationEvidence, confirmation),
        verdict=row["verdict_reason"],
    )


def golden_trades(trades: pl.DataFrame, count: int) -> tuple[GoldenTrade, ...]:
    """The first and the last `count` trades, by entry time and market; each once."""
    ordered = trades.sort("entry_time", "market").with_row_index("row")
    ends = ordered.filter((pl.col("row") < count) | (pl.col("row") >= ordered.height - count))
    return tuple(_pick(GoldenTrade, trade) for trade in ends.iter_rows(named=True))


def _pick(part: type[P], row: Row) -> P:
    """A part of those values of a row that bear its fields' names."""
    return part(**{name: row[name] for name in part.model_fields})
