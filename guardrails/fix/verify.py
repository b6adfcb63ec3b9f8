"""A second opinion on changed files: what python-hcl2 reads differently must be what was meant to change."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path as File
from typing import Any

from guardrails.model import dotted
from guardrails.sources.terraform.edit import Replacement, owner
from guardrails.sources.terraform.source import Source
from guardrails.sources.terraform.syntax import Body, parse_file

Steps = tuple[str | int, ...]
_ABSENT = object()
_MOST = 400_000
"""Characters of a file: python-hcl2 takes ten seconds for as many."""


class UnusableParserError(Exception):
    """python-hcl2 is not there, or another package has taken its place; its text says what to do."""


def disagreement(before: str, after: str, replacements: Sequence[Replacement]) -> str:
    """What python-hcl2 reads differently than was meant, or nothing where only the intended attributes changed.

    Raises `UnusableParserError`.
    """
    loads = _parser()
    if max(len(before), len(after)) > _MOST:
        return "the file is too large to be verified"
    parsed = parse_file(Source("", before, File()))
    # A broken file may keep python-hcl2 busy for ever.
    if parsed.errors or parse_file(Source("", after, File())).errors:
        return "the file is not Terraform throughout"
    try:
        old, new = _read(before), _read(after)
    except Exception as error:  # its grammar raises anything over what it does not know
        return f"python-hcl2 cannot read it: {type(error).__name__}"
    wanted = dict(old)
    for each in replacements:
        at = _steps(parsed.body, each)
        for steps in [steps for steps in wanted if steps[: len(at)] == at]:
            del wanted[steps]
        if each.expression is not None:
            value = loads(f"x = {each.expression}\n")["x"]
            wanted |= {(*at, *steps): leaf for steps, leaf in _leaves(value).items()}
            if len(each.below) == 3 and not any(steps[: len(at) - 1] == at[:-1] for steps in old):
                wanted[*at[:-1], "__is_block__"] = True
    for steps in sorted({*wanted, *new}, key=str):
        if wanted.get(steps, _ABSENT) != new.get(steps, _ABSENT):
            return f"python-hcl2 reads {dotted(steps)} otherwise than meant"
    return ""


def _parser() -> Any:
    try:
        import hcl2  # noqa: PLC0415  # slow to load, and needed where something is changed

        if not hasattr(hcl2, "parse_to_tree") or hcl2.loads("x = 1\n")["x"] != 1:
            raise ImportError("it is not python-hcl2 8")
    except Exception as error:  # half of one package and half of another fails in any way
        raise UnusableParserError(
            f"python-hcl2 cannot be used ({type(error).__name__}: {error}). Another package, such as checkov's "
            "bc-python-hcl2, may have overwritten it: install guardrails into an environment of its own, or run "
            "`pip install --force-reinstall python-hcl2`"
        ) from None
    return hcl2.loads


@lru_cache(maxsize=32)
def _read(text: str) -> Mapping[Steps, object]:
    return _leaves(_parser()(text))


def _leaves(value: object) -> dict[Steps, object]:
    return dict(_walk(value, ()))


def _walk(value: object, steps: Steps) -> Iterator[tuple[Steps, object]]:
    match value:
        case Mapping() if value:
            for key, item in value.items():
                yield from _walk(item, (*steps, str(key).strip('"')))
        case list() if value:
            for index, item in enumerate(value):
                yield from _walk(item, (*steps, index))
        case _:
            yield steps, value


def _steps(body: Body, replacement: Replacement) -> Steps:
    """Where python-hcl2 has what a replacement is about."""
    found: list[str | int] = []
    for depth, block in enumerate(owner(body, replacement.start)):
        same = [each.start for each in body.of(block.type)]
        if depth == 0:
            # A list of all top-level blocks of a type, each below its labels.
            found += [block.type, same.index(block.start), *block.labels]
        else:
            found += [block.type, same.index(block.start)]
        body = block.body
    return (*found, *replacement.below)
