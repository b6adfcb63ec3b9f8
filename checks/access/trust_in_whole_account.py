from __future__ import annotations

from collections.abc import Iterator

from guardrails import Access, Check, Example, Finding, Kind, Severity


class TrustInWholeAccount(Check[Access]):
    """A role lets everybody of another account in, without an external id.

    ## Why is this bad?
    Whoever can assume roles in that account has this one too. If the account is a vendor's, it works for all of its
    customers, and without an external id each of them can make it use yours (the confused deputy).

    A condition on `sts:ExternalId`, `aws:PrincipalOrgID`, `aws:PrincipalArn` or MFA, or a single role as the principal,
    is enough.
    """

    id = "trust-in-whole-account"
    kind = Kind.SECURITY
    severity = Severity.MEDIUM
    hint = "Demand `sts:ExternalId` of a vendor, `aws:PrincipalOrgID` of your own accounts, or name the role."
    same_as = ("CKV_AWS_61",)
    references = (
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_common-scenarios_third-party.html",
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html",
    )
    examples = (
        Example(
            bad="""
            data "aws_caller_identity" "current" {}

            resource "aws_iam_role" "vendor" {
              name = "vendor"
              assume_role_policy = jsonencode({ # finding
                Version = "2012-10-17"
                Statement = [{
                  Effect    = "Allow"
                  Action    = "sts:AssumeRole"
                  Principal = { AWS = "arn:aws:iam::444455556666:root" }
                }]
              })
            }
            """,
            fixed="""
            data "aws_caller_identity" "current" {}

            resource "aws_iam_role" "vendor" {
              name = "vendor"
              assume_role_policy = jsonencode({
                Version = "2012-10-17"
                Statement = [{
                  Effect    = "Allow"
                  Action    = "sts:AssumeRole"
                  Principal = { AWS = "arn:aws:iam::444455556666:root" }
                  Condition = { StringEquals = { "sts:ExternalId" = "c0ffee-4711" } }
                }]
              })
            }
            """,
        ),
    )

    def check(self, subject: Access, /) -> Iterator[Finding]:
        for found in subject.outsiders("trust"):
            if found.whole:
                unsure = "" if found.sure else " (unless it is this design's own, which is not known)"
                yield self.finding(
                    found.view.block,
                    f"everybody of account {found.account} who may assume roles can assume this one{unsure}",
                    path=found.view.path,
                    severity=self.severity if found.sure else Severity.LOW,
                    related=found.view.labels(found.index),
                )
