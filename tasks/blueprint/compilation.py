"""From a promoted hypothesis to its blueprint."""

from __future__ import annotations

import polars as pl

from lake.config import Config
from lake.ref import EVERY_MARKET
from lake.schema import BLUEPRINTS
from lake.time import timeframe_of
from tasks.blueprint.card import write_card
from tasks.blueprint.case import Case, Row, counted_trades, eras_of, evidence_of
from tasks.blueprint.code import current_code, current_libraries
from tasks.blueprint.config import BlueprintConfig
from tasks.blueprint.document import VERSION, Blueprint, Condition, KillRule, seal
from tasks.blueprint.event import EventRule
from tasks.blueprint.falsifiers import falsifiers
from tasks.blueprint.provenance import list_sources
from tasks.blueprint.replay import golden_of
from tasks.blueprint.text import write_json, write_yaml
from tasks.events.config import EventsConfig
from tasks.events.detect import parameters_key
from tasks.events.registry import module_of
from tasks.trading.config import Terms

PROMOTED = "promoted"


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
    rows = [(b.name, b.hypothesis, write_json(b), write_yaml(b), write_card(b)) for b in blueprints]
    return pl.DataFrame(rows, schema=BLUEPRINTS.columns, orient="row").sort(BLUEPRINTS.order)


def compile_one(row: Row, case: Case, events: EventsConfig, config: BlueprintConfig) -> Blueprint:
    """The blueprint of one row of FINDINGS joined with BRIDGED (suffix ``_confirmed``)."""
    event = event_rule(row["family"], row["event"], events)
    evidence, kill = evidence_of(row, case), kill_rule(row, config)
    markets = case.markets if row["market"] == EVERY_MARKET else (row["market"],)
    fields = {
        "version": VERSION,
        "hypothesis": row["hypothesis"],
        "event": event,
        "rule": "follow" if row["follow"] > 0 else "fade",
        "no_side": "long",
        "conditions": conditions_of(row["condition"]),
        "markets": markets,
        "timeframe": timeframe_of(markets[0]),
        "entry": "next_open",
        **{name: row[name] for name in ("horizon", "horizon_bars")},
        **{name: getattr(case, name) for name in ("terms", "settings")},
        "code": current_code(event, events.modules),
        "libraries": current_libraries(),
        "eras": eras_of(case.eras),
        "kill": kill,
        "falsified_by": falsifiers(kill, evidence),
        "evidence": evidence,
        "golden": golden_of(counted_trades(row["hypothesis"], case), config.golden_trades),
        "provenance": list_sources(case.ancestors),
    }
    return seal(fields, events.modules)


def event_rule(family: str, name: str, config: EventsConfig) -> EventRule:
    """The analyzer and all parameters that it ran with."""
    analyzer = next(a for a in config.analyzers(family) if a.name == name)
    fields = {
        "module": module_of(family, config.modules),
        "family": family,
        "name": name,
        "parameters": analyzer.with_defaults(config.parameters.get(name, {})),
        "cooldown": config.cooldown,
        "parameters_key": parameters_key(analyzer, config),
    }
    return EventRule.model_validate(fields, context={"modules": config.modules})


def terms_of(bridge_config: Config) -> Terms:
    """The terms of trading among the fields of the bridge's config."""
    terms = getattr(bridge_config, "terms", None)
    if not isinstance(terms, Terms):
        raise TypeError(f"{type(bridge_config).__name__} has no terms of trading: {terms!r}")
    return terms


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
