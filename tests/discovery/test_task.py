"""Who may open what: by the text of task.py, and by running its stages on a lake that remembers."""

import ast
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from lake.ref import Ref
from lake.schema import CONFIRMED
from tasks.discovery import task
from tasks.discovery.config import DiscoveryConfig
from tasks.discovery.eras import draw_eras
from tests.discovery import market

ROOM = Path(task.__file__).parent
# Tables that were themselves made inside the discovery era, or that hold no bar at all.
DERIVED = {
    *("entries", "grid", "earlier", "effects", "judged", "scrutiny", "stability", "findings"),
    *("eras", "folds"),
}
# Who reads more: the eras' borders are the bars' ends, only `confirm` opens another era, and only
# `refit` what lies before a fold.
BORDERS = {"draw_eras"}
ERA = {"confirm": "CONFIRMATION"}
TRAINED = {"refit"}
# What may be handed the lake: the windows, the ledger, and helpers that are checked as all else is.
HELPERS = {"Window", "Training", "read_chain", "_span", "_bars_of"}
# Who else in the room may know of what: of the borders of an era, or of a window that it is given.
KNOWN = {"folds.py": {"CONFIRMATION"}, "windows.py": {"Window"}}


def roots_of(function):
    """The parameter that each loop variable of the function's comprehensions runs over."""
    loops = [loop for node in ast.walk(function) for loop in getattr(node, "generators", [])]
    return {
        target.id: name_in(loop.iter)
        for loop in loops
        for target in ast.walk(loop.target)
        if isinstance(target, ast.Name)
    }


def name_in(node):
    """The name that an expression such as ``earlier[0]`` is about."""
    while isinstance(node, ast.Subscript | ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else None


def is_lake(node):
    opened = isinstance(node, ast.Call) and name_in(node.func) == "open_lake"
    return opened or (isinstance(node, ast.Name) and node.id == "lake")


def breaches(source):
    """What in the text could open bars, or what followed them, outside the era."""
    found = []
    tree = ast.parse(source)
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    for function in (f for f in functions if f.name not in BORDERS):
        parents = {
            child: node for node in ast.walk(function) for child in ast.iter_child_nodes(node)
        }
        roots = roots_of(function)
        for node in ast.walk(function):
            if isinstance(node, ast.Call) and name_in(node.func) == "Window":
                era = node.args[2].id if isinstance(node.args[2], ast.Name) else None
                if era != ERA.get(function.name, "DISCOVERY") or len(node.args) != 3:
                    found.append(f"{function.name} opens the era {ast.unparse(node)}")
            if isinstance(node, ast.Call) and name_in(node.func) == "Training":
                own = function.name in TRAINED and len(node.args) == 3
                if not own or ast.unparse(node.args[1]) != "folds":
                    found.append(f"{function.name} opens what a fold has {ast.unparse(node)}")
            if isinstance(node, ast.Attribute) and node.attr.startswith("_"):
                found.append(f"{function.name} reaches into {ast.unparse(node)}")
            if is_lake(node) and not allowed(node, parents, roots):
                found.append(f"{function.name} uses {ast.unparse(parents[node])}")
    return found


def allowed(lake, parents, roots):
    """Whether a mention of the lake opens nothing, a derived table, or a column of times."""
    use = parents[lake]
    if isinstance(use, ast.Assign):
        return [ast.unparse(target) for target in use.targets] == ["lake"]
    if isinstance(use, ast.Call):
        return name_in(use.func) in HELPERS and use.args[0] is lake
    if not isinstance(use, ast.Attribute) or use.attr not in ("uri", "read"):
        return False
    call = parents[use]
    if use.attr == "uri" or not isinstance(call, ast.Call) or call.func is not use:
        return use.attr == "uri"
    name = name_in(call.args[0])
    column = parents[call]
    is_time = isinstance(column, ast.Subscript) and ast.unparse(column.slice) == "'time'"
    return roots.get(name, name) in DERIVED or is_time


@pytest.mark.parametrize("name", ["task.py", "windows.py"])
def test_no_stage_but_confirm_and_refit_can_open_a_bar_after_the_discovery_era(name):
    assert not breaches((ROOM / name).read_text())


CHEATS = [
    "def f(lake, eras, outcomes):\n    return lake.read(outcomes)",
    "def f(lake, outcomes):\n    return [lake.read(ref) for ref in outcomes]",
    "def f(lake, outcomes):\n    return {r.part: lake.read(r) for r in outcomes}",
    "def f(lake, eras):\n    return Window(lake, eras, CONFIRMATION)",
    "def f(lake, eras):\n    return Window(lake, eras, SEALED)",
    "def f(lake, eras, era):\n    return Window(lake, eras, era)",
    "def confirm(lake, eras):\n    return Window(lake, eras, SEALED)",
    "def confirm(lake, folds):\n    return Training(lake, folds, 4)",
    "def f(lake, folds):\n    return Training(lake, folds, 4)",
    "def refit(lake, eras):\n    return Window(lake, eras, CONFIRMATION)",
    "def refit(lake, findings):\n    return Training(lake, findings, 4)",
    "def refit(lake, folds, outcomes):\n    return [lake.read(ref) for ref in outcomes]",
    "def f(lake, bars):\n    return help(lake, bars)",
    "def f(lake, bars):\n    other = lake\n    return other.read(bars)",
    "def f(lake, bars):\n    read = lake.read\n    return read(bars)",
    "def f(uri, bars):\n    return open_lake(uri).read(bars)",
    "def f(uri, bars):\n    mine = open_lake(uri)\n    return mine.read(bars)",
    "def f(window, bars):\n    return window._lake.read(bars)",
    "def f(lake, bars):\n    return lake.read(bars)['close']",
    "def f(lake, entries, features):\n    return map(lake.read, features)",
    "def f(lake, grid, features):\n    return [lake.read(grid) for grid in features]",
]


@pytest.mark.parametrize("cheat", CHEATS)
def test_the_proof_sees_a_cheat(cheat):
    assert breaches(cheat)


def test_nothing_else_in_the_room_opens_a_lake_or_another_era():
    for path in ROOM.glob("*.py"):
        if path.name in ("task.py", "eras.py"):
            continue
        tree = ast.parse(path.read_text())
        imported = {
            name.name if isinstance(node, ast.Import) else f"{node.module}.{name.name}"
            for node in ast.walk(tree)
            if isinstance(node, ast.Import | ast.ImportFrom)
            for name in node.names
        }
        assert not {name for name in imported if name.startswith(("lake.store", "lake.files"))}
        eras = {name for name in imported if name.startswith("tasks.discovery.eras")}
        allowed_here = {"DISCOVERY", "span_of", *KNOWN.get(path.name, ())}
        assert eras <= {f"tasks.discovery.eras.{name}" for name in allowed_here}, path


BTC = "BTCUSDT-15m"
CONFIG = DiscoveryConfig(
    conditions=("all", "vol_regime"), n_sign_flips=99, n_shifts=99, min_clusters=10
)
N = 96 * 120


def ref(kind, part="-"):
    return Ref(kind=kind, market=BTC, part=part, key="k", content="c", n_rows=0, n_bytes=0)


class Lake:
    """Tables in memory, and which of them were opened."""

    def __init__(self, tables):
        self.tables, self.opened = tables, []

    def read(self, wanted):
        self.opened.append(wanted.kind)
        return self.tables[wanted.kind]


def run(stage, lake, **inputs):
    """What a stage makes of the lake's tables, as the flow would have it made."""
    return stage.cache_policy.recipe.function(lake, **inputs)


@pytest.fixture(scope="module")
def world():
    rng = np.random.default_rng(0)
    shocks = rng.normal(0, 1, N)
    crash = np.arange(150, N - 100, 30)
    shocks[crash + 2] += 0.9
    frame = market.bars(N, shared=shocks)
    rows = {"crash": crash, "noise": rng.choice(N, 500, replace=False)}
    events = market.events(frame, rows, sides_of={k: np.ones(len(r)) for k, r in rows.items()})
    return {
        "BARS": frame,
        "EVENTS": events,
        "FEATURES": market.features(frame),
        "OUTCOMES": market.outcomes(frame, ("1h",))["1h"],
        "ERAS": draw_eras([frame], ["15m"], ["1h"], CONFIG),
    }


PLACES = {
    "market": BTC,
    "events": [ref("EVENTS")],
    "features": ref("FEATURES"),
    "outcomes": [ref("OUTCOMES", "1h")],
    "eras": ref("ERAS"),
    "config": CONFIG,
}


def discover(world):
    """Every table that the stages make up to the confirmed findings, by name."""
    lake = Lake(dict(world))
    some = {name: PLACES[name] for name in ("market", "events", "features", "eras", "config")}
    made = lake.tables
    made["ENTRIES"] = run(task.list_entries, lake, **some)
    made["GRID"] = run(task.draw_grid, lake, entries=[ref("ENTRIES")], horizons=["1h"])
    made["EFFECTS"] = run(task.estimate, lake, **PLACES)
    traced = {name: PLACES[name] for name in ("market", "events", "eras", "config")}
    made["EVENT_PATHS"] = run(task.trace, lake, bars=ref("BARS"), **traced)
    known = {"effects": [ref("EFFECTS")], "config": CONFIG}
    made["JUDGED"] = run(task.judge, lake, part="judged", **known, grid=ref("GRID"), earlier=[])
    every = {**PLACES, "features": [ref("FEATURES")]}
    del every["market"]
    made["SCRUTINY"] = run(task.scrutinise, lake, judged=ref("JUDGED"), **every)
    made["STABILITY"] = run(task.slice_effects, lake, judged=ref("JUDGED"), **known)
    again = {"scrutiny": ref("SCRUTINY"), "stability": ref("STABILITY"), "config": CONFIG}
    made["FINDINGS"] = run(task.conclude, lake, judged=ref("JUDGED"), **again)
    made["CONFIRMED"] = run(task.confirm, lake, findings=ref("FINDINGS"), **every)
    return {name: table for name, table in made.items() if name not in world}


def spoil(world, from_era, until=None):
    """The world with other numbers in every table from the start of an era's gap on."""
    eras = world["ERAS"]
    names = eras["era"].to_list()
    before = names.index(from_era) - 1
    late = pl.col("time") >= (eras["end"][before] if before >= 0 else eras["start"][0])
    if until:
        late &= pl.col("time") < eras["start"][names.index(until)]
    other = {}
    for kind, table in world.items():
        numbers = [name for name, dtype in table.schema.items() if dtype == pl.Float64]
        twisted = [pl.when(late).then(7 - pl.col(n) * 3).otherwise(n).alias(n) for n in numbers]
        other[kind] = table if kind == "ERAS" else table.with_columns(twisted)
    other["EVENTS"] = other["EVENTS"].filter(~late | (pl.col("event") == "crash"))
    return other


@pytest.fixture(scope="module")
def discovered(world):
    return discover(world)


def test_no_table_of_the_discovery_era_knows_what_came_after_it(world, discovered):
    assert "finding" in discovered["FINDINGS"]["verdict"].to_list()
    assert not discovered["CONFIRMED"].is_empty()
    then = discover(spoil(world, "confirmation"))
    for name, table in discovered.items():
        assert then[name].equals(table) == (name != "CONFIRMED"), name


def test_what_confirms_knows_neither_the_discovery_era_nor_what_is_sealed(world, discovered):
    lake = Lake({**spoil(world, "sealed"), "FINDINGS": discovered["FINDINGS"]})
    every = {**PLACES, "features": [ref("FEATURES")], "findings": ref("FINDINGS")}
    del every["market"]
    assert run(task.confirm, lake, **every).equals(discovered["CONFIRMED"])
    lake.tables |= spoil(world, "discovery", until="confirmation")
    assert run(task.confirm, lake, **every).equals(discovered["CONFIRMED"])


def test_without_a_finding_nothing_of_the_confirmation_era_is_opened(world, discovered):
    none = discovered["FINDINGS"].with_columns(verdict=pl.lit("no finding"))
    lake = Lake({**world, "FINDINGS": none})
    every = {**PLACES, "features": [ref("FEATURES")], "findings": ref("FINDINGS")}
    del every["market"]
    assert run(task.confirm, lake, **every).equals(CONFIRMED.empty())
    assert set(lake.opened) == {"FINDINGS", "ERAS"}


def test_grid_and_entries_are_made_without_opening_an_outcome(world):
    lake = Lake({name: table for name, table in world.items() if name != "OUTCOMES"})
    some = {name: PLACES[name] for name in ("market", "events", "features", "eras", "config")}
    lake.tables["ENTRIES"] = run(task.list_entries, lake, **some)
    run(task.draw_grid, lake, entries=[ref("ENTRIES")], horizons=["1h"])
    assert set(lake.opened) == {"ERAS", "EVENTS", "FEATURES", "ENTRIES"}
