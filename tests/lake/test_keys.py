import inspect
import json
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import lake.keys as keys_module
from lake.keys import ROOT, canonical_json, code_of, code_of_function, make_key, sha256
from lake.ref import Ref
from tests.lake.small import key_of

TREE = {
    "tasks/__init__.py": "",
    "tasks/clean/__init__.py": "from .grid import lay\n",
    "tasks/clean/grid.py": "import tasks.kernels.gaps as gaps\ndef lay(): return gaps\n",
    "tasks/clean/task.py": "from tasks.clean import grid\nimport polars\n",
    "tasks/clean/unused.py": "x = 1\n",
    "tasks/kernels/__init__.py": "",
    "tasks/kernels/gaps.py": "def find():\n    from . import sums\n    return sums\n",
    "tasks/kernels/sums.py": "from ..kernels.deep import deepest\n",
    "tasks/kernels/deep.py": "deepest = 1\n",
    "tasks/features/__init__.py": "",
    "tasks/features/task.py": "from tasks.kernels import sums\n",
}
CLEAN = {
    "tasks",
    "tasks.clean",
    "tasks.clean.grid",
    "tasks.clean.task",
    "tasks.kernels",
    "tasks.kernels.deep",
    "tasks.kernels.gaps",
    "tasks.kernels.sums",
}
FEATURES = {
    "tasks",
    "tasks.features",
    "tasks.features.task",
    "tasks.kernels",
    "tasks.kernels.deep",
    "tasks.kernels.sums",
}


def _grow(root: Path, **changes: str) -> Path:
    for name, text in {**TREE, **changes}.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def test_all_first_party_modules_that_are_reached_count_and_no_others(tmp_path: Path) -> None:
    """Absolute, aliased, relative and function-level imports, and the packages on the way."""
    root = _grow(tmp_path)
    assert set(code_of("tasks.clean.task", root=root)) == CLEAN
    assert set(code_of("tasks.features.task", root=root)) == FEATURES


@pytest.mark.parametrize(("module", "reached"), [("clean", CLEAN), ("features", FEATURES)])
@pytest.mark.parametrize("changed", sorted(TREE))
def test_one_byte_more_changes_exactly_the_code_that_uses_it(
    tmp_path: Path, module: str, reached: set[str], changed: str
) -> None:
    name = f"tasks.{module}.task"
    before = code_of(name, root=_grow(tmp_path / "before"))
    after = code_of(name, root=_grow(tmp_path / "after", **{changed: TREE[changed] + "#"}))
    touched = changed.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    different = {m for m in before if before[m] != after[m]}
    assert different == {touched} & reached


def test_line_ends_of_another_system_do_not_count(tmp_path: Path) -> None:
    other = {name: text.replace("\n", "\r\n") for name, text in TREE.items()}
    for name, text in other.items():
        path = tmp_path / "dos" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
    unix = code_of("tasks.clean.task", root=_grow(tmp_path / "unix"))
    assert code_of("tasks.clean.task", root=tmp_path / "dos") == unix


def test_a_module_that_is_not_ours_cannot_be_named() -> None:
    with pytest.raises(ModuleNotFoundError, match="nowhere"):
        code_of("tasks.nowhere")


def test_code_is_the_hash_of_the_source() -> None:
    source = (ROOT / "lake" / "errors.py").read_bytes()
    assert code_of("lake.errors")["lake.errors"] == sha256(source)


_PRINT_KEY = """
from lake.keys import make_key
key = make_key("BARS", "BTCUSDT-5m", "-", code=["lake.store"], config={"a": 1}, parents=[])
print(key.digest)
"""


def test_the_path_of_the_checkout_does_not_enter(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "lake", tmp_path / "elsewhere" / "lake")
    digests = {
        subprocess.run(
            [sys.executable, "-c", _PRINT_KEY], cwd=place, check=True, capture_output=True
        ).stdout
        for place in (ROOT, tmp_path / "elsewhere")
    }
    assert len(digests) == 1


def _key(**changes):
    fields = {"code": ["lake.errors"], "config": {"a": 1, "b": {"c": 2}}, "parents": []}
    return make_key("BARS", "BTCUSDT-5m", "-", **{**fields, **changes})


def test_a_function_counts_by_its_own_source_and_the_rest_of_its_module_does_not() -> None:
    def one() -> int:
        return 1

    def other() -> int:
        return 2

    sources = [{}, code_of_function(one), code_of_function(other)]
    keys = [_key(functions=functions) for functions in sources]
    assert len({key.digest for key in keys}) == 3
    name = f"{__name__}:{one.__qualname__}"
    assert set(keys[1].code) - set(keys[0].code) == {name}
    assert keys[1].code[name] == sha256(inspect.getsource(one).encode())


def test_the_order_of_a_config_does_not_matter() -> None:
    assert _key().digest == _key(config={"b": {"c": 2}, "a": 1}).digest


def test_tuples_are_lists_in_a_config() -> None:
    assert _key(config={"a": (1, 2)}).digest == _key(config={"a": [1, 2]}).digest


@pytest.mark.parametrize(
    "changed",
    [
        {"config": {"a": 2, "b": {"c": 2}}},
        {"config": {"a": 1, "b": {"c": 2.5}}},
        {"config": {"a": "1", "b": {"c": 2}}},
        {"config": {"a": 1, "b": {"c": 2}, "d": None}},
        {"code": ["lake.config"]},
        {"code": ["lake.errors", "lake.config"]},
        {"libraries": ["polars"]},
    ],
)
def test_every_field_changes_the_key(changed: dict) -> None:
    assert _key().digest != _key(**changed).digest


def test_kind_market_and_part_change_the_key() -> None:
    digests = {
        make_key(*names, code=[], config={}, parents=[]).digest
        for names in (
            ("BARS", "BTCUSDT-5m", "-"),
            ("FEATURES", "BTCUSDT-5m", "-"),
            ("BARS", "ETHUSDT-5m", "-"),
            ("BARS", "BTCUSDT-5m", "1h"),
        )
    }
    assert len(digests) == 4


def test_another_version_of_a_library_changes_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    before = _key()
    monkeypatch.setattr("lake.keys._version", lambda name: "99.0" if name == "polars" else "1")
    after = _key()
    assert after.libraries["polars"] == "99.0"
    assert after.digest != before.digest


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -float("inf")])
def test_a_number_that_is_none_is_refused(number: float) -> None:
    with pytest.raises(ValueError):
        _key(config={"a": number})


def _ref(*, raw: bool, key: str = "aa", content: str = "bb", market: str = "X-5m") -> Ref:
    return Ref(kind="BARS", market=market, key=key, content=content, n_rows=1, n_bytes=1, raw=raw)


def test_raw_parents_enter_by_content_and_others_by_key() -> None:
    raw, made = _ref(raw=True), _ref(raw=False)
    assert _key(parents=[raw]).digest == _key(parents=[_ref(raw=True, key="cc")]).digest
    assert _key(parents=[raw]).digest != _key(parents=[_ref(raw=True, content="cc")]).digest
    assert _key(parents=[made]).digest == _key(parents=[_ref(raw=False, content="cc")]).digest
    assert _key(parents=[made]).digest != _key(parents=[_ref(raw=False, key="cc")]).digest


def test_whose_parent_it_is_and_their_order_enter() -> None:
    one, other = _ref(raw=False), _ref(raw=False, market="Y-5m")
    assert _key(parents=[one]).digest != _key(parents=[other]).digest
    assert _key(parents=[one, other]).digest != _key(parents=[other, one]).digest


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.text(), JSON))
def test_canonical_json_says_the_same_value_in_one_way(value: dict) -> None:
    backwards = dict(reversed(list(value.items())))
    assert canonical_json(value) == canonical_json(backwards)
    assert json.loads(canonical_json(value)) == value


def test_a_key_survives_its_own_entry() -> None:
    key = _key(config={"a": 0.1, "b": [1, "x"], "c": {"d": None}}, parents=[_ref(raw=True)])
    again = type(key).model_validate_json(key.model_dump_json())
    assert again.digest == key.digest


def test_a_digest_is_sha256_of_the_canonical_fields() -> None:
    key = key_of("BARS")
    fields = {
        "kind": "BARS",
        "market": "BTCUSDT-5m",
        "part": "-",
        "code": {"tasks.some": "c0de" * 16},
        "config": {},
        "parents": [],
        "libraries": {"polars": "2.1.0"},
    }
    assert key.digest == sha256(json.dumps(fields, sort_keys=True, separators=(",", ":")).encode())


def test_many_threads_read_the_code_at_once() -> None:
    names = ["tasks.report.task", "tasks.ingest.demo", "tasks.discovery.task", "flows.discovery"]
    alone = [code_of(name) for name in names]
    for _ in range(5):
        keys_module._read_module.cache_clear()
        with ThreadPoolExecutor(8) as pool:
            assert list(pool.map(code_of, names * 4)) == alone * 4
