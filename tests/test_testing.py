"""Examples of checks as their tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from guardrails import Check, Example, Finding, Kind, Model, Resource, Severity
from guardrails.catalog import Catalog
from guardrails.testing import cases, failures, house_rules


class OpenBucket(Check[Resource]):
    """A bucket's ACL is public.

    ## Why is this bad?
    Everybody reads it.
    """

    id = "open-bucket"
    kind = Kind.SECURITY
    severity = Severity.HIGH
    hint = "Make it private."
    types = ("aws_s3_bucket",)

    def check(self, bucket: Resource, /) -> Iterator[Finding]:
        """See `Check.check`."""
        if bucket.text("acl") == "public-read":
            yield self.finding(bucket, "it is public", path="acl")


class UnnamedBucket(OpenBucket):
    """A bucket has no name."""

    id = "unnamed-bucket"

    def check(self, bucket: Resource, /) -> Iterator[Finding]:
        """See `Check.check`."""
        if not bucket.is_set("bucket"):
            yield self.finding(bucket, "it has no name")


BAD = """
resource "aws_s3_bucket" "a" {
  bucket = "a"
  acl    = "public-read" # finding
}
"""
FIXED = BAD.replace("public-read", "private").replace(" # finding", "")


def wrong(example: Example, check: type[OpenBucket] = OpenBucket) -> list[str]:
    """What is wrong with an example of a check."""
    with_example = type(check.__name__, (check,), {"examples": (example,), "__doc__": check.__doc__})()
    (case,) = cases([with_example])
    return failures(case, [UnnamedBucket()])


@pytest.mark.parametrize(
    ("example", "expected"),
    [
        (Example(bad=BAD, fixed=FIXED), []),
        (
            Example(bad=BAD.replace("{", "{ # finding", 1)),
            ["bad: main.tf:1: no finding, although it is marked"],
        ),
        (
            Example(bad=BAD.replace(" # finding", "")),
            ["bad: main.tf:3: a finding that is not marked"],
        ),
        (
            Example(bad=FIXED),
            ["bad: it sets the check off nowhere"],
        ),
        (
            Example(bad=BAD, fixed=BAD),
            ["fixed: main.tf:3: open-bucket says: it is public"],
        ),
        (
            Example(bad=BAD, fixed=FIXED.replace('bucket = "a"', "")),
            ["fixed: main.tf:1: unnamed-bucket says: it has no name"],
        ),
        (
            Example(bad='variable "acl" {}\n' + BAD.replace('"public-read" # finding', "var.acl # undecided")),
            [],
        ),
        (
            Example(bad=BAD, fixed='variable "acl" {}\n' + FIXED.replace('"private"', "var.acl")),
            ["fixed: not decided: aws_s3_bucket.a: acl: var.acl has no value"],
        ),
        (
            Example(bad='module "m" {\n  source = "./m"\n}', files=(("m/main.tf", BAD),)),
            [],
        ),
    ],
)
def test_examples_are_held_to_their_marks(example: Example, expected: list[str]) -> None:
    """Marked lines give results, other lines give none, and a repair is clean under every check."""
    assert wrong(example) == expected


LIVE = """
{"complete": ["aws_s3_bucket_acl"]}
{"type": "aws_s3_bucket", "name": "a", "values": {
  "bucket": "a", "acl": "private"
}}
{"type": "aws_s3_bucket", "name": "b", "values": { # finding
  "bucket": "b", "acl": "public-read"
}}
"""
PRIVATE = LIVE.replace(" # finding", "").replace("public-read", "private")


@pytest.mark.parametrize(
    ("example", "expected"),
    [
        (Example(bad=LIVE, fixed=PRIVATE), []),
        (Example(bad=LIVE.replace(" # finding", "")), ["bad: account.json:5: a finding that is not marked"]),
        (
            Example(bad=PRIVATE.replace("{ ", "{").replace('"a", "values": {', '"a", "values": { # finding')),
            [
                "bad: account.json:2: no finding, although it is marked",
                "bad: it sets the check off nowhere",
            ],
        ),
        (Example(bad=LIVE, fixed=LIVE), ["fixed: aws_s3_bucket.b: open-bucket says: it is public"]),
        (
            Example(bad=LIVE, fixed=PRIVATE.replace('"bucket": "a"', '"bucket": null')),
            ["fixed: aws_s3_bucket.a: unnamed-bucket says: it has no name"],
        ),
    ],
)
def test_an_example_may_be_an_account(example: Example, expected: list[str]) -> None:
    """The mark stands on the first line of a thing, and a repair is clean under every check."""
    assert wrong(example) == expected


class WithoutTrail(Check[Model]):
    """An account has no trail."""

    id = "without-trail"
    kind = Kind.SECURITY
    severity = Severity.HIGH
    hint = "Make one."

    def check(self, model: Model, /) -> Iterator[Finding]:
        """See `Check.check`."""
        if not any(model.resources("aws_cloudtrail")):
            yield self.finding(model, "it has none")


def test_what_an_account_lacks_is_only_known_where_it_is_said_to_be_complete() -> None:
    """A type that is neither given nor named as complete is undecided; a finding on the account is on its line."""

    def tested(text: str) -> list[str]:
        check = type("WithoutTrail", (WithoutTrail,), {"examples": (Example(bad=text),)})()
        return [each for case in cases([check]) for each in failures(case, [])]

    bucket = '{"type": "aws_s3_bucket", "name": "a", "values": {}}'
    assert tested('{"complete": ["aws_cloudtrail"]} # finding\n' + bucket) == []
    assert tested('{"complete": []} # undecided\n' + bucket) == []


def test_a_broken_account_is_a_failure() -> None:
    """An example that is no JSON proves nothing, and says where it breaks."""
    assert wrong(Example(bad='{"type": "aws_s3_bucket"')) == [
        "the account of the example is not JSON: Expecting ',' delimiter: line 2 column 1 (char 25)"
    ]


def test_broken_terraform_is_a_failure() -> None:
    """An example that does not parse proves nothing."""
    assert any(each.startswith("bad: main.tf:") for each in wrong(Example(bad=BAD.replace("}", ""))))


class Misnamed(OpenBucket):
    """Ensure that a bucket with a title that is much longer than the eighty characters which fit is closed"""

    id = "closed-bucket"
    hint = "Do something"
    counter_checks = ("nothing-like-this",)
    references = ("http://example.com", "https://example.com/page")


def test_the_form_of_a_check() -> None:
    """Names agree, the title says what is bad, the page says why, and what it names exists."""
    good = type("OpenBucket", (OpenBucket,), {"examples": (Example(BAD, FIXED),), "__doc__": OpenBucket.__doc__})()

    assert house_rules(good, "checks/access/open_bucket.py", Catalog({})) == []
    assert house_rules(Misnamed(), "checks/access/open_bucket.py", Catalog({})) == [
        "its file is open_bucket.py, which is not its id closed-bucket",
        "its class is Misnamed, which is not its id closed-bucket",
        "its title has 100 characters: 1 to 80 are fine",
        "its title says what to do: say what is bad",
        "its title is no sentence: it ends without a full stop",
        'its docstring has no "## Why is this bad?"',
        "its hint is no sentence: it ends without a full stop",
        "it has no example with both `bad` and `fixed`",
        "its reference http://example.com is no https address",
        "there is no check nothing-like-this to counter it",
    ]
