import sys
import textwrap

import pytest

from lake.errors import ConfigError
from lake.keys import code_of
from tasks.events.admission import admit
from tasks.events.config import EventsConfig

HEAD = """
import numpy as np
from tasks.events.marks import marks
from tasks.events.registry import event
from tasks.kernels.rolling import before
"""
HONEST = """
@event(lookback=(2,), needs="O", mirrored=True)
def big_move(bars, *, level: float = 0.02):
    \"\"\"A return beyond a level.\"\"\"
    size = np.abs(bars.log_return)
    return marks(size > level, bars.log_return, size / level)
"""


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Write a module of the user's, importable until the test ends."""
    monkeypatch.syspath_prepend(str(tmp_path))
    written = []

    def module(name, text):
        (tmp_path / f"{name}.py").write_text(HEAD + textwrap.dedent(text))
        written.append(name)
        return EventsConfig(modules=(name,))

    yield module
    for name in written:
        sys.modules.pop(name, None)


def test_an_honest_event_is_let_in_and_is_a_family_of_its_own(write):
    config = write("honest_events", HONEST)
    admit(config)
    assert "honest_events" in config.chosen()
    assert [a.name for a in config.analyzers("honest_events")] == ["big_move"]


AHEAD = "np.append(bars.log_return[1:], np.nan)"
LONG_AGO = "np.abs(np.log(bars.close / before(bars.close, 150))) > 5 * level"
BROKEN = {
    "peeking": (("= np.abs(bars.log_return)", f"= np.abs({AHEAD})"), "looks ahead: first at bar"),
    "forgetful": (("size > level", LONG_AGO), "needs more bars"),
    "lopsided": (("size > level", "bars.log_return > level"), "mirrored=True but is not"),
    "dollars": (("size > level", "bars.open > 2e4"), "unit|mirrored"),
    "common": (("size > level", "(size > 0.0012) & (size < 0.0022)"), "stands at"),
    "taken": (("big_move", "vol_spike"), "which volatility has"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_an_event_that_breaks_the_contract_is_refused_with_its_first_bar(write, name):
    change, said = BROKEN[name]
    with pytest.raises(ConfigError, match=said):
        admit(write(f"{name}_events", HONEST.replace(*change)))


def test_a_module_without_events_or_without_a_file_is_refused(write):
    with pytest.raises(ConfigError, match="defines no event"):
        admit(write("no_events", "x = 1"))
    for name in ("there_is_none", "there_is_none.at_all"):
        with pytest.raises(ValueError, match="can be imported from here: No module"):
            EventsConfig(modules=(name,), names=("vol_spike",))
    with pytest.raises(ValueError, match="can be imported from here: invalid syntax"):
        write("broken_events", "def (")


def test_a_users_module_and_its_helpers_enter_the_key(write):
    write("level_helper", "LEVEL = 0.02")
    write("helped_events", HONEST + "\nfrom level_helper import LEVEL\n")
    assert {"helped_events", "level_helper", "tasks.events.registry"} <= set(
        code_of("helped_events")
    )
    assert not [name for name in code_of("helped_events") if name.startswith("numpy")]
