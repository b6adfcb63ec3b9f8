"""The parser of templates: quoted strings, heredocs, and files or JSON strings that are one template."""

from __future__ import annotations

import re
from typing import Literal as Only
from unicodedata import normalize

from msgspec import Struct

from guardrails.sources.terraform.expression import Conditional, Literal, Node, ParseError, Template, TemplateFor

DEPTH = 60
"""Brackets, operators and templates inside of each other."""

SPACE = re.compile(r"(?:[ \t\r\n]+|\#[^\n]*|//[^\n]*|/\*[\s\S]*?\*/)*")
BLANK = re.compile(r"(?:[ \t]+|/\*[\s\S]*?\*/)*")
IDENTIFIER = re.compile(r"[^\W\d][\w-]*")
_TEXT = re.compile(r'[^"\\$%\n]+')
_HEREDOC = re.compile(r"<<(-?)([^\W\d][\w-]*)\r?\n")
_HEREDOC_TEXT = re.compile(r"[^$%\n]+")
_WORD = re.compile(r"(if|else|endif|for|endfor)(?![\w-])")
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\"}


class End(Struct):
    """How a template ends: with a quote, a heredoc's marker or the text."""

    kind: Only["quote", "heredoc", "text"]
    marker: re.Pattern[str] | None = None


class _Part(Struct):
    """A piece of a template: text, a hole, or a directive (`if`, `else`, `endif`, `for`, `endfor`)."""

    kind: str
    start: int
    text: str = ""
    node: Node | None = None
    names: tuple[str, str] = ("", "")
    starts_line: bool = False


class TemplateReader:
    """Reads a text from a place on; what it reads of templates. Expressions are its subclass's."""

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
        """Go on behind what a pattern matches here."""
        if found := pattern.match(self.text, self.at):
            self.at = found.end()

    def space(self) -> None:
        """Go on behind white space: inside of brackets line ends are some."""
        self.skip(SPACE if self.multiline else BLANK)

    def peek(self) -> str:
        """The next character, or nothing at the end."""
        return self.text[self.at : self.at + 1]

    def expect(self, piece: str) -> None:
        """Go on behind a piece of text. Raises `ParseError` if it is not here."""
        self.space()
        if not self.text.startswith(piece, self.at):
            raise ParseError(f"{piece!r} is expected here", self.at)
        self.at += len(piece)

    def identifier(self) -> str:
        """The name that starts here, after white space. Raises `ParseError`."""
        self.space()
        found = IDENTIFIER.match(self.text, self.at)
        if not found:
            raise ParseError("a name is expected here", self.at)
        self.at = found.end()
        return found[0]

    def span(self, start: int) -> tuple[int, int]:
        """The span of a node that starts at an offset and ends here."""
        return self.fixed or (start + self.base, self.at + self.base)

    def expression(self) -> Node:
        """The expression that starts here."""
        raise NotImplementedError

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

    # Templates

    def quoted(self) -> Node:
        """A string in quotes."""
        start = self.at
        self.at += 1
        parts = self.template_parts(End("quote"))
        return self.assemble(parts, start)

    def heredoc(self) -> Node:
        """A heredoc."""
        start = self.at
        found = _HEREDOC.match(self.text, start)
        if not found:
            raise ParseError("an expression is expected here", start)
        self.at = found.end()
        marker = re.compile(rf"[ \t]*{re.escape(found[2])}(?=[ \t]*(?:\r?\n|\Z|[^\w\s-]))")
        parts = self.template_parts(End("heredoc", marker))
        if found[1]:
            _dedent(parts)
        return self.assemble(parts, start, wrap=False)

    def template_parts(self, end: End) -> list[_Part]:
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

    def literal(self, pattern: re.Pattern[str], end: End) -> str:
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
        return composed("".join(pieces))

    def escape(self) -> str:
        """The character that an escape sequence stands for. Raises `ParseError`."""
        letter = self.text[self.at + 1 : self.at + 2]
        if letter in _ESCAPES and letter:
            self.at += 2
            return _ESCAPES[letter]
        if letter in ("u", "U"):
            size = 4 if letter == "u" else 8
            digits = self.text[self.at + 2 : self.at + 2 + size]
            if re.fullmatch(rf"[0-9a-fA-F]{{{size}}}", digits) and int(digits, 16) < 0x110000:
                self.at += 2 + size
                code = int(digits, 16)
                return chr(code) if not 0xD800 <= code < 0xE000 else "\ufffd"
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
        """What a directive says, without its braces."""
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
        elif not new_line or not part.text.isspace():  # empty lines stay as they are
            indent = len(part.text) - len(part.text.lstrip())
            least = indent if least is None else min(least, indent)
            lines.append(part)
    for part in lines:
        part.text = part.text[least or 0 :]


def composed(text: str) -> str:
    """A text as Terraform keeps it: in Unicode\'s composed form."""
    return text if text.isascii() else normalize("NFC", text)
