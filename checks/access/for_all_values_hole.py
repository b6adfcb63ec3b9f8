from __future__ import annotations

from collections.abc import Iterator

from guardrails import Check, Example, Finding, Kind, PolicyView, Severity


class ForAllValuesHole(Check[PolicyView]):
    """A condition with ForAllValues lets in every request without its key.

    ## Why is this bad?
    `ForAllValues` is true if there is no value to look at. In an Allow it grants to whoever does not carry the key at
    all: an anonymous caller has no `aws:PrincipalOrgPaths`, a direct call no `aws:CalledVia`.

    It is not reported where another condition demands the key, or where every request of the actions carries it.
    """

    id = "for-all-values-hole"
    kind = Kind.SECURITY
    severity = Severity.HIGH
    hint = "Use `ForAnyValue`, or demand the key besides by `Null` with `false`."
    references = (
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html",
    )
    examples = (
        Example(
            bad="""
            resource "aws_iam_policy" "reader" {
              name = "reader"
              policy = jsonencode({ # finding
                Version = "2012-10-17"
                Statement = [{
                  Effect = "Allow"
                  Action = "s3:GetObject"
                  Resource = "arn:aws:s3:::example-reports/*"
                  Condition = { "ForAllValues:StringEquals" = { "aws:CalledVia" = "athena.amazonaws.com" } }
                }]
              })
            }
            """,
            fixed="""
            resource "aws_iam_policy" "reader" {
              name = "reader"
              policy = jsonencode({
                Version = "2012-10-17"
                Statement = [{
                  Effect = "Allow"
                  Action = "s3:GetObject"
                  Resource = "arn:aws:s3:::example-reports/*"
                  Condition = { "ForAnyValue:StringEquals" = { "aws:CalledVia" = "athena.amazonaws.com" } }
                }]
              })
            }
            """,
        ),
    )

    def check(self, subject: PolicyView, /) -> Iterator[Finding]:
        for fault in subject.faults("hole"):
            yield self.finding(
                subject.block,
                fault.message,
                path=subject.path,
                related=subject.labels(fault.index),
            )
