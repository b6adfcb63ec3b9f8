"""JSON as Terraform writes and reads it; what is not known when it is written stays a hole in the text."""

from __future__ import annotations

import json
import re

from msgspec import Struct

from guardrails.model import Part, Sensitive, Symbolic, UnknownValue, Value
from guardrails.sources.terraform.functions.signature import Beyond, normalized
from guardrails.sources.terraform.number import OutOfRangeError, is_finite, parse, to_string
from guardrails.sources.terraform.types import EvaluationError

_SPECIAL = re.compile(r'["\\<>&\x00-\x1f\u2028\u2029]')
_SHORT = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b", "\f": "\\f"}


class Encoded(Struct, frozen=True):
    """A JSON text with holes."""

    parts: tuple[Part, ...]

    @property
    def text(self) -> str:
        """The text, where there are no holes."""
        return "".join(part for part in self.parts if isinstance(part, str))

    @property
    def value(self) -> Value:
        """The text as a value."""
        return self.text if all(isinstance(part, str) for part in self.parts) else Symbolic(*self.parts)


def escape(text: str) -> str:
    """The inside of a JSON string, with `<`, `>` and `&` escaped as Go does."""
    return _SPECIAL.sub(lambda found: _SHORT.get(found[0]) or f"\\u{ord(found[0]):04x}", text)


def encode(value: Value, limit: int = 1_000_000) -> Encoded:
    """Write JSON. Raises `Beyond` for more than `limit` characters."""
    parts: list[Part] = []
    _write(value, parts, _Room(limit))
    return Encoded(tuple(parts))


class _Room:
    """How many characters may still be written."""

    def __init__(self, left: int) -> None:
        self.limit = self.left = left

    def take(self, size: int) -> None:
        self.left -= size
        if self.left < 0:
            raise Beyond(f"more than {self.limit} characters are not computed")


def _write(value: Value, parts: list[Part], room: _Room) -> None:
    match value:
        case None:
            parts.append("null")
        case bool():
            parts.append("true" if value else "false")
        case int() | float():
            if not is_finite(value):
                raise EvaluationError("cannot serialize infinity as JSON")
            parts.append(to_string(value))
        case Symbolic():
            parts.append('"')
            parts.extend(escape(part) if isinstance(part, str) else part for part in value.parts)
            parts.append('"')
            room.take(len(value))
        case str():
            room.take(len(value))
            parts.append(f'"{escape(value)}"')
        case UnknownValue():
            parts.append(value)
        case Sensitive():
            _write(value.value, parts, room)
        case list():
            _write_list(value, parts, room)
        case dict():
            _write_object(value, parts, room)
    room.take(1)


def _write_list(value: list[Value], parts: list[Part], room: _Room) -> None:
    parts.append("[")
    for index, item in enumerate(value):
        if index:
            parts.append(",")
        _write(item, parts, room)
    parts.append("]")


def _write_object(value: dict[str, Value], parts: list[Part], room: _Room) -> None:
    parts.append("{")
    for index, key in enumerate(sorted(value)):
        room.take(len(key))
        parts.append(f'{"," if index else ""}"{escape(key)}":')
        _write(value[key], parts, room)
    parts.append("}")


def _constant(text: str) -> Value:
    raise EvaluationError(f"invalid character '{text[0]}' looking for beginning of value")


def _number(text: str) -> Value:
    try:
        return parse(text)
    except OutOfRangeError as error:
        raise Beyond(str(error)) from None


def decode(text: str) -> Value:
    """Read JSON. Raises `EvaluationError`."""
    try:
        value: Value = json.loads(text, parse_float=_number, parse_int=_number, parse_constant=_constant, strict=True)
    except json.JSONDecodeError as error:
        said = "EOF" if error.pos >= len(text) else f"{error.msg} at line {error.lineno}, column {error.colno}"
        raise EvaluationError(said) from None
    return value if text.isascii() and "\\u" not in text else normalize_all(value)


def normalize_all(value: Value) -> Value:
    """Every string in Unicode's composed form, lone surrogates as Go reads them."""
    match value:
        case Symbolic():
            return value
        case str():
            if not value.isascii():
                value = re.sub("[\ud800-\udfff]", "\ufffd", value)
                return normalized(value)
            return value
        case list():
            return [normalize_all(item) for item in value]
        case dict():
            return {str(normalize_all(key)): normalize_all(item) for key, item in value.items()}
        case _:
            return value
