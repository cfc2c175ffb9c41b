"""A replay from the file to its last decision; Prefect is not needed for it."""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from pathlib import Path
from threading import Event

from blocks.profile import RunConfig, load_config
from flows.command import INTERRUPTED, TERMINATED, print_ending
from flows.replayed import Replayed, Teller, tell_rows
from flows.server import settle
from lake.errors import ConfigError
from tasks.backtest.engine_request import FUSION, ask_engine
from tasks.engines.macro import read_series
from tasks.live.keeping import Keeper
from tasks.live.live import Live
from tasks.live.pace import Pace
from tasks.live.replay import Ended, replay
from tasks.live.setting import Setting
from tasks.live.source import Source, open_source

STOP = Event()
SIGNALS: list[int] = []


def run_replay(words: Sequence[str]) -> int:
    """Replay as the command line asks; return its exit code.

    Where a Prefect server stands, it is a run of the flow ``live`` there; none is started for it.
    """
    config = load_config(words, "flows.live")
    check_replay(config)
    work = import_module("flows.live").live if settle(config.debug) else follow
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, _stop)
    # Not in the main thread: it has to heed signals while the bars go on.
    code = print_ending(ThreadPoolExecutor(1).submit(work, config).result(), config)
    if not SIGNALS:
        return code
    return TERMINATED if SIGNALS[0] == signal.SIGTERM else INTERRUPTED


def check_replay(config: RunConfig) -> None:
    """Refuse what a replay cannot be asked, before the file is read.

    Raises
    ------
    ConfigError
        When no file is named, a blueprint is, or it is to go on from no state.
    """
    if config.live.replay is None:
        raise ConfigError(
            "no file to replay", "a file of bars, Parquet or CSV", "name it with --replay FILE"
        )
    if config.backtest.blueprint is not None:
        raise ConfigError(
            f"a blueprint, {config.backtest.blueprint}",
            "an engine: a replay is of an engine's decisions",
            "leave --blueprint out",
        )
    if config.live.resume and config.live.state is None:
        raise ConfigError(
            "--resume without a state", "the state to go on from", "name it with --state FILE"
        )


def follow(config: RunConfig) -> Replayed:
    """Open the file, go on from the state, hear every row, tell what came of it."""
    c, source, setting = set_up(config)
    live = Live(setting)
    keeper = keep(c, live, source, setting)
    pace, teller = Pace(c.live.speed, STOP), Teller(c.json_output, STOP)
    ended = replay(live, source, c.live, pace, teller, keeper)
    return tell(c, source, ended)


def set_up(config: RunConfig) -> tuple[RunConfig, Source, Setting]:
    """The config that is meant, the file, and what decisions depend on besides it."""
    own = config.backtest.model_copy(update={"engine": config.backtest.engine or FUSION})
    c = config.model_copy(update={"backtest": own})
    asked = ask_engine(c)
    assert c.live.replay is not None
    source = open_source(c.live.replay, asked.widened(c).ingest, c.clean)
    c = c.model_copy(update={"timeframe": source.timeframe})
    setting = Setting(
        market=source.market,
        timeframe=source.timeframe,
        engine=asked.engine,  # type: ignore[arg-type]
        engines=asked.engines,
        trading=c.backtest.trading,
        clean=c.clean,
        features=c.features,
        start=asked.start,
        funding=source.funding,
        macro=tuple(read_series(asked.engines.macro, asked.places)),
    )
    return c, source, setting


def keep(c: RunConfig, live: Live, source: Source, setting: Setting) -> Keeper | None:
    """What keeps the state, gone on from where that is asked; None where none is to be kept."""
    if c.live.state is None:
        return None
    place = Path(c.live.state).expanduser()
    keeper = Keeper(place, live, source, setting.keyed(), c.live)
    if c.live.resume:
        keeper.resume()
    else:
        keeper.begin()
    return keeper


def tell(c: RunConfig, source: Source, ended: Ended) -> Replayed:
    """The end of the replay as its user sees it."""
    state = c.live.state
    return Replayed(
        replay=source.place,
        market=source.market,
        engine=c.backtest.engine or "",
        n_rows=ended.n_rows,
        n_slots=ended.n_slots,
        quarantined=ended.quarantined,
        decided=ended.decided,
        n_trades=ended.n_closed,
        n_open=ended.n_open,
        equity=ended.equity,
        state_hash=ended.state_hash,
        timings=ended.timings,
        notes=tell_rows(ended.quarantined, ended.n_contradicted),
        state=state,
        decisions=f"{state}.jsonl" if state else None,
        stopped=ended.stopped,
    )


def _stop(number: int, _: object) -> None:
    """End after the bar at hand; a second signal ends at once, and what was saved is whole."""
    if SIGNALS:
        os._exit(TERMINATED if number == signal.SIGTERM else INTERRUPTED)
    SIGNALS.append(number)
    STOP.set()
