"""Why a stage ran or was reused: two keys compared field by field."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lake.errors import LakeError
from lake.keys import Key, canonical_json
from lake.naming import find_table
from lake.ref import WHOLE
from lake.store import Entry, Lake

Run = dict[str, Any]
Stage = dict[str, Any]
_SHORT = 12
_ABSENT = "(absent)"


def explain(lake: Lake, words: Sequence[str], run_name: str | None) -> Iterator[str]:
    """Yield lines that say, for each stage of a run, why it ran or was reused.

    Tasks of one stage with the same reasons stand together.

    Parameters
    ----------
    words : sequence of str
        A stage's name, or what names a table; all stages of the run where empty.
    run_name : str or None
        The run's name or its beginning; the last run where None.
    """
    run, earlier = _pick(lake, run_name)
    stages = _chosen(lake, run, words)
    state = f"finished {run['finished']}" if run["finished"] else "did not finish"
    yield f"run {run['run']}, started {run['started']}, {state}"
    alike: dict[tuple[str, ...], list[str]] = {}
    for stage in stages:
        peer, reasons = _reasons(lake, stage, run, earlier)
        heading = f"{stage_name(stage)}  {stage['state']}{_cost(stage)}{peer}"
        alike.setdefault((stage["stage"], *reasons), []).append(heading)
    if not stages:
        yield "it recorded no stage"
    for (_, *reasons), headings in alike.items():
        yield from ("", *headings, *(f"  {line}" for line in reasons))


def stage_name(stage: Stage) -> str:
    """``clean / reject BTCUSDT-5m``: the stage, its task where that is another word, for what."""
    task = stage.get("task", stage["stage"])
    named = [stage["stage"], "/", task] if task != stage["stage"] else [task]
    return " ".join([*named, stage["market"], *(p for p in [stage["part"]] if p != WHOLE)])


def _cost(stage: Stage) -> str:
    return f" in {stage['seconds']:.2f} s" if stage.get("seconds") is not None else ""


def _pick(lake: Lake, run_name: str | None) -> tuple[Run, list[Run]]:
    """The run asked for, and those before it, latest first."""
    runs = lake.runs()
    matching = [i for i, run in enumerate(runs) if run["run"].startswith(run_name or "")]
    if not matching or (run_name and len(matching) > 1):
        names = ", ".join(run["run"] for run in runs[-10:]) or "none yet"
        came = f"{len(matching)} runs are named {run_name!r}" if run_name else "no run is recorded"
        raise LakeError(
            f"{came} in the lake {lake.uri}",
            f"one run; the latest are: {names}",
            "name one in full",
        )
    return runs[matching[-1]], runs[: matching[-1]][::-1]


def _chosen(lake: Lake, run: Run, words: Sequence[str]) -> list[Stage]:
    stages: list[Stage] = run["stages"]
    if not words:
        return stages
    said = " ".join(words)
    named = [s for s in stages if said in (s["stage"], s.get("task"), stage_name(s))]
    if named:
        return named
    known = sorted({stage["stage"] for stage in stages})
    if len(words) == 1 and words[0].isalpha() and words[0].islower():
        raise LakeError(
            f"run {run['run']} has no stage {said!r}", f"one of {', '.join(known)}", "name another"
        )
    address = find_table(lake, words).ref.address
    used = [stage for stage in stages if stage.get("address") == address]
    if not used:
        raise LakeError(
            f"run {run['run']} neither made nor found {address}", "a table of that run", "see --run"
        )
    return used


def _reasons(lake: Lake, stage: Stage, run: Run, earlier: list[Run]) -> tuple[str, list[str]]:
    """What the table is compared with, as a remark to the stage's name, and the reasons."""
    if not stage.get("address"):
        return "", (stage.get("error") or "it made no table").splitlines()
    entry = lake.entry(stage["address"])
    if entry is None:
        return "", ["its table has been deleted since, so its key cannot be compared"]
    maker = _maker(stage["address"], earlier)
    if stage["state"] == "cached":
        return "", [_reused(entry.key, maker)]
    if maker is not None:
        return "", [_made_again(stage, run)]
    return _compared(lake, entry, run, earlier)


def _maker(address: str, runs: list[Run]) -> str | None:
    """The latest of `runs` that made the table at `address`."""
    for run in runs:
        for stage in run["stages"]:
            if stage.get("address") == address and stage["state"] == "computed":
                return str(run["run"])
    return None


def _reused(key: Key, maker: str | None) -> str:
    made = f"the table made in run {maker}" if maker else "a table made in a run without a record"
    return f"same code ({len(key.code)} modules), config, parents and libraries as {made}"


def _made_again(stage: Stage, run: Run) -> str:
    if stage["stage"] in run.get("refresh", ()):
        return "same key as before, but asked for by --refresh"
    return "same key as before, but the table was missing or broken"


def _compared(lake: Lake, entry: Entry, run: Run, earlier: list[Run]) -> tuple[str, list[str]]:
    peer, maker, n_gone = _peer(lake, entry, earlier)
    if peer is None:
        why = f"{n_gone} earlier ones have been deleted" if n_gone else "first time"
        return "", [f"no earlier table to compare with: {why}"]
    return f", unlike {peer.ref.key[:_SHORT]} {maker}", list(differences(peer.key, entry.key, run))


def _peer(lake: Lake, entry: Entry, earlier: list[Run]) -> tuple[Entry | None, str, int]:
    """The latest earlier table for the same thing, who made it, and how many are gone."""
    place = entry.ref.address.rpartition("/")[0] + "/"
    n_gone = 0
    for run in earlier:
        for stage in run["stages"]:
            address = stage.get("address") or ""
            if address.startswith(place) and address != entry.ref.address:
                peer = lake.entry(address)
                if peer is not None:
                    return peer, f"of run {run['run']}", n_gone
                n_gone += 1
    others = [e for e in lake.entries() if e.ref.address.startswith(place) and e.ref != entry.ref]
    return (others[0], "of no recorded run", n_gone) if len(others) == 1 else (None, "", n_gone)


def differences(old: Key, new: Key, run: Run) -> Iterator[str]:
    """Yield one line per field of the keys that differs, in the order of the fields."""
    for name, was, now in _changes(old.code, new.code):
        yield f"code: {'function' if ':' in name else 'module'} {name} {_change(was, now)}"
    for path, was, now in _changes(_flat(old.config), _flat(new.config)):
        yield f"config: {path} {_change(was, now)}"
    made = {s["address"].rpartition("/")[0]: s for s in run["stages"] if s.get("address")}
    for place, was, now in _changes(_numbered(old.parents), _numbered(new.parents)):
        source = made.get(place.partition(" ")[0])
        follows = f", follows from {stage_name(source)} ({source['state']})" if source else ""
        yield f"parents: {place} {_change(was, now)}{follows}"
    if old.parents != new.parents and sorted(old.parents) == sorted(new.parents):
        yield "parents: the same in another order"
    for library, was, now in _changes(old.libraries, new.libraries):
        yield f"libraries: {library} {_change(was, now)}"


def _changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    for name in sorted(old.keys() | new.keys()):
        was, now = old.get(name, _ABSENT), new.get(name, _ABSENT)
        if was != now:
            yield name, was, now


def _change(was: Any, now: Any) -> str:
    if was == _ABSENT:
        return f"added: {_brief(now)}"
    if now == _ABSENT:
        return f"removed: was {_brief(was)}"
    return f"changed: {_brief(was)} -> {_brief(now)}"


def _brief(text: str) -> str:
    is_hash = len(text.strip('"')) == 64 and text.strip('"').isalnum()
    return text.strip('"')[:_SHORT] if is_hash else text


def _flat(value: Any, path: str = "") -> dict[str, str]:
    """Nested config as one level: ``clean.max_log_jump`` -> its JSON."""
    items: Mapping[str, Any] = {}
    if isinstance(value, Mapping):
        items = value
    elif isinstance(value, list):
        items = {str(index): item for index, item in enumerate(value)}
    if not items:
        return {path: canonical_json(value)} if path else {}
    flat: dict[str, str] = {}
    for name, item in items.items():
        flat |= _flat(item, f"{path}.{name}" if path else name)
    return flat


def _numbered(parents: list[tuple[str, str]]) -> dict[str, str]:
    """Parents by place; a place that comes again carries its number."""
    numbered: dict[str, str] = {}
    for place, identity in parents:
        n_before = sum(name.partition(" ")[0] == place for name in numbered)
        numbered[f"{place} #{n_before + 1}" if n_before else place] = identity
    return numbered
