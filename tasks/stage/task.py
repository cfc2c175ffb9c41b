"""The decorator that turns a function of refs into a cached Prefect task that makes one table.

The decorated function takes the open lake first, then refs, a config and plain values by keyword,
and returns the frame of the table that it makes. What the flow calls takes the lake's URI
instead and returns a `Ref`::

    @stage(makes=BARS, code=["tasks.clean.grid"])
    def clean(lake, *, market, raw, rejected, config):
        return lay_on_grid(lake.read(raw), lake.read(rejected), config)

    bars = clean.submit(lake=uri, market="BTCUSDT-5m", raw=..., rejected=..., config=...)

The Prefect cache key is the address of the table in the lake, so a hit is a table that is there.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import update_wrapper
from typing import Any

import polars as pl
from prefect import Task, task
from prefect.cache_policies import CachePolicy
from prefect.context import TaskRunContext
from prefect.tasks import TaskRunNameCallbackWithParameters
from pydantic import BaseModel

from lake.keys import NUMERIC_LIBRARIES, Key, code_of_function, make_key
from lake.ref import EVERY_MARKET, WHOLE, Ref
from lake.schema import Table
from lake.store import Lake, open_lake

_PLUMBING = "tasks.stage.task"
_NOT_IN_CONFIG = ("lake", "market", "part", "code", "where")


@dataclass(frozen=True)
class Recipe:
    """How a table comes about: the function that makes it and all that its key depends on."""

    makes: Table
    function: Callable[..., pl.DataFrame]
    code: tuple[str, ...]
    functions: dict[str, str]
    libraries: tuple[str, ...]

    def key(self, inputs: Mapping[str, Any]) -> Key:
        """The key of the table that a call with `inputs` makes."""
        return make_key(
            self.makes.name,
            inputs.get("market", EVERY_MARKET),
            inputs.get("part", WHOLE),
            code=[_PLUMBING, *self.code, *inputs.get("code", ())],
            functions=self.functions,
            config={n: _plain(v) for n, v in inputs.items() if n not in _NOT_IN_CONFIG},
            parents=list(_refs(inputs)),
            libraries=self.libraries,
        )

    def make(self, lake: Lake, inputs: Mapping[str, Any]) -> Ref:
        """Make the table and store it."""
        takes = inspect.signature(self.function).parameters
        frame = self.function(lake, **{n: v for n, v in inputs.items() if n in takes})
        return lake.write(self.key(inputs), frame, list(_refs(inputs)))

    def as_function(self) -> Callable[..., Ref]:
        """What Prefect runs, with the parameters that Prefect shows and checks."""

        def make_table(*, lake: str, **inputs: Any) -> Ref:
            return self.make(open_lake(lake), inputs)

        update_wrapper(make_table, self.function)
        make_table.__signature__ = _task_signature(self.function)  # type: ignore[attr-defined]
        return make_table


@dataclass
class TableAddress(CachePolicy):
    """Caches a task run under the address of the table that it makes."""

    recipe: Recipe | None = None

    def compute_key(
        self,
        task_ctx: TaskRunContext,
        inputs: dict[str, Any],
        flow_parameters: dict[str, Any],
        **kwargs: Any,
    ) -> str | None:
        assert self.recipe is not None
        key = self.recipe.key(inputs)
        return f"{key.kind}/{key.market}/{key.part}/{key.digest}"


@dataclass(frozen=True)
class _RunName(TaskRunNameCallbackWithParameters):
    """How a task's runs read in Prefect: ``estimate BTCUSDT-5m volatility``, or ``judge``."""

    title: str

    def __call__(self, parameters: dict[str, Any]) -> str:
        said = (parameters.get("market", EVERY_MARKET), parameters.get("part", WHOLE))
        return " ".join([self.title, *(word for word in said if word not in (EVERY_MARKET, WHOLE))])


def stage(
    makes: Table,
    code: Sequence[str],
    *,
    name: str | None = None,
    libraries: Sequence[str] = (),
    **options: Any,
) -> Callable[[Callable[..., pl.DataFrame]], Task[..., Ref]]:
    """Make a task of a function that makes one table.

    Parameters
    ----------
    makes : Table
        The table's schema.
    code : sequence of str
        Modules whose source makes the table; all that they import is added, and the source of
        the function itself. A call may name more by ``code=[...]`` (a family's module, chosen
        at run time).
    name : str, optional
        The task's name; the function's, with spaces, by default.
    libraries : sequence of str
        Distributions beyond the numeric ones whose version can change the table.
    **options
        Passed to `prefect.task`: retries, timeouts, tags.
    """

    def decorate(function: Callable[..., pl.DataFrame]) -> Task[..., Ref]:
        own = code_of_function(function)
        recipe = Recipe(makes, function, tuple(code), own, (*NUMERIC_LIBRARIES, *libraries))
        title = name or function.__name__.replace("_", " ")
        return task(
            name=title,
            task_run_name=_RunName(title),
            cache_policy=TableAddress(recipe=recipe),
            persist_result=True,
            result_serializer="json",
            cache_result_in_memory=False,
            **options,
        )(recipe.as_function())

    return decorate


def _task_signature(function: Callable[..., Any]) -> inspect.Signature:
    """The function's own parameters with what every stage takes."""
    keyword = inspect.Parameter.KEYWORD_ONLY
    own = {p.name: p.replace(kind=keyword) for p in inspect.signature(function).parameters.values()}
    common = {
        "lake": inspect.Parameter("lake", keyword),
        "market": inspect.Parameter("market", keyword, default=EVERY_MARKET),
        "part": inspect.Parameter("part", keyword, default=WHOLE),
        "code": inspect.Parameter("code", keyword, default=()),
    }
    return inspect.Signature(list((own | common).values()), return_annotation=Ref)


def _refs(value: Any) -> Iterable[Ref]:
    if isinstance(value, Ref):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _refs(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _refs(item)


def _plain(value: Any) -> Any:
    """`value` as JSON, with refs as their place only: their content enters by the parents."""
    if isinstance(value, Ref):
        return f"ref:{value.kind}"
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, Mapping):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value
