"""`guardrails diff`: what is different between two saved accounts."""

from __future__ import annotations

import enum
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from guardrails.commands import _shared as shared

if TYPE_CHECKING:
    from guardrails.model import Model, Value
    from guardrails.sources.snapshot import Difference

SAME, DIFFERENT = 0, 1


class DiffFormat(enum.StrEnum):
    """How to write the answer."""

    TEXT = "text"
    JSON = "json"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(diff)


def diff(
    before: Annotated[Path, typer.Argument(metavar="BEFORE", help="A saved account (`guardrails audit --save`).")],
    after: Annotated[Path, typer.Argument(metavar="AFTER", help="The same, later.")],
    *,
    format_: Annotated[DiffFormat, typer.Option("--format", help="How to write the answer.")] = DiffFormat.TEXT,
    allow_incomplete: Annotated[
        bool, typer.Option("--allow-incomplete", help="Do not exit 4 for what could not be read.")
    ] = False,
) -> None:
    """Say what was added, removed and changed from one saved account to another.

    What is not known in either of them is left out. Exit codes: 0 the same, 1 different, 2 usage error, 4 one of them
    is incomplete.
    """
    from guardrails.sources.snapshot import compare  # noqa: PLC0415  # with the command alone

    old, new = _accounts(before), _accounts(after)
    found: dict[str, list[Difference]] = {}
    alone: dict[str, str] = {}
    for name in sorted(old.keys() | new.keys()):
        if name in old and name in new:
            found[name] = list(compare(old[name], new[name]))
        else:
            alone[name] = "removed" if name in old else "added"
    problems = [problem for model in (*old.values(), *new.values()) for problem in model.problems]
    shared.put(_json(found, alone) if format_ is DiffFormat.JSON else "".join(_text(found, alone)))
    if shared.say_problems(dict.fromkeys(problems)) and not allow_incomplete:
        raise typer.Exit(shared.INCOMPLETE)
    raise typer.Exit(DIFFERENT if alone or any(found.values()) else SAME)


def _accounts(path: Path) -> Mapping[str, Model]:
    from guardrails.sources.document import Unusable  # noqa: PLC0415  # with the command alone
    from guardrails.sources.snapshot import read_snapshot  # noqa: PLC0415  # as above

    try:
        return {model.name: model for model in read_snapshot(path)}
    except Unusable as error:
        return shared.fail(f"{path} {error}")


def _text(found: Mapping[str, list[Difference]], alone: Mapping[str, str]) -> Iterator[str]:
    from guardrails.reporters.safe import visible  # noqa: PLC0415  # with the command alone

    for name, change in alone.items():
        yield f"{change}: the whole account {visible(name)}\n"
    for name, differences in found.items():
        if differences:
            yield f"{visible(name)}\n"
        for each in differences:
            what = f"{each.address}.{each.attribute}" if each.attribute else each.address
            values = f": {_short(each.before)} -> {_short(each.after)}" if each.attribute else ""
            yield f"  {each.change:8}{visible(what)}{visible(values)}\n"
    if not alone and not any(found.values()):
        yield "no difference\n"


def _short(value: Value) -> str:
    from guardrails.model import plain  # noqa: PLC0415  # with the command alone

    text = json.dumps(plain(value)[0], default=str, ensure_ascii=False)
    return text if len(text) <= 120 else f"{text[:117]}..."


def _json(found: Mapping[str, list[Difference]], alone: Mapping[str, str]) -> str:
    from guardrails.model import plain  # noqa: PLC0415  # with the command alone

    def one(each: Difference) -> dict[str, Any]:
        shown: dict[str, Any] = {"resource": each.address, "change": each.change}
        if each.attribute:
            shown |= {
                "attribute": each.attribute,
                "before": plain(each.before)[0],
                "after": plain(each.after)[0],
            }
        return shown

    accounts: list[dict[str, Any]] = [{"account": name, "change": change} for name, change in alone.items()]
    accounts += ({"account": name, "differences": [one(e) for e in changes]} for name, changes in found.items())
    return json.dumps({"version": 1, "accounts": accounts}, indent=2, default=str) + "\n"
