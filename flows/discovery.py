"""Discovery: from bars to judged findings and blueprints.

Run it with ``python -m flows.discovery``; ``--help`` lists what it can be told.
"""

# Annotations are evaluated here: Prefect checks a deployment's parameters against them after it has
# loaded this file by path, where names in quotes could not be found.

if __name__ == "__main__":
    from flows.command import run_command

    raise SystemExit(run_command("flows.discovery", "run_discovery"))

from dataclasses import dataclass
from typing import Any

from prefect import flow

from blocks.profile import STAGES, RunConfig, n_cores
from blocks.runner import task_runner
from flows.board import Board
from flows.run import Run, Tables, open_run, spread
from flows.summary import Made, Summary, summarise
from lake.ref import Ref
from tasks.blueprint.task import compile_blueprints
from tasks.bridge.task import bridge, simulate
from tasks.clean.task import assess, clean, reject
from tasks.discovery.task import draw_eras, estimate, judge, trace
from tasks.events.task import detect, family_code
from tasks.features.task import compute_features
from tasks.ingest.task import fetch, ingest, source_module, survey, write_truth
from tasks.outcomes.task import measure_outcomes
from tasks.promotion.task import decide, tally
from tasks.report.task import render


@flow(
    name="discovery",
    flow_run_name="{config.source} {config.timeframe}",
    task_runner=task_runner(n_cores()),
    persist_result=False,
)
def discover(config: RunConfig) -> Summary:
    """From bars to judged findings and blueprints, each stage on the tables of those before."""
    board = Board(STAGES, quiet=config.json_output)
    with open_run(config.lake, config.recorded, config.refresh, board) as run:
        raw, truth = read(run, config)
        seen = observe(run, config, raw)
        found = find(run, config, seen)
        return summarise(run, hand_over(run, config, seen, found, truth))


def run_discovery(config: RunConfig) -> Summary:
    """Run the flow on as many workers as the config says."""
    return discover.with_options(task_runner=task_runner(config.workers))(config)


@dataclass(frozen=True)
class Seen:
    """What is known of each market, before and after each bar."""

    bars: Tables
    quality: Tables
    features: Tables
    events: Tables
    outcomes: Tables


@dataclass(frozen=True)
class Found:
    """What follows the events in the discovery era."""

    eras: Ref
    paths: Tables
    findings: Ref


def read(run: Run, c: RunConfig) -> tuple[Tables, Tables]:
    """Bring the source's bars into the lake, and the truth where it is known."""
    snapshots = survey(c.ingest)
    asked = {s.market: {"market": s.market, "snapshot": s.keyed} for s in snapshots}
    remote = [asked[s.market] | {"config": c.ingest} for s in snapshots if s.is_remote]
    fetched = run.all("ingest", fetch, remote)
    code = [source_module(c.source)]
    raw = run.all(
        "ingest",
        ingest,
        [
            asked[s.market] | {"where": s.places, "fetched": fetched.of(s.market), "code": code}
            for s in snapshots
        ],
    )
    known = [asked[s.market] for s in snapshots[:1] if s.is_simulated]
    return raw, run.all("ingest", write_truth, known)


def observe(run: Run, c: RunConfig, raw: Tables) -> Seen:
    """Clean the bars; on them features, events and outcomes, each blind to the others."""
    rejected = run.map("clean", reject, raw, raw=raw, config=c.clean)
    bars = run.map("clean", clean, raw, raw=raw, rejected=rejected, config=c.clean)
    cleaned: dict[str, Any] = {"raw": raw, "rejected": rejected, "bars": bars}
    quality = run.map("clean", assess, raw, **cleaned, config=c.clean)
    features = run.map("features", compute_features, bars, bars=bars, config=c.features)
    own = {"config": c.events.only, "code": family_code}
    looks = spread(bars, parts=c.events.chosen(), per_part=own, bars=bars)
    events = run.all("events", detect, looks, tolerate=True)
    horizons = c.outcomes.horizons
    outcomes = run.map("outcomes", measure_outcomes, bars, parts=horizons, bars=bars)
    return Seen(bars, quality, features, events, outcomes)


def find(run: Run, c: RunConfig, seen: Seen) -> Found:
    """Estimate what follows each event, in the discovery era only; judge all at once."""
    eras = run.one("discovery", draw_eras, bars=seen.bars, config=c.discovery)
    known: dict[str, Any] = {"events": seen.events, "eras": eras, "config": c.discovery}
    effects = run.map(
        "discovery",
        estimate,
        seen.events,
        **known,
        features=seen.features,
        outcomes=seen.outcomes,
    )
    paths = run.map("discovery", trace, seen.bars, **known, bars=seen.bars)
    findings = run.one("discovery", judge, effects=effects, config=c.discovery)
    return Found(eras, paths, findings)


def trade(run: Run, c: RunConfig, seen: Seen, found: Found) -> dict[str, Ref]:
    """Trade the findings out of sample and after costs; decide which are promoted."""
    market = {"events": seen.events, "features": seen.features, "bars": seen.bars}
    findings = {"findings": found.findings}
    trades = run.one("bridge", simulate, **findings, **market, eras=found.eras, config=c.bridge)
    bridged = run.one("bridge", bridge, **findings, trades=trades, config=c.bridge)
    judged = {**findings, "bridged": bridged, "trades": trades}
    gates: dict[str, Any] = {"discovery_config": c.discovery, "config": c.promotion}
    return judged | {"verdicts": run.one("promotion", decide, **judged, **gates)}


def hand_over(run: Run, c: RunConfig, seen: Seen, found: Found, truth: Tables) -> Made:
    """Compile what was promoted; report on everything."""
    judged = trade(run, c, seen, found)
    funnel = run.one("promotion", tally, verdicts=judged["verdicts"])
    assumed: dict[str, Any] = {
        "events_config": c.events,
        "bridge_config": c.bridge,
        "config": c.blueprint,
    }
    blueprints = run.one("blueprint", compile_blueprints, **judged, bars=seen.bars, **assumed)
    compiled = {"funnel": funnel, "blueprints": blueprints, "truth": truth}
    told: dict[str, Any] = {"settings": c.research, "config": c.report}
    shown = {"quality": seen.quality, "bars": seen.bars, "events": seen.events}
    report = run.one("report", render, **shown, paths=found.paths, **judged, **compiled, **told)
    verdicts = judged["verdicts"]
    return Made(seen.quality, seen.events, found.findings, verdicts, funnel, blueprints, report)
