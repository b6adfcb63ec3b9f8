from __future__ import annotations

from collections.abc import Iterator

from guardrails import Access, Check, Example, Finding, Kind, Severity


class PassRoleMissing(Check[Access]):
    """A principal may create what needs a role, and may hand no role over.

    ## Why is this bad?
    Functions, jobs, state machines and pipelines run with a role that their creator hands to the service, for which
    `iam:PassRole` is needed besides. Without it every create call ends in `User: ... is not authorized to perform:
    iam:PassRole`.

    It is reported where the create action is granted by name and no role at all may be handed to its service.
    """

    id = "pass-role-missing"
    kind = Kind.PRODUCTIVITY
    severity = Severity.MEDIUM
    hint = "Allow `iam:PassRole` on the role, with `iam:PassedToService` of the service."
    counter_checks = ("pass-role-on-everything",)
    references = (
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html",
        "https://github.com/hashicorp/terraform-provider-aws/issues/21046",
    )
    examples = (
        Example(
            bad="""
            resource "aws_iam_role" "pipeline" {
              name = "pipeline"
              assume_role_policy = jsonencode({
                Version = "2012-10-17"
                Statement = [{
                  Effect    = "Allow"
                  Action    = "sts:AssumeRole"
                  Principal = { Service = "codebuild.amazonaws.com" }
                }]
              })
            }

            resource "aws_iam_role_policy" "pipeline" {
              name = "pipeline"
              role = aws_iam_role.pipeline.name
              policy = jsonencode({ # finding
                Version = "2012-10-17"
                Statement = [{
                  Effect   = "Allow"
                  Action   = ["lambda:CreateFunction", "lambda:GetFunction"]
                  Resource = "arn:aws:lambda:eu-west-1:111122223333:function:app-*"
                }]
              })
            }
            """,
            fixed="""
            resource "aws_iam_role" "pipeline" {
              name = "pipeline"
              assume_role_policy = jsonencode({
                Version = "2012-10-17"
                Statement = [{
                  Effect    = "Allow"
                  Action    = "sts:AssumeRole"
                  Principal = { Service = "codebuild.amazonaws.com" }
                }]
              })
            }

            resource "aws_iam_role_policy" "pipeline" {
              name = "pipeline"
              role = aws_iam_role.pipeline.name
              policy = jsonencode({
                Version = "2012-10-17"
                Statement = [
                  {
                    Effect   = "Allow"
                    Action   = ["lambda:CreateFunction", "lambda:GetFunction"]
                    Resource = "arn:aws:lambda:eu-west-1:111122223333:function:app-*"
                  },
                  {
                    Effect    = "Allow"
                    Action    = "iam:PassRole"
                    Resource  = "arn:aws:iam::111122223333:role/app-*"
                    Condition = { StringEquals = { "iam:PassedToService" = "lambda.amazonaws.com" } }
                  },
                ]
              })
            }
            """,
        ),
    )

    def check(self, subject: Access, /) -> Iterator[Finding]:
        for found in subject.without_pass_role():
            yield self.finding(
                found.view.block,
                f"{found.action} needs a role, and iam:PassRole to {found.service} is allowed on none",
                path=found.view.path,
                related=found.view.labels(found.index),
            )
