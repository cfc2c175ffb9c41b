"""A blueprint of another version of the code says so."""

import pytest

from lake.keys import ROOT, code_of, sha256
from tasks.blueprint.code import (
    TRADING_CODE,
    changed_code,
    changed_libraries,
    current_code,
    current_libraries,
)
from tests.blueprint.world import case_of, compiled


@pytest.fixture(scope="module")
def blueprint():
    return compiled(case_of())


def test_nothing_has_changed_under_the_code_that_compiled_it(blueprint):
    assert changed_code(blueprint, current_code(blueprint.event)) == ()
    assert changed_libraries(blueprint, current_libraries()) == ()


def test_modules_that_differ_are_new_or_gone_are_named_in_order(blueprint):
    now = dict(blueprint.code) | {"tasks.trading.config": "0" * 64, "tasks.kernels.new": "1" * 64}
    del now["tasks.features.table"]
    wanted = ("tasks.features.table", "tasks.kernels.new", "tasks.trading.config")
    assert changed_code(blueprint, now) == wanted


def test_another_version_of_a_library_is_named(blueprint):
    now = current_libraries() | {"numba": "0.1"}
    assert changed_libraries(blueprint, now) == ("numba",)


def test_the_code_is_the_bytes_of_the_modules(blueprint):
    source = (ROOT / "tasks/trading/config.py").read_bytes()
    assert blueprint.code["tasks.trading.config"] == sha256(source)
    kernels = {name for name in blueprint.code if name.startswith("tasks.kernels.")}
    assert kernels == {n for n in code_of(*TRADING_CODE, blueprint.event.module) if n in kernels}
    assert kernels


def test_no_module_of_the_rooms_is_forgotten_but_prefects_view(blueprint):
    for room in ("clean", "features", "trading"):
        files = {path.stem for path in (ROOT / "tasks" / room).glob("*.py")} - {"__init__", "task"}
        assert {f"tasks.{room}.{name}" for name in files} <= set(blueprint.code)
