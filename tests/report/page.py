"""A page read back: its tables by name, its charts by name, what it would load."""

from __future__ import annotations

import json
from html.parser import HTMLParser

LOADING = {"src", "href", "srcset", "data", "action", "poster", "background", "xlink:href"}


class Page(HTMLParser):
    """Tables as lists of rows of cells, charts as plotly figures, text without scripts."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tables: dict[str, list[list[str]]] = {}
        self.charts: dict[str, dict] = {}
        self.ids: list[str] = []
        self.tags: list[str] = []
        self.loads: list[str] = []
        self.words: list[str] = []
        self._table: list[list[str]] | None = None
        self._chart: str | None = None
        self._silent = False
        self._in_cell = False
        self.feed(html)
        self.close()

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())

    def column(self, table: str, title: str, position: int = 0) -> list[str]:
        """The cells below the heading that starts with `title`; the n-th such, where several do."""
        head, *rows = self.tables[table]
        places = [place for place, cell in enumerate(head) if cell.split(" ")[0] == title]
        return [row[places[position]] for row in rows]

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        self.tags.append(tag)
        self.ids += [values["id"]] if "id" in values else []
        self.loads += [value for name, value in attrs if name in LOADING]
        if tag in ("script", "style"):
            self._silent, self._chart = True, values.get("data-chart")
        elif tag == "table":
            self._table = self.tables.setdefault(values["id"].removeprefix("table-"), [])
        elif tag == "tr":
            self._table.append([])
        elif tag in ("td", "th"):
            self._in_cell = True
            self._table[-1].append("")

    def handle_endtag(self, tag):
        if tag in ("script", "style"):
            self._silent, self._chart = False, None
        elif tag in ("td", "th"):
            self._in_cell = False

    def handle_data(self, data):
        if self._chart:
            self.charts[self._chart] = json.loads(data)
        elif not self._silent:
            self.words.append(data)
            if self._in_cell:
                self._table[-1][-1] += data
