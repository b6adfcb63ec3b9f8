from __future__ import annotations

from collections.abc import Iterator

from guardrails import Check, Example, Finding, Kind, PolicyView, Severity


class RoleNobodyCanAssume(Check[PolicyView]):
    """A role's trust policy lets nobody in.

    ## Why is this bad?
    Whoever is to use the role gets `AccessDenied: not authorized to perform: sts:AssumeRole`, whatever its own policies
    say: its service, its pipeline, or the administrator who would repair it.

    What counts is AWS's evaluation: a Deny that takes back what an Allow gives, conditions that no request can meet
    together, a principal whose action is another one (`sts:AssumeRole` for an identity provider).
    """

    id = "role-nobody-can-assume"
    kind = Kind.PRODUCTIVITY
    severity = Severity.HIGH
    hint = "Let the principals that use the role in by the action that they use, with conditions that they can meet."
    references = ("https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_update-role-trust-policy.html",)
    examples = (
        Example(
            bad="""
            resource "aws_iam_role" "report" {
              name = "report"
              assume_role_policy = jsonencode({ # finding
                Version = "2012-10-17"
                Statement = [
                  {
                    Effect    = "Allow"
                    Action    = "sts:AssumeRole"
                    Principal = { Service = "lambda.amazonaws.com" }
                  },
                  {
                    Effect    = "Deny"
                    Action    = "sts:*"
                    Principal = "*"
                  },
                ]
              })
            }
            """,
            fixed="""
            resource "aws_iam_role" "report" {
              name = "report"
              assume_role_policy = jsonencode({
                Version = "2012-10-17"
                Statement = [
                  {
                    Effect    = "Allow"
                    Action    = "sts:AssumeRole"
                    Principal = { Service = "lambda.amazonaws.com" }
                  },
                  {
                    Effect    = "Deny"
                    Action    = "sts:AssumeRole"
                    Principal = "*"
                    Condition = { StringNotEqualsIfExists = { "aws:PrincipalServiceName" = "lambda.amazonaws.com" } }
                  },
                ]
              })
            }
            """,
        ),
        Example(
            title="The wrong action for an identity provider",
            bad="""
            resource "aws_iam_role" "people" {
              name = "people"
              assume_role_policy = jsonencode({ # finding
                Version = "2012-10-17"
                Statement = [{
                  Effect    = "Allow"
                  Action    = "sts:AssumeRole"
                  Principal = { Federated = "arn:aws:iam::111122223333:saml-provider/staff" }
                }]
              })
            }
            """,
            fixed="""
            resource "aws_iam_role" "people" {
              name = "people"
              assume_role_policy = jsonencode({
                Version = "2012-10-17"
                Statement = [{
                  Effect    = "Allow"
                  Action    = "sts:AssumeRoleWithSAML"
                  Principal = { Federated = "arn:aws:iam::111122223333:saml-provider/staff" }
                  Condition = { StringEquals = { "SAML:aud" = "https://signin.aws.amazon.com/saml" } }
                }]
              })
            }
            """,
        ),
    )

    def check(self, subject: PolicyView, /) -> Iterator[Finding]:
        if reason := subject.nobody_assumes():
            yield self.finding(subject.block, f"nobody can assume the role: {reason}", path=subject.path)
