"""Texts of unknown origin: refused in words, soon, and without doing what they say."""

import json
import time

import pytest

from lake.errors import ConfigError
from tasks.blueprint.plain import MAX_DEPTH, MAX_JSON_BYTES, MAX_YAML_BYTES, parse
from tasks.blueprint.text import load_blueprint, read_blueprint, write_json, write_yaml
from tests.blueprint.world import case_of, changed, compiled


@pytest.fixture(scope="module")
def blueprint():
    return compiled(case_of(), golden_trades=2)


@pytest.mark.parametrize("text", ["", "{", "- 1", "a: [", "word", "{}", "7", "\x00", "? [a]\n: 1"])
def test_a_text_that_is_no_blueprint_is_refused(text):
    with pytest.raises(ConfigError):
        load_blueprint(text)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("a: &a [1]\nb: *a", "alias"),
        ("a: &a [*a]", "alias"),
        ("a: 1\na: 2", "twice"),
        ('{"a": 1, "b": {"c": 1, "c": 2}}', "twice"),
        ("a: !!python/object/apply:os.getcwd []", "python/object"),
        ("a: !!binary aGVsbG8=", "binary"),
        ("a: !!set {b, c}", "set"),
        ("a: {b: 1}\nc: {<<: {d: 1}}", "merge"),
        ('{"a": ' * (MAX_DEPTH + 1) + "1" + "}" * (MAX_DEPTH + 1), "deep"),
        ("[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1), "deep"),
    ],
)
def test_what_json_cannot_say_and_what_deceives_a_reader_is_refused(text, why):
    with pytest.raises(ConfigError, match=why):
        parse(text)


def test_depth_is_counted_exactly():
    assert parse("[" * MAX_DEPTH + "]" * MAX_DEPTH)[0]


@pytest.mark.parametrize(
    "text",
    [
        '{"a":' * 1_000_000,
        "[" * 1_000_000,
        "- " * 1_000_000,
        "a: " * 600_000,
        "[1" + ",1" * 900_000 + "]",
        "{" + " " * MAX_JSON_BYTES,
        "#" * (MAX_YAML_BYTES + 1),
    ],
    ids=["json", "flow", "block", "keys", "many", "long json", "long yaml"],
)
def test_a_huge_or_deep_text_is_refused_soon(text):
    begun = time.process_time()
    with pytest.raises(ConfigError):
        load_blueprint(text)
    assert time.process_time() - begun < 10


def test_a_huge_file_is_refused_without_being_read(tmp_path):
    path = tmp_path / "huge.json"
    with path.open("wb") as file:
        file.truncate(100_000_000)
    begun = time.process_time()
    with pytest.raises(ConfigError, match=f"longer than {MAX_JSON_BYTES:,d} bytes"):
        read_blueprint(path)
    assert time.process_time() - begun < 1


def test_a_file_is_read_in_either_form(tmp_path, blueprint):
    for name, text in (("a.json", write_json(blueprint)), ("a.yaml", write_yaml(blueprint))):
        (tmp_path / name).write_text(text)
        assert read_blueprint(tmp_path / name) == blueprint
    (tmp_path / "latin.yaml").write_bytes(b"name: \xff")
    for name in ("latin.yaml", "nowhere.yaml"):
        with pytest.raises(ConfigError, match="cannot be read"):
            read_blueprint(tmp_path / name)


def test_a_date_that_nobody_quoted_stays_text(blueprint):
    text = write_yaml(blueprint).replace("'2024-01-01'", "2024-01-01")
    assert "start: 2024-01-01\n" in text
    assert load_blueprint(text) == blueprint


def test_another_version_is_refused_and_says_what_to_do(blueprint):
    with pytest.raises(ConfigError, match=r"(?s)version 1.*compile it again with python -m flows"):
        load_blueprint(json.dumps(changed(blueprint, "version", 1)))
    with pytest.raises(ConfigError, match=r"(?s)version 3.*with the version of Assay that wrote"):
        load_blueprint(json.dumps(changed(blueprint, "version", 3)))
    for strange in (None, "2", True, 2.5):
        with pytest.raises(ConfigError, match="version: "):
            load_blueprint(json.dumps(changed(blueprint, "version", strange)))
    document = changed(blueprint, "version", 2)
    del document["version"]
    with pytest.raises(ConfigError, match="version: Field required"):
        load_blueprint(json.dumps(document))


def test_strange_keys_are_told_in_signs_that_can_be_printed_and_in_few_lines(blueprint):
    document = changed(blueprint, "rule", "fade") | {
        f"\x1b[2J{n}" + "k" * 999: n for n in range(50)
    }
    with pytest.raises(ConfigError) as refused:
        load_blueprint(json.dumps(document))
    lines = str(refused.value).splitlines()
    assert "    \\x1b[2J0" in lines[1]
    assert lines[41] == "    and 10 more"
    assert all(line.isprintable() and len(line) < 200 for line in lines)
