"""A subset of YAML 1.1: block and flow collections, plain and quoted scalars, literal and folded text.

Whatever is beyond it (anchors, tags, several documents, explicit keys, ...) makes the result unknown.
"""

from __future__ import annotations

import re

from msgspec import Struct

from guardrails.model import Value
from guardrails.sources.terraform.functions.encoding_json import normalize_all
from guardrails.sources.terraform.functions.signature import Beyond, FunctionContext, bounded, function, table, text
from guardrails.sources.terraform.number import OutOfRangeError, parse, to_string
from guardrails.sources.terraform.types import EvaluationError

_TRUE = frozenset(("y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"))
_FALSE = frozenset(("n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"))
_NULL = frozenset(("", "~", "null", "Null", "NULL"))
_NO_NUMBER = frozenset((".nan", ".NaN", ".NAN"))
_NUMBER = re.compile(r"[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?\Z", re.ASCII)
_SIMPLE_BASED = re.compile(r"0(?:x[0-9a-fA-F]+|o[0-7]+)\Z", re.ASCII)
_INFINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)\Z", re.ASCII)
_TIME = re.compile(r"\d{4}-\d{1,2}-\d{1,2}", re.ASCII)
_DATE = re.compile(r"\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])\Z", re.ASCII)
_ESCAPES = {
    "0": "\0", "a": "\a", "b": "\b", "t": "\t", "n": "\n", "v": "\v", "f": "\f", "r": "\r", "e": "\x1b", " ": " ",
    '"': '"', "'": "'", "\\": "\\", "N": "\x85", "_": "\xa0", "L": "\u2028", "P": "\u2029",
}  # fmt: skip  # a table reads best as one
_MAX_REREAD = 1_000_000
"""Characters: a flow collection is read again with each line that it goes on with."""
_HEX = {"x": 2, "u": 4, "U": 8}


def _beyond(what: str) -> Beyond:
    return Beyond(f"YAML beyond what is read: {what}")


def resolve(plain: str) -> Value:
    """The value of a scalar without quotes."""
    if plain in _NULL:
        return None
    if plain in _TRUE or plain in _FALSE:
        return plain in _TRUE
    if plain[0] not in "+-.0123456789":
        return plain
    if _NUMBER.match(plain):
        try:
            return parse(plain)
        except OutOfRangeError as error:
            raise Beyond(str(error)) from None
    if _SIMPLE_BASED.match(plain):
        return int(plain, 0)
    if _INFINITE.match(plain):
        return float("-inf" if plain[0] == "-" else "inf")
    if plain in _NO_NUMBER:
        raise EvaluationError("floating point NaN is not supported")
    if _TIME.match(plain):
        if _DATE.match(plain):
            return f"{plain}T00:00:00Z"
        raise _beyond("a point in time")
    return plain


def _key(value: Value) -> str:
    match value:
        case None:
            raise EvaluationError("mapping key cannot be null")
        case bool():
            return "true" if value else "false"
        case int() | float():
            return to_string(value)
        case str():
            return value
        case _:
            raise _beyond("a key that is not a scalar")


class _Line(Struct):
    indent: int
    text: str
    """From the first character on, a comment included."""
    raw: str


def _without_comment(line: str) -> str:
    """Cut a comment off a line without quotes in front of it."""
    if line.startswith("#"):
        return ""
    at = re.search(r"\s#", line)
    return (line[: at.start()] if at else line).rstrip()


class _Reader:
    def __init__(self, source: str) -> None:
        self.lines: list[_Line] = []
        self.at = 0
        self.reread = 0
        for raw in source.replace("\r\n", "\n").split("\n"):
            bare = raw.lstrip(" ")
            self.lines.append(_Line(len(raw) - len(bare), bare.rstrip(), raw))
        self._frame()

    def _frame(self) -> None:
        """Take off the marks of one document."""
        start = next((i for i, line in enumerate(self.lines) if not self._is_blank(line)), len(self.lines))
        if start < len(self.lines) and self.lines[start].raw.startswith("%"):
            raise _beyond("a directive")
        if start < len(self.lines) and re.match(r"---(?:\s|\Z)", self.lines[start].raw):
            line = self.lines[start]
            rest = line.raw[3:]
            bare = rest.lstrip(" ")
            # Content beside the mark stands below everything that may follow it.
            self.lines[start] = _Line(0, bare.rstrip(), bare)
            if bare.rstrip() and _find_colon(bare.rstrip()) >= 0:
                raise _beyond("a mapping on the line of the document mark")
        for index in range(len(self.lines)):
            if index != start and re.match(r"(?:---|\.\.\.)(?:\s|\Z)", self.lines[index].raw):
                if any(not self._is_blank(line) for line in self.lines[index + 1 :]) or self.lines[index].raw[0] == "-":
                    raise _beyond("several documents")
                del self.lines[index:]
                break

    @staticmethod
    def _is_blank(line: _Line) -> bool:
        return not line.text or line.text.startswith("#")

    def _skip(self) -> None:
        while self.at < len(self.lines) and self._is_blank(self.lines[self.at]):
            self.at += 1

    def document(self) -> Value:
        self._skip()
        if self.at >= len(self.lines):
            raise EvaluationError("on line 1, column 1: missing start of document")
        value = self._node(-1)
        self._skip()
        if self.at < len(self.lines):
            raise _beyond(f"line {self.at + 1}")
        return value

    def _node(self, parent: int) -> Value:
        """The node that starts on the current line, which is indented more than `parent`."""
        line = self.lines[self.at]
        if line.text.startswith("\t"):
            raise _beyond("a tab as indentation")
        if line.text == "-" or line.text.startswith("- "):
            return self._sequence(line.indent)
        if line.text[0] not in "[{|>" and _find_colon(line.text) >= 0:
            return self._mapping(line.indent)
        return self._scalar(line.text, parent)

    def _sequence(self, indent: int) -> Value:
        items: list[Value] = []
        while True:
            self._skip()
            if self.at >= len(self.lines):
                return items
            line = self.lines[self.at]
            if line.indent != indent or not (line.text == "-" or line.text.startswith("- ")):
                return items
            rest = line.text[1:].lstrip(" ")
            if _without_comment(rest):
                inner = indent + len(line.text) - len(rest)
                self.lines[self.at] = _Line(inner, rest, " " * inner + rest)
                items.append(self._node(indent))
            else:
                self.at += 1
                items.append(self._below(indent, sequence=False))

    def _below(self, indent: int, *, sequence: bool) -> Value:
        """The value on the following lines; a sequence may stand at the indentation of its key."""
        self._skip()
        if self.at < len(self.lines):
            line = self.lines[self.at]
            if line.indent > indent:
                return self._node(indent)
            if sequence and line.indent == indent and (line.text == "-" or line.text.startswith("- ")):
                return self._sequence(indent)
        return None

    def _mapping(self, indent: int) -> Value:
        pairs: dict[str, Value] = {}
        while True:
            self._skip()
            if self.at >= len(self.lines):
                return pairs
            line = self.lines[self.at]
            if line.indent < indent:
                return pairs
            colon = _find_colon(line.text)
            if line.indent > indent or colon < 0 or line.text.startswith("- "):
                raise _beyond(f"line {self.at + 1}")
            key = self._key_of(line.text[:colon].rstrip())
            rest = line.text[colon + 1 :].strip()
            if _without_comment(rest):
                if rest[0] not in "\"'[{" and rest[0] not in "|>" and _find_colon(_without_comment(rest)) >= 0:
                    raise EvaluationError("mapping values are not allowed in this context")
                if rest == "-" or rest.startswith("- "):
                    raise EvaluationError("block sequence entries are not allowed in this context")
                pairs[key] = self._scalar(rest, indent)
            else:
                self.at += 1
                pairs[key] = self._below(indent, sequence=True)

    def _key_of(self, written: str) -> str:
        if written == "<<":
            raise _beyond("a merge key")
        if written[:1] in {'"', "'"}:
            flow = _Flow(written)
            value = flow.scalar()
            if flow.at < len(written):
                raise _beyond("a key")
            return _key(value)
        if written[:1] in set("&*!?|>%@`[{") or " #" in written:
            raise _beyond(f"a key that starts with {written[:1]}")
        return _key(resolve(written))

    def _scalar(self, first: str, parent: int) -> Value:
        """A scalar or flow collection that starts with this text on the current line."""
        match first[0]:
            case "|" | ">":
                return self._text(first, parent)
            case "[" | "{" | '"' | "'":
                return self._enclosed(first, parent)
            case "&" | "*" | "!" | "%" | "@" | "`" | ",":
                raise _beyond(f"a value that starts with {first[0]}")
            case "?" if first == "?" or first.startswith("? "):
                raise _beyond("an explicit key")
        self.at += 1
        words = [_without_comment(first)]
        commented = words[0] != first
        while self.at < len(self.lines):
            line = self.lines[self.at]
            if line.indent <= parent and line.text:
                break
            if self._is_blank(line):
                following = next((each for each in self.lines[self.at :] if not self._is_blank(each)), None)
                if following is None or following.indent <= parent:
                    break
                raise _beyond("a plain text with empty lines or comments in it")
            if commented or _find_colon(line.text) >= 0 or "\t" in line.text:
                raise _beyond(f"line {self.at + 1}")
            words.append(_without_comment(line.text))
            commented = words[-1] != line.text
            self.at += 1
        return resolve(" ".join(words))

    def _enclosed(self, first: str, parent: int) -> Value:
        gathered = first
        while True:
            self.at += 1
            flow = _Flow(gathered)
            try:
                value = flow.node()
            except _Unfinished:
                if self.at >= len(self.lines):
                    raise EvaluationError("did not find the end of a value that starts with " + first[0]) from None
                line = self.lines[self.at]
                if not line.text or line.indent <= parent or " #" in gathered or line.text.startswith("#"):
                    raise _beyond("a value over several lines with empty lines, comments or no indentation") from None
                gathered += " " + line.text
                self.reread += len(gathered)
                if self.reread > _MAX_REREAD:
                    raise _beyond("a long value over many lines") from None
                continue
            if _without_comment(gathered[flow.at :].strip()):
                raise _beyond("text behind a value")
            return value

    def _text(self, header: str, parent: int) -> Value:
        """Literal (`|`) or folded (`>`) text."""
        found = re.match(r"[|>]([-+]?)(?:\s+#.*)?\Z", header)
        if not found:
            raise _beyond(f"the header {header}")
        self.at += 1
        body: list[str] = []
        indent = -1
        while self.at < len(self.lines):
            raw = self.lines[self.at].raw
            bare = raw.lstrip(" ")
            depth = len(raw) - len(bare)
            if not bare:
                if indent < 0 and depth > parent + 1:
                    raise _beyond("text that starts with empty lines of spaces")
                body.append(raw[indent:] if indent >= 0 else "")
            elif depth <= parent:
                break
            else:
                indent = depth if indent < 0 else indent
                if depth < indent:
                    if bare.startswith("#"):
                        break
                    raise _beyond("text that is indented less than its first line")
                body.append(raw[indent:])
            self.at += 1
        trailing = 0
        while body and not body[-1]:
            body.pop()
            trailing += 1
        content = "\n".join(body) if header[0] == "|" else _folded(body)
        if self.at >= len(self.lines) and trailing and header.startswith(("|+", ">+")):
            trailing -= 1  # the split behind the last line break of the source is no line
        match found[1]:
            case "-":
                return content
            case "+":
                return content + "\n" * (trailing + bool(body))
            case _:
                return content + "\n" if body else ""


def _folded(lines: list[str]) -> str:
    pieces: list[str] = []
    empty = 0
    for line in lines:
        if not line:
            empty += 1
            continue
        if line[0] in " \t":
            raise _beyond("folded text with indented lines")
        if pieces:
            pieces.append("\n" * empty if empty else " ")
        else:
            pieces.append("\n" * empty)
        pieces.append(line)
        empty = 0
    return "".join(pieces)


def _find_colon(line: str) -> int:
    """Where the key of a mapping ends on this line, or -1."""
    at = 0
    if line[:1] in {'"', "'"}:
        flow = _Flow(line)
        try:
            flow.scalar()
        except (_Unfinished, Beyond, EvaluationError):
            return -1
        at = flow.at
        rest = line[at:].lstrip()
        if not rest.startswith(":") or (len(rest) > 1 and rest[1] not in " \t"):
            return -1
        return line.index(":", at)
    found = re.search(r":(?:\s|\Z)", line)
    comment = re.search(r"\s#", line)
    if not found or (comment and comment.start() < found.start()):
        return -1
    return found.start()


class _Unfinished(Exception):  # noqa: N818  # the text goes on with the next line
    pass


class _Flow:
    """Flow collections and quoted scalars."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.at = 0

    def _char(self) -> str:
        return self.source[self.at : self.at + 1]

    def _space(self) -> None:
        while self._char() in {" ", "\t"}:
            self.at += 1
        if self._char() == "#":
            raise _beyond("a comment in a flow collection")
        if not self._char():
            raise _Unfinished

    def node(self) -> Value:
        match self._char():
            case "[":
                return self._list()
            case "{":
                return self._map()
            case _:
                return self.scalar()

    def _list(self) -> Value:
        self.at += 1
        items: list[Value] = []
        while True:
            self._space()
            if self._char() == "]":
                self.at += 1
                return items
            item = self.node()
            self._space()
            if self._char() == ":":
                self.at += 1
                item = {_key(item): self._value()}
                self._space()
            items.append(item)
            self._separator("]")

    def _map(self) -> Value:
        self.at += 1
        pairs: dict[str, Value] = {}
        while True:
            self._space()
            if self._char() == "}":
                self.at += 1
                return pairs
            key = _key(self.node())
            self._space()
            pairs[key] = None
            if self._char() == ":":
                self.at += 1
                pairs[key] = self._value()
                self._space()
            self._separator("}")

    def _value(self) -> Value:
        self._space()
        return None if self._char() in {",", "]", "}"} else self.node()

    def _separator(self, end: str) -> None:
        if self._char() == ",":
            self.at += 1
        elif self._char() != end:
            raise EvaluationError(f"did not find expected ',' or '{end}'")

    def scalar(self) -> Value:
        match self._char():
            case '"':
                return self._double()
            case "'":
                return self._single()
            case "&" | "*" | "!" | "%" | "@" | "`" | "|" | ">" | "," as mark:
                raise _beyond(f"a value that starts with {mark}")
            case "?" if self.source[self.at + 1 : self.at + 2] in {"", " "}:
                raise _beyond("an explicit key")
        start = self.at
        while char := self._char():
            if char in ",[]{}" or (char == "#" and self.source[self.at - 1] == " "):
                break
            if char == ":" and self.source[self.at + 1 : self.at + 2] in {"", " ", "\t", ",", "[", "]", "{", "}"}:
                break
            self.at += 1
        else:
            raise _Unfinished
        return resolve(self.source[start : self.at].rstrip())

    def _single(self) -> Value:
        pieces: list[str] = []
        self.at += 1
        while True:
            end = self.source.find("'", self.at)
            if end < 0:
                raise _Unfinished
            pieces.append(self.source[self.at : end])
            self.at = end + 1
            if self._char() != "'":
                return "".join(pieces)
            pieces.append("'")
            self.at += 1

    def _double(self) -> Value:
        pieces: list[str] = []
        self.at += 1
        while True:
            char = self._char()
            self.at += 1
            if not char:
                raise _Unfinished
            if char == '"':
                return "".join(pieces)
            pieces.append(self._escape() if char == "\\" else char)

    def _escape(self) -> str:
        char = self._char()
        self.at += 1
        if char in _HEX:
            digits = self.source[self.at : self.at + _HEX[char]]
            self.at += _HEX[char]
            if len(digits) < _HEX[char] or not all(digit in "0123456789abcdefABCDEF" for digit in digits):
                raise EvaluationError("did not find expected hexdecimal number")
            if int(digits, 16) > 0x10FFFF:
                raise EvaluationError("found invalid Unicode character escape code")
            return chr(int(digits, 16))
        if not char:
            raise _beyond("an escaped line break")
        if char not in _ESCAPES:
            raise EvaluationError("found unknown escape character")
        return _ESCAPES[char]


@function("yamldecode", text("src"), context=True)
def _yamldecode(context: FunctionContext, source: str) -> Value:
    bounded(len(source), context, "characters")
    return normalize_all(_Reader(source).document())


FUNCTIONS = table(_yamldecode)
