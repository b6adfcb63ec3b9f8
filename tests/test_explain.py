"""The page of a check."""

from __future__ import annotations

from collections.abc import Iterator

from guardrails import Check, Example, Finding, Kind, Resource, Severity
from guardrails.explain import markdown, text


class OpenBucket(Check[Resource]):
    """A bucket is public.

    ## Why is this bad?
    Everybody reads it.
    """

    id = "open-bucket"
    kind = Kind.SECURITY
    severity = Severity.HIGH
    hint = "Make it private."
    types = ("aws_s3_bucket",)
    same_as = ("CKV_AWS_20",)
    counter_checks = ("no-way-in",)
    references = ("https://docs.aws.amazon.com/s3/",)
    compliance = ("CIS-AWS-3.0:2.1.4",)
    examples = (
        Example(
            bad="""
            resource "aws_s3_bucket" "a" {
              acl = "public-read" # finding
            }
            """,
            fixed="""
            resource "aws_s3_bucket" "a" {
            }
            """,
            files=(("b.tf", "# more\n"),),
        ),
    )

    def check(self, bucket: Resource, /) -> Iterator[Finding]:
        """See `Check.check`."""
        raise NotImplementedError


PAGE = """\
# open-bucket

A bucket is public.

High severity, security.

## Why is this bad?
Everybody reads it.

## What to do

Make it private.

## Before

```terraform
resource "aws_s3_bucket" "a" {
  acl = "public-read"
}
```

## After

```terraform
resource "aws_s3_bucket" "a" {
}
```

`b.tf` of both:

```terraform
# more
```

## The other side

The usual fix can set off `no-way-in`: a good one satisfies both.

## Known elsewhere as

`CKV_AWS_20`

## Compliance

`CIS-AWS-3.0:2.1.4`

## References

- <https://docs.aws.amazon.com/s3/>
"""


def test_the_page_in_markdown() -> None:
    """Everything that a check says of itself, without the marks of its tests."""
    assert markdown(OpenBucket()) == PAGE


def test_the_page_for_a_terminal() -> None:
    """Headings and code without Markdown's marks."""
    shown = text(OpenBucket()).splitlines()

    assert shown[:7] == [
        "open-bucket",
        "",
        "A bucket is public.",
        "",
        "High severity, security.",
        "",
        "Why is this bad?",
    ]
    assert '    resource "aws_s3_bucket" "a" {' in shown
    assert not any(line.startswith(("#", "```")) for line in shown)
    assert text(OpenBucket(), color=True).startswith("\x1b[1mopen-bucket\x1b[0m\n")
