"""Discovery: from bars to judged findings and blueprints.

Run it with ``python -m flows.discovery``; ``--help`` lists what it can be told.
"""

# Annotations are evaluated here: Prefect checks a deployment's parameters against them after it has
# loaded this file by path, where names in quotes could not be found.

if __name__ == "__main__":
    from flows.command import run_command

    raise SystemExit(run_command("flows.discovery", "run_discovery"))

from functools import partial
from typing import Any

from prefect import flow

from blocks.compiled import settings_of
from blocks.profile import STAGES, RunConfig, n_cores
from blocks.runner import task_runner
from flows.board import Board
from flows.inquiry import Found, Seen, find
from flows.markets import Markets, bring_markets
from flows.run import Run, Tables, open_run, spread
from flows.summary import TOLD, Made, Summary, summarise
from lake.ref import Ref
from tasks.blueprint.task import compile_blueprints
from tasks.bridge.task import bridge, simulate, stress, weigh_search
from tasks.events.admission import admit
from tasks.events.task import cover_market, detect, family_code
from tasks.features.task import compute_features
from tasks.promotion.task import decide, list_gates, tally
from tasks.report.task import draw_events, render

PROOF = ("findings", "bridged", "trades", "verdicts", "stressed")


@flow(
    name="discovery",
    flow_run_name="{config.source} {config.timeframe}",
    task_runner=task_runner(n_cores()),
    persist_result=False,
)
def discover(config: RunConfig) -> Summary:
    """From bars to judged findings and blueprints, each stage on the tables of those before."""
    admit(config.events)
    board = Board(STAGES, quiet=config.json_output)
    with open_run(config.lake, config.recorded, config.refresh, board) as run:
        markets = bring_markets(run, config)
        seen = observe(run, config, markets)
        found = find(run, config, seen)
        return summarise(run, hand_over(run, config, seen, found))


def run_discovery(config: RunConfig) -> Summary:
    """Run the flow on as many workers as the config says."""
    return discover.with_options(task_runner=task_runner(config.workers))(config)


def observe(run: Run, c: RunConfig, markets: Markets) -> Seen:
    """On the clean bars features and events: what is known at each close."""
    known: dict[str, Any] = {"bars": markets.bars, "context": markets.context}
    features = run.map("features", compute_features, markets.bars, **known, config=c.features)
    events, coverage = look(run, c, markets)
    judged = {"quality": markets.quality, "truth": markets.truth, "funding": markets.funding}
    return Seen(**known, **judged, features=features, events=events, coverage=coverage)


def look(run: Run, c: RunConfig, markets: Markets) -> tuple[Tables, Tables]:
    """Find the events, one task per market and family, and say which could not run."""
    bars: dict[str, Any] = {"bars": markets.bars, "context": markets.context}
    own: dict[str, Any] = {"config": c.events.only, "code": partial(family_code, c.events)}
    looks = spread(markets.bars, parts=c.events.chosen(), per_part=own, **bars)
    events = run.all("events", detect, looks, tolerate=True)
    whole = {"code": events_code(c), "config": c.events}
    calls = [{**call, **whole} for call in spread(markets.bars, **bars)]
    told = [{**call, "events": events.of(call["market"])} for call in calls]
    return events, run.all("events", cover_market, told)


def events_code(c: RunConfig) -> list[str]:
    """The modules of all families that are wanted."""
    return [module for family in c.events.chosen() for module in family_code(c.events, family)]


def trade(run: Run, c: RunConfig, seen: Seen, found: Found) -> dict[str, Ref]:
    """Trade the findings out of sample and after costs, stress them, and decide."""
    market = {"events": seen.events, "features": seen.features, "bars": seen.bars}
    walked: dict[str, Any] = {"findings": found.findings, "folds": found.folds}
    known: dict[str, Any] = {**market, "funding": seen.funding, "config": c.bridge}
    trades = run.one("bridge", simulate, **walked, **known)
    stressed = run.one("bridge", stress, **walked, refits=found.refits, **known)
    made: dict[str, Any] = {"findings": found.findings, "trades": trades, "stressed": stressed}
    made["bridged"] = run.one("bridge", bridge, **made, refits=found.refits, config=c.bridge)
    gates: dict[str, Any] = {"discovery_config": c.discovery, "config": c.promotion}
    verdicts = run.one("promotion", decide, **made, **gates)
    gated = run.one("promotion", list_gates, **made, **gates)
    return made | {"verdicts": verdicts, "gated": gated}


def weigh(run: Run, c: RunConfig, found: Found, judged: dict[str, Ref]) -> dict[str, Ref]:
    """Weigh all that was tried, and count what each gate stopped."""
    held = {"trades": judged["trades"], "verdicts": judged["verdicts"]}
    about = {"refits": found.refits, "eras": found.eras, "judgement": found.judgement}
    search = run.one("bridge", weigh_search, **held, **about, config=c.bridge)
    return {
        "search": search,
        "funnel": run.one("promotion", tally, verdicts=judged["verdicts"]),
    }


def compile_all(
    run: Run, c: RunConfig, seen: Seen, found: Found, judged: dict[str, Ref], search: Ref
) -> Ref:
    """Write what was promoted down as blueprints."""
    walked = {"folds": found.folds, "refits": found.refits, "eras": found.eras}
    settings = settings_of(c.ingest, clean=c.clean, features=c.features, events=c.events)
    assumed: dict[str, Any] = {"events_config": c.events, "bridge_config": c.bridge}
    proof: dict[str, Any] = {name: judged[name] for name in PROOF} | walked | {"search": search}
    return run.one(
        "blueprint",
        compile_blueprints,
        **proof,
        **assumed,
        bars=seen.bars,
        settings=settings,
        config=c.blueprint,
    )


def hand_over(run: Run, c: RunConfig, seen: Seen, found: Found) -> Made:
    """Compile what was promoted; report on everything."""
    judged = trade(run, c, seen, found)
    weighed = weigh(run, c, found, judged)
    blueprints = compile_all(run, c, seen, found, judged, weighed["search"])
    told = judged | weighed | {"blueprints": blueprints}
    told |= {"confirmed": found.confirmed, "judgement": found.judgement}
    report, book = tell(run, c, seen, found, told)
    known: dict[str, Any] = {name: told[name] for name in TOLD}
    looked = (seen.quality, seen.events, seen.coverage)
    return Made(*looked, **known, report=report, book=book)


def tell(
    run: Run, c: RunConfig, seen: Seen, found: Found, judged: dict[str, Ref]
) -> tuple[Ref, Ref]:
    """Draw the report, and the book of events beside it."""
    shown = {"bars": seen.bars, "events": seen.events, "coverage": seen.coverage}
    own: dict[str, Any] = {"part": "events", "chosen": c.events, "code": events_code(c)}
    book = run.one("report", draw_events, **shown, **own, config=c.report)
    known: dict[str, Any] = {"quality": seen.quality, "truth": seen.truth}
    known |= {"paths": found.paths, "effects": found.effects, "stability": found.stability}
    known |= {"folds": found.folds, "refits": found.refits}
    told: dict[str, Any] = {"book": book, "settings": c.research, "config": c.report}
    return run.one("report", render, **shown, **known, **judged, **told), book
