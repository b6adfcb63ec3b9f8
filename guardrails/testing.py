"""A check's examples as its tests, for ours and for users' own."""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from msgspec import Struct

from guardrails import engine, examples
from guardrails.catalog import AnyCheck, Catalog
from guardrails.check import Example
from guardrails.finding import Finding, Report
from guardrails.model import LiveLocation, Location, Model, Place
from guardrails.sources import ReadOptions, read
from guardrails.suppress import CHECKS as CHECKS_OF_SUPPRESSIONS

MAIN, ACCOUNT = "main.tf", "account.json"
FINDING, UNDECIDED = "# finding", "# undecided"

Lines = set[tuple[str, int]]
"""Places as (file, line)."""


class Case(Struct, frozen=True):
    """One example of a check, as a test."""

    check: AnyCheck
    example: Example
    number: int
    """From 1."""

    @property
    def name(self) -> str:
        """Such as `open-admin-port-2`."""
        return f"{self.check.id}-{self.number}"


def cases(checks: Iterable[AnyCheck]) -> Iterator[Case]:
    """Every example of every check."""
    for check in checks:
        for number, example in enumerate(check.examples, 1):
            yield Case(check, example, number)


def failures(case: Case, others: Sequence[AnyCheck]) -> list[str]:
    """What is wrong with an example, as sentences; empty if it holds.

    `bad` gives exactly the findings and undecided results that its marks say, from its own check. `fixed` gives
    nothing, and from `others` no finding.
    """
    try:
        return _failures(case, others)
    except json.JSONDecodeError as error:
        return [f"the account of the example is not JSON: {error}"]


def _failures(case: Case, others: Sequence[AnyCheck]) -> list[str]:
    check, example = case.check, case.example
    own = [*others, check] if check in CHECKS_OF_SUPPRESSIONS else [check]  # these judge what others find
    found = []
    with _written(example, example.bad) as (texts, live):
        report = engine.run(_models(live), own, engine.Settings(select=(check.id,) if own == [check] else ()))
        findings = [each for each in report.findings if each.check == check.id]
        found += _problems("bad", report)
        found += _compared("finding", _marked(texts, FINDING), _lines((e.origin.location for e in findings), live))
        undecided = _lines((each.origin.location for each in report.undecided if each.check == check.id), live)
        found += _compared("undecided result", _marked(texts, UNDECIDED), undecided)
        if not findings and not undecided:
            found.append("bad: it sets the check off nowhere")
        nowhere = [each for each in findings if not each.origin.location and not live]
        found += [f"bad: a finding has no line: {each.message}" for each in nowhere]
    if example.fixed:
        with _written(example, example.fixed) as (_, live):
            everything = list({each.id: each for each in (*others, check)}.values())
            report = engine.run(_models(live), [each for each in everything if each not in CHECKS_OF_SUPPRESSIONS])
            found += _problems("fixed", report)
            found += [f"fixed: {_said(each)}" for each in report.findings]
            found += [f"fixed: not decided: {each.reason}" for each in report.undecided if each.check == check.id]
    return found


def house_rules(check: AnyCheck, path: str, catalog: Catalog) -> list[str]:
    """What a built-in check lacks of the form that all of them have, as sentences."""
    found = []
    stem = os.path.basename(path).removesuffix(".py")
    if stem.replace("_", "-") != check.id:
        found.append(f"its file is {stem}.py, which is not its id {check.id}")
    if type(check).__name__.lower() != check.id.replace("-", ""):
        found.append(f"its class is {type(check).__name__}, which is not its id {check.id}")
    if not check.title or len(check.title) > 80:
        found.append(f"its title has {len(check.title)} characters: 1 to 80 are fine")
    if check.title.startswith("Ensure"):
        found.append("its title says what to do: say what is bad")
    if not check.title.endswith("."):
        found.append("its title is no sentence: it ends without a full stop")
    if "## Why is this bad?" not in check.page:
        found.append('its docstring has no "## Why is this bad?"')
    if not check.hint.endswith("."):
        found.append("its hint is no sentence: it ends without a full stop")
    if not any(each.bad and each.fixed for each in check.examples):
        found.append("it has no example with both `bad` and `fixed`")
    found += [f"its reference {each} is no https address" for each in check.references if not _is_https(each)]
    found += [f"there is no check {each} to counter it" for each in check.counter_checks if not catalog.find(each)]
    if check.subject.__name__ == "Resource" and not check.types:
        found.append("it looks at every resource: name its `types`")
    return found


def _is_https(address: str) -> bool:
    return bool(re.fullmatch(r"https://[\w.-]+\.\w+(/\S*)?", address))


@contextmanager
def _written(example: Example, main: str) -> Iterator[tuple[Mapping[str, str], Mapping[str, int]]]:
    """A folder with the files of an example, as the working directory.

    Gives the texts by path and, where the example is an account, the lines of its things (see `examples.snapshot`).
    """
    text = examples.plain(main)
    lines: Mapping[str, int] = {}
    if examples.is_account(main):
        document, lines = examples.snapshot(text)
        texts, written = {ACCOUNT: text}, {ACCOUNT: json.dumps(document)}
    else:
        texts = {MAIN: text, **{path: examples.plain(content) for path, content in example.files}}
        written = texts
    before = os.getcwd()
    with tempfile.TemporaryDirectory(prefix="guardrails-") as folder:
        for path, content in written.items():
            target = Path(folder, path)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(content, encoding="utf-8")
        os.chdir(folder)
        try:
            yield texts, lines
        finally:
            os.chdir(before)


def _models(live: Mapping[str, int]) -> list[Model]:
    return read([Path(ACCOUNT) if live else Path()], ReadOptions())


def _marked(texts: Mapping[str, str], mark: str) -> Lines:
    return {
        (path, number)
        for path, text in texts.items()
        for number, line in enumerate(text.splitlines(), 1)
        if line.rstrip().endswith(mark)
    }


def _lines(places: Iterable[Place | None], live: Mapping[str, int]) -> Lines:
    """The lines of places; `live` has those of an account's things, that of the account itself by an empty name."""
    found: Lines = set()
    for place in places:
        if isinstance(place, Location):
            found.add((place.path, place.line))
        elif live:
            found.add((ACCOUNT, live.get(place.arn if isinstance(place, LiveLocation) else "", 0)))
    return found


def _compared(what: str, wanted: Lines, given: Lines) -> list[str]:
    missing = [f"bad: {path}:{line}: no {what}, although it is marked" for path, line in sorted(wanted - given)]
    return missing + [f"bad: {path}:{line}: a {what} that is not marked" for path, line in sorted(given - wanted)]


def _problems(where: str, report: Report) -> list[str]:
    problems = [each for each in report.problems if each.message != examples.OUTSIDE]
    return [f"{where}: {f'{each.location}: ' if each.location else ''}{each.message}" for each in problems]


def _said(finding: Finding) -> str:
    return f"{finding.origin.location or finding.resource}: {finding.check} says: {finding.message}"
