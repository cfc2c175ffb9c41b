from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from lake.config import Config
from lake.keys import make_key
from lake.ref import Ref
from lake.schema import ERAS
from lake.store import Lake, open_lake
from tasks.stage.task import stage


class SampleConfig(Config):
    share: float = 0.5


@stage(makes=ERAS, code=["lake.schema"], name="sample")
def sample(lake: Lake, *, market: str, parent: Ref, config: SampleConfig) -> pl.DataFrame:
    return lake.read(parent).with_columns(era=pl.lit(f"{market} {config.share}"))


def a_parent(lake: Lake) -> Ref:
    day = datetime(2024, 1, 1, tzinfo=UTC)
    frame = pl.DataFrame([{"era": "x", "start": day, "end": day}], schema=ERAS.columns)
    return lake.write(make_key("ERAS", "all", "-", code=[], config={}, parents=[]), frame, [])


def recipe_key(**inputs: object) -> str:
    return sample.cache_policy.recipe.key(inputs).digest  # type: ignore[union-attr]


def test_a_stage_writes_the_table_that_its_function_returns(tmp_path: Path) -> None:
    lake = open_lake(str(tmp_path))
    ref = sample.fn(lake=str(tmp_path), market="A-5m", parent=a_parent(lake), config=SampleConfig())
    assert lake.read(ref)["era"].to_list() == ["A-5m 0.5"]
    assert (ref.kind, ref.market) == ("ERAS", "A-5m")


def test_the_entry_names_the_parents(tmp_path: Path) -> None:
    lake = open_lake(str(tmp_path))
    parent = a_parent(lake)
    ref = sample.fn(lake=str(tmp_path), market="A-5m", parent=parent, config=SampleConfig())
    entry = lake.find(ref.address)
    assert entry is not None
    assert entry.parents == [parent]


def test_config_market_and_parent_enter_the_key_but_places_do_not(tmp_path: Path) -> None:
    lake = open_lake(str(tmp_path))
    parent = a_parent(lake)
    asked = {"market": "A-5m", "parent": parent, "config": SampleConfig()}
    other_parent = parent.model_copy(update={"key": "0" * 64})
    assert recipe_key(**asked) != recipe_key(**asked | {"config": SampleConfig(share=0.6)})
    assert recipe_key(**asked) != recipe_key(**asked | {"market": "B-5m"})
    assert recipe_key(**asked) != recipe_key(**asked | {"parent": other_parent})
    assert recipe_key(**asked) == recipe_key(**asked | {"lake": "elsewhere", "where": ["/tmp/x"]})


def test_a_module_named_at_the_call_enters_the_key(tmp_path: Path) -> None:
    parent = a_parent(open_lake(str(tmp_path)))
    asked = {"market": "A-5m", "parent": parent, "config": SampleConfig()}
    assert recipe_key(**asked) != recipe_key(**asked | {"code": ["lake.time"]})


def test_a_raw_parent_counts_by_content_and_any_other_by_key(tmp_path: Path) -> None:
    parent = a_parent(open_lake(str(tmp_path)))
    asked = {"market": "A-5m", "config": SampleConfig()}
    raw = parent.model_copy(update={"raw": True})
    moved = raw.model_copy(update={"key": "1" * 64})
    assert recipe_key(**asked, parent=raw) == recipe_key(**asked, parent=moved)
    rewritten = parent.model_copy(update={"content": "1" * 64})
    assert recipe_key(**asked, parent=parent) == recipe_key(**asked, parent=rewritten)


def test_prefect_sees_the_functions_own_parameters() -> None:
    assert {"lake", "market", "parent", "config"} <= set(sample.fn.__signature__.parameters)  # type: ignore[attr-defined]
    assert sample.name == "sample"
