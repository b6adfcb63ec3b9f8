"""The parser of regular expressions in RE2's syntax: see regexp/syntax/parse.go of Go."""

from __future__ import annotations

from enum import Enum, auto

from msgspec import Struct

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


class Op(Enum):
    """What an instruction does: take a character, go on in two places or in one, note a place, ask about it."""

    CHAR = auto()
    SPLIT = auto()
    JUMP = auto()
    SAVE = auto()
    ASSERT = auto()


class Step(Struct, frozen=True):
    """One instruction; jumps are relative, so that fragments can be joined and repeated."""

    op: Op
    x: int = 0
    y: int = 0
    chars: Ranges | None = None
    at: str = ""


Fragment = tuple[Step, ...]
"""Instructions that belong together, of which the program is the largest."""


def is_word(char: str) -> bool:
    """Whether it is a character of `\\w`."""
    return char.isascii() and (char.isalnum() or char == "_")


def _plus(body: Fragment, greedy: bool) -> Fragment:
    again, on = -len(body), 1
    return (*body, Step(Op.SPLIT, again, on) if greedy else Step(Op.SPLIT, on, again))


def _maybe(body: Fragment, greedy: bool) -> Fragment:
    within, on = 1, len(body) + 1
    return (Step(Op.SPLIT, within, on) if greedy else Step(Op.SPLIT, on, within), *body)


def _repeat(body: Fragment, least: int, most: int | None, greedy: bool) -> Fragment:
    if (least + (most or 0) + 1) * (len(body) + 1) > _MAX_PROGRAM:
        raise Beyond("the regular expression is too large")
    if most is None:
        return body * (least - 1) + _plus(body, greedy) if least else _maybe(_plus(body, greedy), greedy)
    optional: Fragment = ()
    for _ in range(most - least):
        optional = _maybe(body + optional, greedy)
    return body * least + optional


class Parser:
    """Compiles one pattern; `groups` and `names` are those that it has found."""

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.at = 0
        self.groups = 0
        self.names: list[tuple[str, int]] = []
        self.flags: frozenset[str] = frozenset()
        self.depth = 0

    def parse(self) -> Fragment:
        """The program of the whole pattern. Raises `PatternError`, and `Beyond` for one that is too large."""
        body = self._alternatives()
        if self.at < len(self.pattern):
            raise PatternError("unexpected )", self.pattern)
        return body

    def _peek(self, text: str) -> bool:
        return self.pattern.startswith(text, self.at)

    def _alternatives(self) -> Fragment:
        body = self._sequence()
        branches = [body]
        while self._peek("|"):
            self.at += 1
            branches.append(self._sequence())
        body = branches.pop()
        for branch in reversed(branches):
            skip = Step(Op.JUMP, len(body) + 1)
            body = (Step(Op.SPLIT, 1, len(branch) + 2), *branch, skip, *body)
        if len(body) > _MAX_PROGRAM:
            raise Beyond("the regular expression is too large")
        return body

    def _sequence(self) -> Fragment:
        pieces: list[Step] = []
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

    def _repeated(self, atom: Fragment | None, start: int) -> Fragment:
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

    def _atoms(self) -> list[Fragment] | None:
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
                return [(Step(Op.ASSERT, at="^" if "m" in self.flags else "A"),)]
            case "$":
                return [(Step(Op.ASSERT, at="$" if "m" in self.flags else "z"),)]
            case ".":
                return [(Step(Op.CHAR, chars=_ANY if "s" in self.flags else _NOT_NEWLINE),)]
            case _:
                return [self._literal(char)]

    def _literal(self, char: str) -> Fragment:
        return (self._chars(Ranges(((ord(char), ord(char)),))),)

    def _chars(self, ranges: Ranges) -> Step:
        return Step(Op.CHAR, chars=fold(ranges) if "i" in self.flags else ranges)

    def _group(self) -> Fragment | None:
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
        return (Step(Op.SAVE, 2 * number), *body, Step(Op.SAVE, 2 * number + 1))

    def _group_name(self) -> str:
        opening = "(?P<" if self._peek("(?P<") else "(?<"
        if not self._peek(opening):
            return ""
        end = self.pattern.find(">", self.at)
        if end < 0:
            raise PatternError("invalid named capture", self.pattern[self.at :])
        name = self.pattern[self.at + len(opening) : end]
        piece = self.pattern[self.at : end + 1]
        if not name or not all(is_word(char) for char in name):
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

    def _escape(self) -> list[Fragment]:
        start = self.at
        following = self.pattern[start + 1 : start + 2]
        match following:
            case "A" | "z" | "b" | "B":
                self.at += 2
                return [(Step(Op.ASSERT, at=following),)]
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

    def _class(self) -> Fragment:
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
        return (Step(Op.CHAR, chars=negated(made) if negative else made),)

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
