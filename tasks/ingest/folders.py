"""Which files of a folder hold which market."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path, PurePath
from typing import TypeVar

from lake.errors import InputError
from tasks.ingest.config import IngestConfig
from tasks.ingest.names import SUFFIXES, Named, read_name

MAX_DEPTH = 3  # SYMBOL/TIMEFRAME/SYMBOL-TIMEFRAME-PERIOD.zip
MAX_LISTED = 12
LIKENESS = 0.5  # of difflib: what still counts as a slip of the pen
LAYOUTS = "SYMBOL/TIMEFRAME.parquet, SYMBOL/TIMEFRAME_PART.csv, SYMBOL-TIMEFRAME-PERIOD.zip ..."
T = TypeVar("T")
Markets = Mapping[tuple[str, str], Mapping[Path, Named]]


def find_markets(config: IngestConfig) -> Markets:
    """Return the files of every market that `config` asks for, sorted by symbol and timeframe.

    Files whose name says no market are ignored. One file named by `config.data` is not: what its
    name does not say is taken from `config.symbols` and `config.timeframe`.

    Raises
    ------
    InputError
        When there is no such folder or market; the message lists what there is.
    """
    if not config.data:
        raise InputError("no data to read", "a folder or a file with bars", "say --data FOLDER")
    root = _root(config.data)
    if os.path.isfile(root):
        return _of_symbols(_group([(root, _name_one(root, config))]), config.symbols)
    found = find_bars(config.data, "--data", None)
    return _of_timeframe(_of_symbols(found, config.symbols), config)


def find_bars(place: str, flag: str, alone: Named | None) -> Markets:
    """Return the files of every market that has bars; parameters and errors as in `list_files`."""
    return _group(list_files(place, flag, read_name, alone, ("bars", LAYOUTS)))


def list_files(
    place: str,
    flag: str,
    read: Callable[[PurePath], T | None],
    alone: T | None,
    wanted: tuple[str, str],
) -> list[tuple[Path, T]]:
    """Return the files of a folder, or the one file, whose name says something to `read`.

    Parameters
    ----------
    flag : str
        How the place was named on the command line, for messages.
    alone : object, optional
        What is said of a single file whose name says nothing.
    wanted : tuple of str
        What is looked for, and how its files may be called: for messages.

    Raises
    ------
    InputError
        When there is no such folder, or no such file in it.
    """
    root = _root(place)
    if not os.path.isfile(root) and not os.path.isdir(root):
        raise InputError(f"{root} is not there", "a folder or a file", f"check {flag}")
    if os.path.isfile(root):
        named = [(root, read(root) or alone)]
    else:
        named = [(path, read(path)) for path in _walk(root)]
    listed = [(path, said) for path, said in named if said is not None]
    if not listed:
        holds, names = wanted
        raise InputError(
            f"{root} holds no file with {holds}", f"names like {names}", f"check {flag}"
        )
    return listed


def _root(place: str) -> Path:
    """Absolute, links as named."""
    return Path(os.path.abspath(Path(place).expanduser()))


def _walk(root: Path) -> Iterator[Path]:
    seen: set[str] = set()
    for folder, below, files in os.walk(root, onerror=_refuse, followlinks=True):
        below.sort()
        place = os.path.realpath(folder)
        if place in seen:  # a link that leads back
            below.clear()
            continue
        seen.add(place)
        if len(Path(folder).relative_to(root).parts) + 1 >= MAX_DEPTH:
            below.clear()
        yield from (Path(folder, name) for name in sorted(files))


def _refuse(error: OSError) -> None:
    raise InputError(
        f"{error.filename} cannot be read: {error.strerror}",
        "a readable folder",
        "check its permissions",
    ) from error


def _name_one(path: Path, config: IngestConfig) -> Named:
    named = read_name(path)
    if named is not None:
        return named
    if path.suffix.lower() not in SUFFIXES or len(config.symbols) != 1:
        raise InputError(
            f"the name of {path} does not say whose bars it holds",
            f"SYMBOL-TIMEFRAME-PART with the ending {' or '.join(SUFFIXES)}",
            "rename it, or name its one market with --symbols and --timeframe",
        )
    return Named(config.symbols[0], config.timeframe, is_archive=False)


def _group(files: Iterable[tuple[Path, Named]]) -> Markets:
    markets: dict[tuple[str, str], dict[Path, Named]] = {}
    for path, named in files:
        markets.setdefault((named.symbol, named.timeframe), {})[path] = named
    return dict(sorted(markets.items()))


def _of_symbols(markets: Markets, symbols: Iterable[str]) -> Markets:
    wanted = set(symbols)
    known = sorted({symbol for symbol, _ in markets})
    unknown = sorted(wanted.difference(known))
    if unknown:
        near = get_close_matches(unknown[0], known, n=MAX_LISTED, cutoff=LIKENESS)
        raise InputError(
            f"no file holds bars of {_listed(unknown)}",
            f"{'names like' if near else 'one of'} {_listed(near or known)}",
            "check --symbols and --data",
        )
    return {each: files for each, files in markets.items() if not wanted or each[0] in wanted}


def _of_timeframe(markets: Markets, config: IngestConfig) -> Markets:
    chosen = {each: files for each, files in markets.items() if each[1] == config.timeframe}
    covered = {symbol for symbol, _ in chosen}
    lacking = sorted(set(config.symbols).difference(covered))
    if lacking or not chosen:
        others = sorted({step for symbol, step in markets if symbol in lacking or not lacking})
        raise InputError(
            f"no {config.timeframe} bars of {_listed(lacking) or 'any market'}",
            f"a timeframe that is there: {', '.join(others)}",
            "change --timeframe",
        )
    return chosen


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - MAX_LISTED} more" if len(names) > MAX_LISTED else ""
    return ", ".join(names[:MAX_LISTED]) + more
