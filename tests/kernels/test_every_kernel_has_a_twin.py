"""Each public kernel has a slow twin of the same name in a ``naive_*.py`` beside this file."""

from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

import pytest

import tasks.kernels
import tests.kernels


def public_kernels():
    for info in iter_modules(tasks.kernels.__path__):
        module = import_module(f"tasks.kernels.{info.name}")
        for name, value in sorted(vars(module).items()):
            compiled = hasattr(value, "py_func") and value.py_func.__module__ == module.__name__
            if compiled and not name.startswith("_"):
                yield info.name, name


def twins():
    for path in Path(tests.kernels.__path__[0]).glob("naive_*.py"):
        yield from vars(import_module(f"tests.kernels.{path.stem}"))


@pytest.mark.parametrize(("module", "name"), list(public_kernels()))
def test_the_kernel_has_a_twin(module, name):
    assert name in set(twins()), f"write {name} of tasks/kernels/{module}.py in a naive_*.py"


def test_kernels_are_found():
    assert ("quantiles", "walk_quantile") in set(public_kernels())
