"""Regular expressions in RE2's syntax and time: Go's parser and its lock-step matcher, as Terraform uses them.

Python's own `re` differs in syntax and can be made to run for ever, so that it is not used on what is scanned.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto

from guardrails.sources.terraform.functions.regex_classes import PERL, POSIX, Ranges, fold, negated, of_category
from guardrails.sources.terraform.functions.signature import Beyond

_MAX_PROGRAM = 10_000
_MAX_REPEAT = 1000
_MAX_DEPTH = 200


class PatternError(Exception):
    """A pattern that Go refuses: what is wrong, and the piece that is."""

    def __init__(self, what: str, piece: str) -> None:
        super().__init__(f"{what}: {piece}")
        self.what = what
        self.piece = piece


class _Op(Enum):
    CHAR = auto()
    SPLIT = auto()
    JUMP = auto()
    SAVE = auto()
    ASSERT = auto()


@dataclass(frozen=True, slots=True)
class _Step:
    """One instruction; jumps are relative, so that fragments can be joined and repeated."""

    op: _Op
    x: int = 0
    y: int = 0
    chars: Ranges | None = None
    at: str = ""


_Fragment = tuple[_Step, ...]
_Thread = tuple[int, tuple[int, ...]]
"""Where it stands in the program, and what it has captured."""


@dataclass(frozen=True, slots=True)
class Regex:
    """A compiled pattern."""

    program: _Fragment
    groups: int
    names: tuple[tuple[str, int], ...]
    """Names with the numbers of their groups. A name may stand for several."""

    def search(self, text: str, start: int, budget: list[int]) -> tuple[int, ...] | None:
        """Start and end of the leftmost match and of each group (-1: not taken part), or None.

        `budget` holds how many steps may still be taken; raises `Beyond` when they are used up.
        """
        return _search(self, text, start, budget)

    def matches(self, text: str, budget: list[int]) -> Iterator[tuple[int, ...]]:
        """All matches, as Go's FindAll gives them."""
        position, before = 0, -1
        while position <= len(text):
            found = self.search(text, position, budget)
            if found is None:
                return
            accepted = True
            if found[1] == position:
                accepted = found[0] != before
                position += 1
            else:
                position = found[1]
            before = found[1]
            if accepted:
                yield found

    def replace(self, text: str, template: str, budget: list[int]) -> Iterator[str]:
        """The pieces of the text with each match replaced, as Go's ReplaceAllString makes it."""
        position, end = 0, 0
        while position <= len(text):
            found = self.search(text, position, budget)
            if found is None:
                break
            yield text[end : found[0]]
            if found[1] > end or found[0] == 0:
                yield self._expand(template, text, found)
            end = found[1]
            position = max(found[1], position + 1)
        yield text[end:]

    def _expand(self, template: str, text: str, found: tuple[int, ...]) -> str:
        pieces: list[str] = []
        at = 0
        while (mark := template.find("$", at)) >= 0:
            pieces.append(template[at:mark])
            at = mark + 1
            if template.startswith("$", at):
                pieces.append("$")
                at += 1
                continue
            braced = template.startswith("{", at)
            end = at + braced
            while end < len(template) and (template[end].isalnum() or template[end] == "_"):
                end += 1
            name = template[at + braced : end]
            if not name or (braced and not template.startswith("}", end)):
                pieces.append("$")
                continue
            at = end + braced
            for number in self._numbers(name):
                if number <= self.groups and found[2 * number] >= 0:
                    pieces.append(text[found[2 * number] : found[2 * number + 1]])
                    break
        pieces.append(template[at:])
        return "".join(pieces)

    def _numbers(self, name: str) -> list[int]:
        if name.isascii() and name.isdigit():
            return [int(name)] if len(name) < 9 else []
        return [number for each, number in self.names if each == name]


@functools.lru_cache(maxsize=256)
def compile_pattern(pattern: str) -> Regex:
    """Compile a pattern. Raises `PatternError`, and `Beyond` for one that is too large."""
    parser = _Parser(pattern)
    body = parser.parse()
    return Regex((_Step(_Op.SAVE, 0), *body, _Step(_Op.SAVE, 1)), parser.groups, tuple(parser.names))


# The matcher: all threads go through the text together, those of higher priority first.


def _search(regex: Regex, text: str, start: int, budget: list[int]) -> tuple[int, ...] | None:
    program = regex.program
    empty = (-1,) * (2 * regex.groups + 2)
    matched: tuple[int, ...] | None = None
    threads: list[_Thread] = []
    for at in range(start, len(text) + 1):
        current: list[_Thread] = []
        seen: set[int] = set()
        for thread in threads:
            _follow(program, thread, (text, at), seen, current)
        if matched is None:
            _follow(program, (0, empty), (text, at), seen, current)
        elif not current:
            break
        budget[0] -= len(seen) + 1
        if budget[0] < 0:
            raise Beyond("the regular expression takes too long")
        threads = []
        char = text[at] if at < len(text) else ""
        for counter, saved in current:
            if counter == len(program):
                matched = saved
                break
            chars = program[counter].chars
            if char and chars is not None and char in chars:
                threads.append((counter + 1, saved))
    return matched


def _follow(program: _Fragment, thread: _Thread, here: tuple[str, int], seen: set[int], threads: list[_Thread]) -> None:
    """Go on from an instruction until characters are needed; `here` is the text and the place in it."""
    stack = [thread]
    text, at = here
    while stack:
        counter, saved = stack.pop()
        if counter in seen:
            continue
        seen.add(counter)
        if counter == len(program):
            threads.append((counter, saved))
            continue
        step = program[counter]
        match step.op:
            case _Op.CHAR:
                threads.append((counter, saved))
            case _Op.JUMP:
                stack.append((counter + step.x, saved))
            case _Op.SPLIT:
                stack.append((counter + step.y, saved))
                stack.append((counter + step.x, saved))
            case _Op.SAVE:
                stack.append((counter + 1, (*saved[: step.x], at, *saved[step.x + 1 :])))
            case _Op.ASSERT:
                if _holds(step.at, text, at):
                    stack.append((counter + 1, saved))


def _is_word(char: str) -> bool:
    return char.isascii() and (char.isalnum() or char == "_")


def _holds(kind: str, text: str, at: int) -> bool:
    match kind:
        case "A":
            return at == 0
        case "z":
            return at == len(text)
        case "^":
            return at == 0 or text[at - 1] == "\n"
        case "$":
            return at == len(text) or text[at] == "\n"
        case _:
            before = at > 0 and _is_word(text[at - 1])
            after = at < len(text) and _is_word(text[at])
            return (before != after) == (kind == "b")


# The parser: see regexp/syntax/parse.go of Go.


def _plus(body: _Fragment, greedy: bool) -> _Fragment:
    again, on = -len(body), 1
    return (*body, _Step(_Op.SPLIT, again, on) if greedy else _Step(_Op.SPLIT, on, again))


def _maybe(body: _Fragment, greedy: bool) -> _Fragment:
    within, on = 1, len(body) + 1
    return (_Step(_Op.SPLIT, within, on) if greedy else _Step(_Op.SPLIT, on, within), *body)


def _repeat(body: _Fragment, least: int, most: int | None, greedy: bool) -> _Fragment:
    if (least + (most or 0) + 1) * (len(body) + 1) > _MAX_PROGRAM:
        raise Beyond("the regular expression is too large")
    if most is None:
        return body * (least - 1) + _plus(body, greedy) if least else _maybe(_plus(body, greedy), greedy)
    optional: _Fragment = ()
    for _ in range(most - least):
        optional = _maybe(body + optional, greedy)
    return body * least + optional


class _Parser:
    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.at = 0
        self.groups = 0
        self.names: list[tuple[str, int]] = []
        self.flags: frozenset[str] = frozenset()
        self.depth = 0

    def parse(self) -> _Fragment:
        body = self._alternatives()
        if self.at < len(self.pattern):
            raise PatternError("unexpected )", self.pattern)
        return body

    def _peek(self, text: str) -> bool:
        return self.pattern.startswith(text, self.at)

    def _alternatives(self) -> _Fragment:
        body = self._sequence()
        branches = [body]
        while self._peek("|"):
            self.at += 1
            branches.append(self._sequence())
        body = branches.pop()
        for branch in reversed(branches):
            skip = _Step(_Op.JUMP, len(body) + 1)
            body = (_Step(_Op.SPLIT, 1, len(branch) + 2), *branch, skip, *body)
        if len(body) > _MAX_PROGRAM:
            raise Beyond("the regular expression is too large")
        return body

    def _sequence(self) -> _Fragment:
        pieces: list[_Step] = []
        while self.at < len(self.pattern) and self.pattern[self.at] not in "|)":
            start = self.at
            atoms = self._atoms()
            if atoms is None:
                continue
            # A repetition binds to the last character of \Q...\E alone.
            for atom in atoms[:-1]:
                pieces += atom
            pieces += self._repeated(atoms[-1] if atoms else None, start)
            if len(pieces) > _MAX_PROGRAM:
                raise Beyond("the regular expression is too large")
        return tuple(pieces)

    def _repeated(self, atom: _Fragment | None, start: int) -> _Fragment:
        before = self.at
        bounds = self._bounds()
        if bounds is None:
            return atom or ()
        if atom is None:
            raise PatternError("missing argument to repetition operator", self.pattern[start : self.at])
        greedy = "U" not in self.flags
        if self._peek("?"):
            self.at += 1
            greedy = not greedy
        end = self.at
        if self._bounds() is not None:
            raise PatternError("invalid nested repetition operator", self.pattern[before : self.at])
        self.at = end
        return _repeat(atom, *bounds, greedy)

    def _bounds(self) -> tuple[int, int | None] | None:
        """The bounds of a repetition operator that stands here, which is consumed."""
        char = self.pattern[self.at : self.at + 1]
        simple: dict[str, tuple[int, int | None]] = {"*": (0, None), "+": (1, None), "?": (0, 1)}
        if char in simple:
            self.at += 1
            return simple[char]
        end = self.pattern.find("}", self.at)
        if char != "{" or end < 0:
            return None
        low, comma, high = self.pattern[self.at + 1 : end].partition(",")
        if not _is_number(low) or (high and not _is_number(high)):
            return None
        piece = self.pattern[self.at : end + 1]
        if len(low) > 4 or len(high) > 4:
            raise PatternError("invalid repeat count", piece)
        least = int(low)
        most = int(high) if high else None if comma else least
        if least > _MAX_REPEAT or (most is not None and (most > _MAX_REPEAT or most < least)):
            raise PatternError("invalid repeat count", piece)
        self.at = end + 1
        return least, most

    def _atoms(self) -> list[_Fragment] | None:
        """The next atoms: mostly one; none for flags; an empty list where a repetition has nothing before it."""
        char = self.pattern[self.at]
        match char:
            case "(":
                group = self._group()
                return None if group is None else [group]
            case "*" | "+" | "?":
                return []
            case "[":
                return [self._class()]
            case "\\":
                return self._escape()
        self.at += 1
        match char:
            case "^":
                return [(_Step(_Op.ASSERT, at="^" if "m" in self.flags else "A"),)]
            case "$":
                return [(_Step(_Op.ASSERT, at="$" if "m" in self.flags else "z"),)]
            case ".":
                return [(_Step(_Op.CHAR, chars=_ANY if "s" in self.flags else _NOT_NEWLINE),)]
            case _:
                return [self._literal(char)]

    def _literal(self, char: str) -> _Fragment:
        return (self._chars(Ranges(((ord(char), ord(char)),))),)

    def _chars(self, ranges: Ranges) -> _Step:
        return _Step(_Op.CHAR, chars=fold(ranges) if "i" in self.flags else ranges)

    def _group(self) -> _Fragment | None:
        start = self.at
        outer = self.flags
        number = 0
        if self._peek("(?"):
            if name := self._group_name():
                self.groups += 1
                number = self.groups
                self.names.append((name, number))
            elif not self._group_flags(start):
                return None
        else:
            self.at += 1
            self.groups += 1
            number = self.groups
        self.depth += 1
        if self.depth > _MAX_DEPTH:
            raise Beyond("the regular expression is nested too deeply")
        body = self._alternatives()
        self.depth -= 1
        if not self._peek(")"):
            raise PatternError("missing closing )", self.pattern)
        self.at += 1
        self.flags = outer
        if not number:
            return body
        return (_Step(_Op.SAVE, 2 * number), *body, _Step(_Op.SAVE, 2 * number + 1))

    def _group_name(self) -> str:
        opening = "(?P<" if self._peek("(?P<") else "(?<"
        if not self._peek(opening):
            return ""
        end = self.pattern.find(">", self.at)
        if end < 0:
            raise PatternError("invalid named capture", self.pattern[self.at :])
        name = self.pattern[self.at + len(opening) : end]
        piece = self.pattern[self.at : end + 1]
        if not name or not all(_is_word(char) for char in name):
            raise PatternError("invalid named capture", piece)
        self.at = end + 1
        return name

    def _group_flags(self, start: int) -> bool:
        """Read `(?flags)` or `(?flags:`; whether a group follows."""
        self.at += 2
        flags = set(self.flags)
        adding, named = True, False
        while self.at < len(self.pattern):
            char = self.pattern[self.at]
            self.at += 1
            match char:
                case "i" | "m" | "s" | "U":
                    named = True
                    (flags.add if adding else flags.discard)(char)
                case "-" if adding:
                    adding, named = False, False
                case ":" | ")" if adding or named:
                    self.flags = frozenset(flags)
                    return char == ":"
                case _:
                    break
        if self.at >= len(self.pattern) and self.pattern[-1] not in ":)":
            raise PatternError("missing closing )", self.pattern)
        raise PatternError("invalid or unsupported Perl syntax", self.pattern[start : self.at])

    def _escape(self) -> list[_Fragment]:
        start = self.at
        following = self.pattern[start + 1 : start + 2]
        match following:
            case "A" | "z" | "b" | "B":
                self.at += 2
                return [(_Step(_Op.ASSERT, at=following),)]
            case "Q":
                end = self.pattern.find("\\E", start + 2)
                quoted = self.pattern[start + 2 : end if end >= 0 else len(self.pattern)]
                self.at = end + 2 if end >= 0 else len(self.pattern)
                return [self._literal(char) for char in quoted] or [()]
            case "C":
                raise PatternError("invalid escape sequence", "\\C")
        if (ranges := self._class_escape()) is not None:
            return [(self._chars(ranges),)]
        return [self._literal(self._character())]

    def _class_escape(self) -> Ranges | None:
        """`\\d`, `\\W`, `\\pL` and the like."""
        following = self.pattern[self.at + 1 : self.at + 2]
        if following.lower() in PERL and following:
            self.at += 2
            ranges = PERL[following.lower()]
            return negated(ranges) if following.isupper() else ranges
        if following not in {"p", "P"}:
            return None
        start = self.at
        self.at += 2
        if self._peek("{"):
            end = self.pattern.find("}", self.at)
            if end < 0:
                raise PatternError("invalid character class range", self.pattern[start:])
            name = self.pattern[self.at + 1 : end]
            self.at = end + 1
        else:
            name = self.pattern[self.at : self.at + 1]
            self.at += 1
        negative = following == "P"
        if name.startswith("^"):
            name, negative = name[1:], not negative
        category = of_category(name)
        if category is None:
            raise Beyond(f"the characters of {self.pattern[start : self.at]} are not known here")
        return negated(category) if negative else category

    def _character(self) -> str:
        """The character that an escape stands for."""
        start = self.at
        char = self.pattern[start + 1 : start + 2]
        if not char:
            raise PatternError("trailing backslash at end of expression", "")
        self.at += 2
        simple = {"a": "\a", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
        if char in simple:
            return simple[char]
        if char.isascii() and not char.isalnum():
            return char
        if char == "x":
            return self._hexadecimal(start)
        octal = char
        if char in "01234567" and (char == "0" or self.pattern[self.at : self.at + 1] in set("01234567")):
            while len(octal) < 3 and self.pattern[self.at : self.at + 1] in set("01234567"):
                octal += self.pattern[self.at]
                self.at += 1
            return chr(int(octal, 8))
        raise PatternError("invalid escape sequence", self.pattern[start : self.at])

    def _hexadecimal(self, start: int) -> str:
        if self._peek("{"):
            end = self.pattern.find("}", self.at)
            digits = self.pattern[self.at + 1 : end] if end >= 0 else ""
            self.at = max(end + 1, self.at)
        else:
            digits = self.pattern[self.at : self.at + 2]
            self.at += 2
            digits = digits if len(digits) == 2 else ""
        hexadecimal = bool(digits) and len(digits) < 9 and all(d in "0123456789abcdefABCDEF" for d in digits)
        if not hexadecimal or int(digits, 16) > 0x10FFFF:
            raise PatternError("invalid escape sequence", self.pattern[start : self.at])
        return chr(int(digits, 16))

    def _class(self) -> _Fragment:
        start = self.at
        self.at += 1
        negative = self._peek("^")
        self.at += negative
        ranges: list[tuple[int, int]] = []
        first = True
        while first or not self._peek("]"):
            if self.at >= len(self.pattern):
                raise PatternError("missing closing ]", self.pattern[start:])
            if self._peek("-") and not first and not self._peek("-]"):
                raise PatternError("invalid character class range", self.pattern[self.at : self.at + 2])
            first = False
            named = self._posix() if self._peek("[:") else self._class_escape() if self._peek("\\") else None
            if named:
                ranges += named.ranges
                continue
            begin = self.at
            low = high = self._class_character()
            if self._peek("-") and not self._peek("-]") and self.at + 1 < len(self.pattern):
                self.at += 1
                high = self._class_character()
                if high < low:
                    raise PatternError("invalid character class range", self.pattern[begin : self.at])
            ranges.append((ord(low), ord(high)))
        self.at += 1
        made = Ranges.of(ranges)
        if "i" in self.flags:
            made = fold(made)
        return (_Step(_Op.CHAR, chars=negated(made) if negative else made),)

    def _class_character(self) -> str:
        if self._peek("\\"):
            return self._character()
        if self.at >= len(self.pattern):
            raise PatternError("missing closing ]", self.pattern)
        self.at += 1
        return self.pattern[self.at - 1]

    def _posix(self) -> Ranges | None:
        end = self.pattern.find(":]", self.at + 2)
        if end < 0:
            return None
        name = self.pattern[self.at + 2 : end]
        ranges = POSIX.get(name.removeprefix("^"))
        if ranges is None:
            raise PatternError("invalid character class range", self.pattern[self.at : end + 2])
        self.at = end + 2
        return negated(ranges) if name.startswith("^") else ranges


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and (text == "0" or not text.startswith("0"))


_ANY = Ranges(((0, 0x10FFFF),))
_NOT_NEWLINE = negated(Ranges(((10, 10),)))
