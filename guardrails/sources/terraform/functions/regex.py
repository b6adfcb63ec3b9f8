"""Regular expressions in RE2's syntax and time: Go's parser and its lock-step matcher, as Terraform uses them.

Python's own `re` differs in syntax and can be made to run for ever, so that it is not used on what is scanned.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator

from msgspec import Struct

from guardrails.sources.terraform.functions.regex_parser import Fragment, Op, Parser, PatternError, Step, is_word
from guardrails.sources.terraform.functions.signature import Beyond

__all__ = ["PatternError", "Regex", "compile_pattern"]

_Thread = tuple[int, tuple[int, ...]]
"""Where it stands in the program, and what it has captured."""


class Regex(Struct, frozen=True):
    """A compiled pattern."""

    program: Fragment
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
    parser = Parser(pattern)
    body = parser.parse()
    return Regex((Step(Op.SAVE, 0), *body, Step(Op.SAVE, 1)), parser.groups, tuple(parser.names))


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


def _follow(program: Fragment, thread: _Thread, here: tuple[str, int], seen: set[int], threads: list[_Thread]) -> None:
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
            case Op.CHAR:
                threads.append((counter, saved))
            case Op.JUMP:
                stack.append((counter + step.x, saved))
            case Op.SPLIT:
                stack.append((counter + step.y, saved))
                stack.append((counter + step.x, saved))
            case Op.SAVE:
                stack.append((counter + 1, (*saved[: step.x], at, *saved[step.x + 1 :])))
            case Op.ASSERT:
                if _holds(step.at, text, at):
                    stack.append((counter + 1, saved))


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
            before = at > 0 and is_word(text[at - 1])
            after = at < len(text) and is_word(text[at])
            return (before != after) == (kind == "b")
