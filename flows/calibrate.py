"""Calibration: how often discovery is wrong, on markets whose truth is known.

Run it with ``python -m flows.calibrate [--markets 50] [--effect 0,2,5,10,20]``; it takes the flags
of ``python -m flows.discovery`` too: what is calibrated is discovery as they have it. One table per
market is kept in the lake, so an interrupted calibration goes on where it was.
"""

# Annotations are evaluated here: Prefect checks a deployment's parameters against them after it has
# loaded this file by path, where names in quotes could not be found.

if __name__ == "__main__":
    from flows.command import run_command

    raise SystemExit(run_command("flows.calibrate", "run_calibration"))

from typing import Any

from prefect import flow

from blocks.profile import RunConfig, n_cores
from blocks.runner import task_runner
from flows.board import Board
from flows.calibration import Calibration, conclude
from flows.discovery import events_code, observe
from flows.markets import bring_markets
from flows.run import Run, Tables, open_run
from tasks.calibrate.config import check_askable, list_placebos, list_worlds
from tasks.calibrate.task import calibrate_placebo, calibrate_simulated
from tasks.calibrate.world import Procedure
from tasks.discovery.task import draw_eras
from tasks.events.admission import admit
from tasks.ingest.config import IngestConfig
from tasks.ingest.task import dated_lists
from tasks.outcomes.task import measure_outcomes

STAGES = ("ingest", "clean", "features", "events", "outcomes", "discovery", "calibrate")


@flow(
    name="calibrate",
    flow_run_name="{config.calibrate.markets} markets",
    task_runner=task_runner(n_cores()),
    persist_result=False,
)
def calibrate(config: RunConfig) -> Calibration:
    """Run discovery on the user's bars without their outcomes, and on simulated markets; tell."""
    procedure = procedure_of(config)
    check_askable(config.calibrate, procedure)
    admit(config.events)
    board = Board(STAGES, quiet=config.json_output)
    with open_run(config.lake, config.recorded, config.refresh, board) as run:
        own, placebos = replace_own(run, config, procedure)
        simulated = simulate_all(run, config, procedure)
        return conclude(run, config, procedure, own, [*simulated, *placebos])


def run_calibration(config: RunConfig) -> Calibration:
    """Run the flow on as many workers as the config says."""
    return calibrate.with_options(task_runner=task_runner(config.workers))(config)


def procedure_of(c: RunConfig) -> Procedure:
    """What simulated markets are put through: the user's profile, on the demo's symbols."""
    simulated = c.source == "demo"
    own: dict[str, Any] = {"symbols": c.symbols, "leader": c.leader, "start": c.start, "end": c.end}
    ingest = IngestConfig(
        timeframe=c.timeframe, beside=c.beside, demo=c.demo, **(own if simulated else {})
    )
    rooms = ("clean", "features", "events", "outcomes", "discovery", "bridge", "promotion")
    given = {name: getattr(c, name) for name in rooms}
    return Procedure(ingest=ingest, **dated_lists(c.ingest), **given)


def simulate_all(run: Run, c: RunConfig, procedure: Procedure) -> Tables:
    """Run discovery on each simulated market, one task per market."""
    known: dict[str, Any] = {"procedure": procedure, "code": events_code(c)}
    calls = [{"part": world.part, "world": world, **known} for world in list_worlds(c.calibrate)]
    return run.all("calibrate", calibrate_simulated, calls)


def replace_own(run: Run, c: RunConfig, procedure: Procedure) -> tuple[list[str], Tables]:
    """Search the user's own markets with replaced outcomes, one task per placebo."""
    worlds = list_placebos(c.calibrate)
    if not worlds:
        return [], Tables()
    seen = observe(run, c, bring_markets(run, c))
    horizons = c.outcomes.horizons
    outcomes = run.map("outcomes", measure_outcomes, seen.bars, parts=horizons, bars=seen.bars)
    timed: dict[str, Any] = {"bars": seen.bars, "horizons": horizons}
    eras = run.one("discovery", draw_eras, **timed, config=c.discovery)
    known = {"events": seen.events, "features": seen.features, "outcomes": outcomes, "eras": eras}
    calls = [{"part": w.part, "world": w, "procedure": procedure, **known} for w in worlds]
    return seen.bars.markets, run.all("calibrate", calibrate_placebo, calls)
