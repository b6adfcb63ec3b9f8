from __future__ import annotations

from collections.abc import Iterator

from guardrails import Check, Example, Finding, Kind, PolicyView, Severity


class MfaConditionHole(Check[PolicyView]):
    """A condition on MFA does not hold for requests that an access key signs.

    ## Why is this bad?
    `aws:MultiFactorAuthPresent` is absent, not false, from requests with long-term keys. A Deny with `Bool ... false`
    spares them, and an Allow with `BoolIfExists ... true` lets them in: the stolen key that the condition is for.
    """

    id = "mfa-condition-hole"
    kind = Kind.SECURITY
    severity = Severity.MEDIUM
    hint = "Use `BoolIfExists` with `false` in a Deny, and `Bool` with `true` in an Allow."
    references = ("https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html",)
    examples = (
        Example(
            bad="""
            resource "aws_iam_policy" "people" {
              name = "people"
              policy = jsonencode({ # finding
                Version = "2012-10-17"
                Statement = [{
                  Effect = "Deny"
                  NotAction = ["iam:ListMFADevices", "iam:EnableMFADevice", "sts:GetSessionToken"]
                  Resource = "*"
                  Condition = { Bool = { "aws:MultiFactorAuthPresent" = "false" } }
                }]
              })
            }
            """,
            fixed="""
            resource "aws_iam_policy" "people" {
              name = "people"
              policy = jsonencode({
                Version = "2012-10-17"
                Statement = [{
                  Effect = "Deny"
                  NotAction = ["iam:ListMFADevices", "iam:EnableMFADevice", "sts:GetSessionToken"]
                  Resource = "*"
                  Condition = { BoolIfExists = { "aws:MultiFactorAuthPresent" = "false" } }
                }]
              })
            }
            """,
        ),
        Example(
            title="An Allow",
            bad="""
            resource "aws_iam_policy" "people" {
              name = "people"
              policy = jsonencode({ # finding
                Version = "2012-10-17"
                Statement = [{
                  Effect = "Allow"
                  Action = "ec2:StopInstances"
                  Resource = "arn:aws:ec2:eu-west-1:111122223333:instance/i-0a1b2c3d4e5f60718"
                  Condition = { BoolIfExists = { "aws:MultiFactorAuthPresent" = true } }
                }]
              })
            }
            """,
            fixed="""
            resource "aws_iam_policy" "people" {
              name = "people"
              policy = jsonencode({
                Version = "2012-10-17"
                Statement = [{
                  Effect = "Allow"
                  Action = "ec2:StopInstances"
                  Resource = "arn:aws:ec2:eu-west-1:111122223333:instance/i-0a1b2c3d4e5f60718"
                  Condition = { Bool = { "aws:MultiFactorAuthPresent" = true } }
                }]
              })
            }
            """,
        ),
    )

    def check(self, subject: PolicyView, /) -> Iterator[Finding]:
        for fault in subject.faults("mfa-hole"):
            yield self.finding(
                subject.block,
                fault.message,
                path=subject.path,
                related=subject.labels(fault.index),
            )
