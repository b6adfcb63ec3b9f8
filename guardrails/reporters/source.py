"""The source lines that text output shows, read again from the files that were scanned, with secrets blanked."""

from __future__ import annotations

import re
from collections.abc import Iterable

from msgspec import Struct, field

from guardrails.reporters.safe import BLANK, redacted, secret_value, sounds_secret, visible

MAX_BYTES = 20_000_000
# Plans, states and snapshots are never shown: their lines hold every secret in the clear.
_SHOWN = (".tf", ".tofu", ".tfvars", ".tf.json", ".tofu.json", ".tfvars.json")

_NAMED_BLOCK = re.compile(r'\s*(variable|output)\s+"?([\w-]+)"?\s*\{')
_PARAMETER = re.compile(r'\s*resource\s+"?aws_ssm_parameter\b')
_SENSITIVE = re.compile(r"\bsensitive\s*=\s*true\b")
_HEREDOC = re.compile(r"<<[-~]?\s*(\w+)\s*$")


class Sources(Struct):
    """Files by path, each read once and only if the run has read it."""

    files: Iterable[str] = ()
    _allowed: frozenset[str] | None = None
    _lines: dict[str, list[str]] = field(default_factory=dict)
    _secret: dict[str, tuple[set[int], set[int]]] = field(default_factory=dict)

    def line(self, path: str, number: int) -> str | None:
        """Line `number` (from 1) of a file as it can be printed, without its end. None where it cannot be read."""
        lines = self._read(path)
        if not 1 <= number <= len(lines):
            return None
        raw = lines[number - 1].replace("\t", " ")
        literals, whole = self._secret[path]
        if number in whole:
            return " " * (len(raw) - len(raw.lstrip())) + BLANK
        return visible(redacted(raw, all_literals=number in literals))

    def _read(self, path: str) -> list[str]:
        if self._allowed is None:
            self._allowed = frozenset(self.files)
        if path not in self._lines:
            self._lines[path] = []
            self._secret[path] = set(), set()
            if path in self._allowed and path.endswith(_SHOWN):
                try:
                    with open(path, encoding="utf-8-sig", errors="replace", newline="\n") as file:
                        text = file.read(MAX_BYTES)
                except OSError:
                    return []
                self._lines[path] = [line.rstrip("\r") for line in text.split("\n")]
                self._secret[path] = _secret_lines(self._lines[path])
        return self._lines[path]


def _secret_lines(lines: list[str]) -> tuple[set[int], set[int]]:
    """The lines whose literals are secret, and those that are secret as a whole.

    Secret are variables and outputs that are marked sensitive or sound secret, the values of parameters, and what an
    attribute that sounds secret is given over several lines.
    """
    literals: set[int] = set()
    whole: set[int] = set()
    number = 1
    while number <= len(lines):
        line = lines[number - 1]
        if block := _NAMED_BLOCK.match(line):
            span = range(number, _end_of_block(lines, number) + 1)
            if sounds_secret(block[2]) or any(_SENSITIVE.search(lines[each - 1]) for each in span):
                literals.update(span)
        elif _PARAMETER.match(line):
            span = range(number, _end_of_block(lines, number) + 1)
            literals.update(each for each in span if re.match(r"\s*(?:insecure_)?value\b", lines[each - 1]))
        if (start := secret_value(line)) is not None:
            value = line[start:].rstrip()
            if heredoc := _HEREDOC.search(value):
                end = number + 1
                while end < len(lines) and lines[end - 1].strip() != heredoc[1]:
                    end += 1
                whole.update(range(number + 1, end))
                number = end
            elif value.endswith(("[", "{", "(")):
                literals.update(range(number, _end_of_block(lines, number) + 1))
        elif "PRIVATE KEY-----" in line and "BEGIN" in line:
            end = number
            while end < len(lines) and "END" not in lines[end - 1]:
                end += 1
            whole.update(range(number + 1, end + 1))
            number = end
        number += 1
    return literals, whole


def _end_of_block(lines: list[str], start: int) -> int:
    """The line that closes what line `start` opens, told by its indentation."""
    opening = lines[start - 1]
    if opening.count("{") + opening.count("[") + opening.count("(") <= sum(map(opening.count, "}])")):
        return start
    indent = len(opening) - len(opening.lstrip())
    for number in range(start + 1, len(lines) + 1):
        line = lines[number - 1]
        if line.strip() and len(line) - len(line.lstrip()) <= indent and line.lstrip()[0] in "}])":
            return number
    return len(lines)
