"""Audit: whether anything that is registered, or an engine behind it, looks ahead on these bars.

Run it with ``python -m flows.audit``; it takes the flags of ``python -m flows.discovery`` that say
which bars and which events, and exits with 1 when any reading changed.
"""

# Annotations are evaluated here: Prefect checks a deployment's parameters against them after it has
# loaded this file by path, where names in quotes could not be found.

if __name__ == "__main__":
    from flows.command import run_command

    raise SystemExit(run_command("flows.audit", "run_audit"))

from functools import partial
from typing import Any

from prefect import flow

from blocks.profile import RunConfig, n_cores
from blocks.runner import task_runner
from flows.board import Board
from flows.markets import Markets, bring_markets
from flows.run import Run, Tables, open_run, spread
from flows.verdict import Verdict, pronounce
from tasks.audit.task import audit_events, audit_features
from tasks.events.task import family_code

STAGES = ("ingest", "clean", "audit")


@flow(
    name="audit",
    flow_run_name="{config.source} {config.timeframe}",
    task_runner=task_runner(n_cores()),
    persist_result=False,
)
def audit_market(config: RunConfig) -> Verdict:
    """Bring the bars, cut and replace their future under everything that reads them, and tell."""
    board = Board(STAGES, quiet=config.json_output)
    with open_run(config.lake, config.recorded, config.refresh, board) as run:
        markets = bring_markets(run, config)
        return pronounce(run, markets.bars, sweep(run, config, markets))


def run_audit(config: RunConfig) -> Verdict:
    """Run the flow on as many workers as the config says."""
    return audit_market.with_options(task_runner=task_runner(config.workers))(config)


def sweep(run: Run, c: RunConfig, markets: Markets) -> Tables:
    """Audit features, events and engines, one task per market and family.

    The others finish if one fails. An engine is audited with the family of its events.
    """
    bars, context = markets.bars, markets.context
    how: dict[str, Any] = {"config": c.audit}
    known: dict[str, Any] = {"bars": bars, "context": context, **how}
    features = spread(bars, parts=["features"], features=c.features, **known)
    own: dict[str, Any] = {"events": c.events.only, "code": partial(family_code, c.events)}
    families = c.events.chosen()
    looks = spread(bars, parts=families, per_part=own, **known)
    swept = run.all("audit", audit_features, features, tolerate=True)
    return Tables([*swept, *run.all("audit", audit_events, looks, tolerate=True)])
