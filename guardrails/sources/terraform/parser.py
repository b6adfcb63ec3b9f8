"""The parser of expressions and templates: text to `Node`s.

It reads text straight away, without tokens, as HCL's scanner is different inside of strings, heredocs and brackets.
The tree of tree-sitter is not used below attributes: it groups `a ? b : c ? d : e` to the left and leaves out the
white space around template sequences.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal as Only
from unicodedata import normalize

from guardrails.sources.terraform.expression import (
    ITEM,
    Binary,
    Call,
    Conditional,
    For,
    GetAttribute,
    Index,
    Literal,
    Name,
    Node,
    Object,
    ParseError,
    Reference,
    Splat,
    Template,
    TemplateFor,
    Tuple,
    Unary,
)
from guardrails.sources.terraform.number import parse as parse_number

DEPTH = 100
"""Brackets, operators and templates inside of each other."""

_SPACE = re.compile(r"(?:[ \t\r\n]+|\#[^\n]*|//[^\n]*|/\*[\s\S]*?\*/)*")
_BLANK = re.compile(r"(?:[ \t]+|/\*[\s\S]*?\*/)*")
_IDENTIFIER = re.compile(r"[^\W\d][\w-]*")
_NUMBER = re.compile(r"\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")
_DIGITS = re.compile(r"\d+")
_OPERATOR = re.compile(r"\|\||&&|==|!=|>=|<=|>|<|\+|-|\*|/|%(?!\{)")
_PLAIN_STRING = re.compile(r'"([^"\\$%\n]*)"')
_TEXT = re.compile(r'[^"\\$%\n]+')
_HEREDOC = re.compile(r"<<(-?)([^\W\d][\w-]*)\r?\n")
_HEREDOC_TEXT = re.compile(r"[^$%\n]+")
_WORD = re.compile(r"(if|else|endif|for|endfor)(?![\w-])")
_LEVELS = {
    "||": 1,
    "&&": 2,
    "==": 3,
    "!=": 3,
    "<": 4,
    ">": 4,
    "<=": 4,
    ">=": 4,
    "+": 5,
    "-": 5,
    "*": 6,
    "/": 6,
    "%": 6,
}
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\"}
_KEYWORDS = {"true": True, "false": False, "null": None}


def parse_expression(text: str, start: int = 0, end: int | None = None) -> Node:
    """The expression that is the whole of `text[start:end]`. Raises `ParseError`."""
    parser = _Parser(text[start:end], start)
    try:
        parser.skip(_SPACE)
        node = parser.expression()
        parser.skip(_SPACE)
        if parser.at < len(parser.text):
            raise ParseError("the expression should end here", parser.at)
    except ParseError as error:
        raise ParseError(str(error), error.offset + start) from None
    return node


def parse_attribute(text: str, start: int) -> tuple[Node, int]:
    """The expression that starts at an offset and ends with its line, and where it ends. Raises `ParseError`."""
    parser = _Parser(text, 0)
    parser.at = start
    parser.space()
    node = parser.expression()
    end = parser.at
    parser.space()
    if parser.peek() not in ("", "\n", "\r", "#", "/", "}"):
        raise ParseError("the expression should end here", parser.at)
    return node, end


def parse_template(text: str, span: tuple[int, int] | None = None) -> Node:
    """The template that is the whole of a text, as a file or a JSON string holds it. Raises `ParseError`.

    With `span`, every node gets that span: the text is not part of a file as it is.
    """
    parser = _Parser(text, 0, span)
    parser.multiline = True
    parts = parser.template_parts(_End("text"))
    return parser.assemble(parts, 0)


@dataclass(slots=True)
class _End:
    """How a template ends: with a quote, a heredoc's marker or the text."""

    kind: Only["quote", "heredoc", "text"]
    marker: re.Pattern[str] | None = None


@dataclass(slots=True)
class _Part:
    """A piece of a template: text, a hole, or a directive (`if`, `else`, `endif`, `for`, `endfor`)."""

    kind: str
    start: int
    text: str = ""
    node: Node | None = None
    names: tuple[str, str] = ("", "")
    starts_line: bool = False


class _Parser:
    def __init__(self, text: str, base: int, span: tuple[int, int] | None = None) -> None:
        self.text = text
        self.base = base
        """What offsets in the text are counted from."""
        self.at = 0
        self.fixed = span
        self.multiline = False
        """Whether line ends are white space: inside brackets and template sequences."""
        self.depth = 0

    # Small steps

    def skip(self, pattern: re.Pattern[str]) -> None:
        if found := pattern.match(self.text, self.at):
            self.at = found.end()

    def space(self) -> None:
        self.skip(_SPACE if self.multiline else _BLANK)

    def peek(self) -> str:
        return self.text[self.at : self.at + 1]

    def expect(self, piece: str) -> None:
        self.space()
        if not self.text.startswith(piece, self.at):
            raise ParseError(f"{piece!r} is expected here", self.at)
        self.at += len(piece)

    def identifier(self) -> str:
        self.space()
        found = _IDENTIFIER.match(self.text, self.at)
        if not found:
            raise ParseError("a name is expected here", self.at)
        self.at = found.end()
        return found[0]

    def span(self, start: int) -> tuple[int, int]:
        return self.fixed or (start + self.base, self.at + self.base)

    # Expressions

    def expression(self) -> Node:
        self.depth += 1
        if self.depth > DEPTH:
            raise ParseError(f"the expression is nested more than {DEPTH} levels deep", self.at)
        start = self.at
        node = self.operation(0)
        self.space()
        if self.peek() == "?":
            self.at += 1
            self.skip(_SPACE)
            yes = self.expression()
            self.expect(":")
            self.skip(_SPACE)
            no = self.expression()
            node = Conditional(*self.span(start), node, yes, no)
        self.depth -= 1
        return node

    def operation(self, level: int) -> Node:
        start = self.at
        left = self.operand()
        while True:
            before = self.at
            self.space()
            found = _OPERATOR.match(self.text, self.at)
            if not found or _LEVELS[found[0]] <= level:
                self.at = before
                return left
            self.at = found.end()
            self.skip(_SPACE)
            right = self.operation(_LEVELS[found[0]])
            left = Binary(*self.span(start), found[0], left, right)

    def operand(self) -> Node:
        start = self.at
        char = self.peek()
        if char and char in "-!":
            self.at += 1
            self.space()
            self.depth += 1
            if self.depth > DEPTH:
                raise ParseError(f"the expression is nested more than {DEPTH} levels deep", self.at)
            operand = self.operand()
            self.depth -= 1
            return Unary(*self.span(start), char, operand)
        return self.steps(self.term(char), start)

    def term(self, char: str) -> Node:
        start, text = self.at, self.text
        match char:
            case '"':
                if found := _PLAIN_STRING.match(text, start):
                    self.at = found.end()
                    return Literal(*self.span(start), _composed(found[1]))
                return self.quoted()
            case "[":
                return self.tuple_literal()
            case "{":
                return self.object_literal()
            case "(":
                self.at += 1
                outer, self.multiline = self.multiline, True
                self.space()
                node = self.expression()
                self.expect(")")
                self.multiline = outer
                return node
            case "<":
                return self.heredoc()
            case _ if found := _NUMBER.match(text, start):
                self.at = found.end()
                try:
                    return Literal(*self.span(start), parse_number(found[0]))
                except ValueError as error:
                    raise ParseError(str(error), start) from None
            case _ if found := _IDENTIFIER.match(text, start):
                self.at = found.end()
                return self.named(found[0], start)
            case _:
                raise ParseError("an expression is expected here", start)

    def named(self, name: str, start: int) -> Node:
        while self.text.startswith("::", self.at):
            self.at += 2
            name += f"::{self.identifier()}"
        before = self.at
        self.skip(_BLANK)
        if self.peek() == "(":
            return self.call(name, start)
        self.at = before
        if "::" in name:
            raise ParseError("the arguments of a function are expected here", before)
        if name in _KEYWORDS:
            return Literal(*self.span(start), _KEYWORDS[name])
        return Reference(*self.span(start), name, [])

    def call(self, name: str, start: int) -> Node:
        self.at += 1
        outer, self.multiline = self.multiline, True
        arguments: list[Node] = []
        expand = False
        while True:
            self.space()
            if self.peek() == ")":
                break
            arguments.append(self.expression())
            self.space()
            if self.text.startswith("...", self.at):
                self.at += 3
                self.space()
                expand = True
                if self.peek() == ",":
                    self.at += 1
                    self.space()
                break
            if self.peek() != ",":
                break
            self.at += 1
        self.expect(")")
        self.multiline = outer
        return Call(*self.span(start), name, arguments, expand)

    # What follows a term

    def steps(self, node: Node, start: int) -> Node:
        """The attributes, indexes and splats after a term."""
        while True:
            before = self.at
            char = self.peek()
            if char and char in " \t\r\n/#":
                self.space()
                char = self.peek()
            if char == "[":
                node = self.bracket(node, start)
            elif char == "." and not self.text.startswith("..", self.at):
                node = self.dot(node, start)
            else:
                self.at = before
                return node

    def dot(self, node: Node, start: int) -> Node:
        self.at += 1
        self.space()
        if self.peek() == "*":
            self.at += 1
            item = self.at
            each: Node = Reference(*self.span(item), ITEM, [])
            while self.peek() == "." and not self.text.startswith("..", self.at):
                self.at += 1
                each = self.named_step(each, item)
            return Splat(*self.span(start), node, each)
        return self.named_step(node, start)

    def named_step(self, node: Node, start: int) -> Node:
        if found := _DIGITS.match(self.text, self.at):
            self.at = found.end()
            return self.indexed(node, start, Literal(*self.span(found.start()), int(found[0])))
        name = self.identifier()
        if isinstance(node, Reference):
            return Reference(*self.span(start), node.root, [*node.steps, Name(name)])
        return GetAttribute(*self.span(start), node, name)

    def bracket(self, node: Node, start: int) -> Node:
        self.at += 1
        outer, self.multiline = self.multiline, True
        self.space()
        if self.peek() == "*":
            self.at += 1
            self.expect("]")
            self.multiline = outer
            item = self.at
            each = self.steps(Reference(*self.span(item), ITEM, []), item)
            return Splat(*self.span(start), node, each)
        key = self.expression()
        self.expect("]")
        self.multiline = outer
        return self.indexed(node, start, key)

    def indexed(self, node: Node, start: int, key: Node) -> Node:
        if isinstance(node, Reference) and isinstance(key, Literal) and isinstance(key.value, str | int | float):
            return Reference(*self.span(start), node.root, [*node.steps, key.value])
        return Index(*self.span(start), node, key)

    # Collections

    def tuple_literal(self) -> Node:
        start = self.at
        self.at += 1
        outer, self.multiline = self.multiline, True
        self.space()
        if self.is_for():
            node = self.for_each(start, "]")
            self.multiline = outer
            return node
        items: list[Node] = []
        while self.peek() != "]":
            items.append(self.expression())
            self.space()
            if self.peek() != ",":
                break
            self.at += 1
            self.space()
        self.expect("]")
        self.multiline = outer
        return Tuple(*self.span(start), items)

    def is_for(self) -> bool:
        found = _IDENTIFIER.match(self.text, self.at)
        return bool(found) and found is not None and found[0] == "for"

    def for_each(self, start: int, closing: str) -> Node:
        self.at += 3
        names = self.names()
        source = self.expression()
        self.expect(":")
        self.space()
        key: Node | None = None
        value = self.expression()
        self.space()
        group = False
        if closing == "}":
            key = value
            self.expect("=>")
            self.space()
            value = self.expression()
            self.space()
            if self.text.startswith("...", self.at):
                self.at += 3
                group = True
                self.space()
        condition: Node | None = None
        found = _IDENTIFIER.match(self.text, self.at)
        if found and found[0] == "if":
            self.at += 2
            self.space()
            condition = self.expression()
        self.expect(closing)
        return For(*self.span(start), names[0], names[1], source, key, value, condition, group)

    def names(self) -> tuple[str, str]:
        """The names after `for`, up to and with `in`: of the key (or nothing) and of the value."""
        first = self.identifier()
        self.space()
        key = ""
        if self.peek() == ",":
            self.at += 1
            key, first = first, self.identifier()
        if self.identifier() != "in":
            raise ParseError("'in' is expected here", self.at)
        self.space()
        return key, first

    def object_literal(self) -> Node:
        start = self.at
        self.at += 1
        outer, self.multiline = self.multiline, True
        self.space()
        if self.is_for():
            node = self.for_each(start, "}")
            self.multiline = outer
            return node
        items: list[tuple[Node, Node]] = []
        while self.peek() != "}":
            self.multiline = False
            key = self.key()
            self.space()
            if self.peek() not in ("=", ":"):
                raise ParseError("'=' is expected here", self.at)
            self.at += 1
            self.skip(_SPACE)
            items.append((key, self.expression()))
            self.space()
            self.multiline = True
            if self.peek() == ",":
                self.at += 1
            elif self.peek() not in ("\n", "\r", "#", "/", "}"):
                raise ParseError("a comma or the end of the line is expected here", self.at)
            self.space()
        self.at += 1
        self.multiline = outer
        return Object(*self.span(start), items)

    def key(self) -> Node:
        start = self.at
        node = self.expression()
        # A name alone is the key itself; in parentheses it is an expression.
        if isinstance(node, Reference) and not node.steps and self.text[start] != "(":
            return Literal(node.start, node.end, node.root)
        if isinstance(node, Literal) and not isinstance(node.value, str):
            found = _IDENTIFIER.match(self.text, start)
            if found and found.end() == self.at:
                return Literal(node.start, node.end, found[0])
        return node

    # Templates

    def quoted(self) -> Node:
        start = self.at
        self.at += 1
        parts = self.template_parts(_End("quote"))
        return self.assemble(parts, start)

    def heredoc(self) -> Node:
        start = self.at
        found = _HEREDOC.match(self.text, start)
        if not found:
            raise ParseError("an expression is expected here", start)
        self.at = found.end()
        marker = re.compile(rf"[ \t]*{re.escape(found[2])}(?=[ \t]*(?:\r?\n|\Z|[^\w\s-]))")
        parts = self.template_parts(_End("heredoc", marker))
        if found[1]:
            _dedent(parts)
        return self.assemble(parts, start, wrap=False)

    def template_parts(self, end: _End) -> list[_Part]:
        """The pieces up to the end, which is read too; `~` has trimmed them."""
        text, parts = self.text, list[_Part]()
        outer, self.multiline = self.multiline, True
        pattern = _TEXT if end.kind == "quote" else _HEREDOC_TEXT
        trim, line_start = False, True
        while True:
            if end.marker is not None and line_start and (found := end.marker.match(text, self.at)):
                self.at = found.end()
                break
            char = self.peek()
            if not char:
                if end.kind != "text":
                    raise ParseError("a string does not end", self.at)
                break
            if char == '"' and end.kind == "quote":
                self.at += 1
                break
            if char in "$%" and text.startswith("{", self.at + 1):
                trim = self.sequence(parts, char)
                line_start = False
                continue
            start = self.at
            piece = self.literal(pattern, end)
            if trim:
                piece = piece.lstrip()
                trim = False
            parts.append(_Part("text", start, piece, starts_line=line_start))
            line_start = text[self.at - 1] == "\n"
        self.multiline = outer
        return parts

    def literal(self, pattern: re.Pattern[str], end: _End) -> str:
        """Text up to a sequence, the end, or (outside of quotes) the end of its line."""
        text, pieces = self.text, list[str]()
        while self.at < len(text):
            char = text[self.at]
            if found := pattern.match(text, self.at):
                pieces.append(found[0])
                self.at = found.end()
            elif char in "$%":
                if text.startswith("{", self.at + 1):
                    break
                if text.startswith(char + "{", self.at + 1):
                    pieces.append(char + "{")
                    self.at += 3
                else:
                    pieces.append(char)
                    self.at += 1
            elif end.kind != "quote":
                pieces.append(char)
                self.at += 1
                if char == "\n":
                    break
            elif char == '"':
                break
            elif char == "\\":
                pieces.append(self.escape())
            else:
                raise ParseError("a quoted string must not go on in the next line", self.at)
        return _composed("".join(pieces))

    def escape(self) -> str:
        letter = self.text[self.at + 1 : self.at + 2]
        if letter in _ESCAPES and letter:
            self.at += 2
            return _ESCAPES[letter]
        if letter in ("u", "U"):
            size = 4 if letter == "u" else 8
            digits = self.text[self.at + 2 : self.at + 2 + size]
            if re.fullmatch(rf"[0-9a-fA-F]{{{size}}}", digits) and int(digits, 16) < 0x110000:
                self.at += 2 + size
                return chr(int(digits, 16))
        raise ParseError("there is no such escape sequence", self.at)

    def sequence(self, parts: list[_Part], char: str) -> bool:
        """A hole or a directive; whether it trims what follows."""
        start = self.at
        self.at += 2
        if self.peek() == "~":
            self.at += 1
            if parts and parts[-1].kind == "text":
                parts[-1].text = parts[-1].text.rstrip()
        self.space()
        if char == "$":
            parts.append(_Part("hole", start, node=self.expression()))
        else:
            parts.append(self.directive(start))
        self.space()
        trims = self.peek() == "~"
        if trims:
            self.at += 1
        if self.peek() != "}":
            raise ParseError("'}' is expected here", self.at)
        self.at += 1
        return trims

    def directive(self, start: int) -> _Part:
        found = _WORD.match(self.text, self.at)
        if not found:
            raise ParseError("if, else, endif, for or endfor is expected here", self.at)
        self.at = found.end()
        self.space()
        match found[1]:
            case "if":
                return _Part("if", start, node=self.expression())
            case "for":
                names = self.names()
                return _Part("for", start, node=self.expression(), names=names)
            case word:
                return _Part(word, start)

    def assemble(self, parts: list[_Part], start: int, *, wrap: bool = True) -> Node:
        """One node out of the pieces; a template that is one hole is that hole's value if `wrap`."""
        if all(part.kind == "text" for part in parts):
            return Literal(*self.span(start), "".join(part.text for part in parts))
        nodes, rest = self.nest(parts, 0, ())
        if rest < len(parts):
            raise ParseError(f"{parts[rest].kind} has no beginning", parts[rest].start)
        if wrap and len(parts) == 1 and parts[0].kind == "hole":
            return nodes[0]
        return Template(*self.span(start), nodes)

    def nest(self, parts: list[_Part], at: int, ends: tuple[str, ...], depth: int = 0) -> tuple[list[Node], int]:
        """The nodes from a piece on, up to one of `ends`, and the number of that piece."""
        if depth > DEPTH:
            raise ParseError(f"the template is nested more than {DEPTH} levels deep", parts[at].start)
        nodes: list[Node] = []
        while at < len(parts):
            part = parts[at]
            if part.kind == "text":
                if part.text:
                    nodes.append(Literal(*self.span(part.start), part.text))
            elif part.kind == "hole" and part.node is not None:
                nodes.append(part.node)
            elif part.kind == "if" and part.node is not None:
                yes, at = self.nest(parts, at + 1, ("else", "endif"), depth + 1)
                no: list[Node] = []
                if parts[at].kind == "else":
                    no, at = self.nest(parts, at + 1, ("endif",), depth + 1)
                arms = [Template(*self.span(part.start), arm) for arm in (yes, no)]
                nodes.append(Conditional(*self.span(part.start), part.node, *arms))
            elif part.kind == "for" and part.node is not None:
                body, at = self.nest(parts, at + 1, ("endfor",), depth + 1)
                template = Template(*self.span(part.start), body)
                nodes.append(TemplateFor(*self.span(part.start), *part.names, part.node, template))
            elif part.kind in ends:
                return nodes, at
            else:
                break
            at += 1
        if ends:
            raise ParseError(f"{ends[-1]} is expected", parts[min(at, len(parts) - 1)].start)
        return nodes, at


def _dedent(parts: list[_Part]) -> None:
    """Take the indentation that all lines share off each of them, as `<<-` asks for."""
    least: int | None = None
    lines: list[_Part] = []
    new_line = True
    for part in parts:
        begins, new_line = new_line, part.kind == "text" and part.text.endswith("\n")
        if not begins or part.kind == "endif":
            continue
        if part.kind != "text":
            least = 0
        elif part.text != "\n":
            indent = len(part.text) - len(part.text.lstrip())
            least = indent if least is None else min(least, indent)
            lines.append(part)
    for part in lines:
        part.text = part.text[least or 0 :]


def _composed(text: str) -> str:
    return text if text.isascii() else normalize("NFC", text)
