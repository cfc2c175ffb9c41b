"""An SVG read back: its elements, and the points of its paths."""

from __future__ import annotations

import re
from xml.etree import ElementTree

_STEP = re.compile(r"([MVHhvlz])([^MVHhvlz]*)")


def read_svg(text) -> ElementTree.Element:
    """Parse, which fails where anything is not escaped or not closed."""
    return ElementTree.fromstring(str(text))


def by_class(root: ElementTree.Element, *names: str) -> list[ElementTree.Element]:
    """Elements with exactly these classes."""
    return [each for each in root.iter() if each.get("class", "").split() == list(names)]


def subpaths(element: ElementTree.Element) -> list[list[tuple[float, float]]]:
    """Points of each piece of a path, absolute."""
    pieces: list[list[tuple[float, float]]] = []
    for letter, numbers in _STEP.findall(element.get("d")):
        values = [float(number) for number in numbers.split(",") if number]
        x, y = pieces[-1][-1] if pieces else (0.0, 0.0)
        if letter == "M":
            pieces.append([(values[0], values[1])])
        elif letter != "z":
            to = {"V": (x, *values), "H": (*values, y), "v": (x, y + values[0])}
            moves = {"h": (x + values[0], y), "l": (x + values[0], y + values[-1])}
            pieces[-1].append((to | moves)[letter])
    return pieces
