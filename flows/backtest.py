"""Back-test: a blueprint or an engine on any bars; a blueprint's golden trades replayed.

Run it with ``python -m flows.backtest --blueprint FILE [--verify]``, or with ``--engine fusion``
for a structure engine; it takes the flags of ``python -m flows.discovery`` that say which bars.
What the blueprint's research was made of is its default; ``--start`` and ``--end`` are the first
and last day that is traded.
"""

# Annotations are evaluated here: Prefect checks a deployment's parameters against them after it has
# loaded this file by path, where names in quotes could not be found.

if __name__ == "__main__":
    from blocks.compiled import check_asked
    from flows.command import run_command

    raise SystemExit(run_command("flows.backtest", "run_backtest", check=check_asked))

from typing import Any

from prefect import flow

from blocks.compiled import check_asked, choose_blueprint, other_settings, research_of
from blocks.profile import RunConfig, n_cores
from blocks.runner import task_runner
from flows.backtested import (
    Backtest,
    Made,
    tell,
    tell_bars,
    tell_golden,
    tell_sample,
    tell_settings,
)
from flows.board import Board
from flows.discovery import observe
from flows.engine_run import run_engine
from flows.engine_told import EngineBacktest
from flows.inquiry import Seen
from flows.markets import bring_markets
from flows.run import Run, Tables, open_run
from lake.ref import Ref
from tasks.backtest.request import Asked, ask
from tasks.backtest.task import (
    compare_golden,
    count_fates,
    count_in_sample,
    draw,
    draw_curve,
    list_fills,
    list_obstacles,
    measure_run,
    note_opening,
    other_bars,
    replay,
    take_blueprint,
    trade,
)
from tasks.events.admission import admit

STAGES = ("ingest", "clean", "features", "events", "backtest", "report")


@flow(
    name="backtest",
    flow_run_name="{config.backtest.traded}",
    task_runner=task_runner(n_cores()),
    persist_result=False,
)
def backtest(config: RunConfig) -> Backtest | EngineBacktest:
    """From bars to trades, their measures and a tear sheet."""
    check_asked(config)
    return run_engine(config) if config.backtest.engine else run_blueprint(config)


def run_blueprint(config: RunConfig) -> Backtest:
    """From bars to the blueprint's trades, their measures and a tear sheet."""
    blueprint = choose_blueprint(config.backtest.blueprint, config.events.modules)
    asked = ask(blueprint, research_of(blueprint), config, config.backtest, config.events.modules)
    admit(config.events)
    board = Board(STAGES, quiet=config.json_output)
    with open_run(config.lake, config.recorded, config.refresh, board) as run:
        document = run.one("backtest", take_blueprint, **asked.document)
        seen = observe(run, asked.widened(config), bring_markets(run, asked.widened(config)))
        return tell(run, config, asked, follow(run, config, asked, seen, document))


def run_backtest(config: RunConfig) -> Backtest | EngineBacktest:
    """Run the flow on as many workers as the config says."""
    return backtest.with_options(task_runner=task_runner(config.workers))(config)


def follow(run: Run, c: RunConfig, asked: Asked, seen: Seen, document: Ref) -> Made:
    """Trade the markets that are asked for; measure, verify and draw."""
    bars = Tables(ref for ref in seen.bars if ref.market in asked.traded(seen.bars.markets))
    tables = {"bars": bars, "features": seen.features, "events": seen.events}
    own: dict[str, Any] = {"blueprint": document, "modules": c.events.modules}
    known = own | {"tables": _plain(tables | {"funding": seen.funding})}
    if asked.span.opens_sealed:
        note_opening(run.results.uri, run.name, asked.blueprint, bars=bars, source=c.source)
    made = trade_all(run, known | {"span": (asked.span.start, asked.span.end)})
    account: dict[str, Any] = own | {name: made[name] for name in ("trades", "equity")}
    metrics = run.one("backtest", measure_run, **account, config=c.backtest.metrics)
    different = verify(run, asked, known) if c.backtest.verify else None
    notes = said_before(run, c, asked, bars, seen)
    notes += [tell_golden(different)] if c.backtest.verify else []
    shown: dict[str, Any] = {"metrics": metrics, "bars": bars, "notes": notes}
    sheet = run.one("report", draw, **own, **made, **shown)
    n_in_sample = count_in_sample(run.results.uri, asked.blueprint, made["trades"])
    notes += tell_sample(n_in_sample, made["trades"].n_rows)
    return Made(bars, made["trades"], metrics, sheet, tuple(notes), different)


def said_before(run: Run, c: RunConfig, asked: Asked, bars: Tables, seen: Seen) -> list[str]:
    """What is not as it was in the research, and where the event cannot be looked for."""
    tuned = other_settings(asked.blueprint, clean=c.clean, features=c.features, events=c.events)
    traded = [ref for ref in seen.coverage if ref.market in bars.markets]
    obstacles = list_obstacles(run.results.uri, asked.blueprint, traded)
    others = other_bars(asked.blueprint, bars)
    notes = [*asked.changed(), *tell_settings(tuned), *tell_bars(others)]
    return [*notes, *obstacles]


def trade_all(run: Run, known: dict[str, Any]) -> dict[str, Ref]:
    """The account's positions, their fills, what became of the orders, and its value."""
    tables = {"trades": trade, "fills": list_fills, "fates": count_fates, "equity": draw_curve}
    return {name: run.one("backtest", task, **known) for name, task in tables.items()}


def verify(run: Run, asked: Asked, known: dict[str, Any]) -> str | None:
    """Replay the golden trades and name the first that differs."""
    replayed = run.one("backtest", replay, part="golden", **known)
    return compare_golden(run.results.uri, asked.blueprint, replayed)


def _plain(tables: dict[str, Tables]) -> dict[str, list[Ref]]:
    return {name: list(refs) for name, refs in tables.items()}
