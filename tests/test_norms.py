"""The house's norms: size of modules and functions, and who may look forward."""

import ast
import re
from pathlib import Path
from statistics import median

import pytest

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ("flows", "tasks", "blocks", "deployments", "lake", "perf")
MODULES = sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py"))
LONGEST_MODULE, LONGEST_FUNCTION, LONGEST_KERNEL = 300, 25, 60

# Exceptions by name, each with its reason.
LONG_MODULES = {"lake/schema.py": "every table in one place: a list, not a program"}
LONG_FUNCTIONS: dict[str, str] = {}


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def functions(path: Path) -> list[ast.FunctionDef]:
    tree = ast.parse(path.read_text())
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]


def body_lines(function: ast.FunctionDef) -> int:
    body = function.body
    documented = isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant)
    body = body[1:] if documented else body
    return body[-1].end_lineno - body[0].lineno + 1 if body else 0


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_modules_are_short(path: Path) -> None:
    n_lines = len(path.read_text().splitlines())
    assert n_lines <= LONGEST_MODULE or name_of(path) in LONG_MODULES


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_functions_are_short(path: Path) -> None:
    longest = LONGEST_KERNEL if "kernels" in path.parts else LONGEST_FUNCTION
    long = [
        f"{name_of(path)}:{function.name}: {body_lines(function)} lines"
        for function in functions(path)
        if body_lines(function) > longest
        and f"{name_of(path)}:{function.name}" not in LONG_FUNCTIONS
    ]
    assert not long


def test_the_usual_module_and_function_are_far_below_the_limit() -> None:
    lengths = [len(path.read_text().splitlines()) for path in MODULES if path.stat().st_size > 100]
    bodies = [body_lines(function) for path in MODULES for function in functions(path)]
    assert median(lengths) <= 150
    assert median(bodies) <= 8


LOOKS_FORWARD = re.compile(
    r"shift\(\s*(n=)?-|fill_null\(strategy|(forward|backward)_fill|\bbfill\b"
)


def test_only_outcomes_look_forward() -> None:
    suspects = [
        f"{name_of(path)}:{number}: {line.strip()}"
        for path in MODULES
        if path.is_relative_to(ROOT / "tasks")
        and not path.is_relative_to(ROOT / "tasks" / "outcomes")
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if LOOKS_FORWARD.search(line)
    ]
    assert not suspects


def test_every_kernel_compiles_by_the_house_decorator() -> None:
    wild = [
        name_of(path)
        for path in MODULES
        if path.name != "_jit.py" and re.search(r"\bn?jit\b|import numba", path.read_text())
    ]
    assert not wild
