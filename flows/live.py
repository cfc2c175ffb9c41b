"""Live: a file of bars, one bar at a time through the same steps as the back-test.

Run it with ``python -m flows.live --replay FILE [--speed N] [--engine fusion] [--state FILE]``;
engines and terms have the flags of ``python -m flows.backtest --engine``. It needs no server; where
one stands, the replay is a run there.
"""

# Annotations are evaluated here: Prefect checks a deployment's parameters against them after it has
# loaded this file by path, where names in quotes could not be found.

if __name__ == "__main__":
    import sys
    from importlib import import_module

    from flows.command import guarded

    words = sys.argv[1:]
    raise SystemExit(guarded(words, lambda: import_module("flows.replaying").run_replay(words)))

from prefect import flow

from blocks.profile import RunConfig
from flows.replayed import Replayed
from flows.replaying import check_replay, follow


@flow(name="live", flow_run_name="{config.live.replay}", persist_result=False)
def live(config: RunConfig) -> Replayed:
    """From the file's first row to the last decision."""
    check_replay(config)
    return follow(config)
