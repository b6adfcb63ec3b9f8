"""A check as a page: why, before and after, what to do, and what belongs to it."""

from __future__ import annotations

import json
from collections.abc import Iterator

from guardrails import examples
from guardrails.catalog import AnyCheck
from guardrails.check import Example


def markdown(check: AnyCheck) -> str:
    """The page of a check in Markdown."""
    return "\n\n".join(_sections(check)) + "\n"


def text(check: AnyCheck, *, color: bool = False) -> str:
    """The page of a check for a terminal: the Markdown with its marks taken off."""
    lines: list[str] = []
    code = False
    for line in markdown(check).splitlines():
        if line.startswith("```"):
            code = not code
        elif code:
            lines.append(f"    {line}".rstrip())
        elif line.startswith("#"):
            heading = line.lstrip("#").strip()
            lines.append(f"\x1b[1m{heading}\x1b[0m" if color else heading)
        else:
            lines.append(line)
    return "\n".join(lines) + "\n"


def source(text_: str) -> str:
    """The text of an example as people read it: not indented, without the marks of its tests."""
    lines = examples.MARK.sub("", examples.plain(text_)).splitlines()
    return "\n".join(line.rstrip() for line in lines)


def _sections(check: AnyCheck) -> Iterator[str]:
    yield f"# {check.id}"
    yield check.title
    yield f"{check.severity.value.capitalize()} severity, {check.kind.value}."
    if check.page:
        yield check.page
    yield "## What to do"
    yield check.hint
    for number, example in enumerate(check.examples, 1):
        yield from _example(example, number, len(check.examples))
    if hazard := getattr(check, "hazard", ""):  # of waste: what it says of removing what it found
        yield "## What can break"
        yield hazard
    if options := check.options():
        yield "## Options"
        given = "\n".join(f"{name.replace('_', '-')} = {_toml(getattr(check, name))}" for name in options)
        yield f"```toml\n[options.{check.id}]\n{given}\n```"
    if check.counter_checks:
        yield "## The other side"
        named = ", ".join(f"`{each}`" for each in check.counter_checks)
        yield f"The usual fix can set off {named}: a good one satisfies both."
    if check.same_as:
        yield "## Known elsewhere as"
        yield ", ".join(f"`{each}`" for each in check.same_as)
    if check.compliance:
        yield "## Compliance"
        yield ", ".join(f"`{each}`" for each in check.compliance)
    if check.references:
        yield "## References"
        yield "\n".join(f"- <{each}>" for each in check.references)


def _toml(value: object) -> str:
    return json.dumps(list(value) if isinstance(value, tuple) else value)


def _example(example: Example, number: int, of: int) -> Iterator[str]:
    title = f": {example.title[0].lower()}{example.title[1:]}" if example.title else f" {number}" if of > 1 else ""
    yield f"## Before{title}"
    yield _fenced(example.bad)
    if example.fixed:
        yield f"## After{title}"
        yield _fenced(example.fixed)
    for path, content in example.files:
        yield f"`{path}` of both:"
        yield _fenced(content)


def _fenced(text_: str) -> str:
    language = "json" if examples.is_account(text_) else "terraform"
    return f"```{language}\n{source(text_)}\n```"
