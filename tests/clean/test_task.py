from __future__ import annotations

from lake.keys import make_key
from lake.store import open_lake
from tasks.clean.config import CleanConfig
from tasks.clean.grid import lay_on_grid
from tasks.clean.quality import assess_quality
from tasks.clean.rejects import find_rejects
from tasks.clean.task import assess, clean, reject
from tests.clean.test_rejects import MARKET, raw_frame, raw_row

CONFIG = CleanConfig()


def test_the_stages_store_what_the_pure_functions_return(tmp_path):
    lake = open_lake(str(tmp_path))
    frame = raw_frame(*(raw_row(slot) for slot in (0, 1, 1, 3, 4)))
    key = make_key("RAW_BARS", MARKET, "-", code=[], config={}, parents=[])
    inputs = {"lake": str(tmp_path), "market": MARKET, "config": CONFIG}
    raw = lake.write(key, frame, [])
    rejected = reject.fn(raw=raw, **inputs)
    bars = clean.fn(raw=raw, rejected=rejected, **inputs)
    report = assess.fn(raw=raw, rejected=rejected, bars=bars, **inputs)
    rejects = find_rejects(frame, MARKET, CONFIG)
    grid = lay_on_grid(frame, rejects, MARKET, CONFIG)
    assert lake.read(rejected).equals(rejects)
    assert lake.read(bars).equals(grid)
    assert lake.read(report).equals(assess_quality(frame, rejects, grid, MARKET))


def test_the_tasks_have_readable_names():
    assert [task.name for task in (reject, clean, assess)] == ["reject", "clean", "assess"]
