import pickle

from lake.errors import AssayError, CorruptTable, LakeError, MissingTable


def test_an_error_says_what_came_what_was_wanted_and_what_to_do() -> None:
    text = str(MissingTable("no table", "a table", "make one"))
    assert text.splitlines() == ["no table", "  wanted: a table", "  do: make one"]


def test_errors_travel_between_processes() -> None:
    error = pickle.loads(pickle.dumps(CorruptTable("came", "wanted", "do")))
    assert (type(error), error.came, error.wanted, error.do) == (
        CorruptTable,
        "came",
        "wanted",
        "do",
    )


def test_all_are_caught_by_their_noun() -> None:
    assert issubclass(CorruptTable, LakeError)
    assert issubclass(LakeError, AssayError)
