"""Where the elements of a JSON text stand in it."""

from __future__ import annotations

import re
from collections.abc import Mapping

from msgspec import Struct

from guardrails.model import Path, Symbolic

_TOKEN = re.compile(r'[ \t\r\n]*(?:("(?:[^"\\]|\\.)*")|([{}\[\],:])|([^\s{}\[\],:"]+))', re.DOTALL)
_MOST = 1_000_000
"""Longer texts get no positions: no policy is as long."""


class Position(Struct, frozen=True, order=True):
    """A place in a text: line and column, both from 1."""

    line: int
    column: int

    def __str__(self) -> str:
        return f"line {self.line}, column {self.column}"


def position_at(text: str, offset: int) -> Position:
    """The position of a character offset."""
    return Position(text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset))


def positions_of(text: str) -> Mapping[Path, Position]:
    """The start of every value of a JSON text by its path; members of objects start at their name.

    Best effort and never an error: what comes after a syntax error is left out. A key that occurs twice keeps its
    last place.
    """
    flat = _flatten(text)
    if len(flat) > _MOST:
        return {}
    offsets: dict[Path, int] = {}
    stack: list[tuple[str, Path]] = []
    path: Path = ()
    index: list[int] = []
    name: tuple[str, int] | None = None
    at_value = True
    for token in _TOKEN.finditer(flat):
        start = token.end() - len(token[0].lstrip(" \t\r\n"))
        match token[2]:
            case "{" | "[" as bracket:
                offsets.setdefault(path, start)
                stack.append((bracket, path))
                index.append(0)
                at_value = bracket == "["
                if at_value:
                    path = (*path, 0)
            case "}" | "]":
                if not stack:
                    break
                path = stack.pop()[1]
                index.pop()
                at_value = False
            case ",":
                if not stack:
                    break
                bracket, parent = stack[-1]
                index[-1] += 1
                at_value = bracket == "["
                path = (*parent, index[-1]) if at_value else parent
            case ":":
                if name is None or not stack:
                    break
                path = (*stack[-1][1], name[0])
                offsets[path] = name[1]
                name, at_value = None, True
            case _:
                if at_value:
                    offsets.setdefault(path, start)
                    at_value = False
                else:
                    name = ((token[1] or token[3]).strip('"'), start)
    return {path: position_at(flat, offset) for path, offset in offsets.items()}


def _flatten(text: str) -> str:
    """The text with each hole filled by as many letters as it shows, so that columns stay."""
    if not isinstance(text, Symbolic):
        return str.__str__(text)
    pieces: list[str] = []
    inside = escaped = False
    for part in text.parts:
        if isinstance(part, str):
            pieces.append(part)
            for char in part:
                if escaped:
                    escaped = False
                elif char == "\\":
                    escaped = inside
                elif char == '"':
                    inside = not inside
        else:
            shown = len(str.__str__(Symbolic(part)))
            pieces.append("x" * shown if inside else f'"{"x" * (shown - 2)}"')
    return "".join(pieces)
