"""Suppressions in comments and in configuration."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import ClassVar

import pytest
from msgspec.structs import replace

from guardrails import Check, Finding, Kind, Severity
from guardrails.engine import Settings, run
from guardrails.finding import Report
from guardrails.model import Comment, Gap, Label, Location, Model, Origin, Resource, Resources, UnknownValue, Value
from guardrails.suppress import Rule, Scope, matches, parse

TODAY = date(2026, 11, 24)
BLOCK = Location("main.tf", 10, 1, 14, 2)


class OpenBucket(Check[Resource]):
    """A bucket is open."""

    id = "open-bucket"
    kind = Kind.SECURITY
    severity = Severity.HIGH
    hint = "Close it."
    types = ("aws_s3_bucket",)
    aliases: ClassVar[tuple[str, ...]] = ("bucket-open",)

    def check(self, bucket: Resource, /) -> Iterator[Finding]:
        if bucket.flag("open"):
            yield self.finding(bucket, "it is open", path="open")


class OldBucket(OpenBucket):
    """A bucket is old."""

    id = "old-bucket"
    aliases: ClassVar[tuple[str, ...]] = ()


CALL = Label(Location("root.tf", 1, 1, 4, 2), "called here")


def bucket(*, name: str = "logs", opened: Value = True, path: str = "main.tf", called: bool = False) -> Resource:
    """Make a bucket on lines 10 to 14 whose attribute `open` is on line 12."""
    calls = (CALL,) if called else ()

    def locate(at: tuple[str | int, ...]) -> Origin:
        return Origin(Location(path, 12, 3, 12, 14) if at else replace(BLOCK, path=path), (), calls)

    return Resource("aws_s3_bucket", name, {"open": opened}, locate=locate)


def comment(text: str, *, line: int = 9, applies_to: Location = BLOCK, path: str = "main.tf") -> Comment:
    """Make a comment above the bucket, or where it is said."""
    return Comment(Location(path, line, 1, line, 40), text, applies_to)


def judged(
    *comments: Comment,
    resources: Sequence[Resource] = (),
    checks: Sequence[Check[Resource]] = (OpenBucket(),),
    gaps: Sequence[Gap] = (),
    **settings: object,
) -> Report:
    """Run the checks under these suppressions."""
    model = Model(".", "configuration", Resources(resources or [bucket()]), comments=comments, gaps=gaps)
    given = replace(Settings(today=TODAY), **settings)
    return run([model], checks, given)


def said(report: Report) -> list[tuple[str, str]]:
    """The findings as (check, message)."""
    return [(each.check, each.message) for each in report.findings]


OPEN = ("open-bucket", "it is open")


@pytest.mark.parametrize(
    "where",
    [
        pytest.param(BLOCK, id="the block"),
        pytest.param(Location("main.tf", 12), id="the line"),
        pytest.param(Location("main.tf", 10), id="the first line of the block"),
        pytest.param(CALL.location, id="the module call"),
    ],
)
def test_a_comment_hides_what_it_stands_for(where: Location) -> None:
    """A finding is suppressed from its line, its block and the calls of its modules."""
    text = 'guardrails: ignore[open-bucket] reason="a public site" until=2027-01-31'

    report = judged(comment(text, applies_to=where), resources=[bucket(called=True)])

    assert said(report) == []
    (suppressed,) = report.suppressed
    assert (suppressed.finding.message, suppressed.reason, suppressed.expires) == (
        "it is open",
        "a public site",
        "2027-01-31",
    )
    assert suppressed.by.location == Location("main.tf", 9, 1, 9, 40)


@pytest.mark.parametrize(
    "where", [Location("main.tf", 13), Location("main.tf", 1, 1, 9), Location("other.tf", 1, 1, 99)]
)
def test_a_comment_hides_nothing_elsewhere(where: Location) -> None:
    """Another line, block or file is not suppressed."""
    report = judged(comment('guardrails: ignore[open-bucket] reason="x"', applies_to=where))
    assert OPEN in said(report)


@pytest.mark.parametrize("name", ["open-bucket", "bucket-open", "open-*", "*"])
def test_a_comment_names_checks_by_id_former_id_or_glob(name: str) -> None:
    """All of them mean the check."""
    assert said(judged(comment(f'guardrails: ignore[{name}] reason="x"'))) == []


def test_one_comment_names_several_checks() -> None:
    """Each of them is hidden, and what follows after a second mark is a comment of its own."""
    text = 'guardrails: ignore[open-bucket, old-bucket] reason="both" # see the wiki'

    report = judged(comment(text), checks=[OpenBucket(), OldBucket()])

    assert said(report) == []
    assert [each.finding.check for each in report.suppressed] == ["old-bucket", "open-bucket"]


def test_a_suppression_without_reason_has_no_effect() -> None:
    """The finding stays, and the comment is a finding itself."""
    report = judged(comment("guardrails: ignore[open-bucket]"))

    assert said(report) == [
        ("suppression-without-reason", "this suppression has no reason, so it has no effect"),
        OPEN,
    ]
    assert (report.findings[0].kind, report.findings[0].severity) == (Kind.PRODUCTIVITY, Severity.MEDIUM)


@pytest.mark.parametrize(("until", "holds"), [("2026-11-24", True), ("2026-11-23", False)])
def test_a_suppression_ends_with_its_last_day(until: str, holds: bool) -> None:
    """It holds on that day; after it, it is a finding and hides nothing."""
    report = judged(comment(f'guardrails: ignore[open-bucket] reason="x" until={until}'))
    assert said(report) == ([] if holds else [("expired-suppression", "this suppression ended on 2026-11-23"), OPEN])


def test_an_unused_suppression_is_a_finding() -> None:
    """Each check of a comment that hides nothing is named."""
    text = 'guardrails: ignore[open-bucket, old-bucket] reason="x"'
    report = judged(comment(text), resources=[bucket(opened=False)], checks=[OpenBucket(), OldBucket()])
    assert said(report) == [
        ("unused-suppression", "nothing here sets off `old-bucket`"),
        ("unused-suppression", "nothing here sets off `open-bucket`"),
    ]


@pytest.mark.parametrize(
    "report",
    [
        pytest.param(
            judged(
                comment('guardrails: ignore[old-bucket] reason="x"'),
                resources=[bucket(opened=False)],
                checks=[OpenBucket(), OldBucket()],
                ignore=("old-bucket",),
            ),
            id="the check did not run",
        ),
        pytest.param(
            judged(
                comment('guardrails: ignore[open-bucket] reason="x"'),
                resources=[bucket(opened=UnknownValue("var.open has no value"))],
            ),
            id="the check could not decide",
        ),
        pytest.param(
            judged(
                comment('guardrails: ignore[open-bucket] reason="x"'),
                resources=[bucket(opened=False)],
                gaps=[Gap("module m is not installed")],
            ),
            id="a module is missing",
        ),
        pytest.param(
            judged(
                comment('guardrails: ignore[open-bucket] reason="x"'),
                resources=[bucket(opened=False, path="other.tf")],
            ),
            id="there is no instance of the resource",
        ),
        pytest.param(
            judged(
                comment('guardrails: ignore[open-bucket] reason="x"'),
                resources=[bucket(opened=False)],
                scope=Scope(("envs/dev",)),
            ),
            id="other roots use the file",
        ),
    ],
)
def test_a_suppression_that_may_be_needed_is_not_called_unused(report: Report) -> None:
    """Not having seen all is no proof."""
    assert said(report) == []


def test_an_unknown_check_is_a_finding() -> None:
    """A misspelt id is said to be one."""
    report = judged(comment('guardrails: ignore[open-buckets] reason="x"'))
    assert said(report) == [("suppression-of-unknown-check", "there is no check `open-buckets`"), OPEN]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("guardrails: ignore open-bucket", "write it as `guardrails: ignore[CHECK, ...] reason="),
        ("guardrails: disable", "write it as `guardrails: ignore[CHECK, ...] reason="),
        ("guardrails: ignore[]", "it names no check: write it as `guardrails: ignore"),
        ("guardrails: ignore[open-bucket] because", "`because` is not understood: write it as `guardrails: ignore"),
        ('guardrails: ignore[open-bucket] reason="x" until=soon', "`soon` is not a date: write `until=2030-12-31`"),
    ],
)
def test_a_comment_that_cannot_be_read_is_a_finding(text: str, fault: str) -> None:
    """It has no effect, and says so."""
    report = judged(comment(text))
    assert [each.check for each in report.findings] == ["malformed-suppression", "open-bucket"]
    assert report.findings[0].message.startswith(fault)


def test_other_comments_are_nothing() -> None:
    """Only comments that speak to guardrails count."""
    assert parse(comment("see guardrails: ignore[x]")) is None


def test_some_checks_cannot_be_suppressed() -> None:
    """A check of the configured list stays, and the attempt is a finding."""
    report = judged(comment('guardrails: ignore[open-bucket] reason="x"'), unsuppressible=("open-*",))
    assert said(report) == [
        ("forbidden-suppression", "`open-bucket` cannot be suppressed here, so this has no effect"),
        OPEN,
    ]
    assert report.suppressed == []


RULE = Rule(("open-bucket",), "x", by=Location("guardrails.toml", 3))


@pytest.mark.parametrize(
    ("rule", "hidden"),
    [
        (RULE, True),
        (replace(RULE, address="aws_s3_bucket.*"), True),
        (replace(RULE, address="aws_s3_bucket.logs"), True),
        (replace(RULE, address="aws_s3_bucket.log"), False),
        (replace(RULE, path="main.tf"), True),
        (replace(RULE, path="*.tf"), True),
        (replace(RULE, path="modules"), False),
        (replace(RULE, address="aws_s3_bucket.logs", path="other.tf"), False),
        (replace(RULE, checks=("old-*",)), False),
        (replace(RULE, reason=" "), False),
        (replace(RULE, until=date(2026, 1, 1)), False),
    ],
)
def test_configuration_suppresses_by_check_address_and_path(rule: Rule, hidden: bool) -> None:
    """All three must fit."""
    report = judged(suppressions=(rule,), checks=[OpenBucket(), OldBucket()], ignore=("old-bucket",))
    assert (OPEN not in said(report)) is hidden


def test_a_path_is_relative_to_its_configuration() -> None:
    """A glob means the files below the configuration's folder, wherever the user stands."""
    rule = replace(RULE, path="infra/*", folder="..")

    assert said(judged(suppressions=(rule,), scope=Scope(()), resources=[bucket(path="other/main.tf")])) == [OPEN]
    assert said(judged(suppressions=(rule,), scope=Scope(()), resources=[bucket(path="../infra/main.tf")])) == []


def test_an_unused_line_of_the_configuration_is_a_finding() -> None:
    """It is said where the whole folder of the configuration was scanned, and nowhere else."""
    rule = replace(RULE, address="aws_s3_bucket.gone")

    whole = judged(suppressions=(rule,))
    part = judged(suppressions=(rule,), scope=Scope(("envs/dev",)))

    assert ("unused-suppression", "nothing here sets off `open-bucket`") in said(whole)
    assert said(part) == [OPEN]


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("a*c", "abc", True),
        ("a*c", "ac", True),
        ("a*c", "acd", False),
        ("*", "", True),
        ("a[0]", "a[0]", True),
        ("a[0]", "a0", False),
        ("ab*ba", "aba", False),
        ("*a*b*", "xxaxxbxx", True),
        ("*a*b*", "xxbxxaxx", False),
        ("", "a", False),
    ],
)
def test_globs(pattern: str, text: str, expected: bool) -> None:
    """A star stands for anything, brackets stand for themselves."""
    assert matches(pattern, text) is expected


def test_a_hostile_glob_is_quick() -> None:
    """A glob of a comment cannot make the run hang."""
    assert not matches("*a" * 5_000 + "b", "a" * 20_000)


@pytest.mark.parametrize(
    ("scope", "path", "covered"),
    [
        (Scope(), "a/main.tf", True),
        (Scope(), "../a/main.tf", False),
        (Scope(("a",)), "a/b/main.tf", True),
        (Scope(("a",)), "ab/main.tf", False),
        (Scope((), ("a",)), "a/main.tf", True),
        (Scope((), ("a",)), "a/b/main.tf", False),
        (Scope((), (".",)), "main.tf", True),
        (Scope(("./a/",)), "a/main.tf", True),
    ],
)
def test_what_a_scope_covers(scope: Scope, path: str, covered: bool) -> None:
    """Folders are seen with what is below them, the folders of single files without."""
    assert scope.covers(path) is covered
