"""Machine code is kept apart for each state of all kernels, and inner kernels leak nothing."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
from pathlib import Path

import numba
import pytest

from tasks.kernels import _jit
from tasks.kernels._jit import KERNELS, cache_folder
from tasks.kernels.account import open_account
from tasks.kernels.holding import value_of
from tests.kernels.tape import lay, terms

HELPER = """
from tasks.kernels._jit import inner


@inner
def more(x):
    return x + 1.0
"""
OUTER = """
from tasks.kernels._jit import kernel
from tasks.kernels.helper import more


@kernel
def most(x):
    return more(x) * 2.0
"""


@pytest.fixture
def kernels(tmp_path):
    """A package of two kernels in two files, the one compiled into the other."""
    folder = tmp_path / "tasks" / "kernels"
    folder.mkdir(parents=True)
    (folder.parent / "__init__.py").touch()
    (folder / "__init__.py").touch()
    (folder / "_jit.py").write_text(Path(_jit.__file__).read_text())
    (folder / "helper.py").write_text(HELPER)
    (folder / "outer.py").write_text(OUTER)
    return folder


def run(folder, **environment):
    """What the outer kernel makes of 1.0 in a new process."""
    root = str(folder.parent.parent)
    code = "from tasks.kernels.outer import most\nprint(most(1.0), len(most.stats.cache_hits))"
    paths = f"{root}:{sysconfig.get_path('purelib')}"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": paths, "PYTHONDONTWRITEBYTECODE": "1", **environment},
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.split()


def test_a_changed_helper_changes_what_the_kernels_of_other_files_do(kernels):
    assert run(kernels) == ["4.0", "0"]
    assert run(kernels) == ["4.0", "1"]
    (kernels / "helper.py").write_text(HELPER.replace("1.0", "2.0"))
    assert run(kernels) == ["6.0", "0"]


def test_a_changed_new_or_lost_kernel_changes_the_folder(kernels):
    seen = [cache_folder(kernels)]
    assert cache_folder(kernels) == seen[0]
    (kernels / "helper.py").write_text(HELPER + "\n")
    seen.append(cache_folder(kernels))
    (kernels / "another.py").touch()
    seen.append(cache_folder(kernels))
    (kernels / "helper.py").unlink()
    seen.append(cache_folder(kernels))
    assert len(set(seen)) == 4
    assert {path.parent for path in seen} == {kernels / "__pycache__"}


def test_the_users_own_folder_is_kept_apart_too(kernels, tmp_path):
    wanted = tmp_path / "mine"
    folder = cache_folder(kernels, str(wanted))
    assert folder.parent == wanted
    assert folder.name == cache_folder(kernels).name
    assert run(kernels, NUMBA_CACHE_DIR=str(wanted)) == ["4.0", "0"]
    assert any(folder.rglob("*.nbi"))
    assert not (kernels / "__pycache__").exists()


def test_where_nobody_may_write_beside_the_sources_numbas_own_place_is_used(kernels, monkeypatch):
    monkeypatch.setattr(_jit.os, "access", lambda *_: False)
    folder = cache_folder(kernels)
    assert not folder.is_relative_to(kernels)
    assert folder.parent.name == "numba"


def test_the_kernels_of_this_house_are_kept_so():
    assert Path(numba.config.CACHE_DIR) == cache_folder(
        KERNELS, str(Path(numba.config.CACHE_DIR).parent)
    )


def test_an_inner_kernel_leaves_no_reference_behind():
    book = open_account(lay([(1.0, 1.0, 1.0, 1.0)]), 1, terms())
    counts = [sys.getrefcount(part) for part in book]
    for _ in range(100):
        value_of(book, False)
    assert [sys.getrefcount(part) for part in book] == counts
