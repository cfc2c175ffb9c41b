"""The decorator that turns a function of refs into a cached Prefect task that makes one table.

The decorated function takes the open lake first, then refs, a config and plain values by keyword,
and returns the frame of the table that it makes. What the flow calls takes the lake's URI
instead and returns a `Ref`::

    @stage(makes=BARS, code=[__name__])
    def clean(lake, *, market, raw, rejected, config):
        return lay_on_grid(lake.read(raw), lake.read(rejected), config)

    bars = clean.submit(lake=uri, market="BTCUSDT-5m", raw=..., rejected=..., config=...)

The Prefect cache key is the address of the table in the lake, so a hit is a table that is there.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl
from prefect import Task, task
from prefect.cache_policies import CachePolicy
from prefect.context import TaskRunContext
from pydantic import BaseModel

from lake.keys import NUMERIC_LIBRARIES, Key, make_key
from lake.ref import EVERY_MARKET, WHOLE, Ref
from lake.schema import Table
from lake.store import Lake, open_lake

_NOT_IN_CONFIG = ("lake", "market", "part", "code", "where")


@dataclass
class TableAddress(CachePolicy):
    """Caches a task run under the address of the table that it makes."""

    key_of: Callable[[Mapping[str, Any]], Key] | None = None

    def compute_key(
        self,
        task_ctx: TaskRunContext,
        inputs: dict[str, Any],
        flow_parameters: dict[str, Any],
        **kwargs: Any,
    ) -> str | None:
        assert self.key_of is not None
        key = self.key_of(inputs)
        return f"{key.kind}/{key.market}/{key.part}/{key.digest}"


def stage(
    makes: Table,
    code: Sequence[str],
    *,
    name: str | None = None,
    libraries: Iterable[str] = (),
    **options: Any,
) -> Callable[[Callable[..., pl.DataFrame]], Task[..., Ref]]:
    """Make a task of a function that makes one table.

    Parameters
    ----------
    makes : Table
        The table's schema.
    code : sequence of str
        Modules whose source makes the table; all that they import is added. A call may name
        more by ``code=[...]`` (a family's module, chosen at run time).
    name : str, optional
        The task's name; the function's, with spaces, by default.
    libraries : iterable of str
        Distributions beyond the numeric ones whose version can change the table.
    **options
        Passed to `prefect.task`: retries, timeouts, tags.
    """
    versions = (*NUMERIC_LIBRARIES, *libraries)

    def decorate(function: Callable[..., pl.DataFrame]) -> Task[..., Ref]:
        def key_of(inputs: Mapping[str, Any]) -> Key:
            return make_key(
                makes.name,
                inputs.get("market", EVERY_MARKET),
                inputs.get("part", WHOLE),
                code=[*code, *inputs.get("code", ())],
                config={n: _plain(v) for n, v in inputs.items() if n not in _NOT_IN_CONFIG},
                parents=list(_refs(inputs)),
                libraries=versions,
            )

        def make_table(
            lake: str,
            market: str = EVERY_MARKET,
            part: str = WHOLE,
            code: Sequence[str] = (),
            **inputs: Any,
        ) -> Ref:
            named = {"market": market, "part": part, "code": code, **inputs}
            return _make(open_lake(lake), function, key_of(named), named)

        stage_name = name or function.__name__.replace("_", " ")
        make_table.__signature__ = _task_signature(function)  # type: ignore[attr-defined]
        make_table.__doc__ = function.__doc__
        make_table.__module__ = function.__module__
        make_table.__qualname__ = make_table.__name__ = function.__name__
        return task(
            name=stage_name,
            task_run_name=stage_name + " {market} {part}",
            cache_policy=TableAddress(key_of=key_of),
            persist_result=True,
            result_serializer="json",
            cache_result_in_memory=False,
            **options,
        )(make_table)

    return decorate


def _task_signature(function: Callable[..., Any]) -> inspect.Signature:
    """The function's own parameters, with what every stage takes: Prefect shows and checks them."""
    keyword = inspect.Parameter.KEYWORD_ONLY
    own = {p.name: p.replace(kind=keyword) for p in inspect.signature(function).parameters.values()}
    common = {
        "lake": inspect.Parameter("lake", keyword),
        "market": inspect.Parameter("market", keyword, default=EVERY_MARKET),
        "part": inspect.Parameter("part", keyword, default=WHOLE),
        "code": inspect.Parameter("code", keyword, default=()),
    }
    return inspect.Signature(list((own | common).values()), return_annotation=Ref)


def _make(
    lake: Lake, function: Callable[..., pl.DataFrame], key: Key, inputs: Mapping[str, Any]
) -> Ref:
    takes = inspect.signature(function).parameters
    frame = function(lake, **{name: value for name, value in inputs.items() if name in takes})
    return lake.write(key, frame, list(_refs(inputs)))


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
