"""Markdown from outside as HTML that cannot run, load or lead anywhere."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from markupsafe import Markup

_LOWER, _LOWEST = 2, 6
_LOADING = ("image", "link", "autolink", "reference")
_DIVIDES = "h2"


@dataclass(frozen=True)
class Part:
    """What stands below one heading of the second rank; before the first, without a title."""

    title: str
    body: Markup


def set_card(text: str, name: str = "card") -> Markup:
    """Set a blueprint's card; its headings stand below the page's own.

    Pictures, links and HTML stay the text that they are. `name` begins the ids of its tables.
    """
    return _rendered(_lowered(_reader().parse(text), name))


def set_parts(text: str, name: str = "card") -> tuple[Part, ...]:
    """Set a card like `set_card`, cut at its headings of the second rank."""
    tokens = _reader().parse(text)
    starts = [at for at, token in enumerate(tokens) if _divides(token)]
    titles = [tokens[at + 1].content for at in starts]
    lowered = _lowered(tokens, name)
    ends = [*starts, len(lowered)]
    before = lowered[: ends[0]]
    bodies = (lowered[at + 3 : end] for at, end in zip(starts, ends[1:], strict=True))
    parts = [Part(title, _rendered(body)) for title, body in zip(titles, bodies, strict=True)]
    return (Part("", _rendered(before)), *parts) if before else tuple(parts)


def _divides(token: Any) -> bool:
    return token.type == "heading_open" and token.tag == _DIVIDES and token.level == 0


def _lowered(tokens: Sequence[Any], name: str) -> list[Any]:
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(_LOWEST, int(token.tag[1:]) + _LOWER)}"
    for number, token in enumerate(_tables(tokens)):
        token.attrs = {
            "id": f"table-{name}-{number}",
            "aria-label": f"Table {number + 1} of the card",
        }
    return list(tokens)


def _tables(tokens: Sequence[Any]) -> Iterator[Any]:
    return (token for token in tokens if token.type == "table_open")


def _rendered(tokens: Sequence[Any]) -> Markup:
    reader = _reader()
    return Markup(reader.renderer.render(tokens, reader.options, {}))  # noqa: S704 - escaped by the reader


@cache
def _reader() -> Any:
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark", {"html": False}).enable("table").disable(list(_LOADING))
