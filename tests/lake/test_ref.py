import pytest
from pydantic import ValidationError

from lake.ref import Ref, safe_name


def _ref(**changes) -> Ref:
    fields = {"kind": "BARS", "market": "BTCUSDT-5m", "part": "-", "key": "ab" * 32}
    return Ref(**{**fields, "content": "cd" * 32, "n_rows": 3, "n_bytes": 4, **changes})


def test_an_address_is_kind_market_part_key() -> None:
    assert _ref(part="1h").address == f"BARS/BTCUSDT-5m/1h/{'ab' * 32}"


def test_a_ref_prints_short() -> None:
    assert str(_ref()) == "BARS BTCUSDT-5m abababababab"
    assert str(_ref(part="1h", market="all")) == "BARS all 1h abababababab"


def test_children_of_raw_tables_know_them_by_content() -> None:
    assert _ref().identity == "ab" * 32
    assert _ref(raw=True).identity == "cd" * 32


def test_a_ref_is_frozen_and_survives_json() -> None:
    ref = _ref(part="8h", raw=True)
    assert Ref.model_validate_json(ref.model_dump_json()) == ref
    with pytest.raises(ValidationError):
        ref.key = "x"


@pytest.mark.parametrize("field", ["kind", "market", "part", "key"])
@pytest.mark.parametrize("name", ["../x", "a/b", "", "..", "a\x00b"])
def test_no_part_of_a_ref_can_leave_the_lake(field: str, name: str) -> None:
    with pytest.raises(ValidationError, match="safe name"):
        _ref(**{field: name})


@pytest.mark.parametrize("name", ["BTCUSDT-5m", "1000SHIB_x", "a.b+c", "x" * 80])
def test_safe_names_pass(name: str) -> None:
    assert safe_name(name) == name
