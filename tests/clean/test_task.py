from __future__ import annotations

from lake.keys import make_key
from lake.store import open_lake
from tasks.clean.beside import assess_context
from tasks.clean.config import CleanConfig
from tasks.clean.context import Companions, lay_beside
from tasks.clean.funding import settle_funding
from tasks.clean.grid import lay_on_grid
from tasks.clean.interest import gauge_interest
from tasks.clean.quality import assess_quality
from tasks.clean.rejects import find_rejects
from tasks.clean.task import align, assess, assess_beside, clean, gauge, reject, settle
from tests.clean.test_context import bars as bars_of
from tests.clean.test_funding import raw_funding
from tests.clean.test_interest import raw_interest
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


def test_a_companions_bars_are_cleaned_by_their_own_timeframe(tmp_path):
    lake = open_lake(str(tmp_path))
    frame = raw_frame(*(raw_row(slot) for slot in (0, 3, 6, 8, 12)))
    key = make_key("RAW_BARS", MARKET, "mark", code=[], config={}, parents=[])
    inputs = {"lake": str(tmp_path), "market": MARKET, "config": CONFIG, "timeframe": "15m"}
    raw = lake.write(key, frame, [])
    rejected = reject.fn(raw=raw, **inputs)
    assert lake.read(rejected)["reason"].to_list() == ["off_grid"]
    bars = clean.fn(raw=raw, rejected=rejected, **inputs)
    assert lake.read(bars)["is_gap"].to_list() == [False, False, False, True, False]


def test_the_stages_beside_the_bars_store_what_the_pure_functions_return(tmp_path):
    lake = open_lake(str(tmp_path))
    frames = {
        "RAW_FUNDING": raw_funding((0, 1e-4, 8.0, 0)),
        "RAW_INTEREST": raw_interest((300, 2.0, 10.0, 0)),
        "BARS": bars_of([1, 2, 3], step=5),
    }
    keys = {name: make_key(name, MARKET, "-", code=[], config={}, parents=[]) for name in frames}
    raw = {name: lake.write(keys[name], frame, []) for name, frame in frames.items()}
    inputs = {"lake": str(tmp_path), "market": MARKET, "config": CONFIG}
    funding = settle.fn(raw=raw["RAW_FUNDING"], **inputs)
    interest = gauge.fn(raw=raw["RAW_INTEREST"], **inputs)
    beside = {"funding": [funding], "interest": [interest], "spot": [], "mark": []}
    steps = {"leader": "5m"}
    bars = {"bars": raw["BARS"], "leader": [raw["BARS"]], "timeframes": steps}
    dated = {"fees": [(0, 4.0)], "releases": [900_000]}
    context = align.fn(**bars, **beside, **dated, **inputs)
    given = {"raw_funding": [raw["RAW_FUNDING"]], "raw_interest": []}
    quality = assess_beside.fn(context=context, **given, **inputs)
    companions = Companions(
        *(lake.read(funding), lake.read(interest)), leader=frames["BARS"], timeframes=steps, **dated
    )
    laid = lay_beside(frames["BARS"], MARKET, companions, CONFIG)
    assert lake.read(funding).equals(settle_funding(frames["RAW_FUNDING"]))
    assert lake.read(interest).equals(gauge_interest(frames["RAW_INTEREST"]))
    assert lake.read(context).equals(laid)
    report = assess_context(frames["RAW_FUNDING"], None, laid, MARKET, CONFIG)
    assert lake.read(quality).equals(report)


def test_the_tasks_have_readable_names():
    assert [task.name for task in (reject, clean, assess)] == ["reject", "clean", "assess"]
