"""Terraform's JSON syntax (`.tf.json`, `.tfvars.json`) in the same form as the native one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from json.decoder import scanstring  # type: ignore[attr-defined]  # the stubs do not have it

from msgspec import Struct

from guardrails.sources.terraform.expression import Invalid, Literal, Node, Object, ParseError, Tuple
from guardrails.sources.terraform.number import parse as parse_number
from guardrails.sources.terraform.parser import parse_expression, parse_template
from guardrails.sources.terraform.source import Source, Span
from guardrails.sources.terraform.syntax import Attribute, Block, Body, Broken, ParsedFile

DEPTH = 100
"""Objects and arrays inside of each other."""

_SPACE = re.compile(r"[ \t\r\n]*")
_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?")
_SURROGATE = re.compile("[\ud800-\udfff]")
_WORDS = {"true": True, "false": False, "null": None}
_LABELS = {
    "resource": 2,
    "data": 2,
    "ephemeral": 2,
    "variable": 1,
    "output": 1,
    "module": 1,
    "provider": 1,
    "check": 1,
    "locals": 0,
    "terraform": 0,
    "moved": 0,
    "import": 0,
    "removed": 0,
}
_NESTED = {"required_providers": 0, "dynamic": 1, "content": 0, "lifecycle": 0, "provisioner": 1, "connection": 0}
_PLAIN = frozenset(("source", "version", "providers", "depends_on", "provider", "alias", "type", "ignore_changes"))
"""Arguments whose strings are names or types and no templates."""


class _Json(Struct, eq=False):
    """A JSON value with its span; an object is its members in order."""

    start: int
    end: int
    value: str | int | float | bool | list[_Json] | list[tuple[_Json, _Json]] | None
    is_object: bool = False

    def members(self) -> list[tuple[_Json, _Json]]:
        return [each for each in self.value if isinstance(each, tuple)] if isinstance(self.value, list) else []

    def items(self) -> list[_Json]:
        return [each for each in self.value if isinstance(each, _Json)] if isinstance(self.value, list) else []


def parse_json_file(source: Source) -> ParsedFile:
    """Read a `.tf.json` file. Never raises."""
    try:
        top = _Reader(source.text).document()
    except ParseError as error:
        return ParsedFile(source, Body({}, ()), [Broken(str(error), (error.offset, error.offset))])
    blocks: list[Block] = []
    errors: list[Broken] = []
    for part in _objects(top):
        for key, value in part.members():
            name = str(key.value)
            if name in _LABELS:
                blocks += _blocks(source, name, (), value, missing=_LABELS[name], start=key.start)
            elif name != "//":
                errors.append(Broken(f'there is no block "{name}"', (key.start, key.end), (name,)))
    return ParsedFile(source, Body({}, blocks), errors)


def parse_json_values(source: Source) -> ParsedFile:
    """Read a `.tfvars.json` file. Never raises."""
    try:
        top = _Reader(source.text).document()
    except ParseError as error:
        return ParsedFile(source, Body({}, ()), [Broken(str(error), (error.offset, error.offset))])
    return ParsedFile(source, Body(_attributes(source, top), ()))


def _blocks(
    source: Source, type_: str, labels: tuple[str, ...], value: _Json, *, missing: int, start: int
) -> Iterator[Block]:
    """The blocks of a type: objects nested by label, and at each level possibly a list of them."""
    for part in _objects(value):
        if missing:
            for key, inner in part.members():
                if key.value != "//":
                    yield from _blocks(
                        source, type_, (*labels, str(key.value)), inner, missing=missing - 1, start=key.start
                    )
        else:
            body = _body(source, part, attributes_only=type_ in ("locals", "required_providers"))
            yield Block(type_, labels, source, start, part.end, part.start, None, body)


def _objects(value: _Json) -> list[_Json]:
    if value.is_object:
        return [value]
    return [each for item in value.items() for each in _objects(item)]


def _body(source: Source, value: _Json, *, attributes_only: bool = False) -> Body:
    blocks: list[Block] = []
    if not attributes_only:
        for key, inner in value.members():
            name = str(key.value)
            if name in _NESTED:
                blocks += _blocks(source, name, (), inner, missing=_NESTED[name], start=key.start)
    attributes = _attributes(source, value)
    if not attributes_only:
        attributes = {name: each for name, each in attributes.items() if name not in _NESTED}
    return Body(attributes, blocks)


def _attributes(source: Source, value: _Json) -> dict[str, Attribute]:
    found: dict[str, Attribute] = {}
    for part in _objects(value):
        for key, inner in part.members():
            name = str(key.value)
            if name != "//":
                node = _expression(inner, plain=name in _PLAIN)
                found.setdefault(name, Attribute(name, source, key.start, inner.end, inner.start, node))
    return found


def _expression(value: _Json, *, plain: bool = False) -> Node:
    span: Span = (value.start, value.end)
    if value.is_object:
        return Object(*span, [(_expression(key), _expression(inner, plain=plain)) for key, inner in value.members()])
    match value.value:
        case list():
            return Tuple(*span, [_expression(item, plain=plain) for item in value.items()])
        case str() as text:
            return _string(text, span, plain=plain)
        case other:
            return Literal(*span, other)


def _string(text: str, span: Span, *, plain: bool) -> Node:
    try:
        if plain:
            try:
                node = parse_expression(text)
            except ParseError:
                return Literal(*span, text)
            node.start, node.end = span
            return node if _is_name(node) else Literal(*span, text)
        return parse_template(text, span)
    except (ParseError, RecursionError) as error:
        message = str(error) if isinstance(error, ParseError) else "the template is nested too deeply"
        return Invalid(*span, ParseError(message, span[0]))


def _is_name(node: Node) -> bool:
    """Whether a string of these arguments is read as an expression: a reference or a type."""
    return not isinstance(node, Literal)


class _Reader:
    """A reader of JSON that keeps positions. Raises `ParseError`."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def document(self) -> _Json:
        try:
            value = self.value(0)
        except RecursionError:
            raise ParseError("nested too deeply", self.at) from None
        self.space()
        if self.at < len(self.text):
            raise ParseError("the document should end here", self.at)
        return value

    def space(self) -> None:
        if found := _SPACE.match(self.text, self.at):
            self.at = found.end()

    def value(self, depth: int) -> _Json:
        if depth > DEPTH:
            raise ParseError(f"nested more than {DEPTH} levels deep", self.at)
        self.space()
        start, text = self.at, self.text
        match text[start : start + 1]:
            case "{":
                return self.object(depth)
            case "[":
                return self.array(depth)
            case '"':
                return self.string()
            case _:
                pass
        for word, value in _WORDS.items():
            if text.startswith(word, start):
                self.at += len(word)
                return _Json(start, self.at, value)
        if found := _NUMBER.match(text, start):
            self.at = found.end()
            try:
                return _Json(start, self.at, parse_number(found[0]))
            except ValueError as error:
                raise ParseError(str(error), start) from None
        raise ParseError("a JSON value is expected here", start)

    def string(self) -> _Json:
        start = self.at
        try:
            text, self.at = scanstring(self.text, start + 1, True)
        except ValueError as error:
            raise ParseError(str(error), start) from None
        return _Json(start, self.at, _SURROGATE.sub("\ufffd", text))

    def object(self, depth: int) -> _Json:
        start = self.at
        self.at += 1
        members: list[tuple[_Json, _Json]] = []
        self.space()
        while self.text[self.at : self.at + 1] != "}":
            if members:
                self.expect(",")
                self.space()
            if self.text[self.at : self.at + 1] != '"':
                raise ParseError("a quoted name is expected here", self.at)
            key = self.string()
            self.expect(":")
            members.append((key, self.value(depth + 1)))
            self.space()
        self.at += 1
        return _Json(start, self.at, members, is_object=True)

    def array(self, depth: int) -> _Json:
        start = self.at
        self.at += 1
        items: list[_Json] = []
        self.space()
        while self.text[self.at : self.at + 1] != "]":
            if items:
                self.expect(",")
            items.append(self.value(depth + 1))
            self.space()
        self.at += 1
        return _Json(start, self.at, items)

    def expect(self, piece: str) -> None:
        self.space()
        if not self.text.startswith(piece, self.at):
            raise ParseError(f"{piece!r} is expected here", self.at)
        self.at += 1
