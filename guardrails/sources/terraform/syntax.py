"""The structure of a file: blocks and attributes with their spans, and expressions that are parsed when first read."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

import tree_sitter
import tree_sitter_hcl
from msgspec import Struct, field

from guardrails.model import Comment
from guardrails.sources.terraform.expression import Invalid, Literal, Node, ParseError
from guardrails.sources.terraform.parser import parse_attribute, parse_expression
from guardrails.sources.terraform.source import Source, Span

DEPTH = 60
"""Blocks inside of each other."""
ERRORS = 50
"""Broken blocks of one file that are reported before the rest is given up."""

_NAME = re.compile(r"[^\W\d][\w-]*")
_EQUALS = re.compile(r"[ \t]*=")
_LABEL = re.compile(r'[ \t]*(?:"((?:[^"\\\n]|\\.)*)"|([^\W\d][\w-]*))')
_SKIP = re.compile(r"(?:[ \t\r\n]+|\#[^\n]*|//[^\n]*|/\*[\s\S]*?\*/)*")
_BLANK = re.compile(r"(?:[ \t]+|/\*[\s\S]*?\*/)*")
_RESUME = re.compile(r'^[a-z][\w-]*(?:[ \t]+(?:"[^"\n]*"|[\w-]+))*[ \t]*\{', re.MULTILINE)
_NOT_ASCII = re.compile(r"[^\x00-\x7f]")


class Attribute(Struct, eq=False):
    """`name = expression`."""

    name: str
    source: Source
    start: int
    end: int
    _from: int
    """Where the expression starts."""
    _node: Node | None = None

    @property
    def expression(self) -> Node:
        """The expression; one that is no expression evaluates to its error."""
        node = self._node
        if node is None:
            try:
                node = parse_expression(self.source.text, self._from, self.end)
            except ParseError as error:
                node = Invalid(self._from, self.end, error)
            self._node = node
        return node

    @property
    def span(self) -> Span:
        """From the name to the end of the expression."""
        return self.start, self.end


class Body(Struct, eq=False):
    """What stands between braces. The first of two attributes with one name counts."""

    attributes: Mapping[str, Attribute]
    blocks: Sequence[Block]

    def of(self, type: str) -> Iterator[Block]:  # noqa: A002  # the field's own name
        """The blocks of a type."""
        return (block for block in self.blocks if block.type == type)


class Block(Struct, eq=False):
    """`type "label" { ... }`."""

    type: str
    labels: tuple[str, ...]
    source: Source
    start: int
    end: int
    header_end: int
    """After the last label."""
    _tree: tree_sitter.Node | None = None
    _body: Body | None = None

    @property
    def body(self) -> Body:
        """Its content."""
        body = self._body
        if body is None:
            tree = self._tree
            inner = next((c for c in tree.children if c.type == "body"), None) if tree is not None else None
            body = self._body = Body({}, ()) if inner is None else _body(inner, self.source)
        return body

    @property
    def span(self) -> Span:
        """The whole block."""
        return self.start, self.end

    @property
    def header(self) -> Span:
        """Its type and labels."""
        return self.start, self.header_end


class ParsedFile(Struct):
    """A file's top level."""

    source: Source
    body: Body
    errors: Sequence[Broken] = ()


class Broken(Struct):
    """A part of a file that is not Terraform; the block that it stands in is left out."""

    message: str
    span: Span
    header: tuple[str, ...] = field(default=())
    """The type and labels of the block, as far as they could be read."""


def parse_file(source: Source) -> ParsedFile:
    """Read the structure of a `.tf` or `.tfvars` file. Never raises."""
    text = source.text
    # One byte for each character, so that tree-sitter's offsets are those of the text.
    ascii_text = text if text.isascii() else _NOT_ASCII.sub("x", text)
    tree = tree_sitter.Parser(tree_sitter.Language(tree_sitter_hcl.language())).parse(ascii_text.encode())
    root = tree.root_node
    if root.has_error:
        # Rare: a broken file, or one that this grammar rejects and Terraform does not, such as `1e3`.
        errors: list[Broken] = []
        body = _Scanner(source, errors).file()
        return ParsedFile(source, body, errors)
    inner = next((child for child in root.children if child.type == "body"), None)
    return ParsedFile(source, Body({}, ()) if inner is None else _body(inner, source))


def _body(tree: tree_sitter.Node, source: Source) -> Body:
    text = source.text
    attributes: dict[str, Attribute] = {}
    blocks: list[Block] = []
    for child in tree.children:
        kind = child.type
        if kind == "attribute":
            start = child.start_byte
            found = _NAME.match(text, start)
            if found:
                name = found[0]
                at = text.index("=", found.end()) + 1
                attributes.setdefault(name, Attribute(name, source, start, child.end_byte, at))
        elif kind == "block":
            start = child.start_byte
            type_, labels, end = _header(text, start)
            blocks.append(Block(type_, labels, source, start, child.end_byte, end, child))
    return Body(attributes, blocks)


def _header(text: str, start: int) -> tuple[str, tuple[str, ...], int]:
    """Type, labels and their end."""
    found = _NAME.match(text, start)
    if not found:
        return "", (), start
    at = found.end()
    labels: list[str] = []
    while label := _LABEL.match(text, at):
        labels.append(_unescape(label[1]) if label[1] is not None else label[2])
        at = label.end()
    return found[0], tuple(labels), at


def _unescape(label: str) -> str:
    if "\\" not in label:
        return label
    try:
        node = parse_expression(f'"{label}"')
    except ParseError:
        return label
    return node.value if isinstance(node, Literal) and isinstance(node.value, str) else label


class _Scanner:
    """Reads a file with errors: everything is parsed, and after an error it goes on with the next block."""

    def __init__(self, source: Source, errors: list[Broken]) -> None:
        self.source = source
        self.text = source.text
        self.errors = errors
        self.at = 0
        self.header: tuple[str, ...] = ()

    def file(self) -> Body:
        attributes: dict[str, Attribute] = {}
        blocks: list[Block] = []
        while True:
            self.skip()
            if self.at >= len(self.text):
                return Body(attributes, blocks)
            start = self.at
            self.header = ()
            try:
                self.item(attributes, blocks, 0)
            except (ParseError, RecursionError) as error:
                stop = error.offset if isinstance(error, ParseError) else self.at
                message = str(error) if isinstance(error, ParseError) else "nested too deeply"
                if len(self.errors) >= ERRORS:
                    self.errors.append(Broken("the rest of the file is not read: it has too many errors", (stop, stop)))
                    return Body(attributes, blocks)
                self.errors.append(Broken(message, (stop, stop), self.header))
                resume = _RESUME.search(self.text, start + 1)
                self.at = resume.start() if resume else len(self.text)

    def skip(self) -> None:
        if found := _SKIP.match(self.text, self.at):
            self.at = found.end()

    def item(self, attributes: dict[str, Attribute], blocks: list[Block], depth: int) -> None:
        text, start = self.text, self.at
        found = _NAME.match(text, start)
        if not found:
            raise ParseError("an argument or a block is expected here", start)
        if depth > DEPTH:
            raise ParseError(f"blocks are nested more than {DEPTH} levels deep", start)
        if equals := _EQUALS.match(text, found.end()):
            if text.startswith("=", equals.end()):
                raise ParseError("an argument or a block is expected here", start)
            node, self.at = parse_attribute(text, equals.end())
            attributes.setdefault(found[0], Attribute(found[0], self.source, start, self.at, equals.end(), node))
            return
        type_, labels, end = _header(text, start)
        if depth == 0:
            self.header = (type_, *labels)
        self.at = end
        if blank := _BLANK.match(text, self.at):
            self.at = blank.end()
        if not text.startswith("{", self.at):
            raise ParseError("'=' or '{' is expected here", self.at)
        self.at += 1
        body = self.inner(depth)
        blocks.append(Block(type_, labels, self.source, start, self.at, end, None, body))

    def inner(self, depth: int) -> Body:
        attributes: dict[str, Attribute] = {}
        blocks: list[Block] = []
        while True:
            self.skip()
            if self.text.startswith("}", self.at):
                self.at += 1
                return Body(attributes, blocks)
            if self.at >= len(self.text):
                raise ParseError("a block does not end", self.at)
            self.item(attributes, blocks, depth + 1)


# Comments that speak to guardrails


def comments(parsed: ParsedFile) -> list[Comment]:
    """The comments that contain `guardrails:`, each with the span that it stands for."""
    source = parsed.source
    text = source.text
    if "guardrails:" not in text:
        return []
    ascii_text = text if text.isascii() else _NOT_ASCII.sub("x", text)
    tree = tree_sitter.Parser(tree_sitter.Language(tree_sitter_hcl.language())).parse(ascii_text.encode())
    found: list[Comment] = []
    at = 0
    while (at := text.find("guardrails:", at)) >= 0:
        node = tree.root_node.descendant_for_byte_range(at, at)
        if node is None or node.type != "comment":
            at += 1
            continue
        span = node.start_byte, node.end_byte
        inner = text[slice(*span)].rstrip().removeprefix("#").removeprefix("//").removeprefix("/*").removesuffix("*/")
        applies = source.location(_target(parsed, span))
        found.append(Comment(source.location(span), inner.strip(), applies))
        at = span[1]
    return found


def _target(parsed: ParsedFile, comment: Span) -> Span:
    """What a comment stands for: see `model.Comment.applies_to`."""
    source, text = parsed.source, parsed.source.text
    line_start = text.rfind("\n", 0, comment[0]) + 1
    if text[line_start : comment[0]].strip():
        at = line_start + len(text[line_start:]) - len(text[line_start:].lstrip(" \t"))
    else:
        found = _SKIP.match(text, comment[1])
        at = found.end() if found else comment[1]
        if at >= len(text):
            return comment
    return _item_at(parsed.body, at) or _line(source, at)


def _item_at(body: Body, at: int) -> Span | None:
    """The span of the attribute or block that starts at an offset."""
    inner: Body | None = body
    while inner is not None:
        for attribute in inner.attributes.values():
            if attribute.start == at:
                return attribute.span
        blocks, inner = inner.blocks, None
        for block in blocks:
            if block.start == at:
                return block.span
            if block.start < at < block.end:
                inner = block.body
    return None


def _line(source: Source, at: int) -> Span:
    line, _ = source.position(at)
    text = source.text
    end = text.find("\n", at)
    end = len(text) if end < 0 else end
    return at, max(at, len(text[:end].rstrip())) if end - source.line_start(line) < 10_000 else end
