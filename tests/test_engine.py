"""Running checks over models."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import pytest

from guardrails import Check, Finding, Kind, Severity
from guardrails.catalog import AnyCheck
from guardrails.engine import SelectionError, Settings, run
from guardrails.model import (
    Gap,
    Label,
    Location,
    Model,
    Origin,
    Problem,
    Resource,
    Resources,
    Sensitive,
    UnknownValue,
    Value,
)


class _Of(Check[Resource]):
    kind = Kind.SECURITY
    severity = Severity.MEDIUM
    hint = "Mend it."
    types = ("aws_s3_bucket",)


class OpenBucket(_Of):
    """A bucket is open."""

    id = "open-bucket"
    severity = Severity.HIGH

    def check(self, bucket: Resource, /) -> Iterator[Finding]:
        for reader in bucket.texts("readers"):
            if reader == "*":
                yield self.finding(bucket, f"`{reader}` may read {bucket.text('bucket')}", path="readers")


class CrashingCheck(_Of):
    """A check that breaks."""

    id = "crashing-check"

    def check(self, bucket: Resource, /) -> Iterator[Finding]:
        yield self.finding(bucket, "the first")
        raise ValueError("no such thing")


class EndlessCheck(_Of):
    """A check that never returns."""

    id = "endless-check"

    def check(self, bucket: Resource, /) -> Iterator[Finding]:
        return self.check(bucket)


class ForgetfulCheck(_Of):
    """A check that forgot to yield."""

    id = "forgetful-check"

    def check(self, _bucket: Resource, /) -> Iterator[Finding]:
        return None  # type: ignore[return-value]  # what users write by mistake


class WastefulDesign(Check[Model]):
    """A design has many buckets."""

    id = "wasteful-design"
    kind = Kind.COST
    severity = Severity.LOW
    hint = "Have fewer."

    def check(self, model: Model, /) -> Iterator[Finding]:
        number = sum(1 for _ in model.resources("aws_s3_bucket"))
        if number > 1:
            yield self.finding(model, f"there are {number} buckets")


class DataCheck(_Of):
    """A data source is read."""

    id = "data-check"
    types = ("data.aws_s3_bucket",)

    def check(self, bucket: Resource, /) -> Iterator[Finding]:
        yield self.finding(bucket, "it is read")


@dataclass(frozen=True)
class Readers:
    """A view of the buckets with readers."""

    resource: Resource | None

    @classmethod
    def subjects(cls, model: Model, /) -> Iterable[Readers]:
        """See `Subject.subjects`."""
        for bucket in model.resources("aws_s3_bucket"):
            yield cls(bucket)


class ViewCheck(Check[Readers]):
    """A view is looked at."""

    id = "view-check"
    kind = Kind.SECURITY
    severity = Severity.INFO
    hint = "Look."

    def check(self, readers: Readers, /) -> Iterator[Finding]:
        if readers.resource:
            yield self.finding(readers.resource, "seen")


def bucket(name: str = "logs", *, line: int = 1, path: str = "main.tf", address: str = "", **values: Value) -> Resource:
    """Make a bucket that stands in a file."""

    def locate(at: tuple[str | int, ...]) -> Origin:
        return Origin(Location(path, line + (1 if at else 0), 1, line + 3))

    return Resource("aws_s3_bucket", name, {"bucket": name, **values}, locate=locate, address=address)


def design(*resources: Resource, name: str = ".", gaps: tuple[Gap, ...] = ()) -> Model:
    """Make a configuration."""
    return Model(name, "configuration", Resources(resources), gaps=gaps)


def test_a_check_sees_the_resources_of_its_types() -> None:
    """Each subject gives its own findings, in the order of the lines."""
    model = design(bucket("b", line=10, readers=["*"]), bucket("a", line=1, readers=["*"]), bucket("c", line=20))

    report = run([model], [OpenBucket()])

    assert [(each.resource, each.message) for each in report.findings] == [
        ("aws_s3_bucket.a", "`*` may read a"),
        ("aws_s3_bucket.b", "`*` may read b"),
    ]
    assert (report.resources, report.checks, report.undecided, report.problems) == (3, 1, [], [])


def test_what_is_known_is_found_before_the_doubt() -> None:
    """An unknown element makes the answer undecided and keeps the findings made before it."""
    report = run([design(bucket(readers=["*", UnknownValue("var.reader has no value")]))], [OpenBucket()])

    assert [each.message for each in report.findings] == ["`*` may read logs"]
    assert [(each.check, each.resource, each.reason) for each in report.undecided] == [
        ("open-bucket", "aws_s3_bucket.logs", "aws_s3_bucket.logs: readers: var.reader has no value")
    ]


def test_a_check_that_breaks_is_a_problem_and_the_others_go_on() -> None:
    """The run reports the crash once, with the number of resources, and every other check's findings."""
    model = design(bucket("a", readers=["*"]), bucket("b"))

    report = run([model], [CrashingCheck(), OpenBucket()])

    assert [(each.check, each.resource) for each in report.findings] == [
        ("crashing-check", "aws_s3_bucket.a"),
        ("crashing-check", "aws_s3_bucket.b"),
        ("open-bucket", "aws_s3_bucket.a"),
    ]
    assert [(each.stage, each.message, str(each.location)) for each in report.problems] == [
        ("check", "crashing-check crashed on aws_s3_bucket.a (and 1 more): ValueError: no such thing", "main.tf:1")
    ]


@pytest.mark.parametrize(
    ("check", "message"),
    [
        (EndlessCheck(), "endless-check crashed on aws_s3_bucket.logs: RecursionError: "),
        (ForgetfulCheck(), "forgetful-check crashed on aws_s3_bucket.logs: TypeError: "),
    ],
)
def test_every_way_of_breaking_is_a_problem(check: _Of, message: str) -> None:
    """Too deep a recursion and an answer that is none do not end the run."""
    (problem,) = run([design(bucket())], [check]).problems
    assert problem.message.startswith(message)


def test_a_model_is_a_subject_once() -> None:
    """A check of the whole is asked once for each model, and is undecided where resources may be missing."""
    whole = run([design(bucket("a"), bucket("b"))], [WastefulDesign()])
    partial = run([design(bucket("a"), bucket("b"), gaps=(Gap("module x is missing"),))], [WastefulDesign()])

    assert [(each.resource, each.message) for each in whole.findings] == [(".", "there are 2 buckets")]
    assert [(each.resource, each.reason) for each in partial.undecided] == [(".", "module x is missing")]
    assert [(each.stage, each.message) for each in partial.problems] == [("read", "module x is missing")]


def test_a_data_source_is_a_subject_where_it_is_named() -> None:
    """`data.` before a type means data sources, and only them."""
    source = Resource("aws_s3_bucket", "there", {}, mode="data")

    report = run([design(source, bucket())], [DataCheck()])

    assert [each.resource for each in report.findings] == ["data.aws_s3_bucket.there"]
    assert report.resources == 1


def test_a_view_gives_its_subjects_before_its_doubt() -> None:
    """The subjects of a view are made once, and what it cannot know makes each of its checks undecided."""

    class OtherViewCheck(ViewCheck):
        """A second check of the view."""

        id = "other-view-check"

    report = run([design(bucket(), gaps=(Gap("denied"),))], [ViewCheck(), OtherViewCheck()])

    assert [each.check for each in report.findings] == ["other-view-check", "view-check"]
    assert [(each.check, each.reason) for each in report.undecided] == [
        ("other-view-check", "denied"),
        ("view-check", "denied"),
    ]


def test_problems_that_come_while_values_are_read_are_reported() -> None:
    """Models are asked for their problems after the checks have run."""
    model = design(bucket(readers=["*"]))

    class LazyCheck(_Of):
        """A check that makes the model evaluate more."""

        id = "lazy-check"

        def check(self, subject: Resource, /) -> Iterator[Finding]:
            subject.model.problems.append(Problem("evaluate", "too deep"))
            yield from ()

    assert [each.message for each in run([model], [LazyCheck()]).problems] == ["too deep"]


def test_the_same_line_through_several_roots_is_one_finding() -> None:
    """What two roots say of one line is said once, with the other address in the details."""
    dev = design(bucket(path="m/main.tf", address="module.a.aws_s3_bucket.logs", readers=["*"]), name="dev")
    prod = design(bucket(path="m/main.tf", address="module.b.aws_s3_bucket.logs", readers=["*"]), name="prod")

    (finding,) = run([dev, prod], [OpenBucket()]).findings

    assert finding.resource == "module.a.aws_s3_bucket.logs"
    assert finding.details == ("also module.b.aws_s3_bucket.logs in prod",)


def test_instances_of_one_root_stay_findings_of_their_own() -> None:
    """A resource with `count` gives a finding for each instance."""
    model = design(
        bucket(address="aws_s3_bucket.logs[0]", readers=["*"]), bucket(address="aws_s3_bucket.logs[1]", readers=["*"])
    )
    assert [each.resource for each in run([model], [OpenBucket()]).findings] == [
        "aws_s3_bucket.logs[0]",
        "aws_s3_bucket.logs[1]",
    ]


def test_findings_without_a_place_are_never_one() -> None:
    """Two plans that say the same of the same address are two facts."""
    models = [
        Model(name, "plan", Resources([Resource("aws_s3_bucket", "logs", {"readers": ["*"]})]))
        for name in ("dev.json", "prod.json")
    ]
    assert len(run(models, [OpenBucket()]).findings) == 2


def test_the_order_does_not_depend_on_the_order_of_checks() -> None:
    """The same input gives the same report."""
    model = design(bucket("a", line=1, readers=["*"]), bucket("b", line=9, readers=["*"]))
    checks: list[AnyCheck] = [OpenBucket(), WastefulDesign(), CrashingCheck(), ViewCheck()]

    assert run([model], checks).findings == run([model], checks[::-1]).findings


def test_a_fingerprint_survives_moved_lines() -> None:
    """Neither the line nor the file nor the message is part of it; check, address, attribute and root are."""

    def fingerprints(model: Model) -> list[str]:
        return [each.fingerprint for each in run([model], [OpenBucket(), ViewCheck()]).findings]

    here = fingerprints(design(bucket(line=1, readers=["*"])))
    moved = fingerprints(design(bucket(line=40, path="other.tf", readers=["*"])))
    renamed = fingerprints(design(bucket("new", readers=["*"])))
    elsewhere = fingerprints(design(bucket(readers=["*"]), name="prod"))

    assert here == moved
    assert len({*here, *renamed, *elsewhere}) == 6
    assert all(len(each) == 32 for each in here)


def test_twins_have_numbered_fingerprints() -> None:
    """Two findings that nothing but their order tells apart have different fingerprints, the first the usual one."""
    once = run([design(bucket(readers=["*"]))], [OpenBucket()]).findings
    twice = run([design(bucket(readers=["*", "*"]))], [OpenBucket()]).findings

    assert twice[0].fingerprint == once[0].fingerprint
    assert len({each.fingerprint for each in twice}) == 2


def test_a_secret_in_a_message_is_masked() -> None:
    """A sensitive value that a check puts into its message stays hidden."""
    report = run([design(bucket("logs", readers=[Sensitive("*")]))], [OpenBucket()])
    assert [each.message for each in report.findings] == ["`(sensitive value)` may read logs"]


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (Settings(), ["data-check", "open-bucket", "wasteful-design"]),
        (Settings(select=("open-bucket",)), ["open-bucket"]),
        (Settings(select=("open-*", "cost")), ["open-bucket", "wasteful-design"]),
        (Settings(select=("high",)), ["open-bucket"]),
        (Settings(ignore=("security",)), ["wasteful-design"]),
        (Settings(select=("security",), ignore=("medium",)), ["open-bucket"]),
        (Settings(kinds=frozenset({Kind.COST})), ["wasteful-design"]),
        (Settings(select=("low",), severities={"open-bucket": Severity.LOW}), ["open-bucket", "wasteful-design"]),
    ],
)
def test_selection(settings: Settings, expected: list[str]) -> None:
    """Checks are selected by id, glob, kind and severity, after severities were set."""
    source = Resource("aws_s3_bucket", "there", {}, mode="data")
    model = design(bucket("a", readers=["*"]), bucket("b"), source)

    report = run([model], [OpenBucket(), WastefulDesign(), DataCheck()], settings)

    assert sorted(each.check for each in report.findings) == expected


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            Settings(select=("open-buckets",)),
            "'open-buckets': did you mean open-bucket?",
        ),
        (Settings(ignore=("hgh",)), "'hgh': did you mean high?"),
        (
            Settings(severities={"high": Severity.LOW}),
            "'high': did you mean high?",
        ),
        (
            Settings(unsuppressible=("zzz",)),
            "'zzz'; `guardrails checks` lists them",
        ),
    ],
)
def test_a_selection_that_means_nothing_is_an_error(settings: Settings, message: str) -> None:
    """A misspelt id never makes a run look clean."""
    with pytest.raises(SelectionError) as caught:
        run([design(bucket())], [OpenBucket()], settings)
    assert str(caught.value) == f"no check, kind or severity is called {message}"


class GradedCheck(_Of):
    """A check that grades itself."""

    id = "graded-check"

    def check(self, bucket: Resource, /) -> Iterator[Finding]:
        yield self.finding(bucket, "as declared")
        yield self.finding(bucket, "latent", severity=Severity.LOW)


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (Severity.CRITICAL, [Severity.CRITICAL, Severity.LOW]),
        (Severity.LOW, [Severity.LOW, Severity.LOW]),
        (Severity.INFO, [Severity.INFO, Severity.INFO]),
    ],
)
def test_severity_overrides(wanted: Severity, expected: list[Severity]) -> None:
    """An override moves what has the declared severity, and only lowers what the check graded itself."""
    report = run([design(bucket())], [GradedCheck()], Settings(severities={"graded-*": wanted}))
    assert [each.severity for each in report.findings] == expected


def test_where_the_value_came_from_is_kept() -> None:
    """The places that a value came through and the module calls are part of the finding."""
    default = Label(Location("variables.tf", 3), "the default")
    call = Label(Location("main.tf", 20, 1, 24), 'module "logs" is called here')
    resource = Resource(
        "aws_s3_bucket",
        "logs",
        {"readers": ["*"], "bucket": "logs"},
        locate=lambda _: Origin(Location("m/main.tf", 2), (default,), (call,)),
    )

    (finding,) = run([design(resource)], [OpenBucket()]).findings

    assert (finding.related, finding.origin.calls) == ((default,), (call,))
