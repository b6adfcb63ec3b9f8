"""The parser of expressions and templates: text to `Node`s.

It reads text straight away, without tokens, as HCL's scanner is different inside of strings, heredocs and brackets.
The tree of tree-sitter is not used below attributes: it groups `a ? b : c ? d : e` to the left and leaves out the
white space around template sequences.
"""

from __future__ import annotations

import re

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
    Tuple,
    Unary,
)
from guardrails.sources.terraform.number import parse as parse_number
from guardrails.sources.terraform.template import BLANK, DEPTH, IDENTIFIER, SPACE, End, TemplateReader, composed

_NUMBER = re.compile(r"\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")
_DIGITS = re.compile(r"\d+")
_OPERATOR = re.compile(r"\|\||&&|==|!=|>=|<=|>|<|\+|-|\*|/|%(?!\{)")
_PLAIN_STRING = re.compile(r'"([^"\\$%\n]*)"')
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
_KEYWORDS = {"true": True, "false": False, "null": None}


def parse_expression(text: str, start: int = 0, end: int | None = None) -> Node:
    """The expression that is the whole of `text[start:end]`. Raises `ParseError`."""
    parser = _Parser(text[start:end], start)
    try:
        parser.skip(SPACE)
        node = parser.expression()
        parser.skip(SPACE)
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
    parts = parser.template_parts(End("text"))
    return parser.assemble(parts, 0)


class _Parser(TemplateReader):
    """Reads expressions."""

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
            self.skip(SPACE)
            yes = self.expression()
            self.expect(":")
            self.skip(SPACE)
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
            self.skip(SPACE)
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
                    return Literal(*self.span(start), composed(found[1]))
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
            case _ if found := IDENTIFIER.match(text, start):
                self.at = found.end()
                return self.named(found[0], start)
            case _:
                raise ParseError("an expression is expected here", start)

    def named(self, name: str, start: int) -> Node:
        while self.text.startswith("::", self.at):
            self.at += 2
            name += f"::{self.identifier()}"
        before = self.at
        self.skip(BLANK)
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
        return Call(*self.span(start), name.removeprefix("core::"), arguments, expand)

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
        found = IDENTIFIER.match(self.text, self.at)
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
        found = IDENTIFIER.match(self.text, self.at)
        if found and found[0] == "if":
            self.at += 2
            self.space()
            condition = self.expression()
        self.expect(closing)
        return For(*self.span(start), names[0], names[1], source, key, value, condition, group)

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
            self.skip(SPACE)
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
            found = IDENTIFIER.match(self.text, start)
            if found and found.end() == self.at:
                return Literal(node.start, node.end, found[0])
        return node
