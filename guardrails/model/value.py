"""Values as far as they are known: plain ones, unknown ones, and strings with holes.

A value is one of `None`, `bool`, `int`, `float`, `str`, `list`, `dict[str, ...]`, or

* `UnknownValue`: nothing is known but why;
* `Symbolic`: a string of which parts are known, such as `arn:aws:s3:::${aws_s3_bucket.logs.id}/*`;
* `Sensitive`: a known value that must never be printed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import SupportsIndex

from msgspec import Struct

from guardrails.model.location import Place

MASK = "(sensitive value)"
UNTOLD = "known after apply, and the plan does not tell from what"
"""Why a value is unknown that a local value or a variable had a part in: it may mean any resource of the plan."""


class Unknown(Exception):  # noqa: N818  # it is an answer, not an error, and checks read better so
    """Raised where a value that cannot be known is read. The engine turns it into an undecided result."""

    def __init__(self, reason: str, location: Place | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.location = location


class Ref(Struct, frozen=True):
    """An attribute of a resource that is not known before apply, by name."""

    address: str
    """The instance, such as `module.web.aws_s3_bucket.logs[0]`."""
    attribute: str
    """Dotted path below the resource, such as `arn` or `endpoint.0.address`."""

    def __str__(self) -> str:
        return f"{self.address}.{self.attribute}" if self.attribute else self.address


class UnknownValue(Struct, frozen=True):
    """A value of which only the reason for not knowing it is known."""

    reason: str
    refs: tuple[Ref, ...] = ()
    """What it was made from, for links between resources."""
    many: bool = False
    """As an element of a list: stands for zero or more elements, not for one."""


class Sensitive(Struct, frozen=True):
    """A known value that must never be printed."""

    value: Value


Part = str | Ref | UnknownValue


class Symbolic(str):
    """A string with holes: each hole is an attribute that is known after apply, or an unknown value.

    Its text shows holes as `${...}`. Comparing it with a string that it may or may not equal raises `Unknown`,
    so that a check never takes "not known" for "not equal".
    """

    __slots__ = ("parts",)
    parts: tuple[Part, ...]

    def __new__(cls, *parts: Part) -> Symbolic:
        """Join parts; neighbouring literals melt together."""
        melted: list[Part] = []
        for part in parts:
            if isinstance(part, Symbolic):
                pieces: tuple[Part, ...] = part.parts
            else:
                pieces = (part,)
            for piece in pieces:
                if isinstance(piece, str) and melted and isinstance(last := melted[-1], str):
                    melted[-1] = last + piece
                elif piece != "" or not isinstance(piece, str):
                    melted.append(piece)
        self = super().__new__(cls, "".join(_hole(p) for p in melted))
        self.parts = tuple(melted)
        return self

    @property
    def ref(self) -> Ref | None:
        """The one attribute that this string is as a whole, if it is one."""
        only = self.parts[0] if len(self.parts) == 1 else None
        return only if isinstance(only, Ref) else None

    @property
    def refs(self) -> tuple[Ref, ...]:
        """Every attribute in it, in order."""
        found: list[Ref] = []
        for part in self.parts:
            if isinstance(part, Ref):
                found.append(part)
            elif isinstance(part, UnknownValue):
                found.extend(part.refs)
        return tuple(found)

    @property
    def reason(self) -> str:
        """Why it is not wholly known."""
        for part in self.parts:
            if isinstance(part, UnknownValue):
                return part.reason
        return "known after apply: " + ", ".join(str(r) for r in self.refs)

    def may_equal(self, other: str) -> bool:
        """Whether filling the holes could give `other`."""
        return _may_match(self.parts, other)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Symbolic):
            if self.parts == other.parts:
                return True
            if any(isinstance(p, UnknownValue) for p in (*self.parts, *other.parts)):
                raise Unknown(self.reason)
            return False  # different attributes of different resources
        if isinstance(other, str):
            if not self.may_equal(other):
                return False
            raise Unknown(self.reason)
        return NotImplemented

    def __ne__(self, other: object) -> bool:
        equal = self.__eq__(other)
        return equal if equal is NotImplemented else not equal

    def __hash__(self) -> int:
        return str.__hash__(self)

    def startswith(  # type: ignore[override]  # narrower on purpose: slices of an unknown string are not known
        self, prefix: str | tuple[str, ...], /
    ) -> bool:
        """Whether it starts so, whatever the holes hold; raises `Unknown` where that depends on them."""
        lead = self.parts[0] if self.parts and isinstance(self.parts[0], str) else ""
        for each in (prefix,) if isinstance(prefix, str) else prefix:
            if lead.startswith(each):
                return True
            if each.startswith(lead):
                raise Unknown(self.reason)
        return False

    def endswith(  # type: ignore[override]  # as for startswith
        self, suffix: str | tuple[str, ...], /
    ) -> bool:
        """Whether it ends so, whatever the holes hold; raises `Unknown` where that depends on them."""
        tail = self.parts[-1] if self.parts and isinstance(self.parts[-1], str) else ""
        for each in (suffix,) if isinstance(suffix, str) else suffix:
            if tail.endswith(each):
                return True
            if each.endswith(tail):
                raise Unknown(self.reason)
        return False

    def __contains__(self, piece: str, /) -> bool:  # type: ignore[override]  # str's takes str too
        if any(isinstance(p, str) and piece in p for p in self.parts):
            return True
        raise Unknown(self.reason)

    def __getitem__(self, index: SupportsIndex | slice, /) -> str:
        raise Unknown(self.reason)

    def __repr__(self) -> str:
        return f"Symbolic({str.__str__(self)!r})"


class SensitiveString(str):
    """A string that compares as itself and prints as a mask."""

    __slots__ = ()

    def __str__(self) -> str:
        return MASK

    __repr__ = __str__

    def __format__(self, spec: str, /) -> str:
        return format(MASK, spec)


Value = None | bool | int | float | str | list["Value"] | dict[str, "Value"] | UnknownValue | Symbolic | Sensitive


def _hole(part: Part) -> str:
    match part:
        case str():
            return part
        case Ref():
            return f"${{{part}}}"
        case UnknownValue():
            return "${unknown}"


def _may_match(parts: tuple[Part, ...], text: str) -> bool:
    """Glob match: every hole is `*`. Greedy from the left is exact for this."""
    literals = [p for p in parts if isinstance(p, str)]
    if not parts:
        return text == ""
    start, end = 0, len(text)
    if isinstance(parts[0], str):
        if not text.startswith(literals[0]):
            return False
        start = len(literals.pop(0))
    if len(parts) > 1 and isinstance(parts[-1], str):
        tail = literals.pop()
        if not text.endswith(tail) or end - len(tail) < start:
            return False
        end -= len(tail)
    elif len(parts) == 1 and isinstance(parts[0], str):
        return text == parts[0]
    for literal in literals:
        at = text.find(literal, start, end)
        if at < 0:
            return False
        start = at + len(literal)
    return True


def reveal(value: Value) -> Value:
    """The value without its sensitive mark; a sensitive string still prints as a mask."""
    while isinstance(value, Sensitive):
        inner = value.value
        if isinstance(inner, str) and not isinstance(inner, Symbolic):
            return SensitiveString(inner)
        if isinstance(inner, list):
            return [Sensitive(item) for item in inner]
        if isinstance(inner, dict):
            return {key: Sensitive(item) for key, item in inner.items()}
        value = inner
    return value


def refs_of(value: Value) -> Iterator[Ref]:
    """Every attribute of another resource in a value, at any depth."""
    match value:
        case Symbolic():
            yield from value.refs
        case UnknownValue():
            yield from value.refs
        case Sensitive():
            yield from refs_of(value.value)
        case list():
            for item in value:
                yield from refs_of(item)
        case dict() | Mapping():
            for item in value.values():
                yield from refs_of(item)
        case _:
            return


# Private-use characters cannot stand in a valid policy, so they mark holes while JSON is decoded.
_OPEN, _CLOSE = "\ue000", "\ue001"


def decode_json(text: str) -> Value:
    """Decode a JSON text that may have holes, keeping them: as `Symbolic` inside strings, else as `UnknownValue`.

    Raises `ValueError` (with line and column, see `json.JSONDecodeError`) for text that is not JSON however its
    holes are filled, and `Unknown` for a string of which nothing is known.
    """
    if not isinstance(text, Symbolic):
        # A SensitiveString decodes by its content: json reads the characters, not `__str__`.
        plain: Value = json.loads(text)
        return plain
    if all(not isinstance(part, str) for part in text.parts):
        raise Unknown(text.reason)
    holes: list[Ref | UnknownValue] = []
    pieces: list[str] = []
    inside = False
    for part in text.parts:
        if isinstance(part, str):
            pieces.append(part)
            escaped = False
            for char in part:
                if escaped:
                    escaped = False
                elif char == "\\":
                    escaped = inside
                elif char == '"':
                    inside = not inside
        else:
            mark = f"{_OPEN}{len(holes)}{_CLOSE}"
            pieces.append(mark if inside else f'"{_OPEN}{mark}"')
            holes.append(part)
    return _fill(json.loads("".join(pieces)), holes)


def _fill(value: Value, holes: list[Ref | UnknownValue]) -> Value:
    match value:
        case str() if _OPEN in value:
            if value.startswith(_OPEN * 2):
                hole = holes[int(value[2:-1])]
                if isinstance(hole, Ref):
                    return UnknownValue(f"known after apply: {hole}", (hole,))
                return hole
            parts: list[Part] = []
            for piece in value.split(_OPEN):
                number, closed, rest = piece.partition(_CLOSE)
                if closed:
                    parts += [holes[int(number)], rest]
                else:
                    parts.append(piece)
            return Symbolic(*parts)
        case list():
            return [_fill(item, holes) for item in value]
        case dict():
            return {str(_fill(key, holes)): _fill(item, holes) for key, item in value.items()}
        case _:
            return value
