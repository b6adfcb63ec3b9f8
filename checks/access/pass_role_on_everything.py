from __future__ import annotations

from collections.abc import Iterator

from guardrails import Access, Check, Example, Finding, Kind, Severity


class PassRoleOnEverything(Check[Access]):
    """A principal may hand any role to any service.

    ## Why is this bad?
    `iam:PassRole` on every role lets its holder run code as the most powerful role that any service is trusted with:
    a function, an instance or a job is enough.

    A condition on `iam:PassedToService`, a Deny or a boundary that stops it is taken into account.
    """

    id = "pass-role-on-everything"
    kind = Kind.SECURITY
    severity = Severity.MEDIUM
    hint = "Name the roles in `Resource`, and the services in a condition on `iam:PassedToService`."
    same_as = ("AWS-0342", "CKV_AWS_286")
    counter_checks = ("pass-role-missing",)
    references = ("https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html",)
    examples = (
        Example(
            bad="""
            resource "aws_iam_policy" "pipeline" {
              name = "pipeline"
              policy = jsonencode({ # finding
                Version = "2012-10-17"
                Statement = [{
                  Effect = "Allow"
                  Action = ["iam:PassRole", "lambda:GetFunction"]
                  Resource = "*"
                }]
              })
            }
            """,
            fixed="""
            resource "aws_iam_policy" "pipeline" {
              name = "pipeline"
              policy = jsonencode({
                Version = "2012-10-17"
                Statement = [{
                  Effect = "Allow"
                  Action = "iam:PassRole"
                  Resource = "arn:aws:iam::111122223333:role/app-*"
                  Condition = { StringEquals = { "iam:PassedToService" = "lambda.amazonaws.com" } }
                }]
              })
            }
            """,
        ),
    )

    def check(self, subject: Access, /) -> Iterator[Finding]:
        for grant in subject.granted(("iam:PassRole", "arn:{partition}:iam::{account}:role/guardrails-any")):
            if grant.allows_everything:
                continue
            actions = ", ".join(grant.actions[:3]) + (" and more" if len(grant.actions) > 3 else "")
            yield self.finding(
                grant.view.block,
                f"{grant.who} may call {actions} on every role",
                path=grant.view.path,
                related=grant.view.labels(grant.index),
            )
