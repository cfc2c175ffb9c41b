"""Compile the kernels once, before every worker of the suite would: ``python -m tests.warm``.

The machine code is kept beside the kernels; where it is there already this takes some seconds.
"""

from __future__ import annotations

from multiprocessing import get_context

FAMILY = "volatility"


def compile_events() -> None:
    """Events and engines."""
    from tasks.engines.config import EnginesConfig
    from tasks.engines.desk import Desk
    from tasks.events.config import EventsConfig
    from tasks.events.detect import find_events
    from tasks.events.proving import proving_ground
    from tests.engines.test_desk import SLOTS

    bars, config = proving_ground(3_000), EventsConfig()
    for family in config.chosen():
        find_events(bars, "AAA-15m", family, config)
    desk = Desk("1h", EnginesConfig())
    desk.run(desk.start(), SLOTS.part(0, 300))


def compile_discovery() -> None:
    """The court, and the account."""
    from tasks.calibrate.trials import try_world
    from tasks.calibrate.world import Procedure, World
    from tasks.events.config import EventsConfig

    procedure = Procedure(events=EventsConfig(families=(FAMILY,)))
    try_world(World(kind="null", number=0, seed=1), procedure)


if __name__ == "__main__":
    spawned = get_context("spawn")
    workers = [spawned.Process(target=work) for work in (compile_events, compile_discovery)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    raise SystemExit(max(abs(worker.exitcode or 0) for worker in workers))
